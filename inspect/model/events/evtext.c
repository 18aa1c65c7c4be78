// SPDX-License-Identifier: Apache-2.0
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "engine/state/path.h"
#include "engine/state/sockaddr.h"
#include "format/base/alloc.h"
#include "inspect/model/events/evtext.h"

bool ins_ctx__path(const struct eng_ctx *ctx, unsigned param, struct buf *out)
{
	const struct fmt_str *path = fmt_ev__str(ctx->ev, param);
	const struct fmt_param *p = &ctx->ev->info->params[param];
	uint64_t dirfd = (uint64_t)(int64_t)PATH_AT_FDCWD;

	if (!path || !path->len)
		return false;
	if (p->dirfd >= 0)
		fmt_ev__int(ctx->ev, (unsigned)p->dirfd, &dirfd);
	path__at(ctx->proc, (long)(int64_t)dirfd, path->p, path->len, out);
	return true;
}

static bool equals(const char *a, size_t n_a, const char *b, size_t n_b)
{
	return n_a == n_b && !memcmp(a, b, n_a);
}

bool ins_ctx__names_file(const struct eng_ctx *ctx, const char *path, size_t n, struct buf *scratch)
{
	const struct fmt_event_info *info = ctx->ev->info;
	const struct eng_str *exe = ctx->proc->image->exepath;

	if (ctx->fd && ctx->fd->name && equals(ctx->fd->name->s, ctx->fd->name->len, path, n))
		return true;
	if ((ctx->ev->type == EV_execve || ctx->ev->type == EV_execveat) && exe &&
	    fmt_ev__res(ctx->ev) >= 0 && equals(exe->s, exe->len, path, n))
		return true;
	if (info->category != CAT_FILE && info->category != CAT_OTHER &&
	    info->category != CAT_PROCESS)
		return false;
	for (unsigned i = 0; i < info->n_params; i++) {
		if (info->params[i].type != PT_PATH && info->params[i].type != PT_RELPATH)
			continue;
		scratch->len = 0;
		if (ins_ctx__path(ctx, i, scratch) &&
		    equals((const char *)scratch->p, scratch->len, path, n))
			return true;
	}
	return false;
}

bool ins_ctx__refused_peer(const struct eng_ctx *ctx, struct eng_tuple *ret, struct buf *name)
{
	const struct fmt_ev *ev = ctx->ev;
	bool uring = ev->type == EV_uring_connect;
	const struct fmt_str *s;
	struct sock_addrs a;

	if ((!uring && ev->type != EV_connect) || fmt_ev__res(ev) >= 0 ||
	    fmt_ev__res(ev) == -EINPROGRESS || fmt_ev__res(ev) == -EALREADY)
		return false;
	s = fmt_ev__str(ev, uring ? (unsigned)P_uring_connect_addr_to : (unsigned)P_connect_addr);
	if (!s || !sock_addrs__read(&a, s->p, s->len, false))
		return false;
	*ret = (struct eng_tuple){ .family = a.family, .l4 = ctx->fd ? ctx->fd->tuple.l4 : 0 };
	if (a.family == SA_UNIX) {
		buf__add(name, a.path, a.path_len);
		return a.path_len > 0;
	}
	if (a.family != SA_INET && a.family != SA_INET6)
		return false;
	memcpy(ret->sip, a.dst.ip, sizeof(ret->sip));
	ret->sport = a.dst.port;
	buf__puts(name, "->");
	sock_end__text(a.family, &a.dst, name);
	return true;
}

void ins_tuple__text(const struct eng_tuple *t, bool server, struct buf *out)
{
	const uint8_t *ip = server ? t->sip : t->cip;
	unsigned port = server ? t->sport : t->cport;
	char text[INET6_ADDRSTRLEN];

	if (t->family == AF_INET && inet_ntop(AF_INET, ip, text, sizeof(text)))
		buf__printf(out, "%s:%u", text, port);
	else if (t->family == AF_INET6 && inet_ntop(AF_INET6, ip, text, sizeof(text)))
		buf__printf(out, "[%s]:%u", text, port);
}

const char *ins_tuple__proto(const struct eng_tuple *t, uint8_t fd_type)
{
	if (fd_type == FDT_UNIX)
		return "unix";
	if (fd_type == FDT_VSOCK)
		return "vsock";
	switch (t->l4) {
	case L4_TCP:
		return "tcp";
	case L4_UDP:
		return "udp";
	case L4_ICMP:
		return "icmp";
	case L4_RAW:
		return "raw";
	default:
		return "?";
	}
}

const char *ins_status__text(int32_t status, char buf[16])
{
	const char *name;

	if (WIFSIGNALED(status)) {
		name = fmt_signal_name(WTERMSIG(status));
		if (name && !strncmp(name, "SIG", 3))
			name += 3;
		if (name)
			snprintf(buf, 16, "%.8s%s", name, WCOREDUMP(status) ? "+" : "");
		else
			snprintf(buf, 16, "sig %d", WTERMSIG(status));
	} else {
		snprintf(buf, 16, "%d", WEXITSTATUS(status));
	}
	return buf;
}

const char *ins_tty__text(uint32_t dev, char buf[16])
{
	/* the kernel's new_encode_dev: 12 bits of major, 20 of minor */
	unsigned major = dev >> 8 & 0xfff, minor = (dev & 0xff) | (dev >> 12 & 0xfff00);

	if (!dev)
		buf[0] = 0;
	else if (major >= 136 && major <= 143)
		snprintf(buf, 16, "pts/%u", minor + (major - 136) * 256);
	else if (major == 4 && minor >= 64)
		snprintf(buf, 16, "ttyS%u", minor - 64);
	else if (major == 4)
		snprintf(buf, 16, "tty%u", minor);
	else
		snprintf(buf, 16, "%u:%u", major, minor);
	return buf;
}

const char *ins_dur__text(uint64_t ns, char buf[16])
{
	uint64_t s = ns / 1000000000u;

	if (ns < 1000)
		snprintf(buf, 16, "%uns", (unsigned)ns);
	else if (ns < 1000000)
		snprintf(buf, 16, ns < 99950 ? "%.1fus" : "%.0fus", (double)ns / 1e3);
	else if (ns < 999500000)
		snprintf(buf, 16, ns < 99950000 ? "%.1fms" : "%.0fms", (double)ns / 1e6);
	else if (ns < 59950000000u)
		snprintf(buf, 16, "%.1fs", (double)ns / 1e9);
	else if (s < 3600)
		snprintf(buf, 16, "%um%02u", (unsigned)(s / 60), (unsigned)(s % 60));
	else if (s < 86400)
		snprintf(buf, 16, "%uh%02um", (unsigned)(s / 3600), (unsigned)(s / 60 % 60));
	else if (s < 86400u * 1000)
		snprintf(buf, 16, "%ud%02uh", (unsigned)(s / 86400), (unsigned)(s / 3600 % 24));
	else
		snprintf(buf, 16, "%uy", (unsigned)(s / 31557600 > 9999 ? 9999 : s / 31557600));
	return buf;
}

const char *ins_short__text(uint64_t n, char buf[16])
{
	static const char units[] = "kMGTPE";
	double v = (double)n;
	int u = -1;

	if (n < 1000) {
		snprintf(buf, 16, "%u", (unsigned)n);
		return buf;
	}
	while (v >= 999.5 && u < 5) {
		v /= 1000;
		u++;
	}
	snprintf(buf, 16, v < 9.95 ? "%.1f%c" : "%.0f%c", v, units[u]);
	return buf;
}
