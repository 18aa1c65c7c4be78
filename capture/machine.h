/* SPDX-License-Identifier: Apache-2.0 */
/*
 * machine - the machine that is recorded: where its own files are, what it is called, what a trace says of it.
 *
 * The recorder may run in a container, whose files, users and name are not the machine's.
 */
#ifndef CAP_MACHINE_H
#define CAP_MACHINE_H

#include "format/file/source.h"

/*
 * The directory in which the machine's root is mounted; without this call it is "/". To be called once, before there are other
 * threads.
 */
int cap_machine__set_root(const char *dir, struct err *err);
/* A descriptor (O_PATH) of the machine's root, the caller's to close; -1. */
int cap_machine__root(void);
/* A regular file of the machine, for reading; no link leads out of its root. -1 */
int cap_machine__open(const char *path);
/* What it is called: NODE_NAME of the environment, which is how Kubernetes calls it, else as hostname(1) says. */
void cap_machine__name(char name[256]);
void cap_machine__meta(struct fmt_meta *m, uint64_t start_ns);

#endif
