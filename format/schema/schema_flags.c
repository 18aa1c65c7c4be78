// SPDX-License-Identifier: Apache-2.0
/* Flag and enumeration groups, made from flags.def: the kernel's words to stored ones, and text. */
#include "format/schema/schema.h"

#include <string.h>

/* One array of symbols for each group: a GROUP line ends the array before it. */
static const struct fmt_sym syms_none[] = {
#define GROUP(name_, kind_, doc_) }; static const struct fmt_sym syms_##name_[] = {
#define SYM(group_, name_, value_, mask_, native_) { #name_, value_, mask_, native_ },
#include "flags.def"
#undef GROUP
#undef SYM
};

#define KIND_flags false
#define KIND_enum true

const struct fmt_group_info fmt_groups[GROUP__N] = {
	[GROUP_NONE] = { .name = "none", .n = sizeof(syms_none) / sizeof(syms_none[0]),
			 .syms = syms_none },
#define GROUP(name_, kind_, doc_) [GROUP_##name_] = { .name = #name_, .is_enum = KIND_##kind_, \
	.n = sizeof(syms_##name_) / sizeof(syms_##name_[0]), .syms = syms_##name_ },
#define SYM(group_, name_, value_, mask_, native_)
#include "flags.def"
#undef GROUP
#undef SYM
};

static uint32_t enum__from_native(const struct fmt_group_info *g, uint64_t native)
{
	uint32_t unknown = (uint32_t)native;

	for (unsigned i = 0; i < g->n; i++) {
		if (!g->syms[i].mask)
			unknown = g->syms[i].value;
		else if ((native & g->syms[i].mask) == g->syms[i].native)
			return g->syms[i].value;
	}
	return unknown;
}

static uint32_t flags__from_native(const struct fmt_group_info *g, uint64_t native)
{
	uint32_t value = 0;

	for (unsigned i = 0; i < g->n; i++)
		if (g->syms[i].mask && (native & g->syms[i].mask) == g->syms[i].native)
			value |= g->syms[i].value;
	return value;
}

uint32_t fmt_group__from_native(enum fmt_group group, uint64_t native)
{
	/* Programs pass the same few words over and over. A free slot has group 0, GROUP_NONE. */
	static __thread struct { uint64_t native; uint32_t group, value; } seen[64];
	const struct fmt_group_info *g = &fmt_groups[group];
	unsigned slot = (unsigned)((native + group) * 0x9e3779b97f4a7c15u >> 58);

	if (group == GROUP_NONE)
		return (uint32_t)native;
	if (seen[slot].group != group || seen[slot].native != native) {
		seen[slot].native = native;
		seen[slot].group = group;
		seen[slot].value = g->is_enum ? enum__from_native(g, native) :
						flags__from_native(g, native);
	}
	return seen[slot].value;
}

/* Append "|name" (no bar before the first) at *len of the full text; buf keeps what fits. */
static void text__add(char *buf, size_t n, size_t *len, const char *name)
{
	size_t bar = *len > 0, l = strlen(name);

	for (size_t i = 0; i < bar + l; i++, (*len)++)
		if (*len + 1 < n)
			buf[*len] = bar && i == 0 ? '|' : name[i - bar];
}

/*
 * A field of several bits that is numbered as the kernel does, such as the kind of a file in a
 * mode: exactly one symbol fits, and the others that share bits with it do not.
 */
static bool sym__is_field(const struct fmt_sym *s)
{
	return s->value == s->native && s->mask > s->native && s->value;
}

/*
 * Does the symbol belong to the text of value? left: the bits that no symbol before has claimed.
 * Falco's rule, but for fields: it takes them for single bits, and so calls a block device's
 * S_IFBLK (0x6000) S_IFCHR (0x2000).
 */
static bool sym__fits(const struct fmt_group_info *g, const struct fmt_sym *s, uint32_t value,
		      uint32_t left)
{
	if (g->is_enum || !s->value)
		return s->value == value;
	if (sym__is_field(s))
		return (value & s->mask) == s->value && (left & s->value) == s->value;
	return (left & s->value) == s->value;
}

size_t fmt_group__text(enum fmt_group group, uint32_t value, char *buf, size_t n)
{
	const struct fmt_group_info *g = &fmt_groups[group];
	uint32_t left = value;
	size_t len = 0;

	for (unsigned i = 0; i < g->n; i++) {
		const struct fmt_sym *s = &g->syms[i];

		if (!sym__fits(g, s, value, left))
			continue;
		text__add(buf, n, &len, s->name);
		if (g->is_enum)
			continue;
		left &= ~s->value;
		if (s->value == value)
			break;
	}
	if (n)
		buf[len < n ? len : n - 1] = '\0';
	return len;
}
