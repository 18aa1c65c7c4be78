// SPDX-License-Identifier: Apache-2.0
#include "capture/serve/serve_config.h"
#include "format/base/text.h"

#define KEY(member, kind, name, dflt, doc, ...) CFG_KEY(struct cap_serve_conf, member, kind, name, dflt, doc, ##__VA_ARGS__)

static const struct cfg_key keys[] = {
	KEY(listen, CFG_STRING, "listen", NULL, "`HOST:PORT`, such as `127.0.0.1:9376`, or `unix:/PATH`. Not given: no server. An "
	    "address that other machines reach needs `token_file` or `client_ca`."),
	KEY(socket_mode, CFG_STRING, "socket_mode", "0660", "The mode of a unix socket."),
	KEY(token_file, CFG_PATH, "token_file", NULL, "A file with the token that requests must carry (`Authorization: Bearer "
	    "TOKEN`); all but `/healthz` and `/readyz`."),
	KEY(certificate, CFG_PATH, "certificate", NULL, "TLS: the server's certificate, PEM, with those between it and the root."),
	KEY(key, CFG_PATH, "key", NULL, "TLS: its key."),
	KEY(client_ca, CFG_PATH, "client_ca", NULL, "TLS: who shows a certificate of this authority may ask without token."),
	KEY(connections, CFG_NUMBER, "connections", "64", "At once; from one address half of it.", .min = 2, .max = 10000),
	KEY(request_time, CFG_DURATION, "request_time", "30s", "What takes longer to ask is cut off.", .min = 1000000000ull,
	    .max = 600000000000ull),
	CFG_END,
};

void cap_serve_conf__opts(const struct cap_serve_conf *c, struct cap_serve_opts *ret)
{
	*ret = (struct cap_serve_opts){
		.listen = c->listen, .token_file = c->token_file, .cert_file = c->certificate, .key_file = c->key,
		.client_ca_file = c->client_ca, .max_connections = (unsigned)c->connections, .time_ns = c->request_time
	};
	text__parse_mode(c->socket_mode, &ret->socket_mode);
}

static void check(struct cfg *c, const struct yaml_node *n, void *opts)
{
	const struct cap_serve_conf *conf = opts;
	struct cap_serve_opts o;
	struct cap_serve *s = NULL;
	struct err err = { 0 };
	uint32_t mode;

	if (!conf->listen)
		return;
	if (!text__parse_mode(conf->socket_mode, &mode)) {
		cfg__problem(c, cfg__place(n, "socket_mode"), "'%s' is no mode of a socket: write it as 0660", conf->socket_mode);
		return;
	}
	cap_serve_conf__opts(conf, &o);
	if (cap_serve__new(&s, &o, NULL, &err))
		cfg__problem(c, n, "%s%s%s", err.file, *err.file ? ": " : "", err.msg);
	cap_serve__free(s);
}

const struct cfg_section cap_serve_section = {
	"The HTTP server: `GET /metrics` (Prometheus), `GET /healthz` and `/readyz`, `POST /trigger`.",
	keys, sizeof(struct cap_serve_conf), check
};
