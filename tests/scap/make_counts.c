// SPDX-License-Identifier: Apache-2.0
/*
 * make_counts - counts the events of an unpacked .scap on its standard input by walking its blocks: "type count" lines.
 *
 * Shares with the reader nothing but the names of codes and calls. Entries of calls are left out: the return stands
 * for the call. What the reader calls otherwise than the capture (the container's life) is named as it is there.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { OLD = 1, CUR = 0, UNUSED = 2, E = 1, X = 0, CONV = 0, LARGE = 0 };

static const struct { const char *name; bool enter, unused; } codes[] = {
#define SCAP(code, name, dir, status, flags, params, convs) [code] = { name, dir, status == UNUSED },
#include "format/scap/scap_codes.def"
#undef SCAP
};

static const char *const calls[] = {
#define CALL(number, name) [number] = #name,
#include "format/scap/scap_calls.def"
#undef CALL
};

#define IS_OLD_ACCEPT4(code) ((code) == 57 || (code) == 249)	/* these have the name of accept */
#define ACCEPT4 389

#define N_CODES (sizeof(codes) / sizeof(*codes))
#define N_CALLS (sizeof(calls) / sizeof(*calls))

static unsigned long by_code[N_CODES], by_call[N_CALLS];

static bool is_entry_of_call(unsigned code)
{
	return codes[code].enter && code + 1 < N_CODES && !codes[code + 1].enter && !codes[code + 1].unused &&
	       !strcmp(codes[code].name, codes[code + 1].name);
}

/* Bytes of the event header before its parameters' lengths, by block number; 0: the block holds no event. */
static unsigned event_at(uint32_t type, bool *v2)
{
	*v2 = type == 0x216 || type == 0x217 || type == 0x221 || type == 0x222;
	switch (type) {
	case 0x204: case 0x8010abcd: case 0x216: case 0x221: return 2;
	case 0x208: case 0x217: case 0x222: return 6;
	}
	return 0;
}

static void count(uint32_t type, const uint8_t *body, size_t n)
{
	bool v2;
	unsigned at = event_at(type, &v2), n_params;
	uint16_t code, len, call;

	if (!at || n < at + 22)
		return;
	memcpy(&code, body + at + 20, 2);
	if (code >= N_CODES || codes[code].unused || is_entry_of_call(code))
		return;
	if (code != 1) {
		by_code[IS_OLD_ACCEPT4(code) ? ACCEPT4 : code]++;
		return;
	}
	/* a call without an event of its own: its number is the first of one or two parameters of two bytes each */
	memcpy(&len, body + at + 16, 2);
	at += v2 ? 26 : 22;
	n_params = (len - (v2 ? 26u : 22u)) / 4;
	if (n_params < 1 || n_params > 2 || n < at + 4 * n_params)
		return;
	memcpy(&call, body + at + 2 * n_params, 2);
	if (call < N_CALLS && calls[call])
		by_call[call]++;
}

static void print(void)
{
	for (size_t i = 0; i < N_CODES; i++)
		if (by_code[i])
			printf("%s %lu\n", codes[i].name, by_code[i]);
	for (size_t i = 0; i < N_CALLS; i++)
		if (by_call[i])
			printf("%s %lu\n", calls[i], by_call[i]);
}

int main(void)
{
	static uint8_t body[1 << 24];
	uint32_t head[2];

	while (fread(head, sizeof(head), 1, stdin) == 1) {
		if (head[1] < 12 || head[1] - 8 > sizeof(body) || fread(body, head[1] - 8, 1, stdin) != 1) {
			fprintf(stderr, "the blocks do not fit together\n");
			return 1;
		}
		count(head[0], body, head[1] - 12);
	}
	print();
	return 0;
}
