// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/engine/world.h"

#define ID "3ad7b26ded6d8e7b23da7d48fe889434573036c27ae5a74837233de441c3601e"

static void assert_field(struct world *w, const char *field, const char *want)
{
	const char *is = get(w, field);

	if (!is != !want || (is && strcmp(is, want)))
		fail_msg("%s: %s, not %s", field, is ? is : "missing", want ? want : "missing");
}

/* init 1 - sshd 5 - bash 10 - nc 20, which the following fields are asked of. */
static struct world *family(void)
{
	struct world *w = world__new();

	exec_as(w, 1, "systemd", "/usr/lib/systemd/systemd", "", 0);
	task_new(w, 1, 1, 5, 5, 0, "systemd");
	exec_as(w, 5, "sshd", "/usr/sbin/sshd", "-D\0", 3);
	task_new(w, 5, 5, 10, 10, 0, "sshd");
	ev(w, EV_setsid, 10, 10, 10);
	go(w);
	ev(w, EV_execve, 10, 10, 0);
	s(w, P_execve_exe, "-bash");
	list(w, P_execve_args, "");
	s(w, P_execve_comm, "bash");
	s(w, P_execve_trusted_exepath, "/usr/bin/bash");
	list(w, P_execve_env, "HOME=/root\0LANG=C\0");
	i(w, P_execve_tty, 34816);
	i(w, P_execve_loginuid, 1000);
	go(w);
	ev(w, EV_chdir, 10, 10, 0);
	s(w, P_chdir_path, "/root");
	go(w);
	task_new(w, 10, 10, 20, 20, 0, "bash");
	ev(w, EV_setpgid, 20, 20, 0);
	i(w, P_setpgid_pid, 0);
	i(w, P_setpgid_pgid, 0);
	go(w);
	ev(w, EV_execve, 20, 20, 0);
	s(w, P_execve_exe, "/bin/nc");
	list(w, P_execve_args, "-l\0-p\0" "4 4\0");
	s(w, P_execve_comm, "nc");
	s(w, P_execve_trusted_exepath, "/usr/bin/nc.openbsd");
	list(w, P_execve_env, "PATH=/bin:/usr/bin\0EMPTY=\0");
	list(w, P_execve_cgroups, "cpu=/\0io=/x\0memory=/docker/" ID "\0");
	i(w, P_execve_tty, 34816);
	i(w, P_execve_uid, 1000);
	i(w, P_execve_gid, 100);
	i(w, P_execve_loginuid, 1000);
	i(w, P_execve_flags, EXE_WRITABLE | EXE_UPPER_LAYER);
	i(w, P_execve_exe_ino, 4711);
	i(w, P_execve_exe_ino_ctime, (int64_t)(T0 - 1000));
	i(w, P_execve_exe_ino_mtime, (int64_t)(T0 - 2000));
	i(w, P_execve_cap_effective, 0x2000000001);
	i(w, P_execve_cap_permitted, 0);
	go(w);
	return w;
}

static void the_process(void **state)
{
	struct world *w = family();

	(void)state;
	assert_field(w, "proc.name", "nc");
	assert_field(w, "proc.exe", "/bin/nc");
	assert_field(w, "proc.exepath", "/usr/bin/nc.openbsd");
	assert_field(w, "proc.args", "-l -p 4 4");
	assert_field(w, "proc.args[0]", "-l");
	assert_field(w, "proc.args[2]", "4 4");
	assert_field(w, "proc.args[3]", "");
	assert_field(w, "proc.cmdline", "nc -l -p 4 4");
	assert_field(w, "proc.exeline", "/bin/nc -l -p 4 4");
	assert_field(w, "proc.cmdnargs", "3");
	assert_field(w, "proc.cmdlenargs", "7");
	assert_field(w, "proc.env", "PATH=/bin:/usr/bin EMPTY=");
	assert_field(w, "proc.env[PATH]", "/bin:/usr/bin");
	assert_field(w, "proc.env[EMPTY]", "");
	assert_field(w, "proc.env[HOME]", "");
	assert_field(w, "proc.aenv[HOME]", "/root");
	assert_field(w, "proc.aenv[1]", "HOME=/root LANG=C");
	assert_field(w, "proc.cwd", "/root/");
	assert_field(w, "proc.tty", "34816");
	assert_field(w, "proc.pid", "20");
	assert_field(w, "proc.vpid", "20");
	assert_field(w, "proc.sid", "10");
	assert_field(w, "proc.pgid", "20");
	assert_field(w, "proc.vpgid", "20");
	assert_field(w, "proc.sname", "bash");
	assert_field(w, "proc.sid.exepath", "/usr/bin/bash");
	assert_field(w, "proc.pgid.name", "nc");
	assert_field(w, "proc.is_sid_leader", "false");
	assert_field(w, "proc.is_pgid_leader", "true");
	assert_field(w, "proc.loginshellid", "10");
	assert_field(w, "proc.is_exe_writable", "true");
	assert_field(w, "proc.is_exe_upper_layer", "true");
	assert_field(w, "proc.is_exe_lower_layer", "false");
	assert_field(w, "proc.is_exe_from_memfd", "false");
	assert_field(w, "proc.exe_ino", "4711");
	assert_field(w, "proc.exe_ino.ctime", "1699999999999999000");
	assert_field(w, "proc.exe_ino.mtime", "1699999999999998000");
	assert_field(w, "proc.nthreads", "1");
	assert_field(w, "proc.nchilds", "0");
	assert_string_equal(get_json(w, "proc.pid"), "20");
	assert_string_equal(get_json(w, "proc.args"), "\"-l -p 4 4\"");
	assert_string_equal(get_json(w, "proc.is_exe_writable"), "true");
	world__free(w);
}

static void its_ancestors(void **state)
{
	struct world *w = family();

	(void)state;
	assert_field(w, "proc.pname", "bash");
	assert_field(w, "proc.pexe", "-bash");
	assert_field(w, "proc.pexepath", "/usr/bin/bash");
	assert_field(w, "proc.pcmdline", "bash");
	assert_field(w, "proc.ppid", "10");
	assert_field(w, "proc.pvpid", "10");
	assert_field(w, "proc.aname[0]", "nc");
	assert_field(w, "proc.aname[1]", "bash");
	assert_field(w, "proc.aname[2]", "sshd");
	assert_field(w, "proc.aname[3]", "systemd");
	assert_field(w, "proc.aname[4]", NULL);
	assert_field(w, "proc.apid[2]", "5");
	assert_field(w, "proc.acmdline[2]", "sshd -D");
	assert_field(w, "proc.aargs[2]", "-D");
	assert_field(w, "proc.aexepath[3]", "/usr/lib/systemd/systemd");
	/* All of them: in a condition any of them, in an output joined. */
	assert_field(w, "proc.aname", "bash sshd systemd");
	assert_string_equal(get_list(w, "proc.aname"), "(bash,sshd,systemd)");
	assert_string_equal(get_list(w, "proc.apid"), "(10,5,1)");
	assert_string_equal(get_list(w, "proc.aexepath"),
			    "(/usr/bin/bash,/usr/sbin/sshd,/usr/lib/systemd/systemd)");
	/* The first has none. */
	ev(w, EV_getpid, 1, 1, 1);
	go(w);
	assert_field(w, "proc.pname", NULL);
	assert_field(w, "proc.ppid", NULL);
	assert_field(w, "proc.aname[1]", NULL);
	assert_string_equal(get_list(w, "proc.aname"), "()");
	world__free(w);
}

static void its_thread(void **state)
{
	struct world *w = family();

	(void)state;
	assert_field(w, "thread.tid", "20");
	assert_field(w, "thread.vtid", "20");
	assert_field(w, "thread.ismain", "true");
	assert_field(w, "thread.cap_effective", "CAP_CHOWN CAP_AUDIT_READ");
	assert_field(w, "thread.cap_permitted", "");
	assert_field(w, "thread.cgroups", "cpu=/ blkio=/x memory=/docker/" ID);
	assert_field(w, "thread.cgroup.memory", "/docker/" ID);
	assert_field(w, "thread.cgroup.blkio", "/x");
	assert_field(w, "thread.cgroup.pids", NULL);
	task_new(w, 20, 20, 21, 20, 0x2000, "nc");
	ev(w, EV_prctl, 21, 20, 0);
	i(w, P_prctl_option, 15);
	s(w, P_prctl_arg2_str, "worker");
	go(w);
	assert_field(w, "thread.tid", "21");
	assert_field(w, "thread.ismain", "false");
	assert_field(w, "proc.name", "worker");
	assert_field(w, "proc.cmdline", "worker -l -p 4 4");
	assert_field(w, "proc.pid", "20");
	assert_field(w, "proc.nthreads", "2");
	assert_field(w, "proc.nchilds", "1");
	world__free(w);
}

static void a_user(struct world *w, uint32_t uid, const char *name, const char *container)
{
	ev(w, EV_useradded, 0, 0, 0);
	i(w, P_useradded_uid, uid);
	i(w, P_useradded_gid, uid);
	s(w, P_useradded_name, name);
	s(w, P_useradded_home, "/home/x");
	s(w, P_useradded_shell, "/bin/zsh");
	s(w, P_useradded_container_id, container);
	go(w);
	ev(w, EV_groupadded, 0, 0, 0);
	i(w, P_groupadded_gid, 100);
	s(w, P_groupadded_name, "users");
	s(w, P_groupadded_container_id, container);
	go(w);
}

static void go_on(struct world *w, int64_t pid)
{
	ev(w, EV_getpid, pid, pid, pid);
	go(w);
}

static void whose_it_is(void **state)
{
	struct world *w = family();

	(void)state;
	assert_field(w, "user.uid", "1000");
	assert_field(w, "group.gid", "100");
	assert_field(w, "user.loginuid", "1000");
	assert_field(w, "user.name", "<NA>");
	assert_field(w, "user.homedir", "<NA>");
	assert_field(w, "user.shell", "<NA>");
	assert_field(w, "user.loginname", "<NA>");
	assert_field(w, "group.name", "<NA>");
	/* The machine's users are not the container's. */
	a_user(w, 1000, "joe", "");
	go_on(w, 20);
	assert_field(w, "user.name", "<NA>");
	a_user(w, 1000, "jane", "3ad7b26ded6d");
	go_on(w, 20);
	assert_field(w, "user.name", "jane");
	assert_field(w, "user.homedir", "/home/x");
	assert_field(w, "user.shell", "/bin/zsh");
	assert_field(w, "group.name", "users");
	/* root is known without anybody saying so; nobody has logged in as -1. */
	go_on(w, 5);
	assert_field(w, "user.uid", "0");
	assert_field(w, "user.name", "root");
	assert_field(w, "user.homedir", "/root");
	assert_field(w, "group.name", "root");
	assert_field(w, "user.loginuid", "-1");
	ev(w, EV_setuid, 5, 5, 0);
	i(w, P_setuid_uid, 1000);
	go(w);
	assert_field(w, "user.name", "joe");
	world__free(w);
}

static void its_container(void **state)
{
	static const char json[] =
		"{\"container\":{\"id\":\"3ad7b26ded6d\",\"full_id\":\"" ID "\",\"type\":0,"
		"\"name\":\"web\",\"image\":\"docker.io/nginx:1.25\","
		"\"imagerepo\":\"docker.io/nginx\","
		"\"imagetag\":\"1.25\",\"imageid\":\"abcdef\",\"privileged\":true,"
		"\"Mounts\":[{\"Source\":\"/etc\",\"Destination\":\"/host/etc\",\"Mode\":\"ro\","
		"\"RW\":false,\"Propagation\":\"rprivate\"}],"
		"\"labels\":{\"app\":\"shop\"},\"ip\":\"10.0.3.4\"}}";
	struct world *w = family();

	(void)state;
	assert_field(w, "container.id", "3ad7b26ded6d");
	assert_field(w, "container.full_id", ID);
	assert_field(w, "container.type", "docker");
	assert_field(w, "container.image", NULL);	/* no more is known of it */
	assert_field(w, "container.privileged", NULL);
	ev(w, EV_container, 0, 0, 0);
	s(w, P_container_id, "3ad7b26ded6d");
	s(w, P_container_json, json);
	go(w);
	go_on(w, 20);
	assert_field(w, "container.name", "web");
	assert_field(w, "container.image", "docker.io/nginx:1.25");
	assert_field(w, "container.image.repository", "docker.io/nginx");
	assert_field(w, "container.image.tag", "1.25");
	assert_field(w, "container.privileged", "true");
	assert_field(w, "container.label[app]", "shop");
	assert_field(w, "container.mounts", "/etc:/host/etc:ro:false:rprivate");
	assert_field(w, "container.mount.dest[/etc]", "/host/etc");
	assert_field(w, "container.image.digest", "");
	assert_field(w, "container.host_network", "false");
	assert_field(w, "container.label[nosuch]", NULL);
	/* The host. */
	go_on(w, 5);
	assert_field(w, "container.id", "host");
	assert_field(w, "container.name", "host");
	assert_field(w, "container.full_id", "host");
	assert_field(w, "container.image", "");
	assert_field(w, "container.image.repository", "");
	assert_field(w, "container.privileged", "false");
	assert_field(w, "container.label[app]", NULL);
	assert_field(w, "container.mount[0]", NULL);
	assert_field(w, "k8s.pod.name", NULL);
	world__free(w);
}

static void what_it_has_open(void **state)
{
	struct world *w = family();

	(void)state;
	open_file(w, 20, 20, "/dev/null", 0, FDF_RDONLY);
	open_file(w, 20, 20, "/tmp", 5, FDF_RDONLY | FDF_DIRECTORY);
	assert_field(w, "proc.fdopencount", "2");
	assert_field(w, "proc.stdin.type", "file");
	assert_field(w, "proc.stdin.name", "/dev/null");
	assert_field(w, "proc.stdout.name", NULL);
	assert_string_equal(get(w, "fd.types[5]"), "(directory)");
	assert_field(w, "fd.types[6]", NULL);
	world__free(w);
}

static void what_is_not_known(void **state)
{
	struct world *w = world__new();

	(void)state;
	go_on(w, 77);
	assert_field(w, "proc.name", "<NA>");
	assert_field(w, "proc.cmdline", "<NA>");
	assert_field(w, "proc.exepath", "");
	assert_field(w, "proc.cwd", "");
	assert_field(w, "proc.pname", NULL);
	assert_field(w, "proc.vpid", NULL);
	assert_field(w, "proc.sid", "-1");
	assert_field(w, "proc.exe_ino", NULL);
	assert_field(w, "proc.pid.ts", NULL);
	assert_field(w, "user.uid", "4294967295");
	assert_field(w, "container.id", "host");
	world__free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_process),
		cmocka_unit_test(its_ancestors),
		cmocka_unit_test(its_thread),
		cmocka_unit_test(whose_it_is),
		cmocka_unit_test(its_container),
		cmocka_unit_test(what_it_has_open),
		cmocka_unit_test(what_is_not_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
