// SPDX-License-Identifier: Apache-2.0
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/engine/lang_world.h"
#include "tests/engine/world.h"

const char *const lang_events[LANG_EVENTS] = {
	"cat_shadow", "cat_denied", "cat_read", "bash_null", "bash_video", "bash_setns", "sh_dev",
		"sh_bin",
	"sh_connect", "sh_write", "sh_connect6", "sshd_accept", "sh_exec", "wget_getpid",
	"cat_exit",
};

struct scene {
	struct world *w;
	void (*fn)(void *arg, unsigned event, const struct eng_ctx *ctx);
	void *arg;
	unsigned next;
};

#define CGROUP "cpu=/docker/aabbccddeeff00112233445566778899aabbccddeeff00112233445566778899"

static void process(struct world *w, int64_t pid, int64_t ppid, int64_t uid, const char *comm,
		    const char *exepath)
{
	ev(w, EV_state_thread, pid, pid, 0);
	i(w, P_state_thread_ptid, ppid);
	i(w, P_state_thread_real_ptid, ppid);
	i(w, P_state_thread_pgid, pid);
	i(w, P_state_thread_vpgid, pid);
	i(w, P_state_thread_vtid, pid >= 200 ? pid - 199 : pid);
	i(w, P_state_thread_vpid, pid >= 200 ? pid - 199 : pid);
	s(w, P_state_thread_comm, comm);
	s(w, P_state_thread_exe, comm);
	s(w, P_state_thread_exepath, exepath);
	i(w, P_state_thread_uid, uid);
	i(w, P_state_thread_euid, uid);
	i(w, P_state_thread_gid, uid);
	i(w, P_state_thread_egid, uid);
	i(w, P_state_thread_cap_effective, uid ? 0 : 1);
	i(w, P_state_thread_loginuid, uid ? uid : -1);
	if (pid < 200)
		list(w, P_state_thread_cgroups, "cpu=/user.slice\0");
	else
		list(w, P_state_thread_cgroups, CGROUP "\0");
}

static void processes(struct world *w)
{
	process(w, 1, 0, 0, "systemd", "/usr/lib/systemd/systemd");
	go(w);
	process(w, 100, 1, 0, "sshd", "/usr/sbin/sshd");
	go(w);
	process(w, 110, 100, 1000, "bash", "/usr/bin/bash");
	i(w, P_state_thread_tty, 34816);
	s(w, P_state_thread_cwd, "/home/joe/");
	list(w, P_state_thread_env, "PATH=/bin\0LANG=\0");
	go(w);
	process(w, 120, 110, 1000, "cat", "/usr/bin/cat");
	list(w, P_state_thread_args, "/etc/shadow\0");
	go(w);
	process(w, 200, 1, 0, "nginx", "/usr/sbin/nginx");
	go(w);
	process(w, 210, 200, 0, "sh", "/bin/sh");
	list(w, P_state_thread_args, "-c\0id\0");
	go(w);
}

static void surroundings(struct world *w)
{
	ev(w, EV_state_user, 1, 1, 0);
	i(w, P_state_user_uid, 1000);
	i(w, P_state_user_gid, 1000);
	s(w, P_state_user_name, "joe");
	s(w, P_state_user_home, "/home/joe");
	s(w, P_state_user_shell, "/bin/bash");
	s(w, P_state_user_container_id, "");
	go(w);
	ev(w, EV_state_container, 1, 1, 0);
	s(w, P_state_container_id, "aabbccddeeff");
	s(w, P_state_container_full_id,
	  "aabbccddeeff00112233445566778899aabbccddeeff00112233445566778899");
	s(w, P_state_container_runtime, "docker");
	s(w, P_state_container_name, "web");
	s(w, P_state_container_image, "docker.io/library/nginx:1.25");
	go(w);
	ev(w, EV_state_iface, 1, 1, 0);
	s(w, P_state_iface_name, "eth0");
	fmt_batch__str(w->b, P_state_iface_addr, "\x02\xc0\xa8\x01\x0a\0\0", 7, 7);
	i(w, P_state_iface_prefix, 24);
	go(w);
}

static void happens(struct scene *sc)
{
	go(sc->w);
	sc->fn(sc->arg, sc->next++, &sc->w->ctx);
}

static void opens(struct scene *sc, int64_t pid, const char *path, int64_t fd, uint32_t flags)
{
	struct world *w = sc->w;

	ev(w, EV_openat, pid, pid, fd);
	i(w, P_openat_dirfd, -100);
	s(w, P_openat_name, path);
	i(w, P_openat_flags, flags);
	i(w, P_openat_mode, 0);
	if (fd >= 0)
		s(w, P_openat_path, path);
	happens(sc);
}

static void put_tuple(struct world *w, unsigned param, const char *src, uint16_t sport,
		      const char *dst, uint16_t dport)
{
	bool v6 = strchr(src, ':');
	size_t n = v6 ? 16 : 4;
	uint8_t b[40] = { v6 ? 10 : 2 };

	assert_int_equal(inet_pton(v6 ? AF_INET6 : AF_INET, src, b + 1), 1);
	memcpy(b + 1 + n, &sport, 2);
	assert_int_equal(inet_pton(v6 ? AF_INET6 : AF_INET, dst, b + 3 + n), 1);
	memcpy(b + 3 + 2 * n, &dport, 2);
	fmt_batch__str(w->b, param, (char *)b, (uint32_t)(5 + 2 * n), (uint32_t)(5 + 2 * n));
}

static void socket_of(struct world *w, int64_t pid, int64_t fd, int domain, int type)
{
	ev(w, EV_socket, pid, pid, fd);
	i(w, P_socket_domain, domain);
	i(w, P_socket_type, type);
	i(w, P_socket_proto, 0);
	go(w);
}

static void files(struct scene *sc)
{
	struct world *w = sc->w;

	opens(sc, 120, "/etc/shadow", 3, FDF_RDONLY);
	opens(sc, 120, "/etc/gshadow", -13, FDF_RDONLY);
	ev(w, EV_read, 120, 120, 8);
	i(w, P_read_fd, 3);
	i(w, P_read_size, 4096);
	fmt_batch__bytes(w->b, P_read_data, "root:x:0", 8, 8);
	happens(sc);
	opens(sc, 110, "/dev/null", 5, FDF_WRONLY | FDF_CREAT);
	ev(w, EV_open, 110, 110, 6);
	s(w, P_open_name, "/dev/video0");
	i(w, P_open_flags, FDF_RDONLY);
	s(w, P_open_path, "/dev/video0");
	happens(sc);
	ev(w, EV_setns, 110, 110, 0);
	i(w, P_setns_fd, 5);
	i(w, P_setns_nstype, 0x40);
	happens(sc);
	opens(sc, 210, "/dev/.hidden", 6, FDF_WRONLY | FDF_CREAT | FDF_CREATED);
	opens(sc, 210, "/usr/bin/ls", 8, FDF_RDONLY | FDF_WRONLY);
}

static void connections(struct scene *sc)
{
	struct world *w = sc->w;

	socket_of(w, 210, 7, AF_INET, 1);
	ev(w, EV_connect, 210, 210, 0);
	put_tuple(w, P_connect_tuple, "172.17.0.2", 40000, "93.184.216.34", 443);
	i(w, P_connect_fd, 7);
	happens(sc);
	ev(w, EV_write, 210, 210, 9);
	i(w, P_write_fd, 7);
	i(w, P_write_size, 9);
	fmt_batch__bytes(w->b, P_write_data, "GET /\0bin", 9, 9);
	happens(sc);
	socket_of(w, 210, 9, 10, 2);
	ev(w, EV_connect, 210, 210, 0);
	put_tuple(w, P_connect_tuple, "2001:db8::2", 5353, "2001:db8::1", 53);
	i(w, P_connect_fd, 9);
	happens(sc);
	socket_of(w, 100, 3, AF_INET, 1);
	ev(w, EV_accept, 100, 100, 4);
	put_tuple(w, P_accept_tuple, "10.0.0.5", 52000, "192.168.1.10", 22);
	i(w, P_accept_sockfd, 3);
	happens(sc);
}

static void ends(struct scene *sc)
{
	struct world *w = sc->w;

	ev(w, EV_execve, 210, 210, 0);
	s(w, P_execve_exe, "wget");
	list(w, P_execve_args, "-q\0http://x\0");
	s(w, P_execve_comm, "wget");
	s(w, P_execve_trusted_exepath, "/usr/bin/wget");
	i(w, P_execve_flags, EXE_WRITABLE);
	i(w, P_execve_uid, 0);
	i(w, P_execve_gid, 0);
	happens(sc);
	ev(w, EV_getpid, 210, 210, 210);
	happens(sc);
	ev(w, EV_procexit, 120, 120, 0);
	i(w, P_procexit_status, 0);
	happens(sc);
}

void lang_world(void (*fn)(void *arg, unsigned event, const struct eng_ctx *ctx),
		void (*begin)(void *arg, const struct fmt_batch *b), void *arg)
{
	struct scene sc = { .w = world__new(), .fn = fn, .arg = arg };

	surroundings(sc.w);
	processes(sc.w);
	if (begin)
		begin(arg, sc.w->b);
	files(&sc);
	connections(&sc);
	ends(&sc);
	assert_int_equal(sc.next, LANG_EVENTS);
	world__free(sc.w);
}
