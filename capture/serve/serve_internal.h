/* SPDX-License-Identifier: Apache-2.0 */
/*
 * serve, inside: what the files of capture/serve share.
 */
#ifndef CAP_SERVE_INTERNAL_H
#define CAP_SERVE_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/socket.h>
#include <microhttpd.h>

#include "capture/serve/serve.h"

/* One connection, for its time. */
struct serve_conn {
	struct serve_conn *next, *prev;
	int fd;
	uint64_t since_ns;	/* CLOCK_MONOTONIC: of the connection, or the end of the last request */
	bool cut;
};

struct cap_serve {
	struct arena mem;
	struct cap_serve_opts o;	/* copies */
	char *token, *cert, *key, *client_ca;	/* texts */
	bool is_unix, is_loopback;
	char host[256];			/* of listen, "" for a unix socket */
	struct sockaddr_storage addr;
	socklen_t addr_len;
	int fd;				/* listening; -1: the daemon has it, or none */
	unsigned port;
	struct cap_serve_route *routes;
	size_t n_routes, cap_routes;
	struct MHD_Daemon *daemon;
	pthread_t thread;
	bool started, bound;
	atomic_bool stop;
	bool drain;			/* at the end: connections that there are have a second */
	struct serve_conn *conns;	/* of the server's thread */
	struct cap_metrics *metrics;
};

/* Where to listen: fills addr, is_unix, is_loopback. */
int serve__resolve(struct cap_serve *s, struct err *err);
/* The listening socket. */
int serve__listen(struct cap_serve *s, struct err *err);
/* The address of a peer, for messages. */
void serve__peer(const struct sockaddr *a, char text[64]);
/* May who asks on this connection do so? */
bool serve__may(const struct cap_serve *s, struct MHD_Connection *c);
/* MHD's handler of requests, and what it calls at their end. */
enum MHD_Result serve__on_request(void *arg, struct MHD_Connection *c, const char *url, const char *method,
				  const char *version, const char *upload, size_t *upload_len, void **own);
void serve__on_done(void *arg, struct MHD_Connection *c, void **own, enum MHD_RequestTerminationCode why);

#endif
