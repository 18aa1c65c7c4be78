// SPDX-License-Identifier: Apache-2.0
/* A program, with the alert on its standard input. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "capture/act/act.h"
#include "capture/act/act_child.h"
#include "format/base/text.h"

#define SHOWN 200			/* bytes of its output */

/* The program, its arguments, NULL; borrowed texts. */
static char **make_argv(const struct pb_step *s)
{
	char **argv = xcalloc(s->n_args + 2, sizeof(*argv));
	unsigned n = 0;

	argv[n++] = (char *)s->action->o->program;
	for (uint32_t i = 0; i < s->n_args; i++)
		if (!strcmp(s->args[i].name, "args"))
			argv[n++] = (char *)s->args[i].value;
	return argv;
}

int act_run__program(const struct pb_plan *p, const struct pb_step *s, const atomic_bool *stop, struct buf *text, struct err *err)
{
	char **argv = make_argv(s);
	struct act_child c = { .argv = argv, .with_errors = true, .input = p->json, .max = SHOWN, .timeout = s->action->o->timeout,
			       .stop = stop };
	int r = act_child__run(&c, err);

	while (c.said.len && c.said.p[c.said.len - 1] == '\n')
		c.said.len--;
	text__safe(text, (char *)c.said.p, c.said.len);
	buf__u8(text, 0);
	text->len--;
	if (!r && WIFSIGNALED(c.status))
		r = err__set(err, -EINTR, "%s: ended by signal %d. It said: %s", argv[0], WTERMSIG(c.status), (char *)text->p);
	else if (!r && WEXITSTATUS(c.status))
		r = err__set(err, -EIO, "%s: exit code %d. It said: %s", argv[0], WEXITSTATUS(c.status), (char *)text->p);
	if (!r && !text->len)
		buf__puts(text, "exit code 0");
	buf__done(&c.said);
	free(argv);
	return r;
}
