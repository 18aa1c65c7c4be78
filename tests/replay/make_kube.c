// SPDX-License-Identifier: Apache-2.0
/*
 * make_kube FILE - a node's trace: a shell comes into a pod from outside, and runs a command there.
 *
 * 14:03:07 UTC, 2025-11-27: the shim of pod shop/web-0 starts "sh -c id" in container c, which starts id; a second later the
 * server there starts a shell itself.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "format/file/trace_writer.h"

#define T0 1764252187000000000ull
#define ID "3ad7b26ded6d8e7b23da7d48fe889434573036c27ae5a74837233de441c3601e"
#define INSIDE "memory=/kubepods/pod1/" ID "\0"

static struct fmt_batch *b;
static uint64_t now = T0;

static void str(unsigned p, const char *v)
{
	fmt_batch__str(b, p, v, (uint32_t)strlen(v), (uint32_t)strlen(v));
}

static void list(unsigned p, const char *v, uint32_t n)
{
	fmt_batch__str(b, p, v, n, n);
}

static void begin(uint16_t type, uint32_t pid)
{
	fmt_batch__begin(b, type, now, 0, pid, pid, 0, 0);
	now += 1000000;
}

static void thread(uint32_t pid, uint32_t parent, uint32_t vpid, const char *name, bool inside)
{
	begin(EV_state_thread, pid);
	fmt_batch__int(b, P_state_thread_ptid, parent);
	fmt_batch__int(b, P_state_thread_vtid, vpid);
	fmt_batch__int(b, P_state_thread_vpid, vpid);
	str(P_state_thread_comm, name);
	str(P_state_thread_exe, name);
	list(P_state_thread_cgroups, inside ? INSIDE : "memory=/\0", inside ? sizeof(INSIDE) - 1 : 9);
	fmt_batch__end(b);
}

static void run(uint32_t parent, uint32_t pid, uint32_t vpid, const char *exe, const char *args, uint32_t n_args)
{
	begin(EV_task_new, parent);
	fmt_batch__int(b, P_task_new_tid, pid);
	fmt_batch__int(b, P_task_new_pid, pid);
	str(P_task_new_comm, "runc");
	fmt_batch__int(b, P_task_new_vtid, vpid);
	fmt_batch__int(b, P_task_new_vpid, vpid);
	fmt_batch__end(b);
	begin(EV_execve, pid);
	str(P_execve_exe, exe);
	str(P_execve_comm, exe);
	str(P_execve_trusted_exepath, "/bin/busybox");
	list(P_execve_args, args, n_args);
	list(P_execve_cgroups, INSIDE, sizeof(INSIDE) - 1);
	fmt_batch__end(b);
	begin(EV_getpid, pid);
	fmt_batch__end(b);
}

int main(int argc, char **argv)
{
	struct fmt_meta meta = { .hostname = "node7", .arch = "x86_64", .tool = "make_kube", .driver = "none", .start_ns = T0,
				 .uuid = "00000000-0000-4000-8000-000000000002" };
	struct fmt_writer_opts opts = { .sz = sizeof(opts), .created_ns = T0 };
	struct err err = { 0 };
	struct fmt_writer *w;
	int r;

	if (argc != 2 || fmt_batch__new(&b))
		return 1;
	r = fmt_writer__open(&w, argv[1], true, &meta, &opts, &err);
	if (r)
		goto out;
	fmt_batch__reset(b, 1);
	begin(EV_state_container, 0);
	str(P_state_container_id, "3ad7b26ded6d");
	str(P_state_container_json, "{\"container\":{\"id\":\"3ad7b26ded6d\",\"full_id\":\"" ID "\",\"name\":\"k8s_c_web-0\",\"labels\":{"
	    "\"io.kubernetes.pod.name\":\"web-0\",\"io.kubernetes.pod.namespace\":\"shop\",\"io.kubernetes.container.name\":\"c\"}}}");
	fmt_batch__end(b);
	thread(100, 1, 100, "shim", false);
	thread(200, 100, 1, "nginx", true);
	r = fmt_writer__batch(w, b, true, &err);
	fmt_batch__reset(b, 1);
	now = T0;
	run(100, 300, 12, "sh", "-c\0id\0", 6);
	run(300, 301, 13, "id", "", 0);
	now += 1000000000;
	run(200, 400, 14, "sh", "-c\0id\0", 6);
	r = r ? r : fmt_writer__batch(w, b, false, &err);
	r = r ? r : fmt_writer__close(w, &err);
out:
	if (r)
		fprintf(stderr, "make_kube: %s\n", err.msg);
	fmt_batch__free(b);
	return r != 0;
}
