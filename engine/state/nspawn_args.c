// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <string.h>

#include "engine/state/nspawn_args.h"

#define MAX_NAME 32u

/* Options that take a value, and short ones. All others that are long stand alone, or have "=". */
static const struct { char c; const char *name; bool value; } options[] = {
	{ 'D', "directory", true }, { 'M', "machine", true }, { 'i', "image", true },
	{ 'u', "user", true }, { 'E', "setenv", true }, { 'S', "slice", true },
	{ 'p', "port", true }, { 'Z', "selinux-context", true },
	{ 'L', "selinux-apifs-context", true }, { 'q', "quiet", false }, { 'x', "ephemeral", false },
	{ 'a', "as-pid2", false }, { 'b', "boot", false }, { 'n', "network-veth", false },
	{ 'U', "private-users", false }, { 'P', "pipe", false }, { 'j', "link-journal", false },
	{ 0, "template", true }, { 0, "oci-bundle", true }, { 0, "bind", true },
	{ 0, "bind-ro", true }, { 0, "capability", true }, { 0, "drop-capability", true },
	{ 0, "uuid", true }, { 0, "hostname", true }, { 0, "property", true },
	{ 0, "register", true }, { 0, "tmpfs", true }, { 0, "overlay", true },
	{ 0, "overlay-ro", true }, { 0, "chdir", true }, { 0, "console", true },
	{ 0, "settings", true }, { 0, "network-interface", true }, { 0, "network-macvlan", true },
	{ 0, "network-ipvlan", true }, { 0, "network-bridge", true }, { 0, "network-zone", true },
	{ 0, "network-namespace-path", true }, { 0, "resolv-conf", true }, { 0, "rlimit", true },
};
#define N (sizeof(options) / sizeof(*options))

struct scan {
	const char *p, *end;		/* the next argument */
	void (*fn)(void *arg, const char *name, const char *value);
	void *arg;
};

/* Every argument that is whole. */
static const char *next(struct scan *s)
{
	const char *at = s->p, *nul = at < s->end ? memchr(at, 0, (size_t)(s->end - at)) : NULL;

	if (!nul)
		return NULL;
	s->p = nul + 1;
	return at;
}

static void take_long(struct scan *s, const char *text)
{
	size_t n = strcspn(text, "=");
	char name[MAX_NAME];
	const char *value = text[n] ? text + n + 1 : NULL;

	if (n >= sizeof(name))
		return;
	memcpy(name, text, n);
	name[n] = 0;
	for (size_t i = 0; i < N && !value; i++)
		if (options[i].value && !strcmp(options[i].name, name))
			value = next(s);
	s->fn(s->arg, name, value ? value : "");
}

/* "-qD DIR", "-qDDIR" */
static void take_short(struct scan *s, const char *text)
{
	for (; *text; text++) {
		size_t i = 0;

		while (i < N && options[i].c != *text)
			i++;
		if (i == N)
			continue;
		if (options[i].value) {
			const char *value = text[1] ? text + 1 : next(s);

			s->fn(s->arg, options[i].name, value ? value : "");
			return;
		}
		s->fn(s->arg, options[i].name, "");
	}
}

void eng_nspawn__options(const char *args, size_t len,
			 void (*fn)(void *arg, const char *name, const char *value), void *arg)
{
	struct scan s = { .p = args, .end = args + len, .fn = fn, .arg = arg };
	const char *a;

	while ((a = next(&s)) && *a == '-' && a[1] && strcmp(a, "--"))
		if (a[1] == '-')
			take_long(&s, a + 2);
		else
			take_short(&s, a + 1);
}

struct named {
	const char *machine, *place;
};

static void see(void *arg, const char *name, const char *value)
{
	struct named *n = arg;

	if (!strcmp(name, "machine"))
		n->machine = value;
	else if (!strcmp(name, "directory") || !strcmp(name, "image") || !strcmp(name, "template"))
		n->place = value;
}

static bool ends(const char *p, size_t n, const char *s)
{
	return n > strlen(s) && !memcmp(p + n - strlen(s), s, strlen(s));
}

bool eng_nspawn__name(const char *args, size_t len, char name[65])
{
	struct named n = { NULL, NULL };
	const char *s;
	size_t k;

	eng_nspawn__options(args, len, see, &n);
	s = n.machine ? n.machine : n.place;
	if (!s)
		return false;
	k = strlen(s);
	if (!n.machine) {
		while (k && s[k - 1] == '/')
			k--;
		for (const char *slash; (slash = memchr(s, '/', k)); s = slash + 1)
			k -= (size_t)(slash + 1 - s);
		if (ends(s, k, ".raw"))
			k -= 4;
	}
	if (!k || k > 64 || *s == '.')
		return false;
	snprintf(name, 65, "%.*s", (int)k, s);
	return true;
}
