// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <unistd.h>

#include <bpf/libbpf.h>

#include "capture/driver/driver_internal.h"
#include "capture/spoor.skel.h"

/* What the kernel says of a map, in /proc/self/fdinfo: "memlock:	17313792", in bytes. */
static uint64_t of_map(int fd)
{
	unsigned long long n = 0;
	char path[64], line[128];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "memlock: %llu", &n) == 1)
			break;
	if (f)
		fclose(f);
	return n;
}

void cap_driver__memory(const struct cap_driver *d, uint64_t *ret_bytes, uint64_t *ret_resident)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE), size;
	struct bpf_map *m;

	*ret_bytes = *ret_resident = d->mapped;
	if (d->tracer)
		return;
	*ret_bytes = 0;
	bpf_object__for_each_map(m, d->skel->obj) {
		if (bpf_map__fd(m) >= 0)
			*ret_bytes += of_map(bpf_map__fd(m));
		if (bpf_map__initial_value(m, &size))	/* the programs' data, which libbpf has mapped */
			*ret_resident += (size + page - 1) / page * page;
	}
}
