/* SPDX-License-Identifier: Apache-2.0 */
/* kinds - which files, connections and commands of a model are of a kind (only.h). Each takes an index. */
#ifndef INS_KINDS_H
#define INS_KINDS_H

#include "inspect/model/model.h"
#include "inspect/model/only.h"

/* Under the lens; one that nothing was done with is of no kind but ONLY_ALL. */
bool ins_kind__file(const struct ins_model *m, struct ins_only only, uint32_t file);
bool ins_kind__conn(const struct ins_model *m, struct ins_only only, uint32_t conn);
bool ins_kind__cmd(const struct ins_model *m, struct ins_only only, uint32_t cmd);
/* What a path says: enum ins_file_is bits. */
uint8_t ins_kind__of_path(const char *path, size_t n);

#endif
