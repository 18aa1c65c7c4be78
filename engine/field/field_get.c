// SPDX-License-Identifier: Apache-2.0
#include "engine/field/field_internal.h"

bool get_none(const struct eng_fref *ref, const struct eng_ctx *ctx, struct eng_vals *out)
{
	(void)ref;
	(void)ctx;
	(void)out;
	return false;
}

bool get_evt(const struct eng_fref *ref, const struct eng_ctx *ctx, struct eng_vals *out)
{
	switch (ref->field->id) {
	case F_evt_num:
		return give_u64(out, fmt_ev__num(ctx->ev));
	case F_evt_type:
		return give_text(out, ctx->ev->info->name);
	case F_evt_rawres:
		return give_s64(out, fmt_ev__res(ctx->ev));
	}
	return false;
}

bool get_thread(const struct eng_fref *ref, const struct eng_ctx *ctx, struct eng_vals *out)
{
	switch (ref->field->id) {
	case F_proc_name:
		return give_estr(out, ctx->thread->comm);
	case F_proc_pid:
		return give_s64(out, ctx->proc->pid);
	case F_thread_tid:
		return give_s64(out, ctx->thread->tid);
	}
	return false;
}

bool get_fd(const struct eng_fref *ref, const struct eng_ctx *ctx, struct eng_vals *out)
{
	switch (ref->field->id) {
	case F_fd_num:
		return ctx->has_fd_num && give_s64(out, ctx->fd_num);
	case F_fd_name:
		return ctx->fd && give_estr(out, ctx->fd->name);
	}
	return false;
}
