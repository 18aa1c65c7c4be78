// SPDX-License-Identifier: Apache-2.0
/*
 * A container's id out of the path of its cgroup, as far as the path alone tells.
 *
 * The path is read from its end, so that a container inside a container is the inner one, and
 * cgroups that a container makes for itself below its own do not matter. A component is a
 * container's if it is
 *   - "RUNTIME-ID.scope", as systemd layouts have it, or the same without ".scope" and with a whole
 *     id: docker, cri-containerd, crio, libpod, nerdctl, containerd, buildkit, runc, crun, and
 *     libpod-payload, below the unit of a service that podman runs (quadlets); but not their
 *     monitors (crio-conmon-ID);
 *   - "SLICE:RUNTIME:ID": systemd's names taken as plain ones;
 *   - an id of 64 hexadecimal digits: /docker/ID, /kubepods/QOS/podUID/ID, /NAMESPACE/ID of
 *     containerd, /ID of runc;
 *   - whatever is below podUID under kubepods, or below the namespaces that containerd's tools use;
 *   - a build step's 25 letters and digits below buildkit (buildkit, identity.NewID);
 *   - lxc.payload.NAME, or NAME below lxc.payload or lxc; NAME.libvirt-lxc;
 *   - an ECS task's "32 digits-number";
 *   - bpm-JOB and garden/HANDLE (Cloud Foundry: guardian, rundmc/cgroups);
 *   - a UUID below mesos; UUID.TASK below nomad (nomad, client/lib/cgroupslib);
 *   - the payload of systemd-nspawn@NAME.service or machine-NAME.scope (systemd-nspawn, libvirt-lxc).
 * A container that bare runc starts under a name of the caller's choice, /NAME, cannot be told from
 * any other cgroup by its path: that needs the process, see proc__find_container.
 */
#include <stdio.h>
#include <string.h>

#include "engine/state/state.h"

enum { FULL_ID = 64, SHORT_ID = 12, LONG_NUMBER = 32, UUID = 36, BUILD_ID = 25 };

struct part {
	const char *p;
	size_t n;
};

static bool is_hex(const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!((p[i] >= '0' && p[i] <= '9') || (p[i] >= 'a' && p[i] <= 'f')))
			return false;
	return n;
}

/* 8-4-4-4-12 */
static bool is_uuid(const char *p, size_t n)
{
	if (n != UUID || p[8] != '-' || p[13] != '-' || p[18] != '-' || p[23] != '-')
		return false;
	return is_hex(p, 8) && is_hex(p + 9, 4) && is_hex(p + 14, 4) && is_hex(p + 19, 4) &&
	       is_hex(p + 24, 12);
}

static bool is_build_id(const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!((p[i] >= '0' && p[i] <= '9') || (p[i] >= 'a' && p[i] <= 'z')))
			return false;
	return n == BUILD_ID;
}

static bool is(struct part c, const char *s)
{
	return c.n == strlen(s) && !memcmp(c.p, s, c.n);
}

static bool starts(struct part c, const char *s)
{
	size_t n = strlen(s);

	return c.n > n && !memcmp(c.p, s, n);
}

static bool strip_end(struct part *c, const char *s)
{
	size_t n = strlen(s);

	if (c->n <= n || memcmp(c->p + c->n - n, s, n))
		return false;
	c->n -= n;
	return true;
}

/* The component before at, or one of length 0. */
static struct part before(const char *path, const char *at)
{
	const char *end = at;

	while (end > path && end[-1] == '/')
		end--;
	at = end;
	while (at > path && at[-1] != '/')
		at--;
	return (struct part){ at, (size_t)(end - at) };
}

/* Does a component in front of at begin with s? */
static bool below(const char *path, const char *at, const char *s)
{
	struct part c;

	for (c = before(path, at); c.n; c = before(path, c.p))
		if (c.n >= strlen(s) && !memcmp(c.p, s, strlen(s)))
			return true;
	return false;
}

static const struct { const char *prefix, *runtime; } prefixes[] = {
	{ "docker-", "docker" }, { "cri-containerd-", "containerd" }, { "crio-", "cri-o" },
	{ "libpod-payload-", "podman" }, { "libpod-", "podman" }, { "nerdctl-", "containerd" },
	{ "containerd-", "containerd" }, { "buildkit-", "buildkit" }, { "runc-bpm-", "bpm" },
	{ "runc-", "runc" }, { "crun-", "runc" },
};

/* They watch over a container, from outside. */
static bool is_monitor(struct part c)
{
	return is(c, "conmon") || starts(c, "crio-conmon-") || starts(c, "libpod-conmon-");
}

static bool prefixed(struct part c, struct part *id, const char **runtime)
{
	bool scope = strip_end(&c, ".scope");

	for (size_t i = 0; i < sizeof(prefixes) / sizeof(*prefixes); i++) {
		size_t n = strlen(prefixes[i].prefix);

		if (!starts(c, prefixes[i].prefix))
			continue;
		*id = (struct part){ c.p + n, c.n - n };
		*runtime = prefixes[i].runtime;
		return scope || (id->n == FULL_ID && is_hex(id->p, id->n));
	}
	return false;
}

static bool colons(struct part c, struct part *id, const char **runtime)
{
	const char *last = memrchr(c.p, ':', c.n), *mid;

	if (!last || !(mid = memrchr(c.p, ':', (size_t)(last - c.p))))
		return false;
	*id = (struct part){ last + 1, (size_t)(c.p + c.n - last - 1) };
	*runtime = !strncmp(mid, ":docker:", 8) ? "docker" : !strncmp(mid, ":crio:", 6) ? "cri-o" :
		   !strncmp(mid, ":libpod:", 8) ? "podman" :
		   !strncmp(mid, ":buildkit:", 10) ? "buildkit" : "containerd";
	return (id->n == FULL_ID && is_hex(id->p, id->n)) || is_build_id(id->p, id->n);
}

static bool is_unit(struct part c)
{
	return strip_end(&c, ".slice") || strip_end(&c, ".scope") || strip_end(&c, ".service");
}

static bool named(const char *path, struct part c, const char **runtime)
{
	struct part up = before(path, c.p);

	*runtime = NULL;
	if (is(up, "docker") || is(up, "moby"))
		*runtime = "docker";
	else if (is(up, "default") || is(up, "k8s.io"))
		*runtime = "containerd";
	if (c.n == FULL_ID && is_hex(c.p, c.n))
		return true;
	if (starts(up, "pod") && below(path, up.p, "kubepods"))
		return !is_unit(c);
	/* Namespaces that stand at the root: a name of the caller's choice is the id. */
	return *runtime && !is(up, "docker") && !is_unit(c) && !before(path, up.p).n;
}

static bool lxc(const char *path, struct part c, struct part *id, const char **runtime)
{
	struct part up = before(path, c.p);

	*id = c;
	*runtime = "libvirt-lxc";
	if (strip_end(id, ".libvirt-lxc") || (is(up, "lxc") && is(before(path, up.p), "libvirt")))
		return true;
	*runtime = "lxc";
	if (starts(c, "lxc.payload.")) {
		id->p += 12;
		id->n -= 12;
		return true;
	}
	return is(up, "lxc.payload") || (is(up, "lxc") && !is_unit(c));
}

/* supervisor is the cgroup of systemd-nspawn itself. */
static bool nspawn(const char *path, struct part c, struct part *id, const char **runtime)
{
	const char *below_it = c.p + c.n;

	if (!strncmp(below_it, "/supervisor", 11))
		return false;
	*id = c;
	*runtime = "systemd-nspawn";
	if (starts(c, "systemd-nspawn@") && strip_end(id, ".service")) {
		*id = (struct part){ id->p + 15, id->n - 15 };
		return id->n;
	}
	if (!starts(c, "machine-") || !strip_end(id, ".scope") || !below(path, c.p, "machine.slice"))
		return false;
	*id = (struct part){ id->p + 8, id->n - 8 };
	if (starts(*id, "lxc\\x2d")) {	/* and the number of its first process */
		*runtime = "libvirt-lxc";
		*id = (struct part){ id->p + 7, id->n - 7 };
		while (id->n && *id->p >= '0' && *id->p <= '9')
			*id = (struct part){ id->p + 1, id->n - 1 };
		if (starts(*id, "\\x2d"))
			*id = (struct part){ id->p + 4, id->n - 4 };
	}
	return id->n && !starts(*id, "qemu\\x2d");	/* a machine of its own */
}

static bool ecs(const char *path, struct part c)
{
	const char *dash = memchr(c.p, '-', c.n);

	return dash && dash - c.p == 32 && is_hex(c.p, 32) && below(path, c.p, "ecs");
}

/* What schedules tasks makes containers, too: a handle, a UUID, or one and the task's name. */
static bool scheduled(const char *path, struct part c, struct part *id, const char **runtime)
{
	struct part up = before(path, c.p);

	*id = c;
	*runtime = "bpm";
	if (starts(c, "bpm-")) {
		*id = (struct part){ c.p + 4, c.n - 4 };
		return true;
	}
	*runtime = "buildkit";
	if (is(up, "buildkit"))
		return is_build_id(c.p, c.n);
	*runtime = "mesos";
	if (is(up, "mesos"))
		return is_uuid(c.p, c.n);
	*runtime = "garden";
	if (is(up, "garden") || starts(up, "garden-"))
		return !is(c, "good") && !is(c, "bad");
	if ((is(up, "good") || is(up, "bad")) && below(path, up.p, "garden"))
		return true;
	*runtime = "nomad";
	strip_end(id, ".scope");
	return id->n >= UUID && is_uuid(id->p, UUID) && (id->n == UUID || id->p[UUID] == '.') &&
	       below(path, c.p, "nomad");
}

static bool match(const char *path, struct part c, struct part *id, const char **runtime)
{
	if (is_monitor(c))
		return false;
	if (prefixed(c, id, runtime) || colons(c, id, runtime) || nspawn(path, c, id, runtime) ||
	    scheduled(path, c, id, runtime))
		return true;
	*id = c;
	if (named(path, c, runtime) || lxc(path, c, id, runtime))
		return true;
	*id = c;
	*runtime = "docker";
	return ecs(path, c);
}

/* systemd writes what its names cannot have as \xHH: systemd.unit(5). */
static size_t unescape(char *to, size_t max, struct part id)
{
	size_t n = 0;

	for (size_t i = 0; i < id.n && n < max; i++) {
		unsigned v;

		if (id.n - i >= 4 && id.p[i] == '\\' && id.p[i + 1] == 'x' &&
		    is_hex(id.p + i + 2, 2) && sscanf(id.p + i + 2, "%2x", &v) == 1 && v) {
			to[n++] = (char)v;
			i += 3;
		} else {
			to[n++] = id.p[i];
		}
	}
	to[n] = 0;
	return n;
}

size_t eng_container__id_len(const char *id, size_t len)
{
	if (len >= LONG_NUMBER && is_hex(id, LONG_NUMBER))
		return SHORT_ID;
	return len < FULL_ID ? len : FULL_ID;
}

/* The length of the path up to the end of the innermost component that is a container's, or 0. */
static size_t innermost(const char *path, struct part *ret_id, const char **runtime)
{
	struct part all = { path, strlen(path) }, c;

	strip_end(&all, " (deleted)");	/* of a process that outlives its cgroup */
	for (c = before(path, path + all.n); c.n; c = before(path, c.p))
		if (match(path, c, ret_id, runtime))
			return (size_t)(c.p + c.n - path);
	return 0;
}

bool eng_container_from_cgroup(const char *path, char id[65], char full[65], const char **runtime)
{
	const char *kind = NULL;
	struct part found;
	size_t n;

	if (!innermost(path, &found, &kind))
		return false;
	n = unescape(id, FULL_ID, found);
	if (full)
		memcpy(full, id, n + 1);
	id[eng_container__id_len(id, n)] = 0;
	if (runtime)
		*runtime = kind;
	return true;
}

size_t eng_container__cgroup_len(const char *path)
{
	const char *kind = NULL;
	struct part found;

	return innermost(path, &found, &kind);
}
