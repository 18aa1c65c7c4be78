// SPDX-License-Identifier: (GPL-2.0 OR BSD-3-Clause)
/*
 * The same programs for kernels before 5.17, which have no bpf_loop either: maps, programs and data
 * have the same names and places.
 */
#define WITHOUT_DIRECT_READS
#define WITHOUT_LOOPS
#include "capture/bpf/spoor.bpf.c"
