// SPDX-License-Identifier: Apache-2.0
/*
 * What has no daemon: runc (ROOT/ID/state.json; libcontainer, container_linux.go), crun
 * (ROOT/ID/status; libcrun, status.c). A container is called what it was started as.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cjson/cJSON.h>

#include "capture/containers/runtime.h"

static const char *const runc_dirs[] = { "/run/runc", "/run/crun", NULL };

/* "key=value" strings: annotations, and "bundle=". */
static const char *label_of(const cJSON *list, const char *key)
{
	size_t n = strlen(key);
	const cJSON *e;

	cJSON_ArrayForEach(e, list)
		if (cJSON_IsString(e) && !strncmp(e->valuestring, key, n) &&
		    e->valuestring[n] == '=')
			return e->valuestring + n + 1;
	return "";
}

static const char *bundle_of(const cJSON *state)
{
	const char *b = cap_json__text(state, "bundle");	/* crun */

	return *b ? b : label_of(cap_json__part(cap_json__part(state, "config"), "labels"),
				 "bundle");
}

/* A name of the caller's choice; a long number is called by its beginning, as everybody does. */
static void short_name(const char *id, char out[65])
{
	snprintf(out, 65, "%.*s", strlen(id) == 64 ? 12 : 64, id);
}

bool cap_runc__look_up(const struct cap_look *l, struct cap_container_info *c)
{
	cJSON *state = NULL, *spec;
	const cJSON *notes;
	const char *name;
	struct cap_doc d;
	char self[65];

	for (unsigned i = 0; !state && runc_dirs[i]; i++) {
		state = cap_root__json(l->root, "%s/%s/state.json", runc_dirs[i], l->id);
		if (!state)
			state = cap_root__json(l->root, "%s/%s/status", runc_dirs[i], l->id);
	}
	if (!state)
		return false;
	spec = cap_root__json(l->root, "%s/config.json", bundle_of(state));
	notes = cap_json__part(spec, "annotations");
	name = cap_json__text(notes, "io.kubernetes.cri.container-name");
	short_name(l->id, self);
	cap_doc__begin(&d, c, l->id, "runc", *name ? name : self,
		       cap_json__text(notes, "io.kubernetes.cri.image-name"));
	cap_doc__text(&d, "created_time", cap_json__text(state, "created"));
	if (spec)
		cap_doc__spec(&d, c, spec);
	cap_doc__labels(&d, notes);
	cap_doc__label(&d, "bundle", bundle_of(state));
	/* nobody chooses such a name: it is another runtime's id */
	c->provisional = strlen(l->id) == 64;
	cap_doc__end(&d, c);
	cJSON_Delete(spec);
	cJSON_Delete(state);
	return true;
}

void cap_runc__each(const struct cap_look *l, cap_id_fn *fn, void *arg)
{
	for (unsigned i = 0; runc_dirs[i]; i++)
		cap_root__list(l->root, runc_dirs[i], fn, arg);
}
