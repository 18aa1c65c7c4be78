// SPDX-License-Identifier: Apache-2.0
/* Numbers of calls on other machines. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "capture/decode/call_table.h"

/* include/uapi/asm-generic/unistd.h; the machine's own headers where it is one. */
static void arm64_numbers(void **state)
{
	static const struct { unsigned nr; uint16_t event; } known[] = {
		{ 25, EV_fcntl }, { 29, EV_ioctl }, { 56, EV_openat }, { 57, EV_close }, { 62, EV_lseek },
		{ 63, EV_read }, { 64, EV_write }, { 67, EV_pread }, { 71, EV_sendfile },
		{ 79, EV_newfstatat }, { 80, EV_fstat }, { 93, EV_exit }, { 94, EV_exit_group },
		{ 98, EV_futex }, { 117, EV_ptrace }, { 129, EV_kill }, { 172, EV_getpid },
		{ 198, EV_socket }, { 203, EV_connect }, { 220, EV_clone }, { 221, EV_execve },
		{ 222, EV_mmap }, { 260, EV_wait4 }, { 261, EV_prlimit }, { 281, EV_execveat },
		{ 425, EV_io_uring_setup }, { 435, EV_clone3 }, { 437, EV_openat2 },
		{ 244, EV_syscall }, { 260 + 34, EV_kexec_file_load }, { 511, EV_syscall }, { 5000, EV_syscall },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		assert_int_equal(cap_calls__of_arm64(known[i].nr), known[i].event);
}

/* Each call of arm64 is a call that the table knows, and no two are the same. */
static void arm64_names(void **state)
{
	uint8_t seen[FMT_MAX_EVENTS] = { 0 };
	unsigned n = 0;

	(void)state;
	for (unsigned nr = 0; nr < CAP_MAX_COMPAT; nr++) {
		uint16_t id = cap_calls__of_arm64(nr);

		if (id == EV_syscall)
			continue;
		assert_true(fmt_event(id)->flags & EF_SYSCALL);
		assert_false(seen[id]);
		seen[id] = 1;
		n++;
	}
	assert_true(n > 300);
}

/* Events have x86-64's numbers: there every call is itself. */
static void this_machine(void **state)
{
	uint16_t native[CAP_MAX_COMPAT];

	(void)state;
	cap_calls__native(native);
#if defined(__x86_64__)
	assert_int_equal(native[EV_openat], EV_openat);
	assert_int_equal(native[EV_execve], EV_execve);
#else
	assert_int_equal(native[56], EV_openat);
#endif
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(arm64_numbers),
		cmocka_unit_test(arm64_names),
		cmocka_unit_test(this_machine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
