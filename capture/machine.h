/* SPDX-License-Identifier: Apache-2.0 */
/* machine - what a trace says of the machine it was recorded on. */
#ifndef CAP_MACHINE_H
#define CAP_MACHINE_H

#include "format/file/source.h"

void cap_machine__meta(struct fmt_meta *m, uint64_t start_ns);

#endif
