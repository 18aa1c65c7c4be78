/* SPDX-License-Identifier: Apache-2.0 */
/*
 * daemon - the flight recorder: everything is recorded into the ring; when a rule matches, or somebody asks, the past
 * and the near future go to a file.
 *
 * Threads: the calling one records: driver, state, rules. A second one, the manager, has the signals, the control
 * socket and the service manager; what it wants of the recorder it has done by post.h. Outputs, files and the HTTP server
 * have threads of their own. The recording thread waits for none of them.
 */
#ifndef CAP_DAEMON_H
#define CAP_DAEMON_H

#include "format/base/err.h"

/* Run until SIGTERM, SIGINT, or `spoor-capture stop`. 0, or negative: it could not begin or go on. */
int cap_daemon__run(const char *config, struct err *err);
/* Is the configuration right, with the rules that it names? Prints what is not. */
int cap_daemon__check(const char *config, struct err *err);
/* Print the reference of the keys, "markdown" or "man", and exit. */
int cap_daemon__list_config(const char *form, struct err *err);

#endif
