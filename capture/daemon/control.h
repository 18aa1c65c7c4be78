/* SPDX-License-Identifier: Apache-2.0 */
/*
 * control - the daemon's socket: one JSON object on a line in, one out.
 *
 *	-> {"command": "trigger", "request": {"container": "web1", "before": "60s", "reason": "..."}, "wait": true}
 *	<- {"ok": true, "file": "..."}		or {"ok": false, "error": "..."}
 *
 * The socket belongs to root, or to a group, and nobody else may connect. Whoever may is still not trusted with the
 * daemon's life: lines, connections and the time that a request may take are bounded, and a connection that asks
 * wrongly is told so and closed.
 *
 * Threads: one, which calls cap_control__poll.
 */
#ifndef CAP_CONTROL_H
#define CAP_CONTROL_H

#include <poll.h>

#include "capture/daemon/daemon_config.h"
#include "engine/trigger/control_request.h"

#define CAP_CONTROL_MAX_CLIENTS 32u
#define CAP_CONTROL_MAX_FDS (CAP_CONTROL_MAX_CLIENTS + 1)
#define CAP_CONTROL_IDLE_NS 5000000000u	/* to send a request, to take an answer */

struct cap_peer {
	uint32_t pid, uid;
};

struct cap_control_ops {
	/*
	 * Answer a request: append an object without newline. true: that is it. false: *ret_wait has been set, what has been
	 * appended is a note for still_waiting, which is asked every now and then and has the answer take its place at the end.
	 */
	bool (*answer)(void *arg, const struct cap_peer *who, const struct eng_control_request *rq, uint64_t *ret_wait,
		       struct buf *out);
	bool (*still_waiting)(void *arg, uint64_t wait, struct buf *out);
	void *arg;
};

struct cap_control;

/*
 * Make the socket. Its folder is made if it is missing; a socket that nobody listens on any more is replaced,
 * -EADDRINUSE if somebody does.
 */
int cap_control__open(struct cap_control **ret, const struct cap_control_conf *o, const struct cap_control_ops *ops,
		      struct err *err);
void cap_control__close(struct cap_control *c);	/* removes the socket; NULL is fine */
/* What to poll for: at most CAP_CONTROL_MAX_FDS. */
unsigned cap_control__fds(struct cap_control *c, struct pollfd *fds);
/* Serve what poll has found. */
void cap_control__serve(struct cap_control *c, const struct pollfd *fds, unsigned n);
bool cap_control__waiting(const struct cap_control *c);	/* somebody waits: serve often */

/* {"ok": false, "error": text} */
void cap_control__error(struct buf *out, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
