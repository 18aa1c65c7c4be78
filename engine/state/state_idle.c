// SPDX-License-Identifier: Apache-2.0
/* Events that change nothing, told before they are applied. What is said here of a type follows its on_ function. */
#include <string.h>

#include "engine/state/state_internal.h"

/* Of its creator's two sides one is enough, and that the birth has told already. */
static bool clone_changes(struct eng_state *st, const struct fmt_ev *ev)
{
	const struct eng_thread *t;

	if (is_imported_clone(ev))
		return true;
	if (fmt_ev__res(ev))
		return false;
	t = eng_state__thread(st, fmt_ev__tid(ev));
	return !t || !t->start || t->clone_flags & CL_INVERTED || t->vtid < 0 || t->proc->ptid < 0 ||
	       fmt_ev__str_id(ev, P_clone_cgroups);
}

static bool is_called(const struct eng_str *comm, const struct fmt_str *s)
{
	uint32_t n = s->len < TASK_COMM_LEN ? s->len : TASK_COMM_LEN;

	return comm && comm->len == n && comm->full_len == n && !memcmp(comm->s, s->p, n);
}

static bool prctl_changes(struct eng_state *st, const struct fmt_ev *ev)
{
	const struct eng_thread *t;
	const struct fmt_str *s;

	if (fmt_ev__res(ev) < 0 || ev_u64(ev, P_prctl_option, 0) != PRCTL_SET_NAME)
		return false;
	s = fmt_ev__str(ev, P_prctl_arg2_str);
	t = s ? eng_state__thread(st, fmt_ev__tid(ev)) : NULL;
	return s && (!t || !is_called(t->comm, s) || (t->tid == t->proc->pid && !is_called(t->proc->comm, s)));
}

bool eng_state__changes(struct eng_state *st, const struct fmt_ev *ev)
{
	switch (ev->type) {
	case EV_clone: case EV_clone3: case EV_fork: case EV_vfork:
		return clone_changes(st, ev);
	case EV_prctl:
		return prctl_changes(st, ev);
	case EV_prlimit:
		return fmt_ev__res(ev) == 0 && ev_u64(ev, P_prlimit_resource, 0) == LIMIT_NOFILE &&
		       ev_s64(ev, P_prlimit_newcur, -1) != -1;
	case EV_setrlimit:
		return fmt_ev__res(ev) >= 0 && ev_u64(ev, P_setrlimit_resource, 0) == LIMIT_NOFILE;
	case EV_execve: case EV_execveat:
		return fmt_ev__res(ev) >= 0;
	default:
		return true;
	}
}
