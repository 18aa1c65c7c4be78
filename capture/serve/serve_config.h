/* SPDX-License-Identifier: Apache-2.0 */
/*
 * serve_config - the HTTP server in a configuration.
 */
#ifndef CAP_SERVE_CONFIG_H
#define CAP_SERVE_CONFIG_H

#include "capture/serve/serve.h"
#include "engine/config/config.h"

/* What cfg__read fills; texts live as long as the struct cfg. */
struct cap_serve_conf {
	const char *listen;		/* NULL: no server */
	const char *socket_mode, *token_file, *certificate, *key, *client_ca;
	uint64_t connections, request_time;
};

extern const struct cfg_section cap_serve_section;

/* For cap_serve__new; borrows from c. */
void cap_serve_conf__opts(const struct cap_serve_conf *c, struct cap_serve_opts *ret);

#endif
