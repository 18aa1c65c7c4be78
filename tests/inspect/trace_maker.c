// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/inspect/trace_maker.h"

static void must(int r, const struct err *e)
{
	if (r >= 0)
		return;
	fprintf(stderr, "make_story: %s\n", e && e->msg[0] ? e->msg : err__text(r));
	exit(1);
}

static struct fmt_meta meta = {
	.hostname = "web01", .kernel = "6.1.0-18-amd64", .arch = "x86_64",
		.tool = "spoor-capture 0.1",
	.driver = "bpf", .command = "spoor-capture -w incident.spoor -c web-1", .os = "Debian 12",
	.uuid = "0b8f6a52-3c1d-4e7a-9f10-5d2c7b6e4a91", .n_cpus = 4, .snaplen = 80,
	.memory = 8ull << 30, .boot_ns = T0 - 86400000000000u, .start_ns = T0,
};

void maker__machine(const char *hostname, const char *uuid)
{
	snprintf(meta.hostname, sizeof(meta.hostname), "%s", hostname);
	snprintf(meta.uuid, sizeof(meta.uuid), "%s", uuid);
}

void maker__open(struct maker *m, const char *path)
{
	struct err e = { 0 };

	*m = (struct maker){ .ts = T0, .num = 1, .tid = 1, .pid = 1, .chunk_events = 4096,
			     .keyframe_every = 8, .keyframe = true };
	must(fmt_writer__open(&m->w, path, true, &meta, NULL, &e), &e);
	must(fmt_batch__new(&m->b), NULL);
	must(eng_state__new(&m->st), NULL);
	fmt_batch__reset(m->b, 1);
}

static int next_keyframe(void *arg, struct fmt_batch **b)
{
	struct maker *m = arg;
	struct err e = { 0 };

	must(fmt_writer__batch(m->w, *b, true, &e), &e);
	fmt_batch__reset(*b, m->num);
	return 0;
}

static void write_keyframe(struct maker *m)
{
	struct fmt_batch *b;
	struct err e = { 0 };

	must(fmt_batch__new(&b), NULL);
	fmt_batch__reset(b, m->num);
	must(eng_state__save(m->st, m->ts, b, next_keyframe, m), NULL);
	must(fmt_writer__batch(m->w, b, true, &e), &e);
	fmt_batch__free(b);
}

void maker__flush(struct maker *m)
{
	struct err e = { 0 };

	if (!m->b->n && !m->keyframe)
		return;
	must(fmt_writer__batch(m->w, m->b, m->keyframe, &e), &e);
	if (!m->keyframe)
		m->num += m->b->n;
	fmt_batch__reset(m->b, m->num);
	if (!m->keyframe && ++m->chunks % m->keyframe_every == 0)
		write_keyframe(m);
}

void maker__begin(struct maker *m)
{
	maker__flush(m);
	m->keyframe = false;
}

void maker__close(struct maker *m)
{
	struct err e = { 0 };

	maker__flush(m);
	must(fmt_writer__close(m->w, &e), &e);
	fmt_batch__free(m->b);
	eng_state__free(m->st);
}

void maker__row(struct maker *m, uint16_t type, int64_t res)
{
	if (!m->keyframe && (m->b->n >= m->chunk_events || fmt_batch__full(m->b)))
		maker__flush(m);
	must(fmt_batch__begin(m->b, type, m->ts, m->keyframe ? 0 : 1500 + m->b->n % 97 * 13, m->tid,
			      m->pid, m->cpu, res), NULL);
}

void maker__int(struct maker *m, unsigned param, uint64_t v)
{
	fmt_batch__int(m->b, param, v);
}

void maker__str(struct maker *m, unsigned param, const char *s)
{
	maker__mem(m, param, s, (uint32_t)strlen(s));
}

void maker__mem(struct maker *m, unsigned param, const void *p, uint32_t n)
{
	fmt_batch__str(m->b, param, p, n, n);
}

void maker__bytes(struct maker *m, unsigned param, const void *p, uint32_t n)
{
	fmt_batch__bytes(m->b, param, p, n, n);
}

void maker__end(struct maker *m)
{
	struct fmt_ev ev;
	struct eng_ctx ctx;

	fmt_batch__end(m->b);
	ev = fmt_batch__ev(m->b, m->b->n - 1);
	eng_state__enter(m->st, &ev, &ctx);
	eng_state__leave(m->st, &ctx);
	if (!m->keyframe)
		m->ts += 20000 + m->b->n % 31 * 700;
	m->cpu = (uint16_t)((m->cpu + 1) % 4);
}

/* Blanks become the NULs of a list, each string followed by one. */
static uint32_t to_list(const char *args, char *out, size_t cap)
{
	size_t n = strlen(args);

	if (!n)
		return 0;
	if (n + 1 > cap)
		n = cap - 1;
	memcpy(out, args, n);
	out[n] = 0;
	for (size_t i = 0; i < n; i++)
		if (out[i] == ' ')
			out[i] = 0;
	return (uint32_t)n + 1;
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

void maker__thread(struct maker *m, const struct made_thread *t)
{
	char list[8192];
	uint32_t n = to_list(t->args ? t->args : "", list, sizeof(list));

	maker__as(m, t->pid);
	maker__row(m, EV_state_thread, 0);
	maker__int(m, P_state_thread_ptid, t->ppid);
	maker__int(m, P_state_thread_real_ptid, t->ppid);
	maker__int(m, P_state_thread_vtid, t->pid);
	maker__int(m, P_state_thread_vpid, t->pid);
	maker__str(m, P_state_thread_comm, t->comm);
	maker__str(m, P_state_thread_exe, t->exe ? t->exe : "");
	maker__str(m, P_state_thread_exepath, t->exepath ? t->exepath : "");
	maker__mem(m, P_state_thread_args, list, n);
	maker__str(m, P_state_thread_cwd, "/");
	maker__str(m, P_state_thread_root, "/");
	if (t->cgroup) {
		n = to_list(t->cgroup, list, sizeof(list));
		maker__mem(m, P_state_thread_cgroups, list, n);
	}
	maker__int(m, P_state_thread_uid, t->uid);
	maker__int(m, P_state_thread_euid, t->uid);
	maker__int(m, P_state_thread_gid, t->uid);
	maker__int(m, P_state_thread_egid, t->uid);
	maker__int(m, P_state_thread_loginuid, UINT32_MAX);
	maker__int(m, P_state_thread_tty, t->tty);
	maker__int(m, P_state_thread_start, t->start);
	maker__end(m);
}

void maker__as(struct maker *m, uint32_t pid)
{
	m->tid = m->pid = pid;
}

void maker__wait(struct maker *m, uint64_t ns)
{
	m->ts += ns;
}

void maker__fork(struct maker *m, uint32_t child, const char *comm)
{
	uint32_t parent = m->pid;

	maker__row(m, EV_task_new, 0);
	maker__int(m, P_task_new_tid, child);
	maker__int(m, P_task_new_pid, child);
	maker__int(m, P_task_new_ptid, parent);
	maker__str(m, P_task_new_comm, comm);
	maker__int(m, P_task_new_vtid, child);
	maker__int(m, P_task_new_vpid, child);
	maker__int(m, P_task_new_start, m->ts);
	maker__end(m);
	maker__row(m, EV_clone, child);
	maker__int(m, P_clone_tid, parent);
	maker__int(m, P_clone_pid, parent);
	maker__str(m, P_clone_comm, comm);
	maker__end(m);
	maker__as(m, child);
	maker__row(m, EV_clone, 0);
	maker__int(m, P_clone_tid, child);
	maker__int(m, P_clone_pid, child);
	maker__int(m, P_clone_ptid, parent);
	maker__str(m, P_clone_comm, comm);
	maker__int(m, P_clone_vtid, child);
	maker__int(m, P_clone_vpid, child);
	maker__end(m);
}

void maker__exec(struct maker *m, const char *path, const char *args, uint32_t uid, uint32_t tty,
		 uint32_t exe_flags)
{
	char list[8192], comm[16];
	uint32_t n = to_list(args, list, sizeof(list));

	snprintf(comm, sizeof(comm), "%s", base_name(path));
	maker__row(m, EV_execve, 0);
	maker__str(m, P_execve_exe, !strncmp(path, "/tmp/", 5) ? path : base_name(path));
	maker__mem(m, P_execve_args, list, n);
	maker__int(m, P_execve_tid, m->tid);
	maker__int(m, P_execve_pid, m->pid);
	maker__str(m, P_execve_cwd, "/var/www");
	maker__str(m, P_execve_comm, comm);
	maker__int(m, P_execve_tty, tty);
	maker__int(m, P_execve_loginuid, tty ? 1000 : UINT32_MAX);
	maker__int(m, P_execve_flags, exe_flags);
	maker__int(m, P_execve_uid, uid);
	maker__int(m, P_execve_gid, uid);
	maker__int(m, P_execve_exe_ino, 4711);
	maker__str(m, P_execve_trusted_exepath, path);
	maker__str(m, P_execve_filename, path);
	maker__end(m);
}

void maker__exit(struct maker *m, int status, uint32_t reaper)
{
	maker__row(m, EV_procexit, 0);
	maker__int(m, P_procexit_status, (uint64_t)(int64_t)status);
	maker__int(m, P_procexit_ret, (uint64_t)(int64_t)(status >> 8));
	maker__int(m, P_procexit_sig, status & 0x7f);
	maker__int(m, P_procexit_core, 0);
	maker__int(m, P_procexit_reaper_tid, reaper);
	maker__int(m, P_procexit_oom, 0);
	maker__end(m);
}

void maker__open_file(struct maker *m, const char *path, int64_t fd, uint32_t flags)
{
	maker__row(m, EV_openat, fd);
	maker__int(m, P_openat_dirfd, (uint64_t)(int64_t)-100);
	maker__str(m, P_openat_name, path);
	maker__int(m, P_openat_flags, flags);
	maker__int(m, P_openat_mode, flags & FDF_CREAT ? 0644 : 0);
	if (fd >= 0) {
		maker__int(m, P_openat_dev, 0x801);
		maker__int(m, P_openat_ino, 1000 + (uint64_t)fd);
		maker__str(m, P_openat_path, path);
	}
	maker__end(m);
}

void maker__read(struct maker *m, int64_t fd, const char *data, int64_t res)
{
	maker__row(m, EV_read, res);
	maker__bytes(m, P_read_data, data, (uint32_t)strlen(data));
	maker__int(m, P_read_fd, (uint64_t)fd);
	maker__int(m, P_read_size, 4096);
	maker__end(m);
}

void maker__write(struct maker *m, int64_t fd, const char *data, int64_t res)
{
	maker__row(m, EV_write, res);
	maker__bytes(m, P_write_data, data, (uint32_t)strlen(data));
	maker__int(m, P_write_fd, (uint64_t)fd);
	maker__int(m, P_write_size, res > 0 ? (uint64_t)res : 0);
	maker__end(m);
}

void maker__close_fd(struct maker *m, int64_t fd)
{
	maker__row(m, EV_close, 0);
	maker__int(m, P_close_fd, (uint64_t)fd);
	maker__end(m);
}

static void put_end(uint8_t *at, const uint8_t ip[4], uint16_t port)
{
	memcpy(at, ip, 4);
	at[4] = (uint8_t)port;
	at[5] = (uint8_t)(port >> 8);
}

static const uint8_t local_ip[4] = { 172, 17, 0, 2 };

void maker__connect(struct maker *m, int64_t fd, const uint8_t to[4], uint16_t port, int64_t res)
{
	uint8_t tuple[13] = { 2 }, addr[7] = { 2 };

	maker__row(m, EV_socket, fd);
	maker__int(m, P_socket_domain, 2);
	maker__int(m, P_socket_type, 1);
	maker__int(m, P_socket_proto, 6);
	maker__end(m);
	put_end(tuple + 1, local_ip, (uint16_t)(40000 + fd));
	put_end(tuple + 7, to, port);
	put_end(addr + 1, to, port);
	maker__row(m, EV_connect, res);
	maker__mem(m, P_connect_tuple, tuple, sizeof(tuple));
	maker__int(m, P_connect_fd, (uint64_t)fd);
	maker__mem(m, P_connect_addr, addr, sizeof(addr));
	maker__end(m);
}

void maker__accept(struct maker *m, int64_t listener, int64_t fd, const uint8_t from[4],
		   uint16_t port, uint16_t local_port)
{
	uint8_t tuple[13] = { 2 };

	put_end(tuple + 1, from, port);
	put_end(tuple + 7, local_ip, local_port);
	maker__row(m, EV_accept4, fd);
	maker__mem(m, P_accept4_tuple, tuple, sizeof(tuple));
	maker__int(m, P_accept4_queuepct, 0);
	maker__int(m, P_accept4_queuelen, 0);
	maker__int(m, P_accept4_queuemax, 128);
	maker__int(m, P_accept4_flags, 0);
	maker__int(m, P_accept4_sockfd, (uint64_t)listener);
	maker__end(m);
}

void maker__unlink(struct maker *m, const char *path, int64_t res)
{
	maker__row(m, EV_unlinkat, res);
	maker__int(m, P_unlinkat_dirfd, (uint64_t)(int64_t)-100);
	maker__str(m, P_unlinkat_name, path);
	maker__int(m, P_unlinkat_flags, 0);
	maker__end(m);
}
