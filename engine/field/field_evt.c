// SPDX-License-Identifier: Apache-2.0
/*
 * evt.*: the event itself.
 */
#include <stdio.h>
#include <time.h>

#include "engine/field/field_internal.h"
#include "format/base/text.h"

#define NS 1000000000u

/* --- of every source -------------------------------------------------------------------------- */

static bool local_time(struct eng_vals *out, uint64_t ns, const char *format, bool fraction)
{
	char *text = arena__alloc(out->scratch, 64);
	time_t s = (time_t)(ns / NS);
	struct tm tm;
	size_t n;

	out->ns = ns;
	if (!localtime_r(&s, &tm))
		return false;
	n = strftime(text, 40, format, &tm);
	if (fraction)
		n += (size_t)snprintf(text + n, 64 - n, ".%09u", (unsigned)(ns % NS));
	return give_str(out, text, n);
}

static bool iso_time(struct eng_vals *out, uint64_t ns)
{
	char *text = arena__alloc(out->scratch, 48);

	out->ns = ns;
	return give_text(out, text__iso(ns, "+0000", text));
}

/* Events about the record and its surroundings, which Falco calls meta events. */
static bool is_meta(uint16_t type)
{
	switch (type) {
	case EV_asyncevent:
	case EV_container:
	case EV_container_end:
	case EV_useradded:
	case EV_userdeleted:
	case EV_groupadded:
	case EV_groupdeleted:
	case EV_drop:
	case EV_notification:
	case EV_infra:
	case EV_cpu_hotplug:
	case EV_procinfo:
	case EV_scapevent:
	case EV_alert:
		return true;
	}
	return false;
}

static bool async_type(const struct fmt_ev *ev, struct eng_vals *out)
{
	const struct fmt_str *s;

	if (ev->type != EV_asyncevent)
		return is_meta(ev->type) && give_text(out, ev->info->name);
	s = fmt_ev__str(ev, P_asyncevent_name);
	return s && give_str(out, s->p, s->len);
}

static bool relative_time(const struct eng_ctx *ctx, struct eng_vals *out, uint16_t id)
{
	uint64_t first = eng_state__first_ts(ctx->state), ts = fmt_ev__ts(ctx->ev), t;

	if (!first)
		return false;
	t = ts > first ? ts - first : 0;
	return give_num(out, T_RELTIME, id == F_evt_reltime ? t : id == F_evt_reltime_s ? t / NS :
								   t % NS);
}

bool get_gen(const struct eng_fref *ref, const struct eng_ctx *ctx, struct eng_vals *out)
{
	const struct fmt_ev *ev = ctx->ev;
	const char *name;

	switch (ref->field->id) {
	case F_evt_num:
		return give_u64(out, fmt_ev__num(ev));
	case F_evt_time:
		return local_time(out, fmt_ev__ts(ev), "%H:%M:%S", true);
	case F_evt_time_s:
		return local_time(out, fmt_ev__ts(ev), "%H:%M:%S", false);
	case F_evt_time_iso8601:
		return iso_time(out, fmt_ev__ts(ev));
	case F_evt_datetime:
		return local_time(out, fmt_ev__ts(ev), "%Y-%m-%d %H:%M:%S", true);
	case F_evt_datetime_s:
		return local_time(out, fmt_ev__ts(ev), "%Y-%m-%d %H:%M:%S", false);
	case F_evt_rawtime:
		return give_num(out, T_ABSTIME, fmt_ev__ts(ev));
	case F_evt_rawtime_s:
		return give_num(out, T_ABSTIME, fmt_ev__ts(ev) / NS);
	case F_evt_rawtime_ns:
		return give_num(out, T_ABSTIME, fmt_ev__ts(ev) % NS);
	case F_evt_reltime:
	case F_evt_reltime_s:
	case F_evt_reltime_ns:
		return relative_time(ctx, out, ref->field->id);
	case F_evt_source:
		return give_text(out, ev->type == EV_k8s_audit ? "k8s_audit" : "syscall");
	case F_evt_is_async:
		return give_bool(out, is_meta(ev->type));
	case F_evt_asynctype:
		return async_type(ev, out);
	case F_evt_hostname:
		name = eng_state__hostname(ctx->state);
		return name && give_text(out, name);
	}
	return false;
}

/* --- of the kernel ---------------------------------------------------------------------------- */

bool fd_type__is_file(uint8_t type)
{
	return type == FDT_FILE || type == FDT_DIRECTORY;
}

bool fd_type__is_inet(uint8_t type)
{
	return type >= FDT_IPV4 && type <= FDT_IPV6_LISTEN;
}

static bool is_opening(uint16_t type)
{
	switch (type) {
	case EV_open:
	case EV_openat:
	case EV_openat2:
	case EV_creat:
	case EV_open_by_handle_at:
	case EV_uring_openat:
	case EV_uring_openat2:
		return true;
	}
	return false;
}

static bool is_io(const struct fmt_ev *ev)
{
	uint8_t c = ev->info->category;

	return c == CAT_IO_READ || c == CAT_IO_WRITE || c == CAT_IO_OTHER;
}

/* The class of a call that moves bytes is its descriptor's. */
static bool category(const struct eng_ctx *ctx, struct eng_vals *out)
{
	if (!is_io(ctx->ev))
		return give_text(out, fmt_category_names[ctx->ev->info->category]);
	if (!ctx->fd)
		return give_text(out, "unknown");
	switch (ctx->fd->type) {
	case FDT_FILE:
	case FDT_DIRECTORY:
		return give_text(out, "file");
	case FDT_IPV4:
	case FDT_IPV6:
	case FDT_IPV4_LISTEN:
	case FDT_IPV6_LISTEN:
		return give_text(out, "net");
	case FDT_FIFO:
	case FDT_UNIX:
	case FDT_EVENT:
	case FDT_SIGNALFD:
	case FDT_INOTIFY:
	case FDT_USERFAULTFD:
		return give_text(out, "ipc");
	}
	return give_text(out, "unknown");
}

static bool result_text(const struct fmt_ev *ev, struct eng_vals *out)
{
	int64_t res = fmt_ev__res(ev);
	const char *name;
	struct buf b = { 0 };

	if (!has_result(ev))
		return false;
	if (res >= 0)
		return give_text(out, "SUCCESS");
	name = res > -4096 ? fmt_errno_name((int)-res) : NULL;
	if (name)
		return give_text(out, name);
	buf__printf(&b, "%lld", (long long)res);
	return give_buf(out, &b);
}

static bool error_count(const struct fmt_ev *ev, struct eng_vals *out)
{
	return has_result(ev) && give_u64(out, fmt_ev__failed(ev));
}

enum error_class { ERR_FILE, ERR_NET, ERR_MEMORY, ERR_OTHER };

/* What kind of call it is that may have failed: by its descriptor, or by itself if it has none. */
static enum error_class error_class(const struct eng_ctx *ctx)
{
	uint16_t type = ctx->ev->type;

	if (ctx->fd) {
		if (fd_type__is_file(ctx->fd->type))
			return ERR_FILE;
		return fd_type__is_inet(ctx->fd->type) || ctx->fd->type == FDT_UNIX ? ERR_NET :
										      ERR_OTHER;
	}
	if (is_opening(type))
		return ERR_FILE;
	if (type == EV_accept || type == EV_accept4 || type == EV_connect)
		return ERR_NET;
	return ctx->ev->info->category == CAT_MEMORY ? ERR_MEMORY : ERR_OTHER;
}

static bool buflen(const struct eng_ctx *ctx, uint16_t id, struct eng_vals *out)
{
	uint8_t c = ctx->ev->info->category;
	bool in = c == CAT_IO_READ, wrote = c == CAT_IO_WRITE, file, net, fits = false;

	if (!ctx->fd || !is_io(ctx->ev) || fmt_ev__failed(ctx->ev))
		return false;
	file = ctx->fd->type == FDT_FILE;
	net = fd_type__is_inet(ctx->fd->type);
	switch (id) {
	case F_evt_buflen: fits = true; break;
	case F_evt_buflen_in: fits = in; break;
	case F_evt_buflen_out: fits = wrote; break;
	case F_evt_buflen_file: fits = file; break;
	case F_evt_buflen_file_in: fits = file && in; break;
	case F_evt_buflen_file_out: fits = file && wrote; break;
	case F_evt_buflen_net: fits = net; break;
	case F_evt_buflen_net_in: fits = net && in; break;
	case F_evt_buflen_net_out: fits = net && wrote; break;
	}
	return fits && give_u64(out, (uint64_t)fmt_ev__res(ctx->ev));
}

bool ctx__is_syslog(const struct eng_ctx *ctx)
{
	const struct eng_fd *fd = ctx->fd;

	return ctx->ev->info->flags & EF_WRITES && fd && fd->name &&
	       memmem(fd->name->s, fd->name->len, "/dev/log", 8);
}

/* Flags and mode of an opening call; false if it is none. */
static bool open_params(const struct fmt_ev *ev, uint64_t *ret_flags, uint64_t *ret_mode)
{
	int flags = -1, mode = -1;

	switch (ev->type) {
	case EV_open: flags = P_open_flags; mode = P_open_mode; break;
	case EV_openat: flags = P_openat_flags; mode = P_openat_mode; break;
	case EV_openat2: flags = P_openat2_flags; mode = P_openat2_mode; break;
	case EV_open_by_handle_at: flags = P_open_by_handle_at_flags; break;
	case EV_uring_openat: flags = P_uring_openat_flags; mode = P_uring_openat_mode; break;
	case EV_uring_openat2: flags = P_uring_openat2_flags; mode = P_uring_openat2_mode; break;
	case EV_creat: mode = P_creat_mode; break;
	default: return false;
	}
	*ret_flags = *ret_mode = 0;
	if (flags >= 0)
		fmt_ev__int(ev, (unsigned)flags, ret_flags);
	if (mode >= 0)
		fmt_ev__int(ev, (unsigned)mode, ret_mode);
	return true;
}

enum { ANY_EXEC = 0111 };

static bool is_open(const struct fmt_ev *ev, uint16_t id)
{
	uint64_t flags, mode;

	if (!open_params(ev, &flags, &mode))
		return false;
	switch (id) {
	case F_evt_is_open_read:
		return flags & FDF_RDONLY;
	case F_evt_is_open_write:
		return flags & FDF_WRONLY;
	case F_evt_is_open_create:
		return flags & FDF_CREATED || (flags & FDF_TMPFILE && fmt_ev__res(ev) >= 0);
	}
	return mode & ANY_EXEC && (ev->type == EV_creat || flags & (FDF_TMPFILE | FDF_CREAT));
}

static bool args(const struct eng_ctx *ctx, struct eng_vals *out)
{
	struct buf b = { 0 };

	eng_event__args(ctx, UINT32_MAX, &b);
	return give_buf(out, &b);
}

/* The parameter that the reference names, in this event; -1 if it has none. */
static int param_index(const struct eng_fref *ref, const struct fmt_ev *ev)
{
	if (ref->param_of)
		return ref->param_of[ev->type];
	return ref->index < ev->info->n_params ? (int)ref->index : -1;
}

static bool arg(const struct eng_fref *ref, const struct eng_ctx *ctx, struct eng_vals *out)
{
	int p = param_index(ref, ctx->ev);
	struct buf b = { 0 };

	if (p < 0)
		return false;
	eng_event__arg(ctx, (unsigned)p, UINT32_MAX, &b);
	return give_buf(out, &b);
}

static bool give_bytes(struct eng_vals *out, const struct fmt_str *s)
{
	give_str(out, s->p, s->len);
	out->v[0].type = T_BYTES;
	return s->len;
}

/* The value type of a kind of parameter. */
static uint8_t value_type(uint8_t ptype)
{
	switch (ptype) {
	case PT_S8: case PT_S16: case PT_S32: case PT_S64: case PT_ERRNO: case PT_FD: case PT_PID:
		return T_S64;
	case PT_BOOL:
		return T_BOOL;
	case PT_RELTIME:
		return T_RELTIME;
	case PT_ABSTIME:
		return T_ABSTIME;
	case PT_PORT:
		return T_PORT;
	case PT_STR: case PT_PATH: case PT_RELPATH:
		return T_STR;
	case PT_STRLIST: case PT_SOCKADDR: case PT_SOCKTUPLE: case PT_FDLIST: case PT_BYTES:
		return T_BYTES;
	}
	return T_U64;
}

static bool rawarg(const struct eng_fref *ref, const struct eng_ctx *ctx, struct eng_vals *out)
{
	int p = param_index(ref, ctx->ev);
	const struct fmt_str *s;
	struct fmt_str bytes;
	uint8_t type;
	uint64_t v;

	if (p < 0)
		return false;
	type = value_type(ctx->ev->info->params[p].type);
	switch (fmt_ptype_store(ctx->ev->info->params[p].type)) {
	case STORE_INT:
		if (!fmt_ev__int(ctx->ev, (unsigned)p, &v))
			return false;
		return type == T_BOOL ? give_bool(out, v) : give_num(out, type, v);
	case STORE_STR:
		s = fmt_ev__str(ctx->ev, (unsigned)p);
		if (!s || !s->len)
			return false;
		give_str(out, s->p, s->len);
		out->v[0].type = type;
		return true;
	default:
		return fmt_ev__bytes(ctx->ev, (unsigned)p, &bytes) && give_bytes(out, &bytes);
	}
}

static bool buffer(const struct fmt_ev *ev, struct eng_vals *out)
{
	struct fmt_str s;

	return ev->info->data_param >= 0 &&
	       fmt_ev__bytes(ev, (unsigned)ev->info->data_param, &s) && give_bytes(out, &s);
}

bool get_evt(const struct eng_fref *ref, const struct eng_ctx *ctx, struct eng_vals *out)
{
	const struct fmt_ev *ev = ctx->ev;
	uint32_t flags = ev->info->flags;

	switch (ref->field->id) {
	case F_evt_latency:
	case F_evt_latency_s:
	case F_evt_latency_ns:
	case F_evt_wait_latency:
		return give_num(out, T_RELTIME, 0);
	case F_evt_latency_quantized:
		return give_u64(out, 0);
	case F_evt_latency_human:
		return give_text(out, "0ns");
	case F_evt_outputtime:
		return local_time(out, fmt_ev__ts(ev), "%H:%M:%S", true);
	case F_evt_dir:
		return give_text(out, "<");
	case F_evt_type:
		return give_text(out, ev->info->name);
	case F_evt_type_is:
		return give_u64(out, ev->type == ref->index);
	case F_syscall_type:
		return flags & EF_SYSCALL && give_text(out, ev->info->name);
	case F_evt_category:
		return category(ctx, out);
	case F_evt_cpu:
		return give_s64(out, fmt_ev__cpu(ev));
	case F_evt_args:
	case F_evt_info:
		return args(ctx, out);
	case F_evt_arg:
		return arg(ref, ctx, out);
	case F_evt_rawarg:
		return rawarg(ref, ctx, out);
	case F_evt_buffer:
		return buffer(ev, out);
	case F_evt_res:
		return result_text(ev, out);
	case F_evt_rawres:
		return has_result(ev) && give_s64(out, fmt_ev__res(ev));
	case F_evt_failed:
		return has_result(ev) && give_bool(out, fmt_ev__failed(ev));
	case F_evt_is_io:
		return give_bool(out, flags & (EF_READS | EF_WRITES));
	case F_evt_is_io_read:
		return give_bool(out, flags & EF_READS);
	case F_evt_is_io_write:
		return give_bool(out, flags & EF_WRITES);
	case F_evt_io_dir:
		return flags & (EF_READS | EF_WRITES) &&
		       give_text(out, flags & EF_WRITES ? "write" : "read");
	case F_evt_is_wait:
		return give_bool(out, flags & EF_WAITS);
	case F_evt_is_syslog:
		return give_bool(out, ctx__is_syslog(ctx));
	case F_evt_count:
		return give_u64(out, 1);
	case F_evt_count_error:
		return error_count(ev, out);
	case F_evt_count_error_file:
		return error_class(ctx) == ERR_FILE && error_count(ev, out);
	case F_evt_count_error_net:
		return error_class(ctx) == ERR_NET && error_count(ev, out);
	case F_evt_count_error_memory:
		return ev->info->category == CAT_MEMORY && error_count(ev, out);
	case F_evt_count_error_other:
		return error_class(ctx) == ERR_OTHER && error_count(ev, out);
	case F_evt_count_exit:
		return flags & EF_SYSCALL && give_u64(out, 1);
	case F_evt_count_threadinfo:
		return give_u64(out, ev->type == EV_procinfo);
	case F_evt_count_procinfo:
		return give_u64(out, ev->type == EV_procinfo && ctx->thread->tid == ctx->proc->pid);
	case F_evt_is_open_read:
	case F_evt_is_open_write:
	case F_evt_is_open_exec:
	case F_evt_is_open_create:
		return give_bool(out, is_open(ev, ref->field->id));
	}
	return buflen(ctx, ref->field->id, out);
}

/* --- arguments -------------------------------------------------------------------------------- */

bool eng_ptype__stands_alone(enum fmt_ptype t)
{
	return t <= PT_ERRNO || t == PT_SYSCALLID || t == PT_SIGTYPE || t == PT_PORT ||
	       (t >= PT_FLAGS8 && t <= PT_MODE);
}

/* Where each event has the parameter; false if none has. */
static bool find_params(const char *name, int8_t *param_of, struct eng_fref *ref)
{
	const struct fmt_param_use *uses = fmt_schema__param_uses(name);
	bool one_string = true, of_call = !strcmp(name, "flags") || !strcmp(name, "mode");

	if (!uses)
		return false;
	memset(param_of, -1, FMT_MAX_EVENTS);
	ref->ptype = fmt_events[uses->event].params[uses->param].type;
	for (const struct fmt_param_use *u = uses; u; u = u->next) {
		const struct fmt_param *p = &fmt_events[u->event].params[u->param];

		if (param_of[u->event] >= 0)
			continue;
		param_of[u->event] = (int8_t)u->param;
		if ((p->type != PT_STR && p->type != PT_STRLIST) || p->src == SRC_DRV)
			one_string = false;
		of_call = of_call && eng_ptype__stands_alone(p->type);
	}
	if (one_string && ref->field->id == F_evt_arg)
		ref->scope = SCOPE_STRING;
	if (of_call)
		ref->scope = SCOPE_CALL;
	return true;
}

static int refine_arg(struct eng_fref *ref, struct arena *mem, struct err *err)
{
	int8_t *param_of = arena__alloc(mem, FMT_MAX_EVENTS);

	if (!find_params(ref->key, param_of, ref))
		return err__set(err, -FMT_E_VALUE, "no event has a parameter '%s' (field %s)",
				ref->key, ref->field->name);
	ref->param_of = param_of;
	if (ref->field->id == F_evt_rawarg)
		ref->type = value_type(ref->ptype);
	else
		ref->ptype = PT_STR;
	return 0;
}

static int refine_type_is(struct eng_fref *ref, struct err *err)
{
	int type = fmt_event__by_name(ref->key);

	if (type < 0)
		return err__set(err, -FMT_E_VALUE, "unknown event type '%s' (field %s)", ref->key,
				ref->field->name);
	ref->index = (uint64_t)type;
	return 0;
}

int field__refine(struct eng_fref *ref, struct arena *mem, struct err *err)
{
	switch (ref->field->id) {
	case F_evt_arg:
	case F_evt_rawarg:
		return ref->key ? refine_arg(ref, mem, err) : 0;
	case F_evt_type_is:
		return refine_type_is(ref, err);
	case F_evt_abspath:
		if (ref->key && strcmp(ref->key, "src") && strcmp(ref->key, "dst"))
			return err__set(err, -FMT_E_VALUE, "field '%s' takes .src or .dst",
					ref->field->name);
		return 0;
	}
	return 0;
}
