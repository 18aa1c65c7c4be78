// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "capture/snapshot/inside.h"
#include "engine/state/state.h"

/* Lines "number:controllers:path"; any that names one counts. */
bool cap_inside__container(const char *cgroup, char id[65])
{
	char path[4096], full[65];

	for (const char *line = cgroup, *end; line && *line; line = *end ? end + 1 : end) {
		const char *at = strchr(line, ':');

		end = strchrnul(line, '\n');
		at = at && at < end ? strchr(at + 1, ':') : NULL;
		if (!at || at >= end || (size_t)(end - at) > sizeof(path))
			continue;
		memcpy(path, at + 1, (size_t)(end - at - 1));
		path[end - at - 1] = 0;
		if (eng_container_from_cgroup(path, id, full, NULL))
			return true;
	}
	return false;
}

void cap_inside__add(struct cap_inside *in, uint64_t ns, const char *id)
{
	size_t n = strlen(id) + 1;
	char *copy;

	if (!ns || idmap__get(&in->owners, (int64_t)ns))
		return;
	copy = arena__alloc(&in->mem, n);
	memcpy(copy, id, n);
	idmap__put(&in->owners, (int64_t)ns, copy);
}

const char *cap_inside__of(const struct cap_inside *in, uint64_t ns)
{
	return ns ? idmap__get(&in->owners, (int64_t)ns) : NULL;
}

void cap_inside__done(struct cap_inside *in)
{
	idmap__done(&in->owners);
	arena__done(&in->mem);
}
