/* SPDX-License-Identifier: Apache-2.0 */
/* config_internal - what the files of engine/config share. */
#ifndef ENG_CONFIG_INTERNAL_H
#define ENG_CONFIG_INTERNAL_H

#include "engine/config/config.h"

struct cfg {
	char *name, *dir;		/* dir: with its slash; "" for the working directory */
	char *text;
	size_t len;
	struct arena mem;
	const struct yaml_node *root;
	struct err problems[CFG_MAX_PROBLEMS];
	unsigned n_problems;
};

/*
 * The value of a key that is one string, as text, to where it belongs in opts. The same for a value
 * in the file and for a default. c is for paths only.
 */
int cfg_value__set(const struct cfg_key *k, const char *text, void *opts, struct cfg *c,
		   struct err *err);
static inline bool cfg_kind__is_text(enum cfg_kind k)
{
	return k <= CFG_ENUM;
}

#endif
