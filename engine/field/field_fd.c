// SPDX-License-Identifier: Apache-2.0
/*
 * fd.*: the descriptor that the event works on or has opened. Missing where an event is not about
 * one.
 */
#include <stdio.h>

#include <cjson/cJSON.h>

#include <arpa/inet.h>

#include "engine/field/field_internal.h"
#include "engine/state/path.h"

/* The words and letters of each kind. */
static const struct { const char *word; const char *letter; } kinds[] = {
	[FDT_UNKNOWN] = { "<NA>", "o" }, [FDT_FILE] = { "file", "f" },
	[FDT_DIRECTORY] = { "directory", "d" }, [FDT_IPV4] = { "ipv4", "4" },
	[FDT_IPV6] = { "ipv6", "6" }, [FDT_IPV4_LISTEN] = { "ipv4", "4" },
	[FDT_IPV6_LISTEN] = { "ipv6", "6" }, [FDT_FIFO] = { "pipe", "p" },
	[FDT_UNIX] = { "unix", "u" }, [FDT_EVENT] = { "event", "e" },
	[FDT_UNSUPPORTED] = { "<NA>", "X" }, [FDT_SIGNALFD] = { "signalfd", "s" },
	[FDT_EVENTPOLL] = { "eventpoll", "l" }, [FDT_INOTIFY] = { "inotify", "i" },
	[FDT_TIMERFD] = { "timerfd", "t" }, [FDT_NETLINK] = { "netlink", "n" },
	[16] = { "file", "f" }, [FDT_BPF] = { "bpf", "b" },
	[FDT_USERFAULTFD] = { "userfaultfd", "u" }, [FDT_IO_URING] = { "io_uring", "r" },
	[FDT_MEMFD] = { "memfd", "m" }, [FDT_PIDFD] = { "pidfd", "P" },
	[FDT_PACKET] = { "packet", "o" }, [FDT_VSOCK] = { "vsock", "o" },
};

#define N_KINDS (sizeof(kinds) / sizeof(*kinds))

const char *fd_type__word(uint8_t type)
{
	return type < N_KINDS ? kinds[type].word : "<NA>";
}

static const char *fd_type__letter_text(uint8_t type)
{
	return type < N_KINDS ? kinds[type].letter : "?";
}

char fd_type__letter(uint8_t type)
{
	return *fd_type__letter_text(type);
}

/* Only connections and listening sockets have a transport; a connection once its role is known. */
uint8_t fd__l4(const struct eng_fd *fd)
{
	switch (fd->type) {
	case FDT_IPV4:
	case FDT_IPV6:
		return fd->tuple.l4 == L4_RAW || fd->role ? fd->tuple.l4 : L4_NA;
	case FDT_IPV4_LISTEN:
	case FDT_IPV6_LISTEN:
		return fd->tuple.l4;
	}
	return L4_NA;
}

/* --- what the event says where there is no descriptor (the call has failed) ------------------- */

static bool param_text(const struct eng_ctx *ctx, unsigned p, struct eng_vals *out)
{
	struct buf b = { 0 };

	eng_event__arg(ctx, p, 0, &b);
	return give_buf(out, &b);
}

static bool path_at(const struct eng_ctx *ctx, unsigned dirfd, unsigned name, bool raw,
		    struct eng_vals *out)
{
	const struct fmt_str *s = fmt_ev__str(ctx->ev, name);
	struct buf b = { 0 };
	uint64_t dir;

	if (!s || !s->len)
		return false;
	if (raw)
		return give_str(out, s->p, s->len);
	if (!fmt_ev__int(ctx->ev, dirfd, &dir))
		return false;
	path__at(ctx->proc, (long)dir, s->p, s->len, &b);
	return give_buf(out, &b);
}

static bool name_of_event(const struct eng_ctx *ctx, bool raw, struct eng_vals *out)
{
	switch (ctx->ev->type) {
	case EV_open:
		return param_text(ctx, P_open_name, out);
	case EV_creat:
		return param_text(ctx, P_creat_name, out);
	case EV_accept:
	case EV_accept4:
		return param_text(ctx, P_accept_tuple, out);
	case EV_openat:
		return path_at(ctx, P_openat_dirfd, P_openat_name, raw, out);
	case EV_openat2:
		return path_at(ctx, P_openat2_dirfd, P_openat2_name, raw, out);
	case EV_uring_openat:
		return path_at(ctx, P_uring_openat_fd, P_uring_openat_name, raw, out);
	case EV_uring_openat2:
		return path_at(ctx, P_uring_openat2_fd, P_uring_openat2_name, raw, out);
	case EV_open_by_handle_at:
		return param_text(ctx, P_open_by_handle_at_path, out);
	}
	return give_text(out, "");
}

static const char *letter_of_event(uint16_t type)
{
	switch (type) {
	case EV_openat:
	case EV_openat2:
	case EV_creat:
		return "f";
	case EV_socket:
	case EV_accept:
	case EV_accept4:
		return "4";
	case EV_pipe:
	case EV_pipe2:
		return "p";
	case EV_eventfd:
	case EV_eventfd2:
		return "e";
	case EV_signalfd:
	case EV_signalfd4:
		return "s";
	case EV_timerfd_create:
		return "t";
	case EV_inotify_init:
	case EV_inotify_init1:
		return "i";
	}
	return "o";
}

/* --- names ------------------------------------------------------------------------------------ */

static bool name(const struct eng_ctx *ctx, struct eng_vals *out)
{
	if (!ctx->fd)
		return name_of_event(ctx, false, out);
	return ctx->fd->name ? give_estr(out, ctx->fd->name) : give_text(out, "");
}

static const char *last_slash(const struct eng_val *v)
{
	return v->str.len ? memrchr(v->str.p, '/', v->str.len) : NULL;
}

/*
 * A directory is its own; of a file it is what stands before the last slash, "/" if nothing does.
 */
static bool directory(const struct eng_ctx *ctx, struct eng_vals *out)
{
	const char *slash;

	if (ctx->fd && !fd_type__is_file(ctx->fd->type))
		return false;
	if (!name(ctx, out))
		return false;
	if (ctx->fd && ctx->fd->type == FDT_DIRECTORY)
		return true;
	slash = last_slash(&out->v[0]);
	if (!slash || slash == out->v[0].str.p)
		return give_text(out, "/");
	if (slash + 1 < out->v[0].str.p + out->v[0].str.len)
		out->v[0].str.len = (uint32_t)(slash - out->v[0].str.p);
	return true;
}

static bool filename(const struct eng_ctx *ctx, struct eng_vals *out)
{
	const char *slash, *end;

	if (!ctx->fd || ctx->fd->type != FDT_FILE || !name(ctx, out))
		return false;
	slash = last_slash(&out->v[0]);
	end = out->v[0].str.p + out->v[0].str.len;
	if (!slash)
		return give_text(out, "/");
	return slash + 1 == end || give_str(out, slash + 1, (size_t)(end - slash - 1));
}

static bool has_double_slash(const char *p, uint32_t len)
{
	bool found = false;

	for (uint32_t i = 1; i < len; i++)
		found |= p[i] == '/' && p[i - 1] == '/';
	return found;
}

/* As the program gave it, doubled slashes taken out. */
static bool nameraw(const struct eng_ctx *ctx, struct eng_vals *out)
{
	const struct eng_fd *fd = ctx->fd;
	const struct eng_val *v = &out->v[0];
	struct buf b = { 0 };

	if (!fd && !name_of_event(ctx, true, out))
		return false;
	if (fd && fd->nameraw)
		give_estr(out, fd->nameraw);
	else if (fd && fd_type__is_file(fd->type) && fd->name)
		give_estr(out, fd->name);
	else if (fd)
		give_text(out, "");
	if (!has_double_slash(v->str.p, v->str.len))
		return true;
	for (uint32_t i = 0; i < v->str.len; i++)
		if (!i || v->str.p[i] != '/' || v->str.p[i - 1] != '/')
			buf__u8(&b, (uint8_t)v->str.p[i]);
	return give_buf(out, &b);
}

/* Container id, colon, and what is in out. */
static bool with_container(const struct eng_ctx *ctx, struct eng_vals *out)
{
	struct buf b = { 0 };

	if (ctx->proc->container)
		buf__puts(&b, ctx->proc->container->id);
	buf__u8(&b, ':');
	buf__add(&b, out->v[0].str.p, out->v[0].str.len);
	return give_buf(out, &b);
}

static bool fd_uid(const struct eng_ctx *ctx, struct eng_vals *out)
{
	struct buf b = { 0 };

	buf__printf(&b, "%lld%lld", (long long)ctx->thread->tid, (long long)ctx->fd_num);
	return give_buf(out, &b);
}

/* --- addresses -------------------------------------------------------------------------------- */

enum side { CLIENT, SERVER };

static bool is_connection(const struct eng_fd *fd)
{
	return fd->type == FDT_IPV4 || fd->type == FDT_IPV6;
}

static bool is_listening(const struct eng_fd *fd)
{
	return fd->type == FDT_IPV4_LISTEN || fd->type == FDT_IPV6_LISTEN;
}

static void put_ip(struct eng_val *v, uint8_t type, const struct eng_fd *fd, enum side side)
{
	bool v4 = fd->type == FDT_IPV4 || fd->type == FDT_IPV4_LISTEN;

	v->type = type;
	v->ip.family = v4 ? AF_INET : AF_INET6;
	memcpy(v->ip.a, side == CLIENT ? fd->tuple.cip : fd->tuple.sip, 16);
}

static void put_port(struct eng_val *v, uint8_t type, const struct eng_fd *fd, enum side side)
{
	v->type = type;
	v->u = side == CLIENT ? fd->tuple.cport : fd->tuple.sport;
}

typedef void put_fn(struct eng_val *v, uint8_t type, const struct eng_fd *fd, enum side side);

/* Client and server, whichever there are: a listening socket has only the server. */
static bool both(const struct eng_fd *fd, put_fn *put, uint8_t type, struct eng_vals *out)
{
	struct eng_val *list = arena__alloc(out->scratch, 2 * sizeof(*list));
	uint32_t n = 0;

	if (!fd || (!is_connection(fd) && !is_listening(fd)))
		return false;
	if (is_connection(fd))
		put(&list[n++], type, fd, CLIENT);
	put(&list[n++], type, fd, SERVER);
	out->n = n;
	out->is_list = true;
	out->list = list;
	return true;
}

/* One side of a connection whose role is known; the server's also of a listening socket. */
static bool one(const struct eng_fd *fd, put_fn *put, uint8_t type, enum side side,
		struct eng_vals *out)
{
	if (!fd || !(is_connection(fd) ? fd->role != FDR_UNKNOWN :
		     side == SERVER && is_listening(fd)))
		return false;
	put(&out->v[0], type, fd, side);
	out->n = 1;
	return true;
}

/* An address that a container has of its own, as its document says. */
static bool is_container_ip(const struct eng_container *c, uint8_t family, const uint8_t *ip,
			    bool *ret_has_one)
{
	const cJSON *v = cJSON_GetObjectItemCaseSensitive(eng_container__json(c), "ip");
	uint8_t a[16];

	*ret_has_one = cJSON_IsString(v) && *v->valuestring;
	return *ret_has_one && family == AF_INET && inet_pton(AF_INET, v->valuestring, a) == 1 &&
	       !memcmp(a, ip, 4);
}

static bool is_local(const struct eng_ctx *ctx, const uint8_t *ip)
{
	uint8_t family = ctx->fd->type == FDT_IPV4 ? AF_INET : AF_INET6;
	bool has_one;

	if (ctx->proc->container && is_container_ip(ctx->proc->container, family, ip, &has_one))
		return true;
	return eng_state__is_local_ip(ctx->state, family, ip);
}

/* This machine's side is the client's if the client's address is this machine's. */
static bool by_place(const struct eng_ctx *ctx, put_fn *put, uint8_t type, bool local,
		     struct eng_vals *out)
{
	const struct eng_fd *fd = ctx->fd;

	if (!fd || !is_connection(fd) || fd->role == FDR_UNKNOWN)
		return false;
	return one(fd, put, type, is_local(ctx, fd->tuple.cip) == local ? CLIENT : SERVER, out);
}

/* A port that one of the above has given, as text. */
static bool port_text(struct eng_vals *out)
{
	struct buf b = { 0 };

	buf__printf(&b, "%u", (unsigned)out->v[0].u);
	return give_buf(out, &b);
}

static bool port_words(const struct eng_fd *fd, enum side side, struct eng_vals *out)
{
	if (!fd || (is_connection(fd) && fd->role == FDR_UNKNOWN))
		return false;
	if (is_connection(fd))
		return one(fd, put_port, T_PORT, side, out) && port_text(out);
	if (side == SERVER)
		return is_listening(fd) && give_text(out, "");
	return fd->role && give_text(out, "");
}

static bool is_server(const struct eng_ctx *ctx)
{
	const struct eng_fd *fd = ctx->fd;

	return is_listening(fd) || (is_connection(fd) && is_local(ctx, fd->tuple.sip));
}

static const char *l4_word(const struct eng_fd *fd)
{
	switch (fd__l4(fd)) {
	case L4_TCP: return "tcp";
	case L4_UDP: return "udp";
	case L4_ICMP: return "icmp";
	case L4_RAW: return "raw";
	}
	return "<NA>";
}

/* The name of one side's address: what `by` gives for F_fd_?ip, but in words. */
static bool side_name(const struct eng_ctx *ctx, enum side side, struct eng_vals *out)
{
	const struct eng_fd *fd = ctx->fd;
	const struct eng_str *name;
	uint8_t family;

	if (!fd || !fd_type__is_inet(fd->type) ||
	    !(is_connection(fd) ? fd->role != FDR_UNKNOWN : side == SERVER && is_listening(fd)))
		return false;
	family = fd->type == FDT_IPV4 || fd->type == FDT_IPV4_LISTEN ? AF_INET : AF_INET6;
	name = eng_state__address_name(ctx->state, family,
				       side == CLIENT ? fd->tuple.cip : fd->tuple.sip);
	return name && give_estr(out, name);
}

static bool place_name(const struct eng_ctx *ctx, bool local, struct eng_vals *out)
{
	const struct eng_fd *fd = ctx->fd;

	return fd && is_connection(fd) && fd->role != FDR_UNKNOWN &&
	       side_name(ctx, is_local(ctx, fd->tuple.cip) == local ? CLIENT : SERVER, out);
}

static bool get_address(uint16_t id, const struct eng_ctx *ctx, struct eng_vals *out)
{
	const struct eng_fd *fd = ctx->fd;

	switch (id) {
	case F_fd_ip: return both(fd, put_ip, T_IP, out);
	case F_fd_net: return both(fd, put_ip, T_NET, out);
	case F_fd_port: case F_fd_proto: return both(fd, put_port, T_PORT, out);
	case F_fd_cip: return one(fd, put_ip, T_IP, CLIENT, out);
	case F_fd_sip: return one(fd, put_ip, T_IP, SERVER, out);
	case F_fd_cnet: return one(fd, put_ip, T_NET, CLIENT, out);
	case F_fd_snet: return one(fd, put_ip, T_NET, SERVER, out);
	case F_fd_cport: return one(fd, put_port, T_PORT, CLIENT, out);
	case F_fd_sport: return one(fd, put_port, T_PORT, SERVER, out);
	case F_fd_cip_name: return side_name(ctx, CLIENT, out);
	case F_fd_sip_name: return side_name(ctx, SERVER, out);
	case F_fd_lip_name: return place_name(ctx, true, out);
	case F_fd_rip_name: return place_name(ctx, false, out);
	case F_fd_lip: return by_place(ctx, put_ip, T_IP, true, out);
	case F_fd_rip: return by_place(ctx, put_ip, T_IP, false, out);
	case F_fd_lnet: return by_place(ctx, put_ip, T_NET, true, out);
	case F_fd_rnet: return by_place(ctx, put_ip, T_NET, false, out);
	case F_fd_lport: return by_place(ctx, put_port, T_PORT, true, out);
	case F_fd_rport: return by_place(ctx, put_port, T_PORT, false, out);
	case F_fd_cproto: return port_words(fd, CLIENT, out);
	case F_fd_sproto: return port_words(fd, SERVER, out);
	case F_fd_lproto: return by_place(ctx, put_port, T_PORT, true, out) && port_text(out);
	case F_fd_rproto: return by_place(ctx, put_port, T_PORT, false, out) && port_text(out);
	}
	return false;
}

/* --- all else --------------------------------------------------------------------------------- */

struct words {
	struct eng_val list[N_KINDS + 1];	/* and "<NA>" */
	uint32_t n;
};

/* Each word once, in alphabetical order: a table's own order is nothing to show. */
static void add_word(struct eng_fd *fd, void *arg)
{
	const char *word = fd_type__word(fd->type);
	struct words *w = arg;
	uint32_t at = 0;

	while (at < w->n && strcmp(w->list[at].str.p, word) < 0)
		at++;
	if (at < w->n && !strcmp(w->list[at].str.p, word))
		return;
	memmove(&w->list[at + 1], &w->list[at], (w->n - at) * sizeof(*w->list));
	w->list[at].type = T_STR;
	w->list[at].str.p = word;
	w->list[at].str.len = (uint32_t)strlen(word);
	w->n++;
}

static bool types(const struct eng_fref *ref, const struct eng_ctx *ctx, struct eng_vals *out)
{
	struct words *w = arena__zalloc(out->scratch, sizeof(*w));
	struct eng_fd *fd;

	if (ref->has_arg) {
		fd = eng_fdtable__get(ctx->proc->fds, (int64_t)ref->index);
		if (!fd)
			return false;
		add_word(fd, w);
	} else {
		eng_fdtable__each(ctx->proc->fds, add_word, w);
	}
	out->n = w->n;
	out->is_list = true;
	out->list = w->list;
	return true;
}

static bool type_letter(const struct eng_ctx *ctx, struct eng_vals *out)
{
	return give_str(out, ctx->fd ? fd_type__letter_text(ctx->fd->type) : letter_of_event(ctx->ev->type), 1);
}

static bool get_known(uint16_t id, const struct eng_ctx *ctx, struct eng_vals *out)
{
	const struct eng_fd *fd = ctx->fd;

	if (!fd)
		return false;
	switch (id) {
	case F_fd_type:
		return give_text(out, fd_type__word(fd->type));
	case F_fd_l4proto:
		return give_text(out, l4_word(fd));
	case F_fd_sockfamily:
		if (fd_type__is_inet(fd->type))
			return give_text(out, "ip");
		return fd->type == FDT_UNIX && give_text(out, "unix");
	case F_fd_is_server:
		return give_bool(out, is_server(ctx));
	case F_fd_connected:
		return give_bool(out, fd->connected);
	case F_fd_name_changed:
		return give_bool(out, ctx->fd_name_changed);
	case F_fd_dev:
		return give_s64(out, (int32_t)fd->dev);
	case F_fd_dev_major:
		return give_s64(out, fd->dev >> 8 & 0xfff);
	case F_fd_dev_minor:
		return give_s64(out, (fd->dev & 0xff) | (fd->dev >> 12 & 0xfff00));
	case F_fd_ino:
		return give_s64(out, (int64_t)fd->ino);
	case F_fd_is_upper_layer:
		return give_bool(out, fd->flags & FDF_UPPER_LAYER);
	case F_fd_is_lower_layer:
		return give_bool(out, fd->flags & FDF_LOWER_LAYER);
	}
	return false;
}

bool get_fd(const struct eng_fref *ref, const struct eng_ctx *ctx, struct eng_vals *out)
{
	uint16_t id = ref->field->id;

	if (!ctx->has_fd_num)
		return false;
	switch (id) {
	case F_fd_num:
		return give_s64(out, ctx->fd_num);
	case F_fd_name:
		return name(ctx, out);
	case F_fd_nameraw:
		return nameraw(ctx, out);
	case F_fd_directory:
		return directory(ctx, out);
	case F_fd_filename:
		return filename(ctx, out);
	case F_fd_containername:
		return name(ctx, out) && with_container(ctx, out);
	case F_fd_containerdirectory:
		return directory(ctx, out) && with_container(ctx, out);
	case F_fd_typechar:
		return type_letter(ctx, out);
	case F_fd_uid:
		return fd_uid(ctx, out);
	case F_fd_types:
		return types(ref, ctx, out);
	}
	return get_address(id, ctx, out) || get_known(id, ctx, out);
}
