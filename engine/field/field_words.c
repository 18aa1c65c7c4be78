// SPDX-License-Identifier: Apache-2.0
/* Fields that have one of a few words as their value. */
#include "engine/field/field_internal.h"

typedef void word_fn(void *arg, const char *word);

static void fixed(word_fn *fn, void *arg, const char *const *words)
{
	for (; *words; words++)
		fn(arg, *words);
}

static void fd_types(bool letters, word_fn *fn, void *arg)
{
	for (unsigned i = 0; i < 64; i++) {	/* more than there are: the rest has no name */
		char letter[2] = { fd_type__letter((uint8_t)i), 0 };

		fn(arg, letters ? letter : fd_type__word((uint8_t)i));
	}
}

static void results(word_fn *fn, void *arg)
{
	fn(arg, "SUCCESS");
	for (int i = 1; i < 600; i++)
		if (fmt_errno_name(i))
			fn(arg, fmt_errno_name(i));
}

bool eng_field__words(const struct eng_field *f, word_fn *fn, void *arg)
{
	static const char *const io_dir[] = { "read", "write", NULL };
	static const char *const source[] = { "syscall", "k8s_audit", NULL };
	static const char *const l4[] = { "tcp", "udp", "icmp", "raw", "<NA>", NULL };

	switch (f->id) {
	case F_evt_category:
		for (unsigned i = 0; i < CAT__N; i++)
			fn(arg, fmt_category_names[i]);
		return true;
	case F_evt_io_dir:
		fixed(fn, arg, io_dir);
		return true;
	case F_evt_source:
		fixed(fn, arg, source);
		return true;
	case F_evt_res:
		results(fn, arg);
		return true;
	case F_fd_type:
	case F_fd_typechar:
		fd_types(f->id == F_fd_typechar, fn, arg);
		return true;
	case F_fd_l4proto:
		fixed(fn, arg, l4);
		return true;
	}
	return false;
}
