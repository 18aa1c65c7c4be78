/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scap_written - a .scap that is written into memory and read again.
 */
#ifndef TESTS_SCAP_WRITTEN_H
#define TESTS_SCAP_WRITTEN_H

#include "format/scap/scap_source.h"
#include "format/scap_out/scap_writer.h"

#define T0 1700000000000000000ull
#define TID 100u

extern const uint8_t ADDR4[7], TUPLE4[13];	/* 10.0.0.1:80; 10.0.0.1:40000 to 10.0.0.2:443 */

struct capture {
	int fd;
	struct scap_writer *w;
	struct scap_writer_stats st;
	struct fmt_batch *b;
	struct fmt_source *s;
};

void capture__begin(struct capture *c);
void capture__begin_with(struct capture *c, const struct scap_writer_opts *o);
void capture__section(struct capture *c, const char *host);
/* All rows of c->b, which are then forgotten. */
void capture__put(struct capture *c, bool keyframe);
/* End the writing; c->fd is at its beginning. */
void capture__finish(struct capture *c);
/* The same, and open it again. */
void capture__reopen(struct capture *c);
/* The next batch; NULL at the end. A capture of ours has no defect. */
const struct fmt_batch *capture__next(struct capture *c, struct fmt_batch_info *info);

void put_str(struct fmt_batch *b, unsigned param, const char *s, size_t n);
void put_close(struct fmt_batch *b, uint64_t ts);	/* close(3) */
bool is_str(const struct fmt_ev *ev, unsigned param, const char *want, size_t n);
uint64_t num_of(const struct fmt_ev *ev, unsigned param);	/* it is there */

#endif
