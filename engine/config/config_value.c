// SPDX-License-Identifier: Apache-2.0
/* Values that are one string. */
#include <stdio.h>
#include <string.h>

#include "engine/config/config_internal.h"
#include "format/base/nearest.h"
#include "format/base/text.h"

static int set_bool(const char *text, bool *ret, struct err *err)
{
	struct yaml_node n = { .kind = Y_SCALAR, .text = text };

	return yaml_node__bool(&n, ret)
		       ? 0
		       : err__set(err, -FMT_E_VALUE, "'%s': write true or false", text);
}

static const char *shown(const struct cfg_key *k, uint64_t v, char buf[32])
{
	if (k->kind == CFG_SIZE)
		return text__size(v, buf);
	if (k->kind == CFG_DURATION)
		return text__duration(v, buf);
	snprintf(buf, 32, "%llu", (unsigned long long)v);
	return buf;
}

static int check_bounds(const struct cfg_key *k, const char *text, uint64_t v, struct err *err)
{
	char min[32], max[32];

	if (v >= k->min && (!k->max || v <= k->max))
		return 0;
	if (!k->max)
		return err__set(err, -FMT_E_VALUE, "'%s': at least %s%s", text,
				shown(k, k->min, min), k->off ? ", or off" : "");
	return err__set(err, -FMT_E_VALUE, "'%s': between %s and %s%s", text,
			shown(k, k->min, min), shown(k, k->max, max), k->off ? ", or off" : "");
}

static int set_amount(const struct cfg_key *k, const char *text, uint64_t *ret, struct err *err)
{
	uint64_t v;
	int r;

	if (k->off && !strcmp(text, "off")) {
		*ret = 0;
		return 0;
	}
	if (k->kind == CFG_SIZE)
		r = text__parse_size(text, &v, err);
	else if (k->kind == CFG_DURATION)
		r = text__parse_duration(text, &v, err);
	else
		r = text__parse_u64(text, UINT64_MAX, &v, err);
	if (!r)
		r = check_bounds(k, text, v, err);
	if (!r)
		*ret = v;
	return r;
}

static int set_enum(const struct cfg_key *k, const char *text, int *ret, struct err *err)
{
	struct nearest near = nearest__begin(text, strlen(text));
	char list[512], names[512], *word, *rest = names;
	int i = 0;

	snprintf(list, sizeof(list), "%s", k->choices);
	snprintf(names, sizeof(names), "%s", k->choices);
	for (; (word = strsep(&rest, "|")); i++) {
		if (!strcmp(word, text)) {
			*ret = i;
			return 0;
		}
		nearest__try(&near, word);
	}
	for (char *p = list; (p = strchr(p, '|'));)
		*p = ' ';
	if (near.name)
		return err__set(err, -FMT_E_VALUE, "'%s': did you mean '%s'? (one of: %s)", text,
				near.name, list);
	return err__set(err, -FMT_E_VALUE, "'%s': write one of: %s", text, list);
}

int cfg_value__set(const struct cfg_key *k, const char *text, void *opts, struct cfg *c,
		   struct err *err)
{
	void *to = (char *)opts + k->at;

	switch (k->kind) {
	case CFG_BOOL:
		return set_bool(text, to, err);
	case CFG_NUMBER:
	case CFG_SIZE:
	case CFG_DURATION:
		return set_amount(k, text, to, err);
	case CFG_ENUM:
		return set_enum(k, text, to, err);
	case CFG_STRING:
		*(const char **)to = text;
		return 0;
	case CFG_PATH:
		if (!*text)
			return err__set(err, -FMT_E_VALUE, "a path is missing");
		*(const char **)to = cfg__path(c, text);
		return 0;
	default:
		return err__set(err, -FMT_E_VALUE, "not a single value");
	}
}
