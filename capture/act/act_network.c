// SPDX-License-Identifier: Apache-2.0
/*
 * Cutting a container's network: two programs on its control group in the unified hierarchy. A socket belongs to the group that its
 * maker was in, and the programs see each packet of it, so what is open is cut too. What they do not see is what has no
 * socket of the container's: packets that it puts on the wire itself by AF_PACKET, which takes CAP_NET_RAW.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "capture/act/act.h"
#include "capture/cut.skel.h"

#ifndef BPF_FS_MAGIC
#define BPF_FS_MAGIC 0xcafe4a11
#endif

static const char *const sides[2] = { "egress", "ingress" };

/* A cut that is not pinned ends when this does. */
struct cut {
	struct cut *next;
	char *id;
	struct cut_bpf *bpf;
	struct bpf_link *links[2];
};
static struct cut *cuts;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void cut__free(struct cut *c)
{
	for (unsigned i = 0; i < 2; i++)
		bpf_link__destroy(c->links[i]);
	cut_bpf__destroy(c->bpf);
	free(c->id);
	free(c);
}

static const char *id_of(const struct pb_target *t)
{
	return t->full_id ? t->full_id : t->container;
}

/* Names of containers are file names, or the container has none. */
static bool pin_path(const char *dir, const char *id, unsigned side, char path[4096])
{
	if (!dir || strchr(id, '/') || id[0] == '.')
		return false;
	return snprintf(path, 4096, "%s/cut-%s-%s", dir, id, sides[side]) < 4096;
}

static bool is_bpffs(const char *dir)
{
	struct statfs fs;

	return dir && (!mkdir(dir, 0700) || errno == EEXIST) && !statfs(dir, &fs) && (uint32_t)fs.f_type == BPF_FS_MAGIC;
}

/* --- making one -------------------------------------------------------------------------------------------- */

static int allow(struct cut_bpf *b, const struct cfg_strings *reachable)
{
	for (uint32_t i = 0; i < reachable->n; i++) {
		struct pb_net net;
		uint8_t key[20], one = 1;
		uint32_t bits;
		int r;

		r = pb_net__parse(reachable->p[i], &net, NULL);
		if (r)
			return r;
		bits = net.bits;
		memcpy(key, &bits, 4);
		memcpy(key + 4, net.a, 16);
		if (bpf_map_update_elem(bpf_map__fd(net.family == AF_INET ? b->maps.reachable4 : b->maps.reachable6), key, &one, BPF_ANY))
			return -errno;
	}
	return 0;
}

static int attach(struct cut *c, const char *dir)
{
	struct bpf_program *programs[2] = { c->bpf->progs.cut_egress, c->bpf->progs.cut_ingress };
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), r = 0;

	if (fd < 0)
		return -errno;
	for (unsigned i = 0; i < 2 && !r; i++) {
		c->links[i] = bpf_program__attach_cgroup(programs[i], fd);
		if (!c->links[i])
			r = -errno;
	}
	close(fd);
	return r;
}

static int make_cut(const struct pb_target *t, const struct cfg_strings *reachable, struct cut **ret, struct err *err)
{
	struct cut *c;
	char dir[4096];
	int r = act_cgroup__find(t, ACT_V2, dir, err);

	if (r)
		return r;
	c = xcalloc(1, sizeof(*c));
	c->id = xstrdup(id_of(t));
	c->bpf = cut_bpf__open_and_load();
	r = c->bpf ? allow(c->bpf, reachable) : -errno;
	if (!r)
		r = attach(c, dir);
	if (r) {
		cut__free(c);
		return err__set(err, r, "container %s: its network is not cut: %s", t->container, act_why(r, ACT_ON_NETWORK));
	}
	*ret = c;
	return 0;
}

/* --- keeping them ------------------------------------------------------------------------------------------ */

/* Whether it was pinned; err is set if it still is. */
static bool unpin(const char *dir, const char *id, struct err *err)
{
	char path[4096];
	bool was = false;
	int r;

	for (unsigned i = 0; i < 2; i++) {
		if (!pin_path(dir, id, i, path))
			continue;
		if (!unlink(path))
			was = true;
		else if ((r = errno) != ENOENT && err && !access(path, F_OK))	/* of a read-only tree it says so, there or not */
			err__set(err, -r, "%s: cannot remove what cuts the network: %s", path, strerror(r));
	}
	return was;
}

static bool pin(struct cut *c, const char *dir)
{
	char path[4096];

	for (unsigned i = 0; i < 2; i++) {
		if (pin_path(dir, c->id, i, path) && !bpf_link__pin(c->links[i], path))
			continue;
		unpin(dir, c->id, NULL);
		return false;
	}
	return true;
}

static bool drop(const char *id)
{
	struct cut **at = &cuts, *c;

	while ((c = *at) && strcmp(c->id, id))
		at = &c->next;
	if (!c)
		return false;
	*at = c->next;
	cut__free(c);
	return true;
}

int act_network__cut(const struct pb_target *t, const struct cfg_strings *reachable, const char *pin_dir, struct buf *text,
		     struct err *err)
{
	struct cut *c;
	bool pinned = false;
	int r = make_cut(t, reachable, &c, err);

	if (r)
		return r;
	pthread_mutex_lock(&lock);
	drop(c->id);			/* one that was there before: this one holds already */
	if (is_bpffs(pin_dir)) {
		unpin(pin_dir, c->id, NULL);
		pinned = pin(c, pin_dir);
	}
	if (pinned) {
		cut__free(c);		/* the pins hold it */
	} else {
		c->next = cuts;
		cuts = c;
	}
	pthread_mutex_unlock(&lock);
	buf__printf(text, "network cut, %u networks stay reachable%s", reachable->n, pinned ? "" : "; it ends with the recorder");
	return 0;
}

int act_network__restore(const struct pb_target *t, const char *pin_dir, struct buf *text, struct err *err)
{
	struct err e = { 0 };
	bool was;

	if (!t->container)
		return err__set(err, -ENOENT, "there is no container");
	pthread_mutex_lock(&lock);
	was = drop(id_of(t));
	was |= unpin(pin_dir, id_of(t), &e);
	if (t->full_id) {		/* it was cut before its whole name was known */
		was |= drop(t->container);
		was |= unpin(pin_dir, t->container, &e);
	}
	pthread_mutex_unlock(&lock);
	if (e.code) {
		*err = e;
		return e.code;
	}
	buf__printf(text, was ? "network restored" : "its network was not cut");
	return 0;
}

/* A link whose control group is gone says 0 for its number. */
static bool is_stale(const char *path)
{
	struct bpf_link_info info = { 0 };
	uint32_t len = sizeof(info);
	int fd = bpf_obj_get(path);
	bool stale;

	if (fd < 0)
		return false;
	stale = !bpf_obj_get_info_by_fd(fd, &info, &len) && info.type == BPF_LINK_TYPE_CGROUP && !info.cgroup.cgroup_id;
	close(fd);
	return stale;
}

void act_network__sweep(const char *pin_dir)
{
	DIR *d = pin_dir ? opendir(pin_dir) : NULL;
	struct dirent *e;
	char path[4096];

	while (d && (e = readdir(d)))
		if (!strncmp(e->d_name, "cut-", 4) && snprintf(path, sizeof(path), "%s/%s", pin_dir, e->d_name) < 4096 && is_stale(path))
			unlink(path);
	if (d)
		closedir(d);
}

void act_network__done(void)
{
	pthread_mutex_lock(&lock);
	while (cuts)
		drop(cuts->id);
	pthread_mutex_unlock(&lock);
}
