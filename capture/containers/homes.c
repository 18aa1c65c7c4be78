// SPDX-License-Identifier: Apache-2.0
/*
 * Homes of users who are there: /run/user/UID (pam_systemd(8), and for users who linger), and
 * /etc/passwd. Users of other directories than that file are not found: to ask for them may wait for
 * a network.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "capture/containers/runtime.h"

#define MAX_USERS 64u

struct users {
	uint32_t uid[MAX_USERS];
	unsigned n;
};

static void on_user(void *arg, const char *name)
{
	struct users *u = arg;

	if (u->n < MAX_USERS && isdigit((unsigned char)*name) && strcmp(name, "0"))
		u->uid[u->n++] = (uint32_t)strtoul(name, NULL, 10);
}

static bool is_there(const struct users *u, uint32_t uid)
{
	for (unsigned i = 0; i < u->n; i++)
		if (u->uid[i] == uid)
			return true;
	return false;
}

/* name:password:uid:gid:text:home:shell */
static const char *home_of(char *line, const struct users *u)
{
	char *field[6], *at = line;
	unsigned n = 0;

	while (n < 6 && at)
		field[n++] = strsep(&at, ":");
	return n == 6 && *field[2] && *field[5] == '/' && field[5][1] &&
			       is_there(u, (uint32_t)strtoul(field[2], NULL, 10))
		       ? field[5]
		       : NULL;
}

void cap_homes__each(int root, void (*fn)(void *arg, const char *home), void *arg)
{
	struct users users = { .n = 0 };
	struct buf text = { 0 };
	char *at;

	cap_root__list(root, "/run/user", on_user, &users);
	if (users.n && cap_root__read(root, "/etc/passwd", &text)) {
		buf__u8(&text, 0);
		at = (char *)text.p;
		while (at) {
			const char *home = home_of(strsep(&at, "\n"), &users);

			if (home)
				fn(arg, home);
		}
	}
	buf__done(&text);
}
