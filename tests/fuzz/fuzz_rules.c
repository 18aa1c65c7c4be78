// SPDX-License-Identifier: Apache-2.0
/*
 * Rule files: whatever is loaded, there is a result that is valid JSON, and a set that compiles if
 * there was no error. The file may be two, apart by a line of '%': the second adds to the first.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cJSON.h>

#include "engine/lint/lint.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static volatile size_t sink;

static void check_result(const struct eng_ruleset *rs)
{
	struct buf b = { 0 };
	cJSON *tree;

	eng_ruleset__result_json(rs, &b);
	tree = cJSON_ParseWithLength((char *)b.p, b.len);
	if (!tree)
		abort();
	cJSON_Delete(tree);
	b.len = 0;
	eng_ruleset__result_text(rs, false, &b);
	for (size_t i = 0; i < b.len; i++)
		if ((b.p[i] < 32 && b.p[i] != '\n') || b.p[i] == 127)
			abort();	/* a terminal would be told something */
	buf__done(&b);
}

static bool load(struct eng_ruleset *rs, const char *name, const uint8_t *data, size_t size)
{
	struct err err = { 0 };
	int r = eng_ruleset__load_text(rs, name, (const char *)data, size, &err);

	if (r < 0 && (!err.code || !err.msg[0]))
		abort();
	return r >= 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *cut = size ? memmem(data, size, "\n%\n", 3) : NULL;
	size_t first = cut ? (size_t)(cut - data) : size;
	struct eng_ruleset *rs;
	struct err err = { 0 };
	unsigned n;
	bool ok;

	eng_ruleset__new(&rs);
	ok = load(rs, "first.yaml", data, first);
	if (ok && cut)
		ok = load(rs, "second.yaml", cut + 3, size - first - 3);
	if (ok)
		eng_lint__run(rs);
	check_result(rs);
	eng_ruleset__select(rs, true, "*", NULL);
	if (ok && eng_ruleset__compile(rs, &err) < 0)
		abort();	/* what was found good is not */
	if (ok) {
		eng_ruleset__rules(rs, &n);
		sink += n;
	}
	eng_ruleset__free(rs);
	return 0;
}
