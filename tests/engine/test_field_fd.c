// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/engine/world.h"

enum { P = 10 };

static void assert_field(struct world *w, const char *field, const char *want)
{
	const char *is = get(w, field);

	if (!is != !want || (is && strcmp(is, want)))
		fail_msg("%s of %s: %s, not %s", field, w->row.info->name, is ? is : "missing",
			 want ? want : "missing");
}

static void use(struct world *w, int64_t fd)
{
	ev(w, EV_read, P, P, 1);
	i(w, P_read_fd, fd);
	go(w);
}

static void files(void **state)
{
	struct world *w = world__new();

	(void)state;
	ev(w, EV_openat, P, P, 3);
	i(w, P_openat_dirfd, -100);
	s(w, P_openat_name, "/etc//pam.d/su");
	i(w, P_openat_flags, FDF_RDONLY | FDF_LOWER_LAYER);
	i(w, P_openat_dev, 0x800003);
	i(w, P_openat_ino, 99);
	s(w, P_openat_path, "/etc/pam.d/su");
	go(w);
	assert_field(w, "fd.name_changed", "true");
	use(w, 3);
	assert_field(w, "fd.num", "3");
	assert_field(w, "fd.type", "file");
	assert_field(w, "fd.typechar", "f");
	assert_field(w, "fd.name", "/etc/pam.d/su");
	assert_field(w, "fd.nameraw", "/etc/pam.d/su");
	assert_field(w, "fd.directory", "/etc/pam.d");
	assert_field(w, "fd.filename", "su");
	assert_field(w, "fd.containername", ":/etc/pam.d/su");
	assert_field(w, "fd.uid", "103");
	assert_field(w, "fd.dev", "800003");
	assert_field(w, "fd.dev.major", "0");
	assert_field(w, "fd.dev.minor", "2051");
	assert_field(w, "fd.ino", "99");
	assert_field(w, "fd.is_lower_layer", "true");
	assert_field(w, "fd.is_upper_layer", "false");
	assert_field(w, "fd.name_changed", "false");
	assert_field(w, "fd.l4proto", "<NA>");
	assert_field(w, "fd.sockfamily", NULL);
	assert_field(w, "fd.sip", NULL);
	assert_field(w, "fd.sport", NULL);
	assert_string_equal(get_json(w, "fd.num"), "3");
	assert_string_equal(get_json(w, "fd.dev"), "\"800003\"");
	open_file(w, P, P, "/usr/lib", 4, FDF_RDONLY | FDF_DIRECTORY);
	use(w, 4);
	assert_field(w, "fd.type", "directory");
	assert_field(w, "fd.typechar", "d");
	assert_field(w, "fd.directory", "/usr/lib");
	assert_field(w, "fd.filename", NULL);
	open_file(w, P, P, "/vmlinuz", 4, FDF_RDONLY);
	use(w, 4);
	assert_field(w, "fd.directory", "/");
	assert_field(w, "fd.filename", "vmlinuz");
	world__free(w);
}

static void no_descriptor(void **state)
{
	struct world *w = world__new();

	(void)state;
	ev(w, EV_getpid, P, P, P);
	go(w);
	assert_field(w, "fd.num", NULL);
	assert_field(w, "fd.name", NULL);
	assert_field(w, "fd.typechar", NULL);
	assert_field(w, "fd.types", NULL);
	use(w, 77);			/* one that is not known */
	assert_field(w, "fd.num", "77");
	assert_field(w, "fd.name", "");
	assert_field(w, "fd.type", NULL);
	assert_field(w, "fd.typechar", "o");
	assert_field(w, "fd.l4proto", NULL);
	/* An open that failed names what it would have opened. */
	open_file(w, P, P, "/etc/shadow", -13, FDF_RDONLY);
	assert_field(w, "fd.num", "-1");
	assert_field(w, "fd.name", "/etc/shadow");
	assert_field(w, "fd.directory", "/etc");
	assert_field(w, "fd.filename", NULL);
	assert_field(w, "fd.type", NULL);
	assert_field(w, "fd.typechar", "f");
	world__free(w);
}

static void connections(void **state)
{
	struct world *w = world__new();

	(void)state;
	ev(w, EV_state_iface, 0, 0, 0);
	s(w, P_state_iface_name, "eth0");
	addr(w, P_state_iface_addr, "10.0.0.1", 0);
	i(w, P_state_iface_prefix, 24);
	go(w);
	ev(w, EV_socket, P, P, 3);
	i(w, P_socket_domain, 2);
	i(w, P_socket_type, 1);
	go(w);
	assert_field(w, "fd.type", "ipv4");
	assert_field(w, "fd.name", "");
	assert_field(w, "fd.sockfamily", "ip");
	assert_field(w, "fd.l4proto", "<NA>");
	assert_field(w, "fd.connected", "false");
	assert_field(w, "fd.sip", NULL);
	ev(w, EV_connect, P, P, 0);
	i(w, P_connect_fd, 3);
	tuple(w, P_connect_tuple, "10.0.0.1", 4000, "93.184.216.34", 443);
	go(w);
	assert_field(w, "fd.name", "10.0.0.1:4000->93.184.216.34:443");
	assert_field(w, "fd.l4proto", "tcp");
	assert_field(w, "fd.cip", "10.0.0.1");
	assert_field(w, "fd.sip", "93.184.216.34");
	assert_field(w, "fd.cport", "4000");
	assert_field(w, "fd.sport", "443");
	assert_field(w, "fd.lip", "10.0.0.1");
	assert_field(w, "fd.rip", "93.184.216.34");
	assert_field(w, "fd.lport", "4000");
	assert_field(w, "fd.rport", "443");
	assert_field(w, "fd.sproto", "443");
	assert_field(w, "fd.rproto", "443");
	assert_field(w, "fd.is_server", "false");
	assert_field(w, "fd.connected", "true");
	assert_field(w, "fd.directory", NULL);
	assert_field(w, "fd.filename", NULL);
	assert_string_equal(get_list(w, "fd.ip"), "(10.0.0.1,93.184.216.34)");
	assert_string_equal(get_list(w, "fd.port"), "(4000,443)");
	assert_string_equal(get_json(w, "fd.sip"), "\"93.184.216.34\"");
	assert_string_equal(get_json(w, "fd.sport"), "443");
	/* The other way round. */
	ev(w, EV_accept, P, P, 4);
	tuple(w, P_accept_tuple, "10.0.0.9", 5000, "10.0.0.1", 80);
	go(w);
	assert_field(w, "fd.cip", "10.0.0.9");
	assert_field(w, "fd.lip", "10.0.0.1");
	assert_field(w, "fd.lport", "80");
	assert_field(w, "fd.rport", "5000");
	assert_field(w, "fd.is_server", "true");
	world__free(w);
}

static void listening(void **state)
{
	struct world *w = world__new();

	(void)state;
	ev(w, EV_socket, P, P, 3);
	i(w, P_socket_domain, 10);
	i(w, P_socket_type, 1);
	go(w);
	ev(w, EV_bind, P, P, 0);
	i(w, P_bind_fd, 3);
	addr(w, P_bind_addr, "::1", 8080);
	go(w);
	assert_field(w, "fd.type", "ipv6");
	assert_field(w, "fd.typechar", "6");
	assert_field(w, "fd.name", "::1:8080");
	assert_field(w, "fd.sip", "::1");
	assert_field(w, "fd.sport", "8080");
	assert_field(w, "fd.cip", NULL);
	assert_field(w, "fd.cport", NULL);
	assert_field(w, "fd.l4proto", "tcp");
	assert_field(w, "fd.is_server", "true");
	assert_string_equal(get_list(w, "fd.port"), "(8080)");
	world__free(w);
}

static void other_kinds(void **state)
{
	struct world *w = world__new();

	(void)state;
	ev(w, EV_pipe2, P, P, 0);
	i(w, P_pipe2_fd1, 3);
	i(w, P_pipe2_fd2, 4);
	go(w);
	assert_field(w, "fd.type", "pipe");
	assert_field(w, "fd.typechar", "p");
	assert_field(w, "fd.name", "");
	ev(w, EV_socketpair, P, P, 0);
	i(w, P_socketpair_domain, 1);
	i(w, P_socketpair_type, 1);
	i(w, P_socketpair_fd1, 5);
	i(w, P_socketpair_fd2, 6);
	go(w);
	assert_field(w, "fd.type", "unix");
	assert_field(w, "fd.sockfamily", "unix");
	ev(w, EV_memfd_create, P, P, 7);
	s(w, P_memfd_create_name, "x");
	go(w);
	assert_field(w, "fd.type", "memfd");
	assert_field(w, "fd.name", "x");
	assert_string_equal(get_list(w, "fd.types[3]"), "(pipe)");
	assert_non_null(strstr(get_list(w, "fd.types"), "memfd"));
	world__free(w);
}

static void go_to(struct world *w, const char *dir)
{
	ev(w, EV_chdir, P, P, 0);
	s(w, P_chdir_path, dir);
	go(w);
}

static void paths_that_calls_name(void **state)
{
	struct world *w = world__new();

	(void)state;
	go_to(w, "/srv");
	ev(w, EV_unlink, P, P, 0);
	s(w, P_unlink_path, "a/../b");
	go(w);
	assert_field(w, "fs.path.name", "/srv/b");
	assert_field(w, "fs.path.nameraw", "a/../b");
	assert_field(w, "fs.path.source", NULL);
	assert_field(w, "fs.path.target", NULL);
	ev(w, EV_unlink, P, P, -2);		/* only what has been done */
	s(w, P_unlink_path, "b");
	go(w);
	assert_field(w, "fs.path.name", NULL);
	open_file(w, P, P, "/var/log", 5, FDF_RDONLY | FDF_DIRECTORY);
	assert_field(w, "fs.path.name", "/var/log");
	ev(w, EV_renameat2, P, P, 0);
	i(w, P_renameat2_olddirfd, 5);
	s(w, P_renameat2_oldpath, "old");
	i(w, P_renameat2_newdirfd, -100);
	s(w, P_renameat2_newpath, "/tmp/new");
	go(w);
	assert_field(w, "fs.path.source", "/var/log/old");
	assert_field(w, "fs.path.sourceraw", "old");
	assert_field(w, "fs.path.target", "/tmp/new");
	assert_field(w, "fs.path.targetraw", "/tmp/new");
	assert_field(w, "fs.path.name", NULL);
	assert_field(w, "evt.abspath", "/var/log/old");
	assert_field(w, "evt.abspath.src", "/var/log/old");
	assert_field(w, "evt.abspath.dst", "/tmp/new");
	ev(w, EV_symlink, P, P, 0);
	s(w, P_symlink_target, "/etc/shadow");
	s(w, P_symlink_linkpath, "link");
	go(w);
	assert_field(w, "fs.path.source", "/srv/link");
	assert_field(w, "fs.path.target", "/etc/shadow");
	ev(w, EV_mkdirat, P, P, 0);
	i(w, P_mkdirat_dirfd, 5);
	s(w, P_mkdirat_path, "x");
	go(w);
	assert_field(w, "fs.path.name", "/var/log/x");
	assert_field(w, "evt.abspath", "/var/log/x");
	use(w, 5);
	assert_field(w, "fs.path.name", NULL);
	assert_field(w, "evt.abspath", NULL);
	world__free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(files),
		cmocka_unit_test(no_descriptor),
		cmocka_unit_test(connections),
		cmocka_unit_test(listening),
		cmocka_unit_test(other_kinds),
		cmocka_unit_test(paths_that_calls_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
