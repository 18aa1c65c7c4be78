/* SPDX-License-Identifier: Apache-2.0 */
/*
 * container_info - what a container runtime has written down about a container: its name, image,
 * labels.
 *
 * Read from the runtimes' own files, not asked for over their sockets: docker's config.v2.json, the
 * bundle's config.json of containerd and CRI, the state.json of runc, libpod's containers.json. The
 * files are the runtime's, but names, images and labels in them may be anybody's: sizes are capped.
 */
#ifndef CAP_CONTAINER_INFO_H
#define CAP_CONTAINER_INFO_H

#include <stdbool.h>
#include <stdint.h>

#include "format/base/alloc.h"

struct cap_container_info {
	char name[256], image[512], runtime[32];
	struct buf json;		/* the document that Falco's captures have */
};

/*
 * False if no runtime knows it (yet). full_id is the whole id; pid one of its processes, or 0: its
 * mounts tell where docker keeps its files if that is not the usual place. Free json with
 * buf__done.
 */
bool cap_container__look_up(struct cap_container_info *c, const char *full_id, uint32_t pid);
/*
 * The id of a container that has this name, or is called by this id or a prefix of it of 6
 * characters or more.
 */
bool cap_container__id_of_name(const char *name, char id[65]);

#endif
