// SPDX-License-Identifier: (GPL-2.0 OR BSD-3-Clause)
/*
 * The same programs for kernels before 6.2, where a helper reads the kernel's memory: maps, programs
 * and data have the same names and places.
 */
#define WITHOUT_DIRECT_READS
#include "capture/bpf/spoor.bpf.c"
