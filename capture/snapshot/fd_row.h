/* SPDX-License-Identifier: Apache-2.0 */
/* fd_row - rows of open descriptors, from the records of the walk over files. */
#ifndef CAP_FD_ROW_H
#define CAP_FD_ROW_H

#include "capture/decode/decode.h"

/* Numbers of walk_file's record, bpf/iter.bpf.h. */
enum { CAP_FD_NUM, CAP_FD_FLAGS, CAP_FD_MODE, CAP_FD_DEV, CAP_FD_INO, CAP_FD_FILES, CAP_FD__N };

struct cap_fd_rows {
	uint8_t listening[65536 / 8];	/* ports that somebody listens on */
	uint64_t *tables;		/* addresses of descriptor tables; number is index + 1 */
	size_t n_tables, cap_tables;
};

/* First each record is noted, then each is added as a row. */
void cap_fd_rows__note(struct cap_fd_rows *f, const struct cap_record *r);
void cap_fd_rows__add(struct cap_fd_rows *f, struct fmt_batch *b, uint64_t ts,
		      const struct cap_record *r, struct buf *text);
/* A small number for a descriptor table. */
uint32_t cap_fd_rows__table(struct cap_fd_rows *f, uint64_t address);
void cap_fd_rows__done(struct cap_fd_rows *f);

#endif
