// SPDX-License-Identifier: Apache-2.0
/* Names of files. Hosts, containers and rules may be called anything. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "capture/keep/keep.h"
#include "engine/state/state.h"

#define MAX_HOST 48u
#define MAX_CONTAINER 40u
#define MAX_RULE 64u

/* At most max bytes of a name that are safe in every shell and file system; `none` if nothing is left. */
static size_t add_safe(char *to, const char *s, size_t len, size_t max, const char *none)
{
	size_t n = 0;

	for (size_t k = 0; k < len && n < max; k++) {
		unsigned char c = (unsigned char)s[k];
		bool plain = c < 128 && (isalnum(c) || c == '_' || (c == '.' && n));

		if (plain)
			to[n++] = (char)c;
		else if (n && to[n - 1] != '-')
			to[n++] = '-';
	}
	while (n && (to[n - 1] == '-' || to[n - 1] == '.'))
		n--;
	if (n)
		return n;
	memcpy(to, none, strlen(none));
	return strlen(none);
}

void cap_keep__name(const char *host, const char *container, const char *rule, uint64_t time, uint64_t id,
		    char ret[CAP_KEEP_NAME])
{
	size_t len = strlen(container), n = 0;
	time_t sec = (time_t)(time / 1000000000u);
	struct tm tm;

	n += add_safe(ret + n, host, strlen(host), MAX_HOST, "host");
	n += (size_t)sprintf(ret + n, "--");
	n += add_safe(ret + n, container, eng_container__id_len(container, len), MAX_CONTAINER, "host");
	n += (size_t)sprintf(ret + n, "--");
	n += add_safe(ret + n, rule, strlen(rule), MAX_RULE, "asked");
	n += (size_t)sprintf(ret + n, "--");
	if (gmtime_r(&sec, &tm))
		n += strftime(ret + n, 32, "%Y%m%dT%H%M%S", &tm);
	snprintf(ret + n, CAP_KEEP_NAME - n, ".%03uZ-%llu.spoor", (unsigned)(time / 1000000u % 1000u),
		 (unsigned long long)id);
}
