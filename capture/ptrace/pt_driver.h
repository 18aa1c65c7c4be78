/* SPDX-License-Identifier: Apache-2.0 */
/* pt_driver - the ptrace driver behind the interface of driver.h. */
#ifndef CAP_PT_DRIVER_H
#define CAP_PT_DRIVER_H

#include "capture/driver/driver_internal.h"

/* d is empty; on failure it is to be closed. */
int cap_pt_driver__open(struct cap_driver *d, const struct cap_driver_opts *o, struct err *err);
void cap_pt_driver__close(struct cap_driver *d);

#endif
