// SPDX-License-Identifier: Apache-2.0
/* What the daemon says of itself. */
#include <string.h>
#include <unistd.h>

#include "capture/daemon/daemon_internal.h"
#include "format/base/cli.h"
#include "format/base/refusal.h"
#include "format/base/text.h"

struct recorded {
	struct cap_daemon *d;
	struct cap_recorder_stats *s;
};

static void take_stats(void *arg)
{
	struct recorded *r = arg;

	cap_recorder__stats(r->d->rec, r->s);
}

bool cap_daemon__recorded(struct cap_daemon *d, struct cap_recorder_stats *ret)
{
	return cap_post__call(&d->post, take_stats, &(struct recorded){ d, ret });
}

static void put_text(struct buf *out, const char *key, const char *s)
{
	buf__printf(out, ", \"%s\": \"", key);
	text__json(out, s, strlen(s));
	buf__u8(out, '"');
}

static void put_u64(struct buf *out, const char *key, uint64_t v)
{
	buf__printf(out, ", \"%s\": %llu", key, (unsigned long long)v);
}

static void put_time(struct buf *out, const char *key, uint64_t ns)
{
	char t[48];

	put_text(out, key, text__iso(ns, "Z", t));
}

static void put_priority(struct cap_daemon *d, struct buf *out)
{
	struct cap_priority p;

	cap_priority__of(getpid(), &p);	/* the first thread records */
	buf__printf(out, ", \"priority\": {\"policy\": \"%s\", \"realtime\": %d, \"nice\": %d", p.policy, p.realtime, p.nice);
	if (*d->realtime.refused)
		put_text(out, "refused", d->realtime.refused);
	buf__u8(out, '}');
}

static void put_ring(struct cap_daemon *d, struct buf *out)
{
	struct cap_ring_stats s;

	cap_ring__stats(d->ring, &s);
	buf__puts(out, ", \"ring\": {\"where\": \"");
	text__json(out, d->conf.ring.directory ? d->conf.ring.directory : "memory",
		   strlen(d->conf.ring.directory ? d->conf.ring.directory : "memory"));
	buf__u8(out, '"');
	put_u64(out, "bytes", s.bytes);
	put_u64(out, "max_bytes", s.max_bytes);
	put_u64(out, "segments", s.segments);
	put_u64(out, "span_ns", s.t_newest - s.t_oldest);
	put_u64(out, "lost_events", s.lost_events);
	put_u64(out, "failures", s.failures);
	buf__u8(out, '}');
}

static void put_memory(struct cap_daemon *d, struct buf *out)
{
	const struct cap_daemon_memory m = cap_daemon__memory(d);

	put_u64(out, "memory_bytes", m.process + m.buffers + m.ring);
	buf__printf(out, ", \"memory\": {\"process\": %llu, \"buffers\": %llu, \"ring\": %llu}", (unsigned long long)m.process,
		    (unsigned long long)m.buffers, (unsigned long long)m.ring);
}

static void put_rules(struct cap_daemon *d, struct buf *out)
{
	buf__printf(out, ", \"rules\": {\"loaded\": %u", d->n_rules);
	put_time(out, "since", d->rules_loaded_ns);
	if (d->reload_error[0])
		put_text(out, "reload_error", d->reload_error);
	if (d->reload_note[0])
		put_text(out, "reload_note", d->reload_note);
	buf__u8(out, '}');
}

static void put_files(struct cap_daemon *d, struct buf *out)
{
	struct cap_keep_stats s;

	if (!d->keep)
		return;
	cap_keep__stats(d->keep, &s);
	buf__puts(out, ", \"files\": {\"directory\": \"");
	text__json(out, d->conf.files.directory, strlen(d->conf.files.directory));
	buf__u8(out, '"');
	put_u64(out, "open", s.open);
	put_u64(out, "waiting", s.waiting);
	put_u64(out, "complete", s.complete);
	put_u64(out, "failed", s.failed);
	put_u64(out, "refused", s.refused_rate + s.refused_busy + s.refused_space);
	put_u64(out, "deleted", s.deleted_files);
	put_u64(out, "slowest_ns", s.slowest_ns);
	buf__u8(out, '}');
}

static void put_outputs(struct cap_daemon *d, struct buf *out)
{
	buf__puts(out, ", \"outputs\": [");
	for (unsigned i = 0; i < cap_outputs__n(d->outputs); i++) {
		struct cap_out_counts c;

		cap_outputs__counts(d->outputs, i, &c);
		buf__puts(out, i ? ", {\"name\": \"" : "{\"name\": \"");
		text__json(out, cap_outputs__name(d->outputs, i), strlen(cap_outputs__name(d->outputs, i)));
		buf__u8(out, '"');
		put_u64(out, "delivered", c.delivered);
		put_u64(out, "waiting", c.waiting);
		put_u64(out, "lost", c.dropped + c.refused + c.given_up + c.damaged);
		buf__printf(out, ", \"failing\": %s}", c.failing ? "true" : "false");
	}
	buf__u8(out, ']');
}

static void put_http(struct cap_daemon *d, struct buf *out)
{
	if (!d->serve)
		return;
	buf__puts(out, ", \"http\": {\"listen\": \"");
	text__json(out, d->conf.http.listen, strlen(d->conf.http.listen));
	buf__printf(out, "\", \"port\": %u}", cap_serve__port(d->serve));
}

void cap_daemon__status(struct cap_daemon *d, struct buf *out)
{
	struct cap_recorder_stats s = { 0 };
	bool recording = cap_daemon__recorded(d, &s);

	buf__printf(out, "{\"ok\": true, \"recording\": %s", recording ? "true" : "false");
	put_text(out, "version", spoor_version);
	put_u64(out, "pid", (uint64_t)getpid());
	put_text(out, "host", d->host);
	if (d->own)
		put_text(out, "container", d->own);
	put_text(out, "config", d->config_path);
	put_time(out, "since", d->started_ns);
	put_u64(out, "events", s.events);
	put_u64(out, "lost", s.lost);
	put_u64(out, "late", s.late.n);
	put_u64(out, "latest_ns", s.late.most_ns);
	put_u64(out, "longest_pause_ns", s.longest_pause_ns);
	put_u64(out, "longest_round_ns", d->longest_round);
	put_priority(d, out);
	put_u64(out, "refused_calls", refusal__n());
	put_u64(out, "alerts", d->alerts);
	put_u64(out, "cpu_ns", cap_daemon__processor_ns());
	put_memory(d, out);
	put_rules(d, out);
	put_ring(d, out);
	put_files(d, out);
	put_outputs(d, out);
	put_http(d, out);
	if (d->playbooks) {
		buf__puts(out, ", \"playbooks\": {");
		cap_playbooks__status(d->playbooks, out);
		buf__u8(out, '}');
	}
	buf__u8(out, '}');
}
