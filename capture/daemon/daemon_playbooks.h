/* SPDX-License-Identifier: Apache-2.0 */
/*
 * daemon_playbooks - playbooks in the flight recorder: decided in the recording thread, done by threads of their own, which keep the
 * privileges that recording gives up. What came of each action becomes a row of the recording and a line of the log.
 */
#ifndef CAP_DAEMON_PLAYBOOKS_H
#define CAP_DAEMON_PLAYBOOKS_H

#include "capture/record/live.h"
#include "engine/playbook/playbook.h"

struct cap_daemon;
struct cap_playbooks;

#define CAP_PIN_DIR "/sys/fs/bpf/spoor"	/* network cuts: they outlive the recorder */

/* Before privileges are given up. *ret is NULL if no playbooks are configured (d->conf.playbooks). */
int cap_playbooks__new(struct cap_playbooks **ret, struct cap_daemon *d, struct err *err);
/* When it is known which container we are in, before the first alert. p may be NULL. */
int cap_playbooks__begin(struct cap_playbooks *p, struct err *err);
/* Say in the log which of these actions will fail for want of privileges. */
void cap_playbooks__warn(const struct cap_playbooks *p, const struct playbook *pb);
/* In the recording thread, when nobody decides any more: end what runs, and make the last rows. */
void cap_playbooks__end(struct cap_playbooks *p);
void cap_playbooks__free(struct cap_playbooks *p);

/* In the recording thread: an alert; the end of a round, when rows are added. */
void cap_playbooks__alert(struct cap_playbooks *p, const struct cap_live_alert *a);
void cap_playbooks__round(struct cap_playbooks *p);
/*
 * In the recording thread: others from the next alert on; limits and cool-downs go on. Made ready first, which can fail and changes
 * nothing; then set, or dropped. Where there were none when the recorder began there cannot be any later: the privileges are gone.
 */
int cap_playbooks__prepare(struct cap_playbooks *p, struct playbook *pb, struct pb_decider **ret, struct err *err);
void cap_playbooks__set(struct cap_playbooks *p, struct playbook *pb, struct pb_decider *ready);

/* From any thread: stop (true) or resume; how things are, as members of a JSON object. */
void cap_playbooks__stop(struct cap_playbooks *p, bool stop);
void cap_playbooks__status(struct cap_playbooks *p, struct buf *out);

#endif
