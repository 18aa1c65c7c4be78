/* SPDX-License-Identifier: Apache-2.0 */
/* capture_options - the command line of spoor-capture: what can be given, and what has been. */
#ifndef CAP_CAPTURE_OPTIONS_H
#define CAP_CAPTURE_OPTIONS_H

#include "capture/record/recorder.h"
#include "capture/snaplen.h"
#include "format/base/cli.h"

struct cap_options {
	struct cap_recorder_opts rec;
	struct cap_scope scope;
	struct cap_live live;
	struct cap_snaplen snaplen;
	uint64_t duration;		/* ns, 0: no limit */
	bool realtime;			/* a real-time priority for the recording */
	char **command;
	const char *audit_log;		/* NULL: none */
	const char *daemon, *check;	/* configurations: to run as the daemon, to look at only */
	const char *other;		/* the first option that is for neither of these; NULL: none */
};

/* With --daemon: what is to be done instead of that option, in words. */
const char *cap_options__for_daemon(const char *option);

extern const struct cli cap_cli;	/* for a struct cap_options */

#endif
