// SPDX-License-Identifier: Apache-2.0
#include <pthread.h>

#include "format/scap/scap_codes.h"

#define N_CALLS 455

static const char *const names[N_CALLS] = {
#define CALL(number, name) [number] = #name,
#include "format/scap/scap_calls.def"
#undef CALL
};

static int16_t event_of[N_CALLS];
static uint16_t call_of[FMT_MAX_EVENTS];

static void build(void)
{
	for (unsigned i = 0; i < N_CALLS; i++) {
		event_of[i] = (int16_t)(names[i] ? fmt_event__by_name(names[i]) : -1);
		if (event_of[i] >= 0)
			call_of[event_of[i]] = (uint16_t)i;
	}
}

static pthread_once_t once = PTHREAD_ONCE_INIT;

int scap_call__event(unsigned call)
{
	pthread_once(&once, build);
	return call < N_CALLS ? event_of[call] : -1;
}

unsigned scap_call__of_event(unsigned event)
{
	pthread_once(&once, build);
	return event < FMT_MAX_EVENTS ? call_of[event] : 0;
}
