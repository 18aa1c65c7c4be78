// SPDX-License-Identifier: Apache-2.0
/*
 * syslog.*: what a process writes to the socket of the system's log, "<PRI>TEXT" (RFC 3164, 4.1.1).
 * Falco has given these fields up; a trace can answer them.
 */
#include "engine/field/field_internal.h"

static const char *const facilities[] = {
	"kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "clock",
	"authpriv", "ftp", "ntp", "logaudit", "logalert", "cron", "local0", "local1", "local2",
	"local3", "local4", "local5", "local6", "local7",
};
#define N_FACILITIES (sizeof(facilities) / sizeof(*facilities))

static const char *const severities[] = {
	"emerg", "alert", "crit", "err", "warn", "notice", "info", "debug",
};

/* The number between the brackets, at most three digits. The text is what follows. */
static bool parse(const struct fmt_str *s, unsigned *ret_pri, struct fmt_str *ret_text)
{
	unsigned pri = 0;
	uint32_t i = 1;

	if (s->len < 3 || s->p[0] != '<')
		return false;
	for (; i < s->len && i < 4 && s->p[i] >= '0' && s->p[i] <= '9'; i++)
		pri = pri * 10 + (unsigned)(s->p[i] - '0');
	if (i == 1 || i >= s->len || s->p[i] != '>')
		return false;
	*ret_pri = pri;
	*ret_text = (struct fmt_str){ .p = s->p + i + 1, .len = s->len - i - 1 };
	return true;
}

bool get_syslog(const struct eng_fref *ref, const struct eng_ctx *ctx, struct eng_vals *out)
{
	int data = ctx->ev->info->data_param;
	struct fmt_str bytes, text;
	unsigned pri;

	if (!ctx__is_syslog(ctx) || data < 0 ||
	    !fmt_ev__bytes(ctx->ev, (unsigned)data, &bytes) || !parse(&bytes, &pri, &text))
		return false;
	switch (ref->field->id) {
	case F_syslog_facility:
		return give_u64(out, pri >> 3);
	case F_syslog_facility_str:
		return give_text(out, pri >> 3 < N_FACILITIES ? facilities[pri >> 3] : "<NA>");
	case F_syslog_severity:
		return give_u64(out, pri & 7);
	case F_syslog_severity_str:
		return give_text(out, severities[pri & 7]);
	case F_syslog_message:
		return give_str(out, text.p, text.len);
	}
	return false;
}
