// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "inspect/model/only.h"

static const uint16_t signals[] = {
	EV_kill, EV_tkill, EV_tgkill, EV_pidfd_send_signal, EV_rt_sigqueueinfo, EV_rt_tgsigqueueinfo,
	EV_signaldeliver, EV_procexit,
};
static const uint16_t rights[] = {
	EV_setuid, EV_setgid, EV_setreuid, EV_setregid, EV_setresuid, EV_setresgid, EV_capset,
	EV_unshare, EV_setns, EV_chroot,
};

static bool is_among(const uint16_t *list, size_t n, uint16_t type)
{
	for (size_t i = 0; i < n; i++)
		if (list[i] == type)
			return true;
	return false;
}

bool ins_only__is_right(uint16_t type)
{
	return is_among(rights, sizeof(rights) / sizeof(*rights), type);
}

static bool has_type(struct ins_only o, uint16_t type)
{
	const struct fmt_event_info *i = &fmt_events[type];

	switch ((enum ins_only_kind)o.kind) {
	case ONLY_ALL:
		return true;
	case ONLY_TYPE:
		return type == o.type;
	case ONLY_FAILED:
		return i->flags & (EF_SYSCALL | EF_URING);
	case ONLY_BYTES:
		return i->data_param >= 0 && i->flags & (EF_READS | EF_WRITES);
	case ONLY_SIGNALS:
		return is_among(signals, sizeof(signals) / sizeof(*signals), type);
	case ONLY_RIGHTS:
		return ins_only__is_right(type);
	case ONLY_SLOW:
		return i->flags & (EF_READS | EF_WRITES);
	default:
		return true;	/* a kind of other things than events */
	}
}

void ins_only__types(struct ins_only o, uint8_t types[FMT_MAX_EVENTS / 8])
{
	memset(types, 0, FMT_MAX_EVENTS / 8);
	for (unsigned i = 0; i < FMT_MAX_EVENTS; i++)
		if (fmt_events[i].name && has_type(o, (uint16_t)i))
			types[i / 8] |= (uint8_t)(1u << (i & 7));
}

void ins_only__name(struct ins_only o, struct buf *out)
{
	static const char *const names[] = {
		[ONLY_ALL] = "", [ONLY_TYPE] = "", [ONLY_FAILED] = "failed calls", [ONLY_BYTES] = "bytes",
		[ONLY_SIGNALS] = "signals", [ONLY_RIGHTS] = "rights", [ONLY_SLOW] = "slow I/O",
		[ONLY_WRITTEN] = "files written", [ONLY_DELETED] = "files deleted",
		[ONLY_SYSTEM] = "system files changed", [ONLY_SECRETS] = "secrets", [ONLY_OUT] = "connects out",
		[ONLY_IN] = "connects in", [ONLY_LISTEN] = "new listeners", [ONLY_TERMINAL] = "on terminals",
		[ONLY_DROPPED] = "dropped and run",
	};
	const char *err = o.err ? fmt_errno_name(o.err) : NULL;

	buf__puts(out, o.kind == ONLY_TYPE ? fmt_events[o.type].name : names[o.kind]);
	if (err)
		buf__printf(out, ": %s", err);
}
