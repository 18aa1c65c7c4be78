// SPDX-License-Identifier: Apache-2.0
/* What options of spoor-trace do: one function for each, whichever subcommand takes it. */
#include <string.h>

#include "trace/trace_tool.h"

int trace_opt__output(void *user, const char *v, struct err *err)
{
	struct trace_tool_opts *o = user;

	if (strcmp(v, "text") && strcmp(v, "json"))
		return err__set(err, -FMT_E_VALUE, "'%s': write text or json", v);
	o->json = !strcmp(v, "json");
	return 0;
}

int trace_opt__container(void *user, const char *v, struct err *err)
{
	struct trace_tool_opts *o = user;

	if (o->n_containers == TRACE_MAX_CONTAINERS)
		return err__set(err, -FMT_E_LIMIT, "at most %u containers can be chosen", TRACE_MAX_CONTAINERS);
	o->containers[o->n_containers++] = v;
	return 0;
}

/* Taken as it is: whoever uses it looks at it. */
#define TEXT(name, member)						\
int trace_opt__##name(void *user, const char *v, struct err *err)	\
{									\
	(void)err;							\
	((struct trace_tool_opts *)user)->member = v;			\
	return 0;							\
}
TEXT(write, out)
TEXT(to, to)
TEXT(from, from)
TEXT(until, until)
TEXT(filter, filter)

#define SWITCH(name)							\
int trace_opt__##name(void *user, const char *v, struct err *err)	\
{									\
	(void)v;							\
	(void)err;							\
	((struct trace_tool_opts *)user)->name = true;			\
	return 0;							\
}
SWITCH(columns)
SWITCH(force)
SWITCH(keyframes)
