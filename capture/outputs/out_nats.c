// SPDX-License-Identifier: Apache-2.0
/*
 * Alerts to NATS. The library's own reconnecting is not used: it keeps what is published meanwhile in its memory, where a
 * crash loses it. Here a batch counts as delivered when the server has answered a PING behind it; else it is published again over
 * a new connection. The header Nats-Msg-Id lets JetStream leave out what comes twice.
 *
 * The library can be told how long something may take, not to end it. The end of the recorder does not wait for that: a connection is made
 * by a thread that can be left alone, an answer is waited for in small steps, and a write has a short deadline.
 */
#include <ctype.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <nats/nats.h>

#include "capture/outputs/out_output.h"
#include "capture/thread.h"
#include "engine/config/config.h"

#define DEFAULT_SUBJECT "falco.{priority}.{rule}"
#define SUBJECT_MAX 512
#define LOOK_NS 10000000ull		/* between two looks whether there is a connection */
#define STEP_MS 200			/* how late the end may be seen while an answer is waited for */
#define WRITE_NS 2000000000ull		/* how long the server may take nothing */

struct publisher {
	natsConnection *nc;
	char *urls;			/* the list, cut into pieces */
	const char *servers[16];
	int n_servers;
	struct buf subject;
};

/* --- Subjects ------------------------------------------------------------------------------------ */

/* Lower case, everything else than letters and digits one '_': what a subject can hold, whatever a rule is called. */
static void add_slug(struct buf *out, const char *s, const char *empty)
{
	size_t from = out->len;
	bool gap = false;

	for (; *s; s++) {
		if (!isalnum((unsigned char)*s) || (unsigned char)*s >= 0x80) {
			gap = true;
			continue;
		}
		if (gap && out->len > from)
			buf__u8(out, '_');
		gap = false;
		buf__u8(out, (uint8_t)tolower((unsigned char)*s));
	}
	if (out->len == from)
		buf__puts(out, empty);
}

/* One {name} of the template; false if there is no such name. */
static bool add_part(struct buf *out, const char *name, size_t n, const struct out_record *r)
{
	static const char *const names[] = { "priority", "rule", "source", "container" };
	const char *const values[] = {
		r ? eng_priority__name(r->priority) : "", r ? r->rule : "", r ? r->source : "", r ? r->container : ""
	};

	for (int i = 0; i < 4; i++)
		if (strlen(names[i]) == n && !memcmp(names[i], name, n)) {
			add_slug(out, values[i], i == 3 ? "host" : "unknown");
			return true;
		}
	return false;
}

/* r may be NULL, to see whether the template is right. */
static bool make_subject(const char *template, const struct out_record *r, struct buf *out)
{
	out->len = 0;
	for (const char *t = template; *t; t++) {
		const char *end = *t == '{' ? strchr(t, '}') : NULL;

		if (*t == '{') {
			if (!end || !add_part(out, t + 1, (size_t)(end - t - 1), r))
				return false;
			t = end;
		} else if (isalnum((unsigned char)*t) || strchr("-_.", *t)) {
			buf__u8(out, (uint8_t)*t);
		} else {
			return false;
		}
	}
	buf__u8(out, 0);
	return true;
}

static int check_subject(struct publisher *p, const char *template, struct err *err)
{
	const char *s;

	if (strlen(template) < SUBJECT_MAX && make_subject(template, NULL, &p->subject)) {
		s = (char *)p->subject.p;
		if (*s && *s != '.' && s[strlen(s) - 1] != '.' && !strstr(s, ".."))
			return 0;
	}
	return err__set(err, -EINVAL, "'%s' is no subject: words of letters, digits, '-' and '_' with dots between them, and "
			"{priority}, {rule}, {source}, {container}", template);
}

/* --- Connecting ---------------------------------------------------------------------------------- */

static int nats__open(struct output *o, struct err *err)
{
	struct publisher *p = xcalloc(1, sizeof(*p));
	char *save = NULL;

	o->state = p;
	if (!o->o.url)
		return err__set(err, -EINVAL, "output '%s': nats needs a url", o->o.name);
	if (!o->o.subject)
		o->o.subject = DEFAULT_SUBJECT;
	p->urls = xstrdup(o->o.url);
	for (char *u = strtok_r(p->urls, ", ", &save); u; u = strtok_r(NULL, ", ", &save)) {
		if (strncmp(u, "nats://", 7) && strncmp(u, "tls://", 6))
			return err__set(err, -EINVAL, "output '%s': a url of nats begins with nats:// or tls://", o->o.name);
		if (p->n_servers == (int)(sizeof(p->servers) / sizeof(*p->servers)))
			return err__set(err, -FMT_E_LIMIT, "output '%s': too many servers", o->o.name);
		p->servers[p->n_servers++] = u;
	}
	if (!p->n_servers)
		return err__set(err, -EINVAL, "output '%s': nats needs a url", o->o.name);
	return check_subject(p, o->o.subject, err);
}

/* What the server complains of is asked for at the flush; without a handler the library prints it. */
static void on_error(natsConnection *nc, natsSubscription *sub, natsStatus s, void *arg)
{
	(void)nc, (void)sub, (void)s, (void)arg;
}

/* The host of a URL; the library checks the name in the certificate only if it is told which. */
static void host_of(const char *url, char host[256])
{
	const char *at = strrchr(url, '@'), *from = at ? at + 1 : strstr(url, "://") + 3;
	size_t n;

	if (*from == '[')
		n = strcspn(++from, "]");
	else
		n = strcspn(from, ":/");
	if (n > 255)
		n = 255;
	memcpy(host, from, n);
	host[n] = 0;
}

static natsStatus set_tls(const struct output *o, const char *url, natsOptions *opts)
{
	const struct cap_http_opts *h = &o->o.http;
	natsStatus s;
	char host[256];

	if (strncmp(url, "tls://", 6) && !h->ca.file && !h->cert.file)
		return NATS_OK;
	s = natsOptions_SetSecure(opts, true);
	host_of(url, host);
	if (s == NATS_OK)
		s = h->no_verify ? natsOptions_SkipServerVerification(opts, true)
				 : natsOptions_SetExpectedHostname(opts, host);
	if (s == NATS_OK && h->ca.file)
		s = natsOptions_LoadCATrustedCertificates(opts, h->ca.file);
	if (s == NATS_OK && h->cert.file)
		s = natsOptions_LoadCertificatesChain(opts, h->cert.file, h->key.file ? h->key.file : h->cert.file);
	return s;
}

static int set_login(const struct output *o, natsOptions *opts, struct err *err)
{
	natsStatus s = NATS_OK;
	char *secret = NULL;
	int rc = 0;

	if (o->o.http.token_file || o->o.password_file)
		rc = cfg_secret__read(o->o.http.token_file ? o->o.http.token_file : o->o.password_file, &secret, err);
	if (rc)
		return rc;
	if (o->o.http.token_file)
		s = natsOptions_SetToken(opts, secret);
	else if (o->o.user)
		s = natsOptions_SetUserInfo(opts, o->o.user, secret ? secret : "");
	if (s == NATS_OK && o->o.creds_file)
		s = natsOptions_SetUserCredentialsFromFiles(opts, o->o.creds_file, NULL);
	if (secret)
		explicit_bzero(secret, strlen(secret));
	free(secret);
	return s == NATS_OK ? 0 : err__set(err, -EINVAL, "%s", natsStatus_GetText(s));
}

/* A connection in the making: the thread that makes it, and whoever waits for it unless he has gone. */
struct dial {
	pthread_mutex_t lock;
	natsOptions *opts;
	natsConnection *nc;
	natsStatus status;
	char why[256];
	bool done, left;
};

static void dial__free(struct dial *d)
{
	natsConnection_Destroy(d->nc);
	natsOptions_Destroy(d->opts);
	pthread_mutex_destroy(&d->lock);
	free(d);
}

static void *dial__thread(void *arg)
{
	struct dial *d = arg;
	natsConnection *nc = NULL;
	natsStatus s = natsConnection_Connect(&nc, d->opts);
	const char *why = s == NATS_OK ? NULL : nats_GetLastError(NULL);
	bool left;

	pthread_mutex_lock(&d->lock);
	d->nc = nc;
	d->status = s;
	snprintf(d->why, sizeof(d->why), "%s", why ? why : "");
	d->done = true;
	left = d->left;
	pthread_mutex_unlock(&d->lock);
	if (left)
		dial__free(d);
	return NULL;
}

/* False: the end has come first, and the thread sees to what is left. */
static bool dial__wait(struct output *o, struct dial *d)
{
	bool done;

	pthread_mutex_lock(&o->lock);
	for (;;) {
		pthread_mutex_lock(&d->lock);
		done = d->done;
		d->left = !done && atomic_load(&o->abandon);
		pthread_mutex_unlock(&d->lock);
		if (done || d->left)
			break;
		out_wait(o, out_now() + LOOK_NS);
	}
	pthread_mutex_unlock(&o->lock);
	return done;
}

/* 0, or negative with err. opts become the callee's. */
static int dial(struct output *o, struct publisher *p, natsOptions *opts, struct err *err)
{
	struct dial *d = xcalloc(1, sizeof(*d));
	int rc;

	d->opts = opts;
	pthread_mutex_init(&d->lock, NULL);
	rc = cap_thread__start_alone(0, dial__thread, d);
	if (rc) {
		dial__free(d);
		return err__set(err, rc, "nats: no thread to connect: %s", strerror(-rc));
	}
	if (!dial__wait(o, d))
		return err__set(err, -ECANCELED, "nats: not connected when the output ended");
	if (d->status == NATS_OK) {
		p->nc = d->nc;
		d->nc = NULL;
	} else {
		rc = err__set(err, -EIO, "nats: %s%s%s", natsStatus_GetText(d->status), *d->why ? ": " : "", d->why);
	}
	dial__free(d);
	return rc;
}

/* 0, or negative with err. */
static int connect_one(struct output *o, struct publisher *p, const char *url, struct err *err)
{
	uint64_t write_ns = o->o.timeout_ns < WRITE_NS ? o->o.timeout_ns : WRITE_NS;
	natsOptions *opts = NULL;
	natsStatus s = natsOptions_Create(&opts);
	int rc = 0;

	if (s == NATS_OK)
		s = natsOptions_SetURL(opts, url);
	if (s == NATS_OK)
		s = natsOptions_SetAllowReconnect(opts, false);
	if (s == NATS_OK)
		s = natsOptions_SetTimeout(opts, (int64_t)(o->o.timeout_ns / 1000000));
	if (s == NATS_OK)
		s = natsOptions_SetWriteDeadline(opts, (int64_t)(write_ns / 1000000));
	if (s == NATS_OK)
		s = natsOptions_SetName(opts, "spoor");
	if (s == NATS_OK)
		s = natsOptions_SetErrorHandler(opts, on_error, NULL);
	if (s == NATS_OK)
		s = set_tls(o, url, opts);
	if (s == NATS_OK)
		rc = set_login(o, opts, err);
	if (s == NATS_OK && !rc)
		return dial(o, p, opts, err);
	natsOptions_Destroy(opts);
	if (s != NATS_OK) {
		const char *more = nats_GetLastError(NULL);

		rc = err__set(err, -EIO, "nats: %s%s%s", natsStatus_GetText(s), more && *more ? ": " : "", more ? more : "");
	}
	return rc;
}

/* The first server that answers; err is of the last that does not. */
static int publisher__connect(struct output *o, struct publisher *p, struct err *err)
{
	int rc = -EIO;

	for (int i = 0; i < p->n_servers && rc && !atomic_load(&o->abandon); i++) {
		*err = (struct err){ 0 };
		rc = connect_one(o, p, p->servers[i], err);
	}
	return rc;
}

static void hang_up(struct publisher *p)
{
	natsConnection_Destroy(p->nc);
	p->nc = NULL;
}

/* --- Delivering ---------------------------------------------------------------------------------- */

static natsStatus publish(struct publisher *p, const struct out_record *r)
{
	natsMsg *m = NULL;
	natsStatus s = natsMsg_Create(&m, (char *)p->subject.p, NULL, r->json, (int)r->json_len);

	if (s == NATS_OK && natsConnection_HasHeaderSupport(p->nc) == NATS_OK)
		s = natsMsgHeader_Set(m, "Nats-Msg-Id", r->id);
	if (s == NATS_OK)
		s = natsConnection_PublishMsg(p->nc, m);
	natsMsg_Destroy(m);
	return s;
}

static enum out_verdict nats__deliver(struct output *o, const struct out_record *r, struct out_try *t)
{
	struct publisher *p = o->state;
	struct err err = { 0 };
	natsStatus s;

	if (!p->nc && publisher__connect(o, p, &err))
		return out_try__say(t, OUT_RETRY, "%s", err.msg);
	make_subject(o->o.subject, r, &p->subject);
	s = publish(p, r);
	if (s == NATS_OK)
		return OUT_OK;
	if (s == NATS_MAX_PAYLOAD)
		return out_try__say(t, OUT_REFUSED, "nats: larger than the server takes");
	hang_up(p);
	return out_try__say(t, OUT_RETRY, "nats: %s", natsStatus_GetText(s));
}

static int64_t step_ms(uint64_t now, uint64_t until)
{
	uint64_t ms = until > now ? (until - now) / 1000000 : 0;

	return ms < STEP_MS ? (int64_t)ms + 1 : STEP_MS;
}

/* Until the server has answered, the time is over, or the end has come. */
static natsStatus wait_for_answer(struct output *o, struct publisher *p)
{
	uint64_t until = out_now() + o->o.timeout_ns;
	natsStatus s;

	do
		s = natsConnection_FlushTimeout(p->nc, step_ms(out_now(), until));
	while (s == NATS_TIMEOUT && !atomic_load(&o->abandon) && out_now() < until);
	return s;
}

static enum out_verdict nats__flush(struct output *o, struct out_try *t)
{
	struct publisher *p = o->state;
	natsStatus s = NATS_CONNECTION_CLOSED;
	const char *text = NULL;

	if (p->nc)
		s = wait_for_answer(o, p);
	if (s == NATS_OK)	/* a subject that we may not publish to: the connection goes on, the alert does not */
		s = natsConnection_GetLastError(p->nc, &text);
	if (s == NATS_OK)
		return OUT_OK;
	out_try__say(t, OUT_RETRY, "nats: %s%s%s", natsStatus_GetText(s), text && *text ? ": " : "", text ? text : "");
	hang_up(p);
	return OUT_RETRY;
}

static void nats__close(struct output *o)
{
	struct publisher *p = o->state;

	if (!p)
		return;
	hang_up(p);
	buf__done(&p->subject);
	free(p->urls);
	free(p);
}

const struct out_ops out_nats_ops = {
	.open = nats__open, .deliver = nats__deliver, .flush = nats__flush, .close = nats__close
};
