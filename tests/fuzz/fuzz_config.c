// SPDX-License-Identifier: Apache-2.0
/* Configurations: any text is read, or is said to be wrong at a place that the text has. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "engine/config/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct part {
	uint64_t size, wait;
	int form;
	bool on;
	const char *path;
	struct cfg_strings list;
	struct cfg_pairs pairs;
};

static const struct cfg_key part_keys[] = {
	CFG_KEY(struct part, size, CFG_SIZE, "size", "1MiB", "Size.", .min = 16, .off = true),
	CFG_KEY(struct part, wait, CFG_DURATION, "wait", "1s", "Wait.", .required = true),
	CFG_KEY(struct part, form, CFG_ENUM, "form", "a", "Form.", .choices = "a|b|long"),
	CFG_KEY(struct part, on, CFG_BOOL, "on", NULL, "On."),
	CFG_KEY(struct part, path, CFG_PATH, "path", NULL, "Path."),
	CFG_KEY(struct part, list, CFG_STRINGS, "list", NULL, "List."),
	CFG_KEY(struct part, pairs, CFG_PAIRS, "pairs", NULL, "Pairs."),
	CFG_END,
};
static const struct cfg_section part_section = { "Part.", part_keys, sizeof(struct part), NULL };

struct all {
	struct part one;
	struct cfg_list many;
};

static const struct cfg_key keys[] = {
	CFG_KEY(struct all, one, CFG_SECTION, "one", NULL, "One.", .section = &part_section),
	CFG_KEY(struct all, many, CFG_SECTIONS, "many", NULL, "Many.", .section = &part_section),
	CFG_END,
};
static const struct cfg_section section = { "All.", keys, sizeof(struct all), NULL };

static void check(const struct part *p)
{
	if ((p->size && p->size < 16) || p->form < 0 || p->form > 2)
		abort();
	for (uint32_t i = 0; i < p->list.n; i++)
		if (strlen(p->list.p[i]) > CFG_MAX_BYTES)
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cfg *c;
	struct all a;

	if (cfg__parse(&c, "dir/fuzz.yaml", (const char *)data, size, NULL))
		return 0;
	cfg__read(c, cfg__root(c), &section, &a);
	check(&a.one);
	for (uint32_t i = 0; i < a.many.n; i++)
		check((struct part *)a.many.p + i);
	for (unsigned i = 0; i < cfg__n_problems(c) && i < CFG_MAX_PROBLEMS; i++) {
		const struct err *e = cfg__problem_at(c, i);

		if (!e->msg[0] || e->line > size + 1)
			abort();
	}
	cfg__free(c);
	return 0;
}
