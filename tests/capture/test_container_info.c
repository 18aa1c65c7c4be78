// SPDX-License-Identifier: Apache-2.0
/*
 * What runtimes write down, for those that no test machine has (CRI-O, crun, LXD, podman 5, machines
 * that are registered with systemd), and what somebody else may put in its place. The others run for
 * real in runtimes.bats and machines.bats.
 */
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cjson/cJSON.h>
#include <cmocka.h>

#include "capture/containers/runtime.h"

#define ID "54822d13c7bd4e50db0828e52b54ff55e5dc9a6d19a1d8b6b9b6e8de3a9b1c11"
#define POD "0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0"
#define THIRD "7777777d4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0"
#define STORAGE "/var/lib/containers/storage"
#define USERDATA(id) STORAGE "/overlay-containers/" id "/userdata/config.json"

static char dir[] = "/tmp/spoor-test-XXXXXX";
static int root;

static void put(const char *path, const char *text)
{
	char full[512];
	FILE *f;

	snprintf(full, sizeof(full), "%s%s", dir, path);
	for (char *p = full + sizeof(dir); (p = strchr(p, '/')); p++) {
		*p = 0;
		mkdir(full, 0700);
		*p = '/';
	}
	f = fopen(full, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static int make(void **state)
{
	(void)state;
	if (!mkdtemp(dir))
		return -1;
	root = open(dir, O_PATH | O_DIRECTORY);
	return root < 0 ? -1 : 0;
}

static int clean(void **state)
{
	char cmd[64];

	(void)state;
	close(root);
	snprintf(cmd, sizeof(cmd), "rm -rf %s", dir);
	return system(cmd);
}

static cJSON *doc_of(struct cap_container_info *c)
{
	cJSON *j = cJSON_ParseWithLength((const char *)c->json.p, c->json.len);

	assert_non_null(cap_json__part(j, "container"));
	return j;
}

static void cri_o(void **state)
{
	struct cap_look l = { .id = ID, .root = root };
	struct cap_container_info c = { 0 };
	const cJSON *d;
	cJSON *j;

	(void)state;
	put(STORAGE "/overlay-containers/volatile-containers.json",
	    "[{\"id\":\"" ID "\",\"image\":\"abc\",\"metadata\":\"{\\\"metadata-name\\\":\\\"nginx\\\"}\"},"
	    "{\"id\":\"" POD "\",\"metadata\":\"{}\"}]");
	put(USERDATA(ID),
	    "{\"annotations\":{\"io.kubernetes.cri-o.ContainerID\":\"" ID "\","
	    "\"io.kubernetes.cri-o.ContainerType\":\"container\","
	    "\"io.kubernetes.cri-o.ImageName\":\"quay.io:5000/shop/web:1.2\","
	    "\"io.kubernetes.cri-o.SandboxID\":\"" POD "\","
	    "\"io.kubernetes.cri-o.Labels\":\"{\\\"track\\\":\\\"canary\\\"}\","
	    "\"io.kubernetes.container.name\":\"nginx\",\"io.kubernetes.pod.name\":\"web-0\","
	    "\"io.kubernetes.pod.namespace\":\"prod\",\"io.kubernetes.pod.uid\":\"1-2\","
	    "\"io.kubernetes.container.restartCount\":\"3\"},"
	    "\"process\":{\"user\":{\"uid\":101}},"
	    "\"mounts\":[{\"destination\":\"/data\",\"type\":\"bind\",\"source\":\"/srv\","
	    "\"options\":[\"rbind\",\"ro\",\"rprivate\"]}],"
	    "\"linux\":{\"namespaces\":[{\"type\":\"pid\"}]}}");
	put(USERDATA(POD),
	    "{\"annotations\":{\"io.kubernetes.cri-o.ContainerID\":\"" POD "\","
	    "\"io.kubernetes.cri-o.ContainerType\":\"sandbox\","
	    "\"io.kubernetes.cri-o.HostNetwork\":\"true\",\"io.kubernetes.cri-o.IP.0\":"
	    "\"10.1.2.3\",\"io.kubernetes.cri-o.Labels\":\"{\\\"tier\\\":\\\"front\\\"}\"}}");
	assert_true(cap_storage__look_up(&l, &c));
	assert_string_equal(c.runtime, "cri-o");
	assert_string_equal(c.name, "nginx");
	assert_string_equal(c.image, "quay.io:5000/shop/web:1.2");
	j = doc_of(&c);
	d = cap_json__part(j, "container");
	assert_string_equal(cap_json__text(d, "imagerepo"), "quay.io:5000/shop/web");
	assert_string_equal(cap_json__text(d, "imagetag"), "1.2");
	assert_string_equal(cap_json__text(d, "imageid"), "abc");
	assert_string_equal(cap_json__text(d, "pod_sandbox_id"), POD);
	assert_string_equal(cap_json__text(d, "ip"), "10.1.2.3");
	assert_string_equal(cap_json__text(d, "User"), "101");
	assert_int_equal(cap_json__part(d, "restart_count")->valueint, 3);
	assert_string_equal(cap_json__text(cap_json__part(d, "labels"), "track"), "canary");
	assert_string_equal(cap_json__text(cap_json__part(d, "labels"), "io.kubernetes.pod.uid"),
			    "1-2");
	assert_string_equal(cap_json__text(cap_json__part(d, "pod_sandbox_labels"), "tier"),
			    "front");
	assert_string_equal(cap_json__text(cJSON_GetArrayItem(cap_json__part(d, "Mounts"), 0),
					   "Mode"), "ro");
	assert_true(cJSON_IsFalse(cap_json__part(d, "host_pid")));
	assert_true(cJSON_IsTrue(cap_json__part(d, "host_network")));
	cJSON_Delete(j);
	l.id = POD;
	assert_true(cap_storage__look_up(&l, &c));
	j = doc_of(&c);
	assert_true(cJSON_IsTrue(
		cap_json__part(cap_json__part(j, "container"), "is_pod_sandbox")));
	assert_true(cJSON_IsTrue(cap_json__part(cap_json__part(j, "container"), "host_network")));
	cJSON_Delete(j);
	buf__done(&c.json);
}

static void names_are_ids(void **state)
{
	struct cap_look l = { .id = "a-box-with-a-long-name", .root = root };
	struct cap_container_info c = { 0 };

	(void)state;
	assert_false(cap_runc__look_up(&l, &c));
	put("/run/crun/a-box-with-a-long-name/status",
	    "{\"pid\":5,\"bundle\":\"/srv/box\",\"created\":\"2026-01-01T00:00:00Z\"}");
	put("/srv/box/config.json", "{\"annotations\":{\"team\":\"blue\"}}");
	assert_true(cap_runc__look_up(&l, &c));
	assert_string_equal(c.name, "a-box-with-a-long-name");
	assert_non_null(strstr((const char *)c.json.p, "\"team\":\"blue\""));
	l.id = "web";
	assert_false(cap_lxc__look_up(&l, &c));
	put("/var/lib/lxc/web/config", "lxc.rootfs.path = dir:/srv\n");
	assert_true(cap_lxc__look_up(&l, &c));
	assert_string_equal(c.runtime, "lxc");
	assert_string_equal(c.name, "web");
	buf__done(&c.json);
}

/* LXD's, without privilege. LXC itself runs for real in machines.bats. */
static void lxd(void **state)
{
	struct cap_look l = { .id = "shop_web", .root = root };
	struct cap_container_info c = { 0 };
	const cJSON *d, *m;
	cJSON *j;

	(void)state;
	put("/var/snap/lxd/common/lxd/logs/shop_web/lxc.conf",
	    "# written by lxd\nlxc.idmap = u 0 1000000 65536\n"
	    "lxc.rootfs.path = dir:/var/snap/lxd/common/lxd/storage-pools/p/containers/shop_web/rootfs\n"
	    "lxc.mount.entry = /proc/sys/fs/binfmt_misc proc/sys/fs/binfmt_misc none rbind,create=dir,optional 0 0\n"
	    "lxc.mount.entry = mqueue dev/mqueue mqueue rw,relatime,create=dir,optional 0 0\n"
	    "lxc.mount.entry = /var/snap/lxd/common/lxd/devices/shop_web/disk.sh.data data none ro,bind,create=dir 0 0\n"
	    "lxc.mount.entry = /var/snap/lxd/common/lxd/devices/shop_web/disk.vol.vol vol none bind,create=dir 0 0\n"
	    "lxc.environment = A=b\nlxc.init.uid=7\n = \n=\nx\n");
	put("/var/snap/lxd/common/lxd/containers/shop_web/backup.yaml",
	    "container:\n  config: {user.no: x}\n  created_at: 2026-01-02T03:04:05Z\n"
	    "  expanded_config:\n    image.os: Debian\n    image.release: bookworm\n    user.team: blue\n"
	    "    user.user-data: secret\n    security.nesting: \"true\"\n    volatile.base_image: ee18\n"
	    "  expanded_devices:\n    root: {path: /, pool: default, type: disk}\n"
	    "    eth0: {path: /data, source: /no, type: nic}\n"
	    "    vol: {path: /vol, source: v, pool: default, type: disk}\n"
	    "    sh: {path: /data, source: /srv/data, type: disk}\n  name: web\n");
	assert_true(cap_lxc__look_up(&l, &c));
	assert_string_equal(c.name, "shop_web");
	assert_string_equal(c.image, "Debian:bookworm");
	j = doc_of(&c);
	d = cap_json__part(j, "container");
	assert_string_equal(cap_json__text(d, "imagerepo"), "Debian");
	assert_string_equal(cap_json__text(d, "imagetag"), "bookworm");
	assert_string_equal(cap_json__text(d, "imageid"), "ee18");
	assert_string_equal(cap_json__text(d, "created_time"), "2026-01-02T03:04:05Z");
	assert_string_equal(cap_json__text(cap_json__part(d, "labels"), "user.team"), "blue");
	assert_int_equal(cJSON_GetArraySize(cap_json__part(d, "labels")), 1);
	assert_string_equal(cap_json__text(d, "rootfs"),
			    "/var/snap/lxd/common/lxd/storage-pools/p/containers/shop_web/rootfs");
	assert_true(cJSON_IsFalse(cap_json__part(d, "privileged")));
	assert_string_equal(cap_json__text(d, "User"), "7");
	assert_null(cap_json__part(d, "env"));		/* not asked for */
	assert_int_equal(cJSON_GetArraySize(cap_json__part(d, "Mounts")), 3);
	m = cJSON_GetArrayItem(cap_json__part(d, "Mounts"), 0);
	assert_string_equal(cap_json__text(m, "Destination"), "/proc/sys/fs/binfmt_misc");
	m = cJSON_GetArrayItem(cap_json__part(d, "Mounts"), 1);
	assert_string_equal(cap_json__text(m, "Source"), "/srv/data");
	assert_string_equal(cap_json__text(m, "Destination"), "/data");
	m = cJSON_GetArrayItem(cap_json__part(d, "Mounts"), 2);
	assert_string_equal(cap_json__text(m, "Source"), "/var/snap/lxd/common/lxd/devices/shop_web/disk.vol.vol");
	cJSON_Delete(j);
	l.id = "distribution";		/* and of a package that keeps logs where all are */
	assert_false(cap_lxc__look_up(&l, &c));
	put("/var/log/lxd/distribution/lxc.conf", "lxc.rootfs.path = dir:/srv\n");
	assert_true(cap_lxc__look_up(&l, &c));
	assert_string_equal(c.name, "distribution");
	l.id = "incus";
	assert_false(cap_lxc__look_up(&l, &c));
	put("/run/incus/incus/lxc.conf", "lxc.rootfs.path = dir:/srv\n");
	put("/var/lib/incus/containers/incus/backup.yaml", "container: {expanded_config: {image.os: Alpine}}\n");
	assert_true(cap_lxc__look_up(&l, &c));
	assert_string_equal(c.name, "incus");
	assert_string_equal(c.image, "Alpine");
	l.id = "elsewhere";
	put("/var/snap/lxd/common/lxd/run/elsewhere/lxc.conf", "lxc.rootfs.path = dir:/srv\n");
	assert_true(cap_lxc__look_up(&l, &c));
	assert_string_equal(c.name, "elsewhere");
	/* where the monitor says; the cgroup has a number behind the name */
	l.id = "web-1";
	l.bundle = "/home/u/.local/share/lxc/web";
	put("/home/u/.local/share/lxc/web/config", "lxc.rootfs.path = /home/u/r\n");
	assert_true(cap_lxc__look_up(&l, &c));
	assert_string_equal(c.name, "web");
	buf__done(&c.json);
}

/* A machine that is registered with systemd, and what its settings say. */
static void registered_machine(void **state)
{
	struct cap_look l = { .id = "deb12", .root = root };
	struct cap_container_info c = { .with_env = true };
	const cJSON *d;
	cJSON *j;

	(void)state;
	assert_false(cap_nspawn__look_up(&l, &c));
	put("/run/systemd/machines/vm1", "NAME=vm1\nCLASS=vm\n");
	put("/run/systemd/machines/deb12",
	    "NAME=deb12\nSCOPE=machine-deb12.scope\nSERVICE=systemd-nspawn\nROOT=/var/lib/machines/deb12\n"
	    "CLASS=container\n");
	put("/etc/systemd/nspawn/deb12.nspawn",
	    "[Exec]\nUser=app\nEnvironment=A=b\nCapability=all\n[Files]\nBindReadOnly=/srv:/data\nBind=/opt\n");
	assert_true(cap_nspawn__look_up(&l, &c));
	assert_string_equal(c.runtime, "systemd-nspawn");
	j = doc_of(&c);
	d = cap_json__part(j, "container");
	assert_string_equal(cap_json__text(d, "rootfs"), "/var/lib/machines/deb12");
	assert_string_equal(cap_json__text(d, "User"), "app");
	assert_true(cJSON_IsTrue(cap_json__part(d, "privileged")));
	assert_string_equal(cJSON_GetArrayItem(cap_json__part(d, "env"), 0)->valuestring, "A=b");
	assert_int_equal(cJSON_GetArraySize(cap_json__part(d, "Mounts")), 2);
	assert_string_equal(cap_json__text(cJSON_GetArrayItem(cap_json__part(d, "Mounts"), 0),
					   "Destination"), "/data");
	cJSON_Delete(j);
	l.id = "vm1";
	assert_false(cap_nspawn__look_up(&l, &c));
	buf__done(&c.json);
}

/* It leaves the machine's network only after it was cloned: until a program of it runs nothing is said. */
static void network_is_left_late(void **state)
{
	struct cap_look l = { .id = "late", .root = root };
	struct cap_container_info c = { 0 };
	long pid = syscall(SYS_clone, CLONE_NEWUSER | CLONE_NEWPID | SIGCHLD, NULL, NULL, NULL, 0);
	cJSON *j;

	(void)state;
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		pause();
		_exit(0);
	}
	if (pid < 0)
		skip();
	put("/run/systemd/machines/late", "CLASS=container\n");
	l.pid = (uint32_t)pid;
	assert_true(cap_nspawn__look_up(&l, &c));
	assert_true(c.provisional);
	j = doc_of(&c);
	assert_null(cap_json__part(cap_json__part(j, "container"), "host_network"));
	cJSON_Delete(j);
	l.begun = true;
	assert_true(cap_nspawn__look_up(&l, &c));
	assert_false(c.provisional);
	j = doc_of(&c);
	assert_true(cJSON_IsTrue(cap_json__part(cap_json__part(j, "container"), "host_network")));
	assert_true(cJSON_IsFalse(cap_json__part(cap_json__part(j, "container"), "host_pid")));
	cJSON_Delete(j);
	buf__done(&c.json);
	kill((pid_t)pid, SIGKILL);
	waitpid((pid_t)pid, NULL, 0);
}

/* podman 5: a database of SQLite's. podman 4 runs for real in runtimes.bats. */
static void podman_5(void **state)
{
	struct cap_look l = { .id = THIRD, .root = root };
	struct cap_container_info c = { 0 };
	char cmd[512];
	const cJSON *d;
	cJSON *j;

	(void)state;
	if (system("python3 -c 'import sqlite3' 2>/dev/null"))
		skip();
	put(STORAGE "/vfs-containers/containers.json",
	    "[{\"id\":\"" THIRD "\",\"image\":\"abc\",\"metadata\":\"{\\\"name\\\":\\\"box-6\\\",\\\"image-name\\\":\\\"quay.io/a/b:3\\\"}\"}]");
	put(STORAGE "/vfs-images/images.json", "[{\"id\":\"abc\",\"digest\":\"sha256:77\"}]");
	snprintf(cmd, sizeof(cmd), "python3 %s/tests/capture/podman_db.py %s" STORAGE "/db.sql " THIRD " 12",
		 getenv("SPOOR_SRC") ? getenv("SPOOR_SRC") : ".", dir);
	assert_int_equal(system(cmd), 0);
	assert_true(cap_storage__look_up(&l, &c));
	assert_string_equal(c.runtime, "podman");
	assert_string_equal(c.name, "box-6");
	assert_string_equal(c.image, "quay.io/a/b:3");
	j = doc_of(&c);
	d = cap_json__part(j, "container");
	assert_string_equal(cap_json__text(d, "imagedigest"), "sha256:77");
	assert_string_equal(cap_json__text(cap_json__part(d, "labels"), "number"), "6");
	assert_string_equal(cap_json__text(d, "User"), "101");
	assert_string_equal(cap_json__text(d, "ip"), "10.88.0.5");
	assert_string_equal(cap_json__text(d, "started_time"), "2026-01-02T03:04:05.6Z");
	assert_true(cJSON_IsTrue(cap_json__part(d, "privileged")));
	assert_int_equal(cap_json__part(d, "restart_count")->valueint, 6);
	cJSON_Delete(j);
	buf__done(&c.json);
}

static void on_home(void *arg, const char *home)
{
	struct buf *b = arg;

	buf__printf(b, "%s ", home);
}

static void on_id(void *arg, const char *id)
{
	on_home(arg, id);
}

/* What users run without root: found in the homes of those who are there, and nowhere else. */
static void runtimes_of_users(void **state)
{
	struct cap_look l = { .id = THIRD, .root = root };
	struct cap_container_info c = { 0 };
	struct buf seen = { 0 };

	(void)state;
	put("/etc/passwd", "root:x:0:0::/root:/bin/sh\nu:x:1001:1001:U:/home/u:/bin/sh\nbroken:x\n"
			   "v:x:1002:1002::/home/v:/bin/sh\nw:x:1003:1003::relative:/bin/sh");
	put("/run/user/1001/bus", "");
	put("/run/user/1003/bus", "");
	put("/run/user/0/bus", "");
	put("/run/user/systemd/bus", "");
	cap_homes__each(root, on_home, &seen);
	buf__u8(&seen, 0);
	assert_string_equal(seen.p, "/home/u ");
	put("/home/u/.local/share/docker/containers/" THIRD "/config.v2.json",
	    "{\"Name\":\"/mine\",\"Config\":{\"Image\":\"a:1\"},\"RestartCount\":2}");
	put("/home/u/.local/share/containers/storage/vfs-containers/containers.json",
	    "[{\"id\":\"" ID "\",\"metadata\":\"{\\\"name\\\":\\\"own\\\"}\"}]");
	assert_false(cap_docker__look_up(&l, &c));
	l.home = "/home/u";
	assert_true(cap_docker__look_up(&l, &c));
	assert_string_equal(c.name, "mine");
	assert_non_null(strstr((const char *)c.json.p, "\"restart_count\":2"));
	seen.len = 0;
	cap_docker__each(&l, on_id, &seen);
	cap_storage__each(&l, on_id, &seen);
	buf__u8(&seen, 0);
	assert_string_equal(seen.p, THIRD " " ID " ");
	l.id = ID;
	assert_true(cap_storage__look_up(&l, &c));
	assert_string_equal(c.name, "own");
	buf__done(&seen);
	buf__done(&c.json);
}

struct writer {
	char path[256];
	_Atomic int tid, opened;
};

static void *write_to_pipe(void *arg)
{
	struct writer *w = arg;
	int fd;

	w->tid = (int)syscall(SYS_gettid);
	fd = open(w->path, O_WRONLY);	/* waits until somebody opens it for reading */
	w->opened = 1;
	close(fd);
	return NULL;
}

static bool sleeps(const struct writer *w)
{
	char path[64], text[512] = "";
	const char *p;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", w->tid);
	f = fopen(path, "r");
	if (!f)
		return false;
	if (!fgets(text, sizeof(text), f))
		*text = 0;
	fclose(f);
	p = strrchr(text, ')');
	return p && p[2] == 'S';
}

/* Of pipes and devices that stand where a file should: to open a device can do something already. */
static void what_is_no_file_is_not_opened(void **state)
{
	struct writer w = { .tid = 0 };
	struct buf text = { 0 };
	pthread_t t;
	int fd;

	(void)state;
	snprintf(w.path, sizeof(w.path), "%s/waiting", dir);
	assert_int_equal(mkfifo(w.path, 0600), 0);
	assert_int_equal(pthread_create(&t, NULL, write_to_pipe, &w), 0);
	for (unsigned i = 0; i < 60000 && !(w.tid && sleeps(&w)); i++)
		usleep(1000);
	assert_true(sleeps(&w));
	assert_false(cap_root__read(root, "/waiting", &text));
	assert_true(sleeps(&w) && !w.opened);
	fd = open(w.path, O_RDONLY | O_NONBLOCK);
	pthread_join(t, NULL);
	close(fd);
	buf__done(&text);
}

/* Files may belong to somebody else: damaged, endless, or leading elsewhere. */
static void hostile_files(void **state)
{
	struct cap_look l = { .id = ID, .root = root };
	struct cap_container_info c = { 0 };
	struct buf text = { 0 };
	char path[256];

	(void)state;
	put("/var/lib/docker/containers/" ID "/config.v2.json", "{\"Name\":[1],\"Config\":7,");
	assert_false(cap_docker__look_up(&l, &c));
	put("/var/lib/docker/containers/" ID "/config.v2.json",
	    "{\"Name\":[1],\"Config\":7,\"MountPoints\":[[],3],\"NetworkSettings\":\"\"}");
	assert_true(cap_docker__look_up(&l, &c));
	assert_string_equal(c.name, "");
	/* a link out of the root stays in it; a pipe is no file, and nobody waits for its writer */
	snprintf(path, sizeof(path), "%s/link", dir);
	assert_int_equal(symlink("../../../../../../etc/passwd", path), 0);
	assert_false(cap_root__read(root, "/link", &text));
	put("/etc/passwd", "inside");
	assert_true(cap_root__read(root, "/link", &text));
	assert_memory_equal(text.p, "inside", 6);
	snprintf(path, sizeof(path), "%s/pipe", dir);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_false(cap_root__read(root, "/pipe", &text));
	assert_false(cap_root__is_name("../x"));
	assert_false(cap_root__is_name(".."));
	buf__done(&text);
	buf__done(&c.json);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cri_o),
		cmocka_unit_test(names_are_ids),
		cmocka_unit_test(lxd),
		cmocka_unit_test(registered_machine),
		cmocka_unit_test(network_is_left_late),
		cmocka_unit_test(podman_5),
		cmocka_unit_test(hostile_files),
		cmocka_unit_test(what_is_no_file_is_not_opened),
		cmocka_unit_test(runtimes_of_users),
	};

	return cmocka_run_group_tests(tests, make, clean);
}
