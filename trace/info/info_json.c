// SPDX-License-Identifier: Apache-2.0
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "format/base/text.h"
#include "trace/info/info.h"

/* One object on one line, times in ns since the epoch, sizes in bytes. Names are never changed. */

static void put_text(struct buf *b, const char *name, const char *value)
{
	buf__printf(b, ",\"%s\":\"", name);
	text__json(b, value, strlen(value));
	buf__puts(b, "\"");
}

static void put_u64(struct buf *b, const char *name, uint64_t v)
{
	buf__printf(b, ",\"%s\":%" PRIu64, name, v);
}

static void put_bool(struct buf *b, const char *name, bool v)
{
	buf__printf(b, ",\"%s\":%s", name, v ? "true" : "false");
}

static void put_meta(struct buf *b, const struct fmt_meta *m)
{
	put_text(b, "uuid", m->uuid);
	put_text(b, "hostname", m->hostname);
	put_text(b, "os", m->os);
	put_text(b, "kernel", m->kernel);
	put_text(b, "arch", m->arch);
	put_text(b, "tool", m->tool);
	put_text(b, "driver", m->driver);
	put_text(b, "command", m->command);
	put_text(b, "reason", m->reason);
	put_text(b, "made_from", m->made_from);
	put_text(b, "part_of", m->part_of);
	if (m->part)
		put_u64(b, "part", m->part);
	put_u64(b, "cpus", m->n_cpus);
	put_u64(b, "memory", m->memory);
	put_u64(b, "snaplen", m->snaplen);
	put_text(b, "snaplen_for", m->snaplen_for);
	put_u64(b, "boot_ns", m->boot_ns);
	put_u64(b, "start_ns", m->start_ns);
	buf__printf(b, ",\"utc_offset\":%d", m->utc_offset);
	put_bool(b, "noise", m->noise);
	if (m->no_durations)
		put_bool(b, "durations", false);
}

static void put_sizes(struct buf *b, const char *name, const struct info_size *s,
		      const char *(*kind)(unsigned), bool with_raw)
{
	const char *comma = "";

	buf__printf(b, ",\"%s\":{", name);
	for (unsigned k = 0; k < INFO_KINDS; k++) {
		if (!s[k].n)
			continue;
		buf__printf(b, "%s\"%s\":{\"n\":%" PRIu64, comma, k ? kind(k) : "unknown", s[k].n);
		if (with_raw)
			put_u64(b, "raw", s[k].raw);
		put_u64(b, "stored", s[k].stored);
		buf__puts(b, "}");
		comma = ",";
	}
	buf__puts(b, "}");
}

static void put_types(struct buf *b, const struct info *in)
{
	const char *comma = "";

	buf__puts(b, ",\"types\":{");
	for (unsigned t = 0; t < FMT_MAX_EVENTS; t++) {
		if (!in->types[t].n)
			continue;
		buf__printf(b, "%s\"%s\":{\"n\":%" PRIu64, comma, fmt_events[t].name, in->types[t].n);
		if (in->types[t].stored) {
			put_u64(b, "raw", in->types[t].raw);
			put_u64(b, "stored", in->types[t].stored);
		}
		buf__puts(b, "}");
		comma = ",";
	}
	buf__puts(b, "}");
}

static void put_containers(struct buf *b, const struct info *in)
{
	buf__puts(b, ",\"containers\":[");
	for (uint32_t k = 0; k < in->n_containers; k++) {
		const struct info_container *c = &in->containers[k];

		buf__printf(b, "%s{\"events\":%" PRIu64, k ? "," : "", c->events);
		put_u64(b, "processes", c->processes);
		put_text(b, "id", info__name(in, c->id));
		put_text(b, "name", info__name(in, c->name));
		put_text(b, "image", info__name(in, c->image));
		put_text(b, "runtime", info__name(in, c->runtime));
		put_u64(b, "start_ns", c->start_ns);
		put_bool(b, "ended", c->ended);
		buf__puts(b, "}");
	}
	buf__puts(b, "]");
}

/* containers: the first few of those where it ran; more: there were others. */
static void put_programs(struct buf *b, const struct info *in)
{
	buf__puts(b, ",\"programs\":[");
	for (uint32_t k = 0; k < in->n_programs; k++) {
		const struct info_program *p = &in->programs[k];

		buf__printf(b, "%s{\"n\":%" PRIu64, k ? "," : "", p->n);
		put_text(b, "path", info__name(in, p->path));
		put_bool(b, "host", p->host);
		buf__puts(b, ",\"containers\":[");
		for (uint32_t i = 0; i < p->n_containers && i < INFO_PROGRAM_CONTAINERS; i++) {
			const char *id = info__name(in, p->containers[i]);

			buf__puts(b, i ? ",\"" : "\"");
			text__json(b, id, strlen(id));
			buf__puts(b, "\"");
		}
		buf__puts(b, "]");
		put_bool(b, "more", p->n_containers > INFO_PROGRAM_CONTAINERS);
		buf__puts(b, "}");
	}
	buf__puts(b, "]");
	put_u64(b, "programs_left_out", in->programs_left_out);
}

static void put_columns(struct buf *b, const struct info *in)
{
	if (!in->n_columns)
		return;
	buf__puts(b, ",\"columns\":[");
	for (uint32_t k = 0; k < in->n_columns; k++) {
		const struct info_column *c = &in->columns[k];

		buf__printf(b, "%s{\"name\":\"%s\"", k ? "," : "", c->name);
		put_u64(b, "rows", c->rows);
		put_u64(b, "raw", c->raw);
		put_u64(b, "stored", c->stored);
		buf__puts(b, "}");
	}
	buf__puts(b, "]");
}

static void put_chunks(struct buf *b, const struct info *in)
{
	buf__printf(b, ",\"version\":\"%u.%u\"", in->pre.major, in->pre.minor);
	put_bool(b, "complete", in->complete);
	put_u64(b, "created_ns", in->pre.created);
	put_u64(b, "keyframe_rows", in->keyframe_rows);
	put_sizes(b, "chunks", in->chunks, chunk_kind__name, false);
	put_sizes(b, "sections", in->sections, section_kind__name, true);
}

void info__print_json(const struct info *in)
{
	struct buf b = { 0 };

	buf__puts(&b, "{\"file\":\"");
	text__json(&b, in->file, strlen(in->file));
	buf__puts(&b, "\"");
	put_u64(&b, "bytes", in->bytes);
	put_u64(&b, "damaged", in->damaged);
	put_meta(&b, &in->meta);
	for (unsigned k = 0; k < in->n_more; k++) {
		buf__printf(&b, "%s{\"origin\":%u", k ? "," : ",\"more\":[", k + 1);
		put_meta(&b, &in->more[k]);
		buf__puts(&b, "}");
	}
	buf__puts(&b, in->n_more ? "]" : "");
	put_u64(&b, "events", in->events);
	put_u64(&b, "context", in->context);
	put_u64(&b, "unknown_events", in->unknown_events);
	put_u64(&b, "first_ns", in->t_first);
	put_u64(&b, "last_ns", in->t_last);
	put_u64(&b, "lost", in->lost);
	put_u64(&b, "alerts", in->alerts);
	put_u64(&b, "processes", in->n_pids);
	put_containers(&b, in);
	put_programs(&b, in);
	if (in->has_chunks)
		put_chunks(&b, in);
	put_types(&b, in);
	put_columns(&b, in);
	buf__puts(&b, "}\n");
	fwrite(b.p, 1, b.len, stdout);
	buf__done(&b);
}
