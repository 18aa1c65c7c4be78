// SPDX-License-Identifier: Apache-2.0
/* The event table against the kernel's headers, and the tables that rules are written for. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <linux/io_uring.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

#include "format/schema/schema.h"

#define N(a) (sizeof(a) / sizeof((a)[0]))

/* --- Numbers --------------------------------------------------------------------------------- */

#ifdef __x86_64__
/* Every system call of this machine's headers is in the table, under its own number. */
static void every_call_of_the_headers(void **state)
{
	FILE *f = popen("echo '#include <asm/unistd.h>' | cc -E -dM - | grep '#define __NR_'", "r");
	char line[256], name[128];
	int nr, n = 0;

	(void)state;
	assert_non_null(f);
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "#define __NR_%127s %d", name, &nr) != 2)
			continue;
		if (fmt_event__by_name(name) != nr || fmt_syscall__event((unsigned)nr) != nr)
			fail_msg("%s is %d, not %d", name, nr, fmt_event__by_name(name));
		n++;
	}
	assert_int_equal(pclose(f), 0);
	assert_true(n >= 300);
}

static void numbers(void **state)
{
	(void)state;
	assert_int_equal(EV_read, __NR_read);
	assert_int_equal(EV_pread, __NR_pread64);
	assert_int_equal(EV_prlimit, __NR_prlimit64);
	assert_int_equal(EV_execve, __NR_execve);
	assert_int_equal(EV_openat2, __NR_openat2);
	assert_int_equal(EV_clone3, __NR_clone3);
	assert_int_equal(EV_io_uring_setup, __NR_io_uring_setup);
	assert_int_equal(EV_set_mempolicy_home_node, __NR_set_mempolicy_home_node);
}
#endif

/* Newer than the headers of some machines: numbers of the kernel's own table. */
static void newer_calls(void **state)
{
	static const char *const from_451[] = {
		"cachestat", "fchmodat2", "map_shadow_stack", "futex_wake", "futex_wait",
		"futex_requeue", "statmount", "listmount", "lsm_get_self_attr",
		"lsm_set_self_attr", "lsm_list_modules", "mseal", "setxattrat", "getxattrat",
		"listxattrat", "removexattrat", "open_tree_attr", "file_getattr", "file_setattr",
		"listns", "rseq_slice_yield",
	};

	(void)state;
	for (unsigned i = 0; i < N(from_451); i++)
		assert_int_equal(fmt_event__by_name(from_451[i]), 451 + i);
	assert_int_equal(fmt_event__by_name("uretprobe"), 335);
	assert_int_equal(fmt_event__by_name("uprobe"), 336);
}

static void uring_operations(void **state)
{
	(void)state;
#define OP(op, name) assert_int_equal(fmt_event__by_name("uring_" name), FMT_URING_BASE + op)
	OP(IORING_OP_NOP, "nop");
	OP(IORING_OP_WRITE_FIXED, "write_fixed");
	OP(IORING_OP_ACCEPT, "accept");
	OP(IORING_OP_CONNECT, "connect");
	OP(IORING_OP_CLOSE, "close");
	OP(IORING_OP_READ, "read");
	OP(IORING_OP_OPENAT2, "openat2");
	OP(IORING_OP_SHUTDOWN, "shutdown");
	OP(IORING_OP_LINKAT, "linkat");
	OP(IORING_OP_SOCKET, "socket");
	OP(IORING_OP_SENDMSG_ZC, "sendmsg_zc");
#undef OP
}

static void ids_that_files_hold(void **state)
{
	(void)state;
	assert_int_equal(EV_uring_openat, 512 + 18);
	assert_int_equal(EV_uring_pipe, 512 + 62);
	assert_int_equal(EV_procexit, 640);
	assert_int_equal(EV_task_new, 641);
	assert_int_equal(EV_container, 647);
	assert_int_equal(EV_drop, 649);
	assert_int_equal(EV_alert, 650);
	assert_int_equal(EV_syscall, 659);
	assert_int_equal(EV_scapevent, 666);
	assert_int_equal(EV_state_thread, 704);
	assert_int_equal(EV_state_mount, 709);
	assert_int_equal(EV_mmap2, 768);
}

/* --- Shape ----------------------------------------------------------------------------------- */

static void check_param(const struct fmt_event_info *ev, unsigned i)
{
	const struct fmt_param *p = &ev->params[i];
	bool grouped = p->type >= PT_FLAGS8 && p->type <= PT_MODE;

	if (!p->doc || !*p->doc || strchr(p->doc, '|'))
		fail_msg("%s.%s: its doc must be one cell of a table", ev->name, p->name);
	if (fmt_event__param(ev, p->name) != (int)i)
		fail_msg("%s.%s: the name is there twice", ev->name, p->name);
	if ((p->group != GROUP_NONE) != grouped)
		fail_msg("%s.%s: flags, enums and modes have a group, others none", ev->name, p->name);
	if ((p->dirfd >= 0) != (p->type == PT_RELPATH) ||
	    (p->dirfd >= 0 && ev->params[p->dirfd].type != PT_FD))
		fail_msg("%s.%s: a relative path, and only that, has a directory", ev->name, p->name);
	if (p->src >= SRC_S0 && p->src <= SRC_S5 && fmt_ptype_store(p->type) != STORE_STR)
		fail_msg("%s.%s: a string that is not stored as one", ev->name, p->name);
	if (p->src >= SRC_A0 && p->src <= SRC_A5 && fmt_ptype_store(p->type) != STORE_INT)
		fail_msg("%s.%s: a register that is not stored as a number", ev->name, p->name);
	if (p->src != SRC_FN && p->src != SRC_DRV && !(ev->flags & EF_SYSCALL) &&
	    !(p->src == SRC_RET && ev->flags & EF_URING))
		fail_msg("%s.%s: registers, but no call", ev->name, p->name);
	if (grouped && fmt_groups[p->group].is_enum != (p->type >= PT_ENUM8 && p->type <= PT_ENUM32))
		fail_msg("%s.%s: flags and enumerations are mixed up", ev->name, p->name);
	assert_non_null(fmt_schema__param_uses(p->name));
}

static void shape(void **state)
{
	unsigned events = 0;

	(void)state;
	for (unsigned id = 0; id < FMT_MAX_EVENTS; id++) {
		const struct fmt_event_info *ev = fmt_event(id);

		if (!ev)
			continue;
		events++;
		assert_int_equal(ev->id, id);
		assert_int_equal(fmt_event__by_name(ev->name), id);
		assert_true(ev->category < CAT__N && ev->n_params > 0);
		if (!ev->doc || ev->doc[strlen(ev->doc) - 1] != '.')
			fail_msg("%s: the doc is not a sentence", ev->name);
		for (unsigned i = 0; i < ev->n_params; i++)
			check_param(ev, i);
	}
	assert_true(events >= 372 + 63 + 27 + 7);
}

static void names_that_are_not_there(void **state)
{
	(void)state;
	assert_int_equal(fmt_event__by_name("create"), -1);
	assert_int_equal(fmt_event__by_name(""), -1);
	assert_int_equal(fmt_event__by_name("open "), -1);
	assert_null(fmt_schema__param_uses("nosuchparam"));
	assert_int_equal(fmt_event__param(&fmt_events[EV_openat], "nosuchparam"), -1);
	assert_null(fmt_event(500));
	assert_null(fmt_event(FMT_MAX_EVENTS));
	assert_int_equal(fmt_syscall__event(EV_uring_read), -1);
	assert_int_equal(fmt_syscall__event(400), -1);
	assert_int_equal(fmt_syscall__event(~0u), -1);
}

static void aliases(void **state)
{
	(void)state;
	assert_int_equal(fmt_event__by_name("pread64"), EV_pread);
	assert_int_equal(fmt_event__by_name("pwrite64"), EV_pwrite);
	assert_int_equal(fmt_event__by_name("prlimit64"), EV_prlimit);
	assert_int_equal(fmt_event__by_name("_llseek"), EV_llseek);
	assert_int_equal(fmt_event__by_name("getuid32"), EV_getuid);
	assert_string_equal(fmt_events[EV_pread].name, "pread");
}

/* The descriptor that an event is about, fd.name and so on: what Falco takes for it. */
static void fd_params(void **state)
{
	static const struct { int ev; int param; } want[] = {
		{ EV_read, P_read_fd }, { EV_readv, 3 }, { EV_recvmsg, P_recvmsg_fd },
		{ EV_mmap, 8 }, { EV_sendfile, P_sendfile_out_fd }, { EV_splice, P_splice_fd_out },
		{ EV_copy_file_range, P_copy_file_range_fdout }, { EV_dup3, P_dup3_oldfd },
		{ EV_symlinkat, P_symlinkat_linkdirfd }, { EV_unlinkat, P_unlinkat_dirfd },
		{ EV_fcntl, 1 }, { EV_connect, 2 }, { EV_bind, 2 }, { EV_close, 1 },
		{ EV_open, -1 }, { EV_openat, -1 }, { EV_accept4, -1 }, { EV_renameat, -1 },
		{ EV_uring_read, 1 }, { EV_getpid, -1 },
	};

	(void)state;
	for (size_t i = 0; i < N(want); i++)
		if (fmt_events[want[i].ev].fd_param != want[i].param)
			fail_msg("%s: %d", fmt_events[want[i].ev].name,
				 fmt_events[want[i].ev].fd_param);
	assert_int_equal(fmt_events[EV_read].data_param, P_read_data);
	assert_int_equal(fmt_events[EV_recvmsg].data_param, P_recvmsg_data);
	assert_int_equal(fmt_events[EV_open].data_param, -1);
	assert_int_equal(fmt_events[EV_openat].params[P_openat_name].dirfd, P_openat_dirfd);
	assert_int_equal(fmt_events[EV_linkat].params[P_linkat_newpath].dirfd, P_linkat_newdir);
}

static void stores(void **state)
{
	(void)state;
	assert_int_equal(fmt_ptype_store(PT_S8), STORE_INT);
	assert_int_equal(fmt_ptype_store(PT_MODE), STORE_INT);
	assert_int_equal(fmt_ptype_store(PT_STR), STORE_STR);
	assert_int_equal(fmt_ptype_store(PT_FDLIST), STORE_STR);
	assert_int_equal(fmt_ptype_store(PT_BYTES), STORE_BYTES);
	for (int t = 0; t < PT__N; t++)
		assert_non_null(fmt_ptype_names[t]);
	for (int c = 0; c < CAT__N; c++)
		assert_non_null(fmt_category_names[c]);
}

static const char *const collectors[FMT_MAX_EVENTS] = {
#define EVENT(id, name, cat, flags, coll, doc) [id] = #coll,
#define FIELD(ev, name, type, base, group, src, doc)
#define END(ev)
#include "format/schema/events.def"
#undef EVENT
#undef FIELD
#undef END
};

/* The sources of a generic event say it all; any other has something for its collector to fill. */
static void collectors_have_work(void **state)
{
	(void)state;
	for (unsigned id = 0; id < FMT_MAX_EVENTS; id++) {
		const struct fmt_event_info *ev = fmt_event(id);
		unsigned fn = 0;

		if (!ev)
			continue;
		for (unsigned i = 0; i < ev->n_params; i++)
			fn += ev->params[i].src == SRC_FN;
		if (!strcmp(collectors[id], "generic") != !fn)
			fail_msg("%s: collector %s, %u to fill", ev->name, collectors[id], fn);
	}
}

/* --- Falco's parameters ---------------------------------------------------------------------- */

static const struct { const char *event, *params; } falco[] = {
#define FALCO(event, params) { #event, params },
#include "falco_params.def"
#undef FALCO
};

/* Types that we have otherwise, and why that is the same to a rule. */
static bool same_type(const char *ours, const char *theirs)
{
	static const char *const same[][2] = {
		{ "charbufarray", "bytebuf" },	/* arguments, environment, cgroups: one NUL-separated text */
		{ "charbuf", "bytebuf" },	/* a plugin's data is text */
		{ "int64", "dyn" }, { "uint64/hex", "dyn/hex" },	/* the number; text is apart */
		{ "flags32/hex", "uint8/hex" },	/* timerfd_create: flags with names */
	};

	for (size_t i = 0; i < N(same); i++)
		if (!strcmp(ours, same[i][0]) && !strcmp(theirs, same[i][1]))
			return true;
	return !strcmp(ours, theirs);
}

static void check_falco(const char *event, const char *params)
{
	static const char *const bases[] = { "", "/hex", "/oct" };
	char text[2048], ours[64], *save = NULL, *tok;
	const struct fmt_event_info *ev;
	unsigned i = 0;

	assert_true(fmt_event__by_name(event) >= 0);
	ev = fmt_event((unsigned)fmt_event__by_name(event));
	assert_true(strlen(params) < sizeof(text));
	strcpy(text, params);
	for (tok = strtok_r(text, " ", &save); tok; tok = strtok_r(NULL, " ", &save), i++) {
		const struct fmt_param *p = &ev->params[i];
		char *type = strchr(tok, ':');

		*type++ = '\0';
		assert_true(i < ev->n_params);
		snprintf(ours, sizeof(ours), "%s%s", fmt_ptype_names[p->type], bases[p->base]);
		if (p->dirfd >= 0)
			snprintf(ours + strlen(ours), sizeof(ours) - strlen(ours), "@%d", p->dirfd);
		if (strcmp(tok, p->name) || !same_type(ours, type))
			fail_msg("%s: %s:%s should be %s:%s", event, p->name, ours, tok, type);
	}
}

static void falco_params(void **state)
{
	(void)state;
	assert_true(N(falco) > 170);
	for (size_t i = 0; i < N(falco); i++)
		check_falco(falco[i].event, falco[i].params);
}

/* --- Names of errors and signals ------------------------------------------------------------- */

static void error_names(void **state)
{
	(void)state;
	assert_string_equal(fmt_errno_name(ENOENT), "ENOENT");
	assert_string_equal(fmt_errno_name(EAGAIN), "EAGAIN");
	assert_string_equal(fmt_errno_name(EDEADLK), "EDEADLK");
	assert_string_equal(fmt_errno_name(EHWPOISON), "EHWPOISON");
	assert_string_equal(fmt_errno_name(512), "ERESTARTSYS");
	assert_null(fmt_errno_name(0));
	assert_null(fmt_errno_name(-2));
	assert_null(fmt_errno_name(41));
	assert_null(fmt_errno_name(4000));
	for (int e = 1; e <= EHWPOISON; e++) {
		/* glibc's own, but for the two old names that it has for what we call by the usual one */
		const char *libc = strerrorname_np(e);

		if (libc && fmt_errno_name(e))
			assert_true(!strcmp(libc, fmt_errno_name(e)) || e == EOPNOTSUPP);
		else
			assert_true(!libc && !fmt_errno_name(e));
	}
}

static void signal_names(void **state)
{
	(void)state;
	assert_null(fmt_signal_name(0));
	assert_null(fmt_signal_name(32));
	assert_null(fmt_signal_name(-9));
	for (int s = 1; s < 32; s++) {
		char want[32];

		snprintf(want, sizeof(want), "SIG%s", s == SIGIO ? "IO" : sigabbrev_np(s));
		assert_string_equal(fmt_signal_name(s), want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#ifdef __x86_64__
		cmocka_unit_test(every_call_of_the_headers),
		cmocka_unit_test(numbers),
#endif
		cmocka_unit_test(newer_calls),
		cmocka_unit_test(uring_operations),
		cmocka_unit_test(ids_that_files_hold),
		cmocka_unit_test(shape),
		cmocka_unit_test(names_that_are_not_there),
		cmocka_unit_test(aliases),
		cmocka_unit_test(fd_params),
		cmocka_unit_test(stores),
		cmocka_unit_test(collectors_have_work),
		cmocka_unit_test(falco_params),
		cmocka_unit_test(error_names),
		cmocka_unit_test(signal_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
