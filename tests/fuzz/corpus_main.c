// SPDX-License-Identifier: Apache-2.0
/*
 * corpus_main - gives every file of the folders named on the command line to a fuzz target, once.
 *
 * What a fuzzer once found stays found: `make test` links each target with this instead of a fuzzing
 * engine. Speaks TAP: one case for each file, and one for the empty input.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "format/base/alloc.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int not_dot(const struct dirent *d)
{
	return d->d_name[0] != '.';
}

static uint8_t *read_file(const char *path, size_t *ret_size)
{
	FILE *f = fopen(path, "rb");
	struct buf b = { 0 };
	size_t n;

	if (!f)
		return NULL;
	do {
		buf__reserve(&b, 65536);
		n = fread(b.p + b.len, 1, 65536, f);
		b.len += n;
	} while (n);
	fclose(f);
	*ret_size = b.len;
	return b.p;
}

static int run_folder(const char *dir, int no)
{
	struct dirent **names;
	int n = scandir(dir, &names, not_dot, alphasort);

	for (int i = 0; i < n; i++) {
		char *path = xasprintf("%s/%s", dir, names[i]->d_name);
		size_t size = 0;
		uint8_t *data = read_file(path, &size);
		/* An exact copy on the heap, so that a read past the end is seen. */
		uint8_t *exact = data ? xmalloc(size ? size : 1) : NULL;

		if (exact) {
			if (size)
				memcpy(exact, data, size);
			LLVMFuzzerTestOneInput(exact, size);
		}
		printf("%s %d - %s\n", exact ? "ok" : "not ok", ++no, names[i]->d_name);
		fflush(stdout);
		free(exact);
		free(data);
		free(path);
		free(names[i]);
	}
	if (n >= 0)
		free(names);
	return no;
}

int main(int argc, char **argv)
{
	int no = 0;

	LLVMFuzzerTestOneInput((const uint8_t *)"", 0);
	printf("ok %d - empty input\n", ++no);
	for (int i = 1; i < argc; i++)
		no = run_folder(argv[i], no);
	printf("1..%d\n", no);
	return 0;
}
