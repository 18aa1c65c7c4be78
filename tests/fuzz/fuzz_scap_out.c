// SPDX-License-Identifier: Apache-2.0
/* What the .scap reader makes of hostile bytes, written as a capture again: that one has no defect, and no event is missing. */
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "format/scap/scap_source.h"
#include "format/scap_out/scap_writer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct scap_writer_stats copy(struct fmt_source *s, int fd)
{
	struct scap_writer_opts o = { .sz = sizeof(o) };
	struct scap_writer_stats st;
	struct scap_writer *w;
	struct fmt_batch_info info;
	const struct fmt_batch *b;
	bool begun = false;

	if (scap_writer__open(&w, fd, "fuzz", &o, NULL))
		abort();
	for (unsigned errors = 0; errors < 100;) {
		int r = fmt_source__next(s, &b, &info, NULL);

		if (r == 1)
			break;
		if (r < 0) {
			errors++;
			continue;
		}
		if (!begun || info.new_section)
			scap_writer__section(w, &s->meta, NULL);
		begun = true;
		for (uint32_t i = 0; i < b->n; i++) {
			struct fmt_ev ev = fmt_batch__ev(b, i);

			if (info.keyframe)
				scap_writer__keyframe_row(w, &ev, NULL);
			else
				scap_writer__event(w, &ev, NULL);
		}
	}
	if (scap_writer__close(w, true, &st, NULL))
		abort();
	return st;
}

static void check(int fd, const struct scap_writer_stats *st)
{
	struct fmt_batch_info info;
	const struct fmt_batch *b;
	struct fmt_source *s;
	uint64_t n = 0;
	int r;

	if (fmt_scap__open(&s, fd, "written", NULL, 0, NULL))
		abort();
	while ((r = fmt_source__next(s, &b, &info, NULL)) == 0)
		n += info.keyframe ? 0 : b->n;
	/* context is not counted by the writer, and calls without a name are not by the reader */
	if (r < 0 || n + s->skipped_unknown < st->events)
		abort();
	fmt_source__close(s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct scap_writer_stats st;
	struct fmt_source *s;
	int fd;

	if (fmt_scap__open(&s, open("/dev/null", O_RDONLY | O_CLOEXEC), "fuzz", data, size, NULL))
		return 0;
	fd = memfd_create("written", MFD_CLOEXEC);
	if (fd < 0)
		abort();
	st = copy(s, fd);
	fmt_source__close(s);
	lseek(fd, 0, SEEK_SET);
	if (st.bytes)
		check(fd, &st);
	else
		close(fd);
	return 0;
}
