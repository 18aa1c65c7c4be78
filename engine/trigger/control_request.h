/* SPDX-License-Identifier: Apache-2.0 */
/*
 * control_request - what somebody asks a recorder by its control socket: one line, a JSON object.
 *
 *   {"command": "trigger", "request": {"container": "web1", "before": "60s", "reason": "..."}, "wait": true}
 *   {"command": "status"}    {"command": "reload"}    {"command": "stop"}
 *   {"command": "playbooks", "request": {"do": "status"}}	or stop, resume
 *
 * Input:     untrusted, although only root or a group may connect: size and depth are capped.
 */
#ifndef ENG_CONTROL_REQUEST_H
#define ENG_CONTROL_REQUEST_H

#include "engine/trigger/trigger_request.h"

#define ENG_CONTROL_LINE_MAX 65536u

enum eng_control_command { CONTROL_TRIGGER, CONTROL_STATUS, CONTROL_RELOAD, CONTROL_PLAYBOOKS, CONTROL_STOP };
enum eng_control_playbooks { PLAYBOOKS_STATUS, PLAYBOOKS_STOP, PLAYBOOKS_RESUME };

struct eng_control_request {
	enum eng_control_command command;
	struct eng_trigger_request trigger;	/* of CONTROL_TRIGGER */
	bool wait;				/* of the same: answer when the file is complete */
	enum eng_control_playbooks playbooks;	/* of CONTROL_PLAYBOOKS */
};

/* 0, or negative with a sentence for who sent it. ret is only set on success; __done it. */
int eng_control_request__parse(const char *line, size_t len, struct eng_control_request *ret, struct err *err);
void eng_control_request__done(struct eng_control_request *r);

#endif
