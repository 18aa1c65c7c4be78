// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "engine/state/nspawn_args.h"
#include "tests/engine/world.h"

#define ID "3ad7b26ded6d8e7b23da7d48fe889434573036c27ae5a74837233de441c3601e"
#define OUTER "ffffb26ded6d8e7b23da7d48fe889434573036c27ae5a74837233de441c3601e"
#define SHORT "3ad7b26ded6d"

/* A line of cgroup_paths.tsv: path, id, runtime; "-" where there is none. */
static bool as_said(const char *path, const char *id, const char *runtime)
{
	char got_id[65], full[65];
	const char *got = NULL;
	bool found = eng_container_from_cgroup(path, got_id, full, &got);

	if (!found)
		return !strcmp(id, "-") && !eng_container__cgroup_len(path);
	return !strcmp(got_id, id) && !strcmp(got ? got : "-", runtime) && !strncmp(full, id, strlen(id)) &&
	       eng_container__cgroup_len(path) <= strlen(path);
}

static void every_layout(void **state)
{
	const char *src = getenv("SPOOR_SRC");
	unsigned n = 0, n_wrong = 0;
	char *line = NULL, name[512];
	size_t cap = 0;
	FILE *f;

	(void)state;
	snprintf(name, sizeof(name), "%s/tests/engine/cgroup_paths.tsv", src ? src : ".");
	f = fopen(name, "r");
	assert_non_null(f);
	while (getline(&line, &cap, f) > 0) {
		char *id, *runtime;

		line[strcspn(line, "\n")] = 0;
		if (*line == '#')
			continue;
		id = strchr(line, '\t');
		runtime = id ? strchr(id + 1, '\t') : NULL;
		if (!runtime)
			fail_msg("not three columns: %s", line);
		*id++ = *runtime++ = 0;
		n++;
		if (!as_said(line, id, runtime)) {
			print_error("%s: not %s of %s\n", line, id, runtime);
			n_wrong++;
		}
	}
	fclose(f);
	free(line);
	assert_true(n > 100);
	assert_int_equal(n_wrong, 0);
}

static struct eng_proc *exec_in(struct world *w, int64_t pid, const char *cgroups, uint32_t n)
{
	ev(w, EV_execve, pid, pid, 0);
	s(w, P_execve_exe, "x");
	s(w, P_execve_comm, "x");
	fmt_batch__str(w->b, P_execve_cgroups, cgroups, n, n);
	go(w);
	return w->ctx.proc;
}
#define exec_in(w, pid, v) exec_in(w, pid, v, sizeof(v) - 1)

static const char *container_of(struct world *w, int64_t pid)
{
	struct eng_proc *p = eng_state__proc(w->st, pid);

	return p->container ? p->container->id : "host";
}

static void processes_belong_to_containers(void **state)
{
	struct world *w = world__new();
	struct eng_container *c;

	(void)state;
	exec_in(w, 10, "cpu=/\0memory=/\0");
	assert_string_equal(container_of(w, 10), "host");
	exec_in(w, 20, "cpu=/docker/" ID "\0memory=/docker/" ID "\0");
	assert_string_equal(container_of(w, 20), SHORT);
	c = eng_state__container(w->st, SHORT);
	assert_string_equal(c->full_id->s, ID);
	assert_string_equal(c->runtime->s, "docker");
	assert_int_equal(c->n_procs, 1);
	task_new(w, 20, 20, 21, 21, 0, "y");
	assert_string_equal(container_of(w, 21), SHORT);
	assert_int_equal(c->n_procs, 2);
	/* Only one hierarchy may tell. */
	exec_in(w, 22, "cpu=/\0memory=/docker/" ID "\0");
	assert_string_equal(container_of(w, 22), SHORT);
	assert_int_equal(c->n_procs, 3);
	exit_thread(w, 22, 22, 1);
	exit_thread(w, 21, 21, 1);
	exit_thread(w, 20, 20, 1);
	assert_null(eng_state__container(w->st, SHORT));	/* nothing says that it goes on */
	world__free(w);
}

static void attach(struct world *w, int64_t pid, const char *subsys, const char *path)
{
	ev(w, EV_cgroup_attach, 1, 1, 0);
	i(w, P_cgroup_attach_tid, pid);
	i(w, P_cgroup_attach_pid, pid);
	i(w, P_cgroup_attach_id, 77);
	s(w, P_cgroup_attach_path, path);
	if (subsys)
		s(w, P_cgroup_attach_subsys, subsys);
	go(w);
}

static void moving_to_a_cgroup(void **state)
{
	struct world *w = world__new();
	struct eng_proc *p = exec_in(w, 10, "cpu=/\0cpuacct=/\0memory=/\0");
	uint64_t e = p->epoch;

	(void)state;
	attach(w, 10, "cpu,cpuacct", "/docker/" ID);
	assert_string_equal(container_of(w, 10), SHORT);
	assert_int_not_equal(p->epoch, e);
	assert_int_equal(p->cgroup_id, 77);
	assert_memory_equal(p->cgroups->s, "cpu=/docker/" ID "\0cpuacct=/docker/" ID "\0memory=/\0",
			    p->cgroups->len);
	attach(w, 10, "cpu,cpuacct", "/");
	assert_string_equal(container_of(w, 10), "host");
	attach(w, 99, NULL, "/docker/" ID);	/* of a task that is not known */
	assert_null(eng_state__proc(w->st, 99));
	world__free(w);
}

static void announced(struct world *w, const char *id, const char *name, const char *cgroup)
{
	ev(w, EV_container, 0, 0, 0);
	s(w, P_container_id, id);
	s(w, P_container_name, name);
	s(w, P_container_image, "busybox:1");
	if (cgroup)
		s(w, P_container_cgroup, cgroup);
	go(w);
}

static void announced_containers_have_names(void **state)
{
	struct world *w = world__new();
	struct eng_proc *p = exec_in(w, 10, "memory=/docker/" ID "\0");
	uint64_t e = p->epoch;

	(void)state;
	announced(w, SHORT, "web", NULL);
	assert_string_equal(p->container->name->s, "web");
	assert_string_equal(p->container->image->s, "busybox:1");
	assert_int_not_equal(p->epoch, e);	/* container.name of the process has changed */
	e = p->epoch;
	announced(w, SHORT, "web", NULL);
	assert_int_equal(p->epoch, e);
	/* An announced container stays until its end is announced. */
	exit_thread(w, 10, 10, 1);
	assert_non_null(eng_state__container(w->st, SHORT));
	ev(w, EV_container_end, 0, 0, 0);
	s(w, P_container_end_id, SHORT);
	go(w);
	assert_non_null(eng_state__container(w->st, SHORT));
	leave(w);
	assert_null(eng_state__container(w->st, SHORT));
	world__free(w);
}

/* What is found out of a container comes late: the process that it was asked of may have ended, and stays so. */
static void of_a_process_that_has_ended(void **state)
{
	struct world *w = world__new();

	(void)state;
	exec_in(w, 10, "memory=/docker/" ID "\0");
	exec_in(w, 11, "memory=/docker/" ID "\0");
	exit_thread(w, 11, 11, 1);
	leave(w);
	ev(w, EV_container, 11, 11, 0);
	s(w, P_container_id, SHORT);
	s(w, P_container_name, "web");
	go(w);
	assert_string_equal(get(w, "container.id"), SHORT);
	assert_string_equal(get(w, "container.name"), "web");
	assert_string_equal(container_of(w, 10), SHORT);
	assert_null(eng_state__thread(w->st, 11));
	exit_thread(w, 10, 10, 1);
	leave(w);
	ev(w, EV_container_end, 10, 10, 0);
	s(w, P_container_end_id, SHORT);
	go(w);
	assert_string_equal(get(w, "container.name"), "web");
	assert_null(eng_state__thread(w->st, 10));
	leave(w);
	assert_null(eng_state__container(w->st, SHORT));
	world__free(w);
}

/* Users and groups of a container are nobody's rows, but the container's. */
static void what_users_it_has(void **state)
{
	struct world *w = world__new();

	(void)state;
	exec_in(w, 10, "memory=/docker/" ID "\0");
	ev(w, EV_useradded, 0, 0, 0);
	s(w, P_useradded_name, "app");
	s(w, P_useradded_container_id, SHORT);
	go(w);
	assert_string_equal(get(w, "container.id"), SHORT);
	ev(w, EV_groupdeleted, 0, 0, 0);
	s(w, P_groupdeleted_name, "app");
	s(w, P_groupdeleted_container_id, SHORT);
	go(w);
	assert_string_equal(get(w, "container.id"), SHORT);
	ev(w, EV_groupadded, 0, 0, 0);
	s(w, P_groupadded_name, "app");
	s(w, P_groupadded_container_id, "");
	go(w);
	assert_null(get(w, "container.id"));
	world__free(w);
}

static void a_container_may_be_announced_by_its_cgroup(void **state)
{
	struct world *w = world__new();

	(void)state;
	exec_in(w, 10, "memory=/own/place\0");
	exec_in(w, 11, "memory=/own/place/below\0");
	exec_in(w, 12, "memory=/own/placebo\0");
	announced(w, "mine", "mine", "/own/place");
	assert_string_equal(container_of(w, 10), "mine");
	assert_string_equal(container_of(w, 11), "mine");
	assert_string_equal(container_of(w, 12), "host");
	exec_in(w, 13, "memory=/own/place\0");
	assert_string_equal(container_of(w, 13), "mine");
	world__free(w);
}

static void one_that_is_in_an_announced_one(void **state)
{
	struct world *w = world__new();

	(void)state;
	announced(w, "outer", "outer", "/docker/" OUTER);
	exec_in(w, 10, "memory=/docker/" OUTER "/init.scope\0");
	exec_in(w, 11, "memory=/docker/" OUTER "/docker/" ID "\0");
	assert_string_equal(container_of(w, 10), "outer");
	assert_string_equal(container_of(w, 11), SHORT);
	announced(w, SHORT, "inner", "/docker/" OUTER "/docker/" ID);
	assert_string_equal(container_of(w, 10), "outer");
	assert_string_equal(container_of(w, 11), SHORT);
	world__free(w);
}

static void in_own_pidns(struct world *w, int64_t parent, int64_t pid, int64_t vpid)
{
	ev(w, EV_task_new, parent, parent, 0);
	i(w, P_task_new_tid, pid);
	i(w, P_task_new_pid, pid);
	i(w, P_task_new_ptid, parent);
	s(w, P_task_new_comm, "init");
	i(w, P_task_new_vtid, vpid);
	i(w, P_task_new_vpid, vpid);
	i(w, P_task_new_start, (int64_t)w->ts);
	go(w);
}

/* Bare runc: /NAME, below whatever cgroup the caller is in. */
static void bare_runc(void **state)
{
	struct world *w = world__new();

	(void)state;
	exec_in(w, 10, "cpu=/\0memory=/job/5\0");
	in_own_pidns(w, 10, 20, 1);
	assert_string_equal(container_of(w, 20), "host");	/* still in its caller's cgroup */
	exec_in(w, 20, "cpu=/c1\0memory=/job/5/c1\0");
	assert_string_equal(container_of(w, 20), "c1");
	assert_string_equal(eng_state__container(w->st, "c1")->runtime->s, "runc");
	in_own_pidns(w, 20, 21, 7);
	assert_string_equal(container_of(w, 21), "c1");
	/* No namespace: a service manager's doing. */
	task_new(w, 10, 10, 30, 30, 0, "x");
	exec_in(w, 30, "cpu=/c2\0memory=/job/5/c2\0");
	assert_string_equal(container_of(w, 30), "host");
	/* A namespace, but a unit of systemd's. */
	in_own_pidns(w, 10, 40, 1);
	exec_in(w, 40, "cpu=/\0memory=/system.slice/sandboxed.service\0");
	assert_string_equal(container_of(w, 40), "host");
	world__free(w);
}

/* A process that was there at the beginning. */
static void was_there(struct world *w, int64_t pid, int64_t ptid, int64_t vpid, const char *cgroups, uint32_t n)
{
	ev(w, EV_state_thread, pid, pid, 0);
	i(w, P_state_thread_ptid, ptid);
	i(w, P_state_thread_vtid, vpid);
	i(w, P_state_thread_vpid, vpid);
	s(w, P_state_thread_comm, "x");
	s(w, P_state_thread_exe, "/bin/x");
	fmt_batch__str(w->b, P_state_thread_cgroups, cgroups, n, n);
	go(w);
}
#define was_there(w, pid, ptid, vpid, v) was_there(w, pid, ptid, vpid, v, sizeof(v) - 1)

/* Of a process whose parent has ended nobody knows in which cgroup that was: who else lives there does. */
static void orphans_in_a_namespace(void **state)
{
#define HEX "0123456789abcdef0123456789abcdef"
#define JOB "cpu=/\0memory=/jobs/" HEX "\0"
	struct world *w = world__new();
	struct eng_state *copy;

	(void)state;
	was_there(w, 1, 0, 1, "cpu=/\0memory=/\0");
	was_there(w, 10, 1, 10, JOB);
	was_there(w, 20, 1, 1, JOB);		/* a sandbox in a job's cgroup */
	was_there(w, 21, 20, 2, JOB);
	was_there(w, 30, 1, 1, "cpu=/c1\0memory=/c1\0");	/* runc has gone */
	assert_string_equal(container_of(w, 20), "host");
	assert_string_equal(container_of(w, 21), "host");
	assert_string_equal(container_of(w, 30), "c1");
	assert_null(eng_state__container(w->st, HEX));
	/* the only one who was outside ends, and so do the namespace's own */
	exit_thread(w, 10, 10, 1);
	in_own_pidns(w, 20, 22, 3);
	assert_string_equal(container_of(w, 22), "host");
	exit_thread(w, 20, 20, 1);
	in_own_pidns(w, 21, 23, 4);
	assert_string_equal(container_of(w, 23), "host");
	leave(w);
	copy = copy_of(w->st, w->ts);
	assert_null(eng_state__proc(copy, 23)->container);
	assert_string_equal(eng_state__proc(copy, 30)->container->id, "c1");
	eng_state__free(copy);
	/* nobody is counted who is not there any more: the next of that name is a container */
	exit_thread(w, 21, 21, 1);
	exit_thread(w, 22, 22, 1);
	exit_thread(w, 23, 23, 1);
	was_there(w, 40, 1, 1, JOB);
	assert_string_equal(container_of(w, 40), "0123456789ab");
	/* one outside is counted where it is, not where it was; a thread makes no second one of it */
	exit_thread(w, 40, 40, 1);
	was_there(w, 50, 1, 50, JOB);
	task_new(w, 50, 50, 51, 50, 0x2000, "thread");
	exec_in(w, 50, "cpu=/\0memory=/\0");
	was_there(w, 41, 1, 1, JOB);
	assert_string_equal(container_of(w, 41), "0123456789ab");
	exit_thread(w, 41, 41, 1);
	attach(w, 50, "memory", "/jobs/" HEX);
	was_there(w, 42, 1, 1, JOB);
	assert_string_equal(container_of(w, 42), "host");
	world__free(w);
}

static void names_that_begin_alike(void **state)
{
	struct world *w = world__new();

	(void)state;
	exec_in(w, 10, "memory=/default/payments-backend-1\0");
	exec_in(w, 11, "memory=/default/payments-backend-2\0");
	exec_in(w, 12, "memory=/k8s.io/" ID "\0");
	assert_string_equal(container_of(w, 10), "payments-backend-1");
	assert_string_equal(container_of(w, 11), "payments-backend-2");
	assert_string_equal(container_of(w, 12), SHORT);
	world__free(w);
}

/* What watches over a container has been started. args: each with its NUL. */
static void watches(struct world *w, int64_t pid, const char *exepath, const char *args, size_t n)
{
	ev(w, EV_execve, pid, pid, 0);
	s(w, P_execve_comm, "x");
	s(w, P_execve_exe, "x");
	s(w, P_execve_trusted_exepath, exepath);
	fmt_batch__str(w->b, P_execve_args, args, (uint32_t)n, (uint32_t)n);
	fmt_batch__str(w->b, P_execve_cgroups, "memory=/\0", 10, 10);
	go(w);
}
#define WATCHES(w, pid, exepath, args) watches(w, pid, exepath, args, sizeof(args))
#define CONMON_ARGS "--api-version\0" "1\0-c\0" ID "\0-n\0web"

/* Rootless podman without a cgroup of its own: conmon knows. Not any program of that name. */
static void below_conmon(void **state)
{
	struct world *w = world__new();

	(void)state;
	exec_in(w, 10, "memory=/\0");
	task_new(w, 10, 10, 20, 20, 0, "x");
	WATCHES(w, 20, "/usr/bin/conmon", CONMON_ARGS);
	task_new(w, 20, 20, 21, 21, 0, "runc");
	in_own_pidns(w, 21, 22, 1);
	assert_string_equal(container_of(w, 20), "host");
	assert_string_equal(container_of(w, 21), "host");
	assert_string_equal(container_of(w, 22), SHORT);
	task_new(w, 10, 10, 30, 30, 0, "x");
	WATCHES(w, 30, "/home/user/conmon", CONMON_ARGS);
	in_own_pidns(w, 30, 31, 1);
	assert_string_equal(container_of(w, 31), "host");
	world__free(w);
}

/* Docker and containerd without a cgroup: the shim was told. One of a pod watches over others, too. */
static void below_a_shim(void **state)
{
#define SHIM "/usr/bin/containerd-shim-runc-v2"
#define CASE(exepath, args, id, runtime) { exepath, args, sizeof(args), id, runtime }
	static const struct { const char *exepath, *args; size_t n; const char *id, *runtime; } cases[] = {
		CASE(SHIM, "-namespace\0moby\0-id\0" ID "\0-address\0/run/user/1000/docker/containerd/containerd.sock", SHORT, "docker"),
		CASE(SHIM, "-namespace\0default\0-id\0web\0-address\0a", "web", "containerd"),
		CASE(SHIM, "-namespace\0k8s.io\0-id\0" ID "\0-address\0a", "host", NULL),
		CASE(SHIM, "-id\0web\0-namespace", "host", NULL),
		CASE(SHIM, "-namespace\0default\0-id\0", "host", NULL),
		CASE("/home/user/bin/containerd-shim-runc-v2", "-namespace\0moby\0-id\0" ID, "host", NULL),
		CASE("/usr/bin/cat", "-namespace\0moby\0-id\0" ID, "host", NULL),
	};
#undef CASE
	struct world *w = world__new();

	(void)state;
	exec_in(w, 10, "memory=/\0");
	for (unsigned i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		int64_t pid = 100 + 10 * i;

		task_new(w, 10, 10, pid, pid, 0, "x");
		watches(w, pid, cases[i].exepath, cases[i].args, cases[i].n);
		task_new(w, pid, pid, pid + 1, pid + 1, 0, "runc");
		in_own_pidns(w, pid + 1, pid + 2, 1);
		assert_string_equal(container_of(w, pid + 1), "host");
		assert_string_equal(container_of(w, pid + 2), cases[i].id);
		if (cases[i].runtime)
			assert_string_equal(eng_state__container(w->st, cases[i].id)->runtime->s, cases[i].runtime);
	}
	world__free(w);
}

/* The options of systemd-nspawn name the machine; those of its payload do not. */
static void names_of_machines(void **state)
{
#define CASE(args, name) { args, sizeof(args), name }
	static const struct { const char *args; size_t n; const char *name; } cases[] = {
		CASE("-M\0web", "web"),
		CASE("-Mweb", "web"),
		CASE("--machine=web\0-D\0/srv/other", "web"),
		CASE("--machine\0web\0/bin/sh", "web"),
		CASE("-qD\0/srv/deb12/\0/bin/sh\0-M\0no", "deb12"),
		CASE("-b\0-i\0/srv/deb12.raw", "deb12"),
		CASE("--directory=/srv/a\0--bind\0-M\0--setenv=A=-Mx", "a"),
		CASE("-UxD/srv/b", "b"),
		CASE("--\0-M\0web", NULL),
		CASE("/bin/sh\0-M\0web", NULL),
		CASE("-D\0.", NULL),
		CASE("-D\0/", NULL),
		CASE("-M", NULL),
		CASE("", NULL),
	};
	char name[65];

	(void)state;
	for (size_t k = 0; k < sizeof(cases) / sizeof(*cases); k++) {
		bool found = eng_nspawn__name(cases[k].args, cases[k].n, name);

		if (found != (cases[k].name != NULL) || (found && strcmp(name, cases[k].name)))
			fail_msg("case %zu: %s", k, found ? name : "none");
		for (size_t n = 0; n < cases[k].n; n++)	/* cut anywhere */
			eng_nspawn__name(cases[k].args, n, name);
	}
}

/* Without systemd a machine's cgroup is only "payload", and so is that of any other. */
static void below_nspawn(void **state)
{
	static const char args[] = "-q\0--register=no\0-D\0/srv/build";
	struct world *w = world__new();

	(void)state;
	exec_in(w, 10, "name=systemd=/job\0memory=/\0");
	task_new(w, 10, 10, 20, 20, 0, "x");
	ev(w, EV_execve, 20, 20, 0);
	s(w, P_execve_comm, "systemd-nspawn");
	s(w, P_execve_exe, "systemd-nspawn");
	s(w, P_execve_trusted_exepath, "/usr/bin/systemd-nspawn");
	fmt_batch__str(w->b, P_execve_args, args, sizeof(args), sizeof(args));
	go(w);
	in_own_pidns(w, 20, 21, 1);
	assert_string_equal(container_of(w, 20), "host");
	assert_string_equal(container_of(w, 21), "build");
	exec_in(w, 21, "name=systemd=/job/payload\0memory=/\0");
	assert_string_equal(container_of(w, 21), "build");
	assert_string_equal(eng_state__container(w->st, "build")->runtime->s, "systemd-nspawn");
	/* a service in it; a container in it */
	in_own_pidns(w, 21, 22, 7);
	exec_in(w, 22, "name=systemd=/job/payload/system.slice/ssh.service\0memory=/\0");
	assert_string_equal(container_of(w, 22), "build");
	in_own_pidns(w, 21, 23, 1);
	exec_in(w, 23, "name=systemd=/job/payload/c1\0memory=/\0");
	assert_string_equal(container_of(w, 23), "c1");
	world__free(w);
}

static void the_document_of_a_container(void **state)
{
	static const char json[] =
		"{\"container\":{\"id\":\"" SHORT "\",\"full_id\":\"" ID "\",\"type\":7,"
		"\"name\":\"web\",\"image\":\"nginx:1\",\"privileged\":true}}";
	struct world *w = world__new();
	struct eng_container *c;

	(void)state;
	ev(w, EV_asyncevent, 0, 0, 0);
	s(w, P_asyncevent_name, "container");
	s(w, P_asyncevent_data, json);
	go(w);
	c = eng_state__container(w->st, SHORT);
	assert_string_equal(c->name->s, "web");
	assert_string_equal(c->image->s, "nginx:1");
	assert_string_equal(c->runtime->s, "containerd");
	assert_non_null(eng_container__json(c));
	for (size_t n = 0; n < sizeof(json); n++) {	/* cut anywhere */
		ev(w, EV_asyncevent, 0, 0, 0);
		s(w, P_asyncevent_name, "container");
		fmt_batch__str(w->b, P_asyncevent_data, json, (uint32_t)n, (uint32_t)n);
		go(w);
	}
	assert_ptr_equal(eng_state__container(w->st, SHORT), c);
	world__free(w);
}

/* Containers that nothing is known of but their name go with their last process. */
static void containers_come_and_go(void **state)
{
	struct world *w = world__new();
	char path[64], list_[80];
	int n;

	(void)state;
	for (int k = 0; k < 20000; k++) {
		snprintf(path, sizeof(path), "memory=/default/c%d", k);
		n = snprintf(list_, sizeof(list_), "%s", path) + 1;
		ev(w, EV_execve, 10, 10, 0);
		s(w, P_execve_comm, "x");
		fmt_batch__str(w->b, P_execve_cgroups, list_, (uint32_t)n, (uint32_t)n);
		go(w);
		leave(w);
		snprintf(path, sizeof(path), "c%d", k - 1);
		assert_null(eng_state__container(w->st, path));
	}
	world__free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_layout),
		cmocka_unit_test(processes_belong_to_containers),
		cmocka_unit_test(moving_to_a_cgroup),
		cmocka_unit_test(announced_containers_have_names),
		cmocka_unit_test(of_a_process_that_has_ended),
		cmocka_unit_test(what_users_it_has),
		cmocka_unit_test(a_container_may_be_announced_by_its_cgroup),
		cmocka_unit_test(one_that_is_in_an_announced_one),
		cmocka_unit_test(bare_runc),
		cmocka_unit_test(orphans_in_a_namespace),
		cmocka_unit_test(names_that_begin_alike),
		cmocka_unit_test(below_conmon),
		cmocka_unit_test(below_a_shim),
		cmocka_unit_test(names_of_machines),
		cmocka_unit_test(below_nspawn),
		cmocka_unit_test(the_document_of_a_container),
		cmocka_unit_test(containers_come_and_go),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
