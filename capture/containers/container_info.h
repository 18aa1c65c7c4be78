/* SPDX-License-Identifier: Apache-2.0 */
/*
 * container_info - what a container runtime has written down about a container: name, image,
 * labels, mounts, pod.
 *
 * Read from the runtimes' own files and databases, not asked for over their sockets: a file
 * answers while its owner is busy, restarts or is gone, and never waits. The files are the
 * runtime's, but names, images and labels in them may be anybody's, and those of a runtime inside
 * of a container are that container's: sizes are capped, and a path never leads out of the root it
 * belongs to.
 */
#ifndef CAP_CONTAINER_INFO_H
#define CAP_CONTAINER_INFO_H

#include <stdbool.h>
#include <stdint.h>

#include "format/base/alloc.h"

struct cap_container_info {
	bool with_env;			/* asked for: the environment, which may hold secrets */
	bool provisional;		/* only the runtime below knows it: another may know more */
	char name[256], image[512], runtime[32];
	struct buf json;		/* the document that Falco's captures have */
};

/*
 * False if no runtime knows it (yet). full_id is the whole id; pid one of its processes, or 0: the
 * process that watches over it tells where its runtime keeps its files, if that is not the usual
 * place. begun: a program of its own runs, so that the namespaces of pid are those it keeps. Free json with buf__done. Not for two threads at a time. What is a user's or a container's is waited
 * for as patience.h says.
 */
bool cap_container__look_up(struct cap_container_info *c, const char *full_id, uint32_t pid, bool begun);
/*
 * The id of the only container that has this name, or is called by this id or a prefix of it of 6
 * characters or more. False if there is none, or several. runtime: who knows it, constant text:
 * docker, containerd, storage (podman and CRI-O), runc, lxc, systemd-nspawn; NULL: one that a user
 * runs.
 */
bool cap_container__id_of_name(const char *name, char id[65], const char **runtime);

#endif
