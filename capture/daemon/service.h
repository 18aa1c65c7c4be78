/* SPDX-License-Identifier: Apache-2.0 */
/*
 * service - what a daemon tells its service manager: sd_notify(3), the protocol of which is one datagram of
 * "NAME=value" lines to the socket that $NOTIFY_SOCKET names.
 *
 * Without that variable nothing is sent, and all is well.
 */
#ifndef CAP_SERVICE_H
#define CAP_SERVICE_H

#include <stdint.h>

/* Take what the environment says, and out of it, so that no program started by us can speak for us. */
void cap_service__init(void);
/* As printf: "READY=1", "STATUS=..." */
void cap_service__tell(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* "RELOADING=1" with the time that the protocol wants; "READY=1" is to follow. */
void cap_service__reloading(void);
/* How often WATCHDOG=1 is to be told, ns: half of the time after which we would be killed; 0: never. */
uint64_t cap_service__watchdog_ns(void);

#endif
