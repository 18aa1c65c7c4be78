// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "format/base/text.h"
#include "trace/info/info.h"
#include "trace/tool_error.h"

#define LABEL 12
#define MAX_COLUMNS 30u
#define MAX_CONTAINERS 30u
#define MAX_PROGRAMS 30u
#define MAX_WHERE 3u		/* containers said of one program */

static void print_safe(const char *s)
{
	text__print(stdout, s);
}

static void label(const char *name)
{
	printf("%-*s", LABEL, name);
}

static void print_line(const char *name, const char *value)
{
	if (!*value)
		return;
	label(name);
	print_safe(value);
	putchar('\n');
}

static void print_file(const struct info *in)
{
	char size[32];

	if (!in->has_chunks) {
		label("recording");
		print_safe(in->file);
		if (in->bytes)
			printf(": %s", text__size(in->bytes, size));
		if (in->events && in->bytes)
			printf(", %.2f bytes an event", (double)in->bytes / (double)in->events);
	} else {
		label("trace");
		print_safe(in->file);
		printf(": version %u.%u, %s", in->pre.major, in->pre.minor,
		       in->complete ? "closed in order" : "not closed");
	}
	if (in->damaged)
		printf(", damaged in %llu places", (unsigned long long)in->damaged);
	putchar('\n');
	print_line("uuid", in->meta.uuid);
	print_line("made from", in->meta.made_from);
	if (*in->meta.part_of) {
		label("part");
		if (in->meta.part)
			printf("%llu of recording ", (unsigned long long)in->meta.part);
		print_safe(in->meta.part_of);
		putchar('\n');
	}
}

static void print_machine(const struct fmt_meta *m)
{
	char size[32], when[48];

	if (m->start_ns) {
		label("recorded");
		printf("%s\n", text__iso(m->start_ns, "Z", when));
	}
	print_line("host", m->hostname);
	print_line("system", m->os);
	if (*m->kernel || *m->arch || m->n_cpus) {
		label("kernel");
		print_safe(m->kernel);
		printf("%s", *m->kernel && *m->arch ? ", " : "");
		print_safe(m->arch);
		if (m->n_cpus)
			printf("%s%u processors", *m->kernel || *m->arch ? ", " : "", m->n_cpus);
		if (m->memory)
			printf(", %s", text__size(m->memory, size));
		putchar('\n');
	}
	if (m->boot_ns) {
		label("booted");
		printf("%s\n", text__iso(m->boot_ns, "Z", when));
	}
	if (*m->tool || *m->driver) {
		label("by");
		print_safe(m->tool);
		printf("%s", *m->driver ? ", driver " : "");
		print_safe(m->driver);
		if (m->snaplen)
			printf(", first %u bytes of data", m->snaplen);
		if (*m->snaplen_for)
			printf("%s, except ", m->snaplen ? "" : ", no data");
		print_safe(m->snaplen_for);
		printf("%s%s\n", m->noise ? ", with noise" : "", m->no_durations ? ", without durations of calls" : "");
	}
	print_line("command", m->command);
	print_line("reason", m->reason);
}

static void print_events(const struct info *in)
{
	char a[48], b[48], c[32], n[32];
	double seconds = (double)(in->t_last - in->t_first) / 1e9;

	label("events");
	printf("%s", text__count(in->events, n));
	if (in->events > 1 && in->t_last > in->t_first)
		printf(" in %s (%s a second)", text__duration(in->t_last - in->t_first, a),
		       text__count((uint64_t)((double)in->events / seconds), c));
	putchar('\n');
	if (in->context) {
		label("context");
		printf("%s events that the others cannot be understood without\n", text__count(in->context, n));
	}
	if (in->events) {
		label("from, to");
		printf("%s, %s\n", text__iso(in->t_first, "Z", a), text__iso(in->t_last, "Z", b));
	}
	label("lost");
	printf("%s\n", text__count(in->lost, n));
	if (in->unknown_events) {
		label("unknown");
		printf("%s events of kinds that this version does not know\n", text__count(in->unknown_events, n));
	}
	label("alerts");
	printf("%s\n", text__count(in->alerts, n));
	label("processes");
	printf("%s\n", text__count(in->n_pids, n));
}

static void print_containers(const struct info *in)
{
	char n[32], p[32];

	if (!in->n_containers)
		return;
	printf("\n  %-14s %14s %10s  %s\n", "containers", "events", "processes", "name, image");
	for (uint32_t k = 0; k < in->n_containers && k < MAX_CONTAINERS; k++) {
		const struct info_container *c = &in->containers[k];

		fputs("  ", stdout);
		print_safe(info__name(in, c->id));
		printf("%*s %14s %10s  ", (int)(strlen(info__name(in, c->id)) < 14 ? 14 - strlen(info__name(in, c->id)) : 0), "",
		       text__count(c->events, n), text__count(c->processes, p));
		print_safe(info__name(in, c->name));
		printf("%s", c->name && c->image ? ", " : "");
		print_safe(info__name(in, c->image));
		printf("%s\n", c->ended ? " (ended)" : "");
	}
	if (in->n_containers > MAX_CONTAINERS)
		printf("  and %u more ('-o json' has all)\n", in->n_containers - MAX_CONTAINERS);
}

static void print_programs(const struct info *in)
{
	char n[32];

	if (!in->n_programs)
		return;
	printf("\n  %-14s %14s  %s\n", "programs", "n", "where");
	for (uint32_t k = 0; k < in->n_programs && k < MAX_PROGRAMS; k++) {
		const struct info_program *p = &in->programs[k];
		const char *sep = "";

		printf("  %-14s %14s  ", "", text__count(p->n, n));
		print_safe(info__name(in, p->path));
		fputs(in->n_containers ? " (" : "", stdout);
		for (uint32_t i = 0; i < p->n_containers && i < MAX_WHERE; i++, sep = ", ") {
			fputs(sep, stdout);
			print_safe(info__name(in, p->containers[i]));
		}
		if (p->n_containers > MAX_WHERE)
			fputs(", ...", stdout);
		if (in->n_containers)
			printf("%s%s)", p->host ? sep : "", p->host ? "host" : "");
		putchar('\n');
	}
	if (in->n_programs > MAX_PROGRAMS)
		printf("  and %u more ('-o json' has all)\n", in->n_programs - MAX_PROGRAMS);
}

static void print_sizes(const struct info *in)
{
	char size[32], raw_text[32], stored[32];
	uint64_t raw = 0, packed = 0, chunks = 0;

	for (unsigned k = 0; k < INFO_KINDS; k++) {
		raw += in->sections[k].raw;
		packed += in->sections[k].stored;
		chunks += in->chunks[k].n;
	}
	putchar('\n');
	label("size");
	printf("%s in %llu chunks", text__size(in->bytes, size), (unsigned long long)chunks);
	if (in->events)
		printf(", %.2f bytes an event", (double)in->bytes / (double)in->events);
	if (packed)
		printf(", compressed to 1/%.1f", (double)raw / (double)packed);
	putchar('\n');
	printf("\n  %-14s %8s %12s %12s %9s\n", "chunks", "n", "", "stored", "B/event");
	for (unsigned k = 1; k <= INFO_KINDS; k++) {
		const struct info_size *s = &in->chunks[k % INFO_KINDS];

		if (s->n)
			printf("  %-14s %8llu %12s %12s %9.2f\n", k < INFO_KINDS ? chunk_kind__name(k) : "unknown",
			       (unsigned long long)s->n, "", text__size(s->stored, size),
			       in->events ? (double)s->stored / (double)in->events : 0);
	}
	printf("\n  %-14s %8s %12s %12s %9s\n", "sections", "n", "raw", "stored", "B/event");
	for (unsigned k = 1; k <= INFO_KINDS; k++) {
		const struct info_size *s = &in->sections[k % INFO_KINDS];

		if (s->n)
			printf("  %-14s %8llu %12s %12s %9.2f\n", k < INFO_KINDS ? section_kind__name(k) : "unknown",
			       (unsigned long long)s->n, text__size(s->raw, raw_text), text__size(s->stored, stored),
			       in->events ? (double)s->stored / (double)in->events : 0);
	}
	printf("  %-14s %8s %12s %12s %9.2f\n", "all", "", text__size(raw, raw_text), text__size(packed, stored),
	       in->events ? (double)packed / (double)in->events : 0);
}

static const struct info *sort_in;

static int by_count(const void *a, const void *b)
{
	unsigned x = *(const unsigned *)a, y = *(const unsigned *)b;
	uint64_t nx = sort_in->types[x].n, ny = sort_in->types[y].n;

	return nx != ny ? (nx < ny ? 1 : -1) : x < y ? -1 : 1;
}

static void print_types(const struct info *in)
{
	unsigned order[FMT_MAX_EVENTS], n = 0;
	char count[32], size[32];

	for (unsigned t = 0; t < FMT_MAX_EVENTS; t++)
		if (in->types[t].n)
			order[n++] = t;
	if (!n)
		return;
	sort_in = in;
	qsort(order, n, sizeof(*order), by_count);
	printf("\n  %-24s %14s %7s %14s\n", "events", "n", "%", in->has_chunks ? "own columns" : "");
	for (unsigned k = 0; k < n; k++) {
		const struct info_size *s = &in->types[order[k]];

		printf("  %-24s %14s %7.2f %14s\n", fmt_events[order[k]].name, text__count(s->n, count),
		       100.0 * (double)s->n / (double)in->events,
		       s->stored ? text__size(s->stored, size) : in->has_chunks ? "shared" : "");
	}
}

static void print_columns(const struct info *in)
{
	char raw[32], stored[32];

	if (!in->n_columns)
		return;
	printf("\n  %-32s %12s %12s %9s %9s\n", "columns, each compressed alone", "raw", "stored", "B/event", "bits/row");
	for (uint32_t k = 0; k < in->n_columns && k < MAX_COLUMNS && in->columns[k].stored; k++) {
		const struct info_column *c = &in->columns[k];

		printf("  %-32s %12s %12s %9.3f %9.2f\n", c->name, text__size(c->raw, raw),
		       text__size(c->stored, stored), in->events ? (double)c->stored / (double)in->events : 0,
		       c->rows ? 8.0 * (double)c->stored / (double)c->rows : 0);
	}
}

void info__print_text(const struct info *in)
{
	print_file(in);
	print_machine(&in->meta);
	for (unsigned k = 0; k < in->n_more; k++) {
		printf("\nand another recording\n");
		print_machine(&in->more[k]);
	}
	if (in->n_more)
		putchar('\n');
	print_events(in);
	print_containers(in);
	print_programs(in);
	if (in->has_chunks)
		print_sizes(in);
	print_types(in);
	print_columns(in);
}
