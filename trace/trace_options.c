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

int trace_opt__write(void *user, const char *v, struct err *err)
{
	struct trace_tool_opts *o = user;

	(void)err;
	o->out = v;
	return 0;
}

int trace_opt__to(void *user, const char *v, struct err *err)
{
	struct trace_tool_opts *o = user;

	(void)err;			/* sink__format looks at it */
	o->to = v;
	return 0;
}

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
