// SPDX-License-Identifier: Apache-2.0
/*
 * user.*, group.*: whose the thread is. Falco asks for the effective ids. And what it may do.
 */
#include "engine/field/field_internal.h"

static const char *const cap_names[] = {
	"CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_DAC_READ_SEARCH", "CAP_FOWNER", "CAP_FSETID",
	"CAP_KILL", "CAP_SETGID", "CAP_SETUID", "CAP_SETPCAP", "CAP_LINUX_IMMUTABLE",
	"CAP_NET_BIND_SERVICE", "CAP_NET_BROADCAST", "CAP_NET_ADMIN", "CAP_NET_RAW",
	"CAP_IPC_LOCK", "CAP_IPC_OWNER", "CAP_SYS_MODULE", "CAP_SYS_RAWIO", "CAP_SYS_CHROOT",
	"CAP_SYS_PTRACE", "CAP_SYS_PACCT", "CAP_SYS_ADMIN", "CAP_SYS_BOOT", "CAP_SYS_NICE",
	"CAP_SYS_RESOURCE", "CAP_SYS_TIME", "CAP_SYS_TTY_CONFIG", "CAP_MKNOD", "CAP_LEASE",
	"CAP_AUDIT_WRITE", "CAP_AUDIT_CONTROL", "CAP_SETFCAP", "CAP_MAC_OVERRIDE",
	"CAP_MAC_ADMIN", "CAP_SYSLOG", "CAP_WAKE_ALARM", "CAP_BLOCK_SUSPEND", "CAP_AUDIT_READ",
	"CAP_PERFMON", "CAP_BPF", "CAP_CHECKPOINT_RESTORE",
};

bool eng_caps__names(uint64_t set, struct buf *out)
{
	const uint64_t all = (1ull << sizeof(cap_names) / sizeof(*cap_names)) - 1;
	size_t before = out->len;

	for (unsigned i = 0; i < sizeof(cap_names) / sizeof(*cap_names); i++) {
		if (!(set >> i & 1))
			continue;
		if (out->len > before)
			buf__u8(out, ' ');
		buf__puts(out, cap_names[i]);
	}
	return (set & all) == all;
}

bool give_caps(struct eng_vals *out, uint64_t set)
{
	struct buf b = { 0 };

	eng_caps__names(set, &b);
	return give_buf(out, &b);
}

static bool user_text(const struct eng_ctx *ctx, uint16_t id, struct eng_vals *out)
{
	uint32_t uid = id == F_user_loginname ? ctx->proc->loginuid : ctx->thread->euid;
	const struct eng_user *u = eng_proc__user(ctx->state, ctx->proc, uid);
	const struct eng_str *s = NULL;

	if (u)
		s = id == F_user_homedir ? u->home : id == F_user_shell ? u->shell : u->name;
	if (u)
		return s ? give_estr(out, s) : give_text(out, "");
	if (uid == 0 && id != F_user_shell)
		return give_text(out, id == F_user_homedir ? "/root" : "root");
	return give_text(out, "<NA>");
}

static bool group_text(const struct eng_ctx *ctx, struct eng_vals *out)
{
	uint32_t gid = ctx->thread->egid;
	const struct eng_group *g = eng_proc__group(ctx->state, ctx->proc, gid);

	if (g)
		return g->name ? give_estr(out, g->name) : give_text(out, "");
	return give_text(out, gid == 0 ? "root" : "<NA>");
}

bool get_user(const struct eng_fref *ref, const struct eng_ctx *ctx, struct eng_vals *out)
{
	uint32_t login = ctx->proc->loginuid;

	if (eng_ctx__nobody(ctx))
		return false;
	switch (ref->field->id) {
	case F_user_uid:
		return give_u64(out, ctx->thread->euid);
	case F_user_loginuid:
		return give_s64(out, login == UINT32_MAX ? -1 : (int64_t)login);
	case F_group_gid:
		return give_u64(out, ctx->thread->egid);
	case F_group_name:
		return group_text(ctx, out);
	}
	return user_text(ctx, ref->field->id, out);
}
