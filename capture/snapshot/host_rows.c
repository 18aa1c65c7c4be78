// SPDX-License-Identifier: Apache-2.0
/* Rows of keyframes that are about the machine: users, groups, mounts, addresses. */
#include <assert.h>
#include <arpa/inet.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <linux/openat2.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "capture/machine.h"
#include "capture/snapshot/proc_text.h"
#include "capture/snapshot/snapshot.h"
#include "format/base/text.h"

#define MAX_ACCOUNT_FILE (256u << 10)

/* --- users and groups: read as text, since the answers of getpwent may come from afar --------- */

struct accounts {
	struct fmt_batch *b;
	uint64_t ts;
	const char *container;		/* "": the host */
	bool keyframe;
};

static void add(struct fmt_batch *b, unsigned param, const char *s)
{
	fmt_batch__str(b, param, s, (uint32_t)strlen(s), (uint32_t)strlen(s));
}

/* "name:password:uid:gid:comment:home:shell" in place. */
static void user_row(const struct accounts *a, char *f[7])
{
	uint16_t type = a->keyframe ? EV_state_user : EV_useradded;

	static_assert((int)P_state_user_uid == P_useradded_uid &&
			      (int)P_state_user_gid == P_useradded_gid &&
			      (int)P_state_user_name == P_useradded_name &&
			      (int)P_state_user_shell == P_useradded_shell &&
			      (int)P_state_user_container_id == P_useradded_container_id,
		      "row and event are alike");
	if (fmt_batch__begin(a->b, type, a->ts, 0, 0, 0, 0, 0) < 0)
		return;
	fmt_batch__int(a->b, P_state_user_uid, (uint32_t)strtoul(f[2], NULL, 10));
	fmt_batch__int(a->b, P_state_user_gid, (uint32_t)strtoul(f[3], NULL, 10));
	add(a->b, P_state_user_name, f[0]);
	add(a->b, P_state_user_home, f[5]);
	add(a->b, P_state_user_shell, f[6]);
	add(a->b, P_state_user_container_id, a->container);
	fmt_batch__end(a->b);
}

static void group_row(const struct accounts *a, char *f[7])
{
	uint16_t type = a->keyframe ? EV_state_group : EV_groupadded;

	static_assert((int)P_state_group_gid == P_groupadded_gid &&
			      (int)P_state_group_name == P_groupadded_name &&
			      (int)P_state_group_container_id == P_groupadded_container_id,
		      "row and event are alike");
	if (fmt_batch__begin(a->b, type, a->ts, 0, 0, 0, 0, 0) < 0)
		return;
	fmt_batch__int(a->b, P_state_group_gid, (uint32_t)strtoul(f[2], NULL, 10));
	add(a->b, P_state_group_name, f[0]);
	add(a->b, P_state_group_container_id, a->container);
	fmt_batch__end(a->b);
}

/* The text is taken apart. */
static void account_rows(const struct accounts *a, char *text, unsigned n_fields,
			 void (*row)(const struct accounts *a, char *f[7]))
{
	char *line;

	while ((line = strsep(&text, "\n")) && !fmt_batch__full(a->b)) {
		char *f[7];
		unsigned k = 0;

		while (k < n_fields && (f[k] = strsep(&line, ":")))
			k++;
		if (k == n_fields && *f[0] && *f[0] != '+' && *f[0] != '-')
			row(a, f);
	}
}

/* The whole of it, or as much as is looked at; closes it. */
static char *account_text(int fd)
{
	char *text = xmalloc(MAX_ACCOUNT_FILE + 1);
	ssize_t n = fd < 0 ? -1 : read(fd, text, MAX_ACCOUNT_FILE);

	text[n > 0 ? n : 0] = 0;
	if (fd >= 0)
		close(fd);
	return text;
}

/* Inside a container's root no link leads outside of it. */
static int open_in_root(int root, const char *path)
{
	struct open_how how = { .flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY,
				.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS };

	return (int)syscall(SYS_openat2, root, path, &how, sizeof(how));
}

struct cap_accounts *cap_accounts__new(uint32_t pid)
{
	struct cap_accounts *a = xcalloc(1, sizeof(*a));

	a->pid = pid;
	return a;
}

void cap_accounts__free(void *arg)
{
	struct cap_accounts *a = arg;

	free(a->users);
	free(a->groups);
	free(a);
}

void cap_accounts__read(void *arg)
{
	struct cap_accounts *a = arg;
	char path[64];
	int root;

	snprintf(path, sizeof(path), "/proc/%u/root", a->pid);
	root = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return;
	a->users = account_text(open_in_root(root, "/etc/passwd"));
	a->groups = account_text(open_in_root(root, "/etc/group"));
	close(root);
}

void cap_accounts__rows(struct cap_accounts *from, struct fmt_batch *b, uint64_t ts, const char *id, bool keyframe)
{
	struct accounts a = { .b = b, .ts = ts, .container = id, .keyframe = keyframe };

	account_rows(&a, from->users, 7, user_row);
	account_rows(&a, from->groups, 3, group_row);
}

/* --- mounts ----------------------------------------------------------------------------------- */

/* "ID PARENT MAJOR:MINOR ROOT PATH OPTIONS [TAGS...] - TYPE SOURCE ..." */
static void mount_row(struct fmt_batch *b, uint64_t ts, char *line)
{
	char *rest = strstr(line, " - "), *f[5], *type, *source;
	unsigned major, minor;

	if (!rest)
		return;
	*rest = 0;
	rest += 3;
	type = strsep(&rest, " ");
	source = strsep(&rest, " ");
	for (unsigned i = 0; i < 5; i++)
		if (!(f[i] = strsep(&line, " ")))
			return;
	if (!source || sscanf(f[2], "%u:%u", &major, &minor) != 2 ||
	    fmt_batch__begin(b, EV_state_mount, ts, 0, 0, 0, 0, 0) < 0)
		return;
	fmt_batch__int(b, P_state_mount_id, (uint32_t)strtoul(f[0], NULL, 10));
	fmt_batch__int(b, P_state_mount_dev, (minor & 0xff) | major << 8 | (minor & ~0xffu) << 12);
	add(b, P_state_mount_root, text__unescape_octal(f[3]));
	add(b, P_state_mount_path, text__unescape_octal(f[4]));
	add(b, P_state_mount_fstype, type);
	add(b, P_state_mount_source, text__unescape_octal(source));
	fmt_batch__end(b);
}

static void mount_rows(struct fmt_batch *b, uint64_t ts)
{
	FILE *f = fopen("/proc/1/mountinfo", "re");	/* ours may be a tree of our own: see ProtectSystem= */
	char *line = NULL;
	size_t cap = 0;

	if (!f)
		f = fopen("/proc/self/mountinfo", "re");
	while (f && getline(&line, &cap, f) > 0 && !fmt_batch__full(b)) {
		line[strcspn(line, "\n")] = 0;
		mount_row(b, ts, line);
	}
	free(line);
	if (f)
		fclose(f);
}

/* --- addresses of interfaces ------------------------------------------------------------------ */

static unsigned prefix_len(const uint8_t *mask, size_t n)
{
	unsigned bits = 0;

	for (size_t i = 0; i < n; i++)
		bits += (unsigned)__builtin_popcount(mask[i]);
	return bits;
}

static const uint8_t *address_of(const struct sockaddr *sa, size_t *n)
{
	*n = sa->sa_family == AF_INET ? 4 : 16;
	return sa->sa_family == AF_INET
		       ? (const void *)&((const struct sockaddr_in *)(const void *)sa)->sin_addr
		       : (const void *)&((const struct sockaddr_in6 *)(const void *)sa)->sin6_addr;
}

static void iface_row(struct fmt_batch *b, uint64_t ts, const struct ifaddrs *i)
{
	uint8_t addr[1 + 16 + 2] = { (uint8_t)i->ifa_addr->sa_family };
	const uint8_t *ip;
	size_t n;

	if (fmt_batch__begin(b, EV_state_iface, ts, 0, 0, 0, 0, 0) < 0)
		return;
	ip = address_of(i->ifa_addr, &n);
	memcpy(addr + 1, ip, n);
	add(b, P_state_iface_name, i->ifa_name);
	fmt_batch__str(b, P_state_iface_addr, (const char *)addr, (uint32_t)n + 3, (uint32_t)n + 3);
	if (i->ifa_netmask) {
		ip = address_of(i->ifa_netmask, &n);
		fmt_batch__int(b, P_state_iface_prefix, prefix_len(ip, n));
	}
	fmt_batch__end(b);
}

static void iface_rows(struct fmt_batch *b, uint64_t ts)
{
	struct ifaddrs *list;

	if (getifaddrs(&list))
		return;
	for (const struct ifaddrs *i = list; i && !fmt_batch__full(b); i = i->ifa_next)
		if (i->ifa_addr &&
		    (i->ifa_addr->sa_family == AF_INET || i->ifa_addr->sa_family == AF_INET6))
			iface_row(b, ts, i);
	freeifaddrs(list);
}

void cap_host__rows(struct fmt_batch *b, uint64_t ts)
{
	struct accounts host = { .b = b, .ts = ts, .container = "", .keyframe = true };

	char *users = account_text(cap_machine__open("/etc/passwd")), *groups = account_text(cap_machine__open("/etc/group"));

	account_rows(&host, users, 7, user_row);
	account_rows(&host, groups, 3, group_row);
	free(users);
	free(groups);
	iface_rows(b, ts);
	mount_rows(b, ts);
}
