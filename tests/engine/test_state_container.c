// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/engine/world.h"

#define ID "3ad7b26ded6d8e7b23da7d48fe889434573036c27ae5a74837233de441c3601e"
#define OUTER "ffffb26ded6d8e7b23da7d48fe889434573036c27ae5a74837233de441c3601e"
#define SHORT "3ad7b26ded6d"
#define POD "pod01234567-89ab-cdef-0123-456789abcdef"

/* Paths of all layouts: version 1 and 2 of cgroups differ only in the hierarchy they stand in. */
static const struct {
	const char *path, *id, *runtime;	/* id NULL: no container; runtime NULL: not told */
} layouts[] = {
	/* docker, cgroupfs and systemd; rootless; own parents */
	{ "/docker/" ID, SHORT, "docker" },
	{ "/system.slice/docker-" ID ".scope", SHORT, "docker" },
	{ "/user.slice/user-1000.slice/user@1000.service/user.slice/docker-" ID ".scope", SHORT,
	  "docker" },
	{ "/my.slice/my-own.slice/docker-" ID ".scope", SHORT, "docker" },
	{ "/mine/" ID, SHORT, NULL },
	{ "/kubepods/besteffort/podX/" ID, SHORT, NULL },
	/* containerd: /NAMESPACE/ID */
	{ "/default/ctr1", "ctr1", "containerd" },
	{ "/default/" ID, SHORT, "containerd" },
	{ "/k8s.io/demo-container-1", "demo-container-1", "containerd" },
	{ "/moby/" ID, SHORT, "docker" },
	{ "/mine/" ID "/", SHORT, NULL },
	{ "/system.slice/containerd-" ID ".scope", SHORT, "containerd" },
	{ "/system.slice/nerdctl-" ID ".scope", SHORT, "containerd" },
	/* Kubernetes, cgroupfs: kubelet's quality-of-service classes */
	{ "/kubepods/" POD "/" ID, SHORT, NULL },
	{ "/kubepods/burstable/" POD "/" ID, SHORT, NULL },
	{ "/kubepods/besteffort/" POD "/" ID, SHORT, NULL },
	{ "/kubepods/burstable/" POD "/short-name", "short-name", NULL },
	{ "/kubelet/kubepods/burstable/" POD "/" ID, SHORT, NULL },
	/* Kubernetes, systemd, by runtime */
	{ "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod0123_4567.slice/"
	  "cri-containerd-" ID ".scope", SHORT, "containerd" },
	{ "/kubepods.slice/kubepods-pod0123_4567.slice/crio-" ID ".scope", SHORT, "cri-o" },
	{ "/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod0123.slice/"
	  "docker-" ID ".scope", SHORT, "docker" },
	{ "/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-pod0.slice/cri-containerd-" ID
	  ".scope", SHORT, "containerd" },
	/* systemd's names taken by a runtime that makes plain cgroups */
	{ "/kubepods-burstable-pod0123.slice:cri-containerd:" ID, SHORT, "containerd" },
	{ "/system.slice/containerd.service/kubepods-pod0123.slice:cri-containerd:" ID, SHORT,
	  "containerd" },
	{ "/system.slice:docker:" ID, SHORT, "docker" },
	{ "/machine.slice:libpod:" ID, SHORT, "podman" },
	/* podman: with systemd and cgroupfs, rootless, in pods, with a cgroup of its own inside */
	{ "/machine.slice/libpod-" ID ".scope", SHORT, "podman" },
	{ "/machine.slice/libpod-" ID ".scope/container", SHORT, "podman" },
	{ "/libpod_parent/libpod-" ID, SHORT, "podman" },
	{ "/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-" ID ".scope/container",
	  SHORT, "podman" },
	{ "/machine.slice/machine-libpod_pod_" OUTER ".slice/libpod-" ID ".scope", SHORT,
	  "podman" },
	{ "/libpod_parent/" OUTER "/libpod-" ID, SHORT, "podman" },
	/* cri-o, cgroupfs */
	{ "/kubepods/burstable/" POD "/crio-" ID, SHORT, "cri-o" },
	/* runc and crun by name */
	{ "/" ID, SHORT, NULL },
	{ "/user.slice/runc-mine.scope", "mine", "runc" },
	{ "/user.slice/crun-mine.scope", "mine", "runc" },
	/* others */
	{ "/lxc.payload.web", "web", "lxc" },
	{ "/lxc.payload/web", "web", "lxc" },
	{ "/lxc/web", "web", "lxc" },
	{ "/lxc.payload.web/init.scope", "web", "lxc" },
	{ "/ecs/0123456789abcdef0123456789abcdef/0123456789abcdef0123456789abcdef-1234567890",
	  "0123456789ab", "docker" },
	{ "/machine.slice/systemd-nspawn@build\\x2dbox\\x2done.service/payload/init.scope",
	  "build-box-one", "systemd-nspawn" },
	{ "/machine.slice/systemd-nspawn@build.service/supervisor", NULL, NULL },
	{ "/machine.slice/machine-deb12.scope/payload", "deb12", "systemd-nspawn" },
	{ "/machine.slice/machine-lxc\\x2d4711\\x2dweb.scope", "web", "libvirt-lxc" },
	{ "/machine.slice/machine-qemu\\x2d1\\x2dvm.scope", NULL, NULL },
	/* a container in a container; a service manager in one */
	{ "/docker/" OUTER "/docker/" ID, SHORT, "docker" },
	{ "/docker/" OUTER "/kubepods/burstable/" POD "/" ID, SHORT, NULL },
	{ "/docker/" ID "/system.slice/nginx.service", SHORT, "docker" },
	{ "/docker/" ID "/init.scope", SHORT, "docker" },
	/* of the host */
	{ "/", NULL, NULL },
	{ "", NULL, NULL },
	{ "/init.scope", NULL, NULL },
	{ "/user.slice", NULL, NULL },
	{ "/user.slice/user-1000.slice/session-3.scope", NULL, NULL },
	{ "/system.slice/docker.service", NULL, NULL },
	{ "/system.slice/containerd.service", NULL, NULL },
	{ "/system.slice/system-getty.slice/getty@tty1.service", NULL, NULL },
	{ "/machine.slice/libpod-conmon-" ID ".scope", NULL, NULL },
	{ "/kubepods.slice/kubepods-pod0.slice/crio-conmon-" ID ".scope", NULL, NULL },
	{ "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod0123.slice", NULL, NULL },
	{ "/kubepods/burstable/" POD, NULL, NULL },
	{ "/kubepods/burstable", NULL, NULL },
	{ "/docker", NULL, NULL },
	{ "/docker/buildx", NULL, NULL },
	{ "/lxc.monitor.web", NULL, NULL },
	{ "/supervisor/54822d13c7bd4e50db0828e52b54ff55", NULL, NULL },
	{ "/user.slice/app-org.gnome.Terminal.slice/vte-spawn-0.scope", NULL, NULL },
	/* one digit too few, and none */
	{ "/mine/3ad7b26ded6d8e7b23da7d48fe889434573036c27ae5a74837233de441c3601", NULL, NULL },
	{ "/mine/3AD7B26DED6D8E7B23DA7D48FE889434573036C27AE5A74837233DE441C3601E", NULL, NULL },
};

static void every_layout(void **state)
{
	char id[65], full[65];
	const char *runtime;

	(void)state;
	for (size_t k = 0; k < sizeof(layouts) / sizeof(*layouts); k++) {
		bool found = eng_container_from_cgroup(layouts[k].path, id, full, &runtime);

		if (found != (layouts[k].id != NULL))
			fail_msg("%s: %s", layouts[k].path, found ? id : "none");
		if (!found)
			continue;
		assert_string_equal(id, layouts[k].id);
		assert_memory_equal(full, id, strlen(id));
		if (!runtime != !layouts[k].runtime ||
		    (runtime && strcmp(runtime, layouts[k].runtime)))
			fail_msg("%s: runtime %s", layouts[k].path, runtime);
	}
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

static void monitored(struct world *w, int64_t pid, const char *exepath)
{
	static const char args[] = "--api-version\0" "1\0-c\0" ID "\0-n\0web";

	ev(w, EV_execve, pid, pid, 0);
	s(w, P_execve_comm, "conmon");
	s(w, P_execve_exe, "conmon");
	s(w, P_execve_trusted_exepath, exepath);
	fmt_batch__str(w->b, P_execve_args, args, sizeof(args), sizeof(args));
	fmt_batch__str(w->b, P_execve_cgroups, "memory=/\0", 10, 10);
	go(w);
}

/* Rootless podman without a cgroup of its own: conmon knows. Not any program of that name. */
static void below_conmon(void **state)
{
	struct world *w = world__new();

	(void)state;
	exec_in(w, 10, "memory=/\0");
	task_new(w, 10, 10, 20, 20, 0, "x");
	monitored(w, 20, "/usr/bin/conmon");
	task_new(w, 20, 20, 21, 21, 0, "runc");
	in_own_pidns(w, 21, 22, 1);
	assert_string_equal(container_of(w, 20), "host");
	assert_string_equal(container_of(w, 21), "host");
	assert_string_equal(container_of(w, 22), SHORT);
	task_new(w, 10, 10, 30, 30, 0, "x");
	monitored(w, 30, "/home/user/conmon");
	in_own_pidns(w, 30, 31, 1);
	assert_string_equal(container_of(w, 31), "host");
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
		cmocka_unit_test(a_container_may_be_announced_by_its_cgroup),
		cmocka_unit_test(one_that_is_in_an_announced_one),
		cmocka_unit_test(bare_runc),
		cmocka_unit_test(names_that_begin_alike),
		cmocka_unit_test(below_conmon),
		cmocka_unit_test(the_document_of_a_container),
		cmocka_unit_test(containers_come_and_go),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
