// SPDX-License-Identifier: Apache-2.0
/* events-md - writes format/EVENTS.md, the readable form of events.def and flags.def, to stdout. */
#include "format/schema/schema.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const char *const collectors[FMT_MAX_EVENTS] = {
#define EVENT(id, name, cat, flags, coll, doc) [id] = #coll,
#define FIELD(ev, name, type, base, group, src, doc)
#define END(ev)
#include "format/schema/events.def"
#undef EVENT
#undef FIELD
#undef END
};

static const char *const categories[FMT_MAX_EVENTS] = {
#define EVENT(id, name, cat, flags, coll, doc) [id] = #cat,
#define FIELD(ev, name, type, base, group, src, doc)
#define END(ev)
#include "format/schema/events.def"
#undef EVENT
#undef FIELD
#undef END
};

static const char *const group_docs[GROUP__N] = {
#define GROUP(name, kind, doc) [GROUP_##name] = doc,
#define SYM(group, name, value, mask, native)
#include "format/schema/flags.def"
#undef GROUP
#undef SYM
};

static const struct { uint32_t flag; const char *text; } flag_texts[] = {
	{ EF_NOISE, "noise" }, { EF_STATE, "changes state" }, { EF_OPENS_FD, "opens a descriptor" },
	{ EF_CLOSES_FD, "closes a descriptor" }, { EF_USES_FD, "works on a descriptor" },
	{ EF_READS, "reads" }, { EF_WRITES, "writes" }, { EF_PAYLOAD, "carries bytes" },
	{ EF_WAITS, "may wait" }, { EF_INTERNAL, "internal" }, { EF_KEYFRAME, "keyframe row" },
	{ EF_RAW, "raw arguments" },
};

static const char *const src_names[] = {
	"result", "A0", "A1", "A2", "A3", "A4", "A5", "S0", "S1", "S2", "S3", "S4", "S5", "collector",
	"state",
};

static const char intro[] =
	"# Events\n"
	"\n"
	"Made from `format/schema/events.def` and `flags.def` by `make events-md`: change those.\n"
	"\n"
	"The number before a name is the event's id; that of a system call is its x86-64 number. The\n"
	"name is `evt.type`, a parameter is `evt.arg.NAME`. *Noise* is recorded only if asked for, and\n"
	"else counted; *internal* events are not listed unless asked for.\n"
	"\n"
	"Where a parameter comes from: *result*, the call's return value; *A0* to *A5*, an argument as\n"
	"passed; *S0* to *S5*, the string that an argument points at; *collector*, the function that the\n"
	"event names; *state*, not recorded but known from earlier events. Types are named as in Falco's\n"
	"tables; `/hex` and `/oct` say how a number is printed; `<name>` is a group of symbols, at the\n"
	"end of this file; `@name` is the directory that a path is relative to.\n";

static const char *section_of(unsigned id)
{
	if (id < FMT_URING_BASE)
		return "System calls";
	if (fmt_events[id].flags & EF_URING)
		return "io_uring operations";
	if (fmt_events[id].flags & EF_KEYFRAME)
		return "Rows of keyframes";
	return id > EV_state_iface ? "System calls that x86-64 does not have" : "Other events";
}

static void param__print(const struct fmt_event_info *ev, const struct fmt_param *p)
{
	static const char *const bases[] = { "", "/hex", "/oct" };

	printf("| %s | %s%s", p->name, fmt_ptype_names[p->type], bases[p->base]);
	if (p->group)
		printf(" `<%s>`", fmt_groups[p->group].name);
	if (p->dirfd >= 0)
		printf(" `@%s`", ev->params[p->dirfd].name);
	printf(" | %s | %s |\n", src_names[p->src], p->doc);
}

static void event__print(const struct fmt_event_info *ev)
{
	const char *sep = "";

	printf("\n### %u %s\n\n%s\n\nCategory %s", ev->id, ev->name, ev->doc, categories[ev->id]);
	if (ev->flags & (EF_SYSCALL | EF_URING))
		printf(", collector `%s`", collectors[ev->id]);
	for (size_t i = 0; i < sizeof(flag_texts) / sizeof(flag_texts[0]); i++) {
		if (ev->flags & flag_texts[i].flag) {
			printf("%s%s", *sep ? sep : "; ", flag_texts[i].text);
			sep = ", ";
		}
	}
	printf(".\n\n| parameter | type | from | |\n|---|---|---|---|\n");
	for (unsigned i = 0; i < ev->n_params; i++)
		param__print(ev, &ev->params[i]);
}

static void group__print(unsigned g)
{
	const struct fmt_group_info *gi = &fmt_groups[g];

	printf("\n### %s\n\n%s (%s)\n\n| symbol | stored | kernel |\n|---|---|---|\n", gi->name,
	       group_docs[g], gi->is_enum ? "enumeration" : "flags");
	for (unsigned i = 0; i < gi->n; i++) {
		const struct fmt_sym *s = &gi->syms[i];

		printf(gi->is_enum ? "| %s | %" PRIu32 " | " : "| %s | 0x%" PRIx32 " | ", s->name,
		       s->value);
		if (!s->mask)
			printf(gi->is_enum ? "all others" : "-");
		else if (gi->is_enum)
			printf("%" PRIu64, s->native);
		else if (s->native > UINT32_MAX && !(g == GROUP_clone_flags && s->native >> 34 == 0))
			printf("-");
		else
			printf("0x%" PRIx64, s->native);
		if (!gi->is_enum && s->mask && s->mask != s->native)
			printf(" of 0x%" PRIx64, s->mask);
		printf(" |\n");
	}
}

int main(void)
{
	const char *section = "";

	fputs(intro, stdout);
	for (unsigned id = 0; id < FMT_MAX_EVENTS; id++) {
		if (!fmt_event(id))
			continue;
		if (strcmp(section, section_of(id))) {
			section = section_of(id);
			printf("\n## %s\n", section);
		}
		event__print(fmt_event(id));
	}
	printf("\n## Groups of symbols\n\n"
	       "A dash in the kernel's column: no caller can pass it, the collector finds it out.\n");
	for (unsigned g = GROUP_NONE + 1; g < GROUP__N; g++)
		group__print(g);
	return fflush(stdout) || ferror(stdout);
}
