/* SPDX-License-Identifier: Apache-2.0 */
/* control_client - the commands that talk to the daemon: trigger, status, reload, stop. */
#ifndef CAP_CONTROL_CLIENT_H
#define CAP_CONTROL_CLIENT_H

#include <stdbool.h>

/* Is it the name of such a command? */
bool cap_control__is_command(const char *name);
/* argv[0] is the name. The exit code. */
int cap_control__command(int argc, char **argv);

#endif
