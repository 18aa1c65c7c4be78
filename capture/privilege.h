/* SPDX-License-Identifier: Apache-2.0 */
/* privilege - what the recorder may do: as little as it needs, once it has begun. */
#ifndef CAP_PRIVILEGE_H
#define CAP_PRIVILEGE_H

#include <stdbool.h>

/* Say in the log what will stay unknown for want of which capability. */
void cap_privilege__warn(void);
/* A capability, CAP_... of linux/capability.h: does the calling thread have it in force? */
bool cap_privilege__has(unsigned cap);
/*
 * Give up, for good, every capability but those that recording goes on to need: CAP_BPF and
 * CAP_PERFMON for the programs, CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH to read /proc and runtimes'
 * files, with a command CAP_KILL to pass signals on. No program that is executed from now on gains
 * any. Of the calling thread, and of threads that it makes from then on.
 */
void cap_privilege__drop(bool command);

/*
 * What the threads of spoor-capture go on to need, each of which is confined to it (format/base/sandbox.h):
 *
 *	role	who				beyond reading, computing, threads	may write
 *	RECORD	the recording, into a file	bpf; signals, for the command		anywhere
 *	TRACE	the same, by ptrace		ptrace, the traced ones' memory and	anywhere
 *						sockets, signals; netlink, for addresses
 *	DAEMON	the daemon's recording		bpf, unix sockets, folders		anywhere
 *	NAMES	who reads runtimes' files	nothing					anywhere
 *	STORE	logs, files of alerts		folders					anywhere
 *	KEEP	files that triggers make	folders					their folder
 *	SERVE	the HTTP server			sockets that are there, unix sockets	nowhere
 *	SEND	alerts over the network		sockets of all kinds			their spool
 *
 * None of them starts programs. "Anywhere" is where its user may: the first four read what /proc says of other processes, which
 * Landlock forbids to whoever it confines, and logs may be links to elsewhere; seccomp alone confines these. Threads that
 * start programs (outputs of kind program, playbooks, and the daemon's manager, whose reloads make outputs) are not confined: what
 * they start would be, too.
 */
enum cap_role {
	CAP_ROLE_RECORD, CAP_ROLE_TRACE, CAP_ROLE_DAEMON, CAP_ROLE_NAMES, CAP_ROLE_STORE, CAP_ROLE_KEEP, CAP_ROLE_SERVE,
	CAP_ROLE_SEND,
};

/*
 * Confine the calling thread, and threads that it makes from then on. folder: one that it writes in; NULL: none.
 * A call that is refused fails, and is said on the standard error with the role (format/base/refusal.h). Says in the log where the kernel cannot; goes on then.
 */
void cap_privilege__confine(enum cap_role role, const char *folder);

#endif
