// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "format/audit/audit.h"
#include "format/codec/layout.h"
#include "format/file/source.h"
#include "format/file/source_probe.h"
#include "format/file/trace_source.h"
#include "format/jsonl/jsonl.h"
#include "format/scap/scap_source.h"

#define HEAD 4096u

/* What files that are no traces are, by their first bytes. */
static const struct { const char *magic; size_t n; const char *what; } kinds[] = {
	{ "\x1f\x8b", 2, "a gzip'd file that holds no capture" },
	{ "\x28\xb5\x2f\xfd", 4, "a zstd'd file: unpack it first" },
	{ "\xfd" "7zXZ", 5, "an xz'd file: unpack it first" },
	{ "BZh", 3, "a bzip2'd file: unpack it first" },
	{ "PK\x03\x04", 4, "a zip archive: unpack it first" },
	{ "\x7f" "ELF", 4, "an ELF binary" },
	{ "\xd4\xc3\xb2\xa1", 4, "a packet capture (pcap)" },
	{ "\xa1\xb2\xc3\xd4", 4, "a packet capture (pcap)" },
	{ "\x4d\x3c\xb2\xa1", 4, "a packet capture (pcap)" },
	{ "\x0a\x0d\x0d\x0a", 4, "a packet capture (pcapng)" },
	{ "PERFILE2", 8, "a recording of perf" },
	{ "\xff" "LPKSHHRH", 8, "a systemd journal" },
	{ "{", 1, "JSON text" },
	{ "[", 1, "JSON text" },
};

static bool is_text(const uint8_t *p, size_t n)
{
	for (size_t k = 0; k < n; k++)
		if ((p[k] < 32 && !strchr("\t\n\r\f\x1b", p[k])) || p[k] == 127)
			return false;
	return true;
}

const char *source_looks_like(const void *head, size_t n)
{
	for (size_t k = 0; k < sizeof(kinds) / sizeof(*kinds); k++)
		if (n >= kinds[k].n && !memcmp(head, kinds[k].magic, kinds[k].n))
			return kinds[k].what;
	return is_text(head, n) ? "a text file" : NULL;
}

int source_not_a_trace(const void *head, size_t n, struct err *err)
{
	const char *what = source_looks_like(head, n);

	if (!n)
		return err__set(err, -FMT_E_FORMAT, "the file is empty: no trace");
	/* CR LF in the magic: a transfer in text mode changes one or the other */
	if (n >= 5 && !memcmp(head, trace_magic, 5))
		return err__set(err, -FMT_E_FORMAT,
				"begins like a trace but was changed on the way: copy it again in binary mode");
	if (fmt_scap__probe(head, n))
		return err__set(err, -FMT_E_FORMAT, "is a capture of sysdig or Falco (.scap), not a spoor trace");
	if (fmt_jsonl__probe(head, n))
		return err__set(err, -FMT_E_FORMAT, "is a trace as text (.jsonl): 'spoor-trace convert' makes a trace of it");
	if (fmt_audit__probe(head, n))
		return err__set(err, -FMT_E_FORMAT, "is an audit log of Kubernetes: 'spoor-trace convert' makes a trace of it");
	if (what)
		return err__set(err, -FMT_E_FORMAT, "not a trace: it looks like %s", what);
	return err__set(err, -FMT_E_FORMAT, "not a trace, nor a capture of sysdig or Falco (.scap)");
}

static ssize_t read_head(int fd, uint8_t *head)
{
	size_t n = 0;

	while (n < HEAD) {
		ssize_t got = read(fd, head + n, HEAD - n);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (!got)
			break;
		n += (size_t)got;
	}
	return (ssize_t)n;
}

int source_open_file(const char *path, const char **ret_name, bool *ret_regular, struct err *err)
{
	struct stat st;
	int fd, r;

	*ret_name = strcmp(path, "-") ? path : "stdin";
	fd = *ret_name == path ? open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY) : dup(STDIN_FILENO);
	if (fd < 0 || fstat(fd, &st)) {
		r = -errno;
		err__set(err, r, "cannot open: %s", err__text(r));
		goto fail;
	}
	if (S_ISDIR(st.st_mode)) {
		r = err__set(err, -EISDIR, "is a directory: name a trace file");
		goto fail;
	}
	if (isatty(fd)) {
		r = err__set(err, -FMT_E_FORMAT, "is a terminal: name a trace file, or pipe one in");
		goto fail;
	}
	*ret_regular = S_ISREG(st.st_mode);
	return fd;
fail:
	err__file(err, *ret_name);
	if (fd >= 0)
		close(fd);
	return r;
}

const struct fmt_meta *fmt_source__origin(const struct fmt_source *s, unsigned origin)
{
	static const struct fmt_meta unknown;

	return !origin ? &s->meta : origin <= s->n_more ? &s->more[origin - 1] : &unknown;
}

int fmt_source__open(struct fmt_source **ret, const char *path, struct err *err)
{
	uint8_t head[HEAD];
	const char *name;
	bool regular;
	ssize_t n;
	int fd = source_open_file(path, &name, &regular, err);

	if (fd < 0)
		return fd;
	n = read_head(fd, head);
	if (n < 0) {
		close(fd);
		err__set(err, (int)n, "cannot read: %s", err__text((int)n));
		err__file(err, name);
		return (int)n;
	}
	if (n && !memcmp(head, trace_magic, (size_t)n < sizeof(trace_magic) ? (size_t)n : sizeof(trace_magic)))
		return fmt_trace_source__open(ret, fd, regular, name, head, regular ? 0 : (size_t)n, err);
	if (fmt_scap__probe(head, (size_t)n))
		return fmt_scap__open(ret, fd, name, head, (size_t)n, err);
	if (fmt_jsonl__probe(head, (size_t)n))
		return fmt_jsonl__open(ret, fd, regular, name, head, regular ? 0 : (size_t)n, err);
	if (fmt_audit__probe(head, (size_t)n))
		return fmt_audit__open(ret, fd, regular, name, head, regular ? 0 : (size_t)n, err);
	close(fd);
	source_not_a_trace(head, (size_t)n, err);
	err__file(err, name);
	return -FMT_E_FORMAT;
}
