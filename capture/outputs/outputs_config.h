/* SPDX-License-Identifier: Apache-2.0 */
/*
 * outputs_config - an entry of `outputs:` in a configuration.
 */
#ifndef CAP_OUTPUTS_CONFIG_H
#define CAP_OUTPUTS_CONFIG_H

#include "capture/outputs/outputs.h"
#include "engine/config/config.h"

/* What cfg__read fills; texts live as long as the struct cfg. */
struct cap_out_conf {
	const char *name;
	int type;			/* enum cap_out_kind */
	int priority;			/* enum eng_priority */
	struct cfg_strings tags;
	const char *rule, *source;
	uint64_t limit, limit_time;
	int format;			/* enum cap_out_format */
	uint64_t timeout, give_up, retry_min, retry_max, queue, queue_bytes;
	const char *spool;
	uint64_t spool_bytes;
	bool spool_sync;
	const char *path, *mode, *address, *facility;
	struct cfg_strings command;
	bool shell, per_alert;
	const char *url, *subject, *user, *password_file, *credentials, *token_file, *proxy;
	struct cfg_pairs headers;
	const char *ca, *certificate, *key;
	bool verify;
	bool give_up_given;		/* else it depends on the spool */
};

/* Checks each entry by itself, and that it could be added: files of tokens and certificates are looked at. */
extern const struct cfg_section cap_out_section;

/* Add what was read without problems; -EEXIST for a second output of a name, and the errors of cap_outputs__add. */
int cap_outputs__add_conf(struct cap_outputs *h, const struct cap_out_conf *c, struct err *err);

#endif
