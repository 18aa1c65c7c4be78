/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kube - actions on pods and nodes by the API server.
 *
 * Each may be done twice: what is already so is done. A request is tried again when the server is busy (429, 503, with Retry-After),
 * broken (5xx), unreachable, or its answer is no JSON; not when it refuses. Where the alert knows the pod's uid, another pod of
 * that name is not touched.
 *
 * Input: answers are untrusted: the size is capped by the HTTP client, the depth by the JSON parser.
 */
#ifndef CAP_KUBE_H
#define CAP_KUBE_H

#include "capture/act/act.h"

struct act_kube;

/* One step of a plan that has PBF_KUBE. */
int act_kube__do(struct act_env *env, const struct pb_plan *p, const struct pb_step *s, struct buf *text, struct err *err);
void act_kube__free(struct act_kube *k);

/* The ClusterRole that the playbooks need, as YAML: no right that none of their actions uses. */
void act_kube__role(const struct playbook *pb, struct buf *out);

/* How the server is reached, and as whom. All owned; NULL: not given. */
struct kube_access {
	char *server;			/* https://host:port */
	char *ca, *cert, *key;		/* PEM */
	char *ca_file, *cert_file, *key_file, *token_file;
	char *proxy;			/* URL */
	char *token;
	bool no_verify;
	char **exec, **exec_env;	/* a program that gives credentials, its arguments, "NAME=value"s; NULL at their ends */
	char *exec_version;
};
/* The account that a pod has, in the folder where it is mounted. */
int kube_access__in_cluster(struct kube_access *a, const char *folder, struct err *err);
/* A kubeconfig. context NULL: its current one. The file is the administrator's; programs in it are run. */
int kube_access__read(struct kube_access *a, const char *path, const char *context, struct err *err);
/* Ask the program, if there is one, for token or certificate. */
int kube_access__refresh(struct kube_access *a, const atomic_bool *stop, struct err *err);
void kube_access__done(struct kube_access *a);

/* --- requests (kube_call.c) --- */

struct cJSON;
struct kube_answer {
	unsigned status;
	struct cJSON *json;		/* of a 2xx; the caller's */
	char reason[64], message[256];	/* of what is no 2xx */
};
int kube_call__new(struct act_kube **ret, const struct pb_kubernetes *o, const atomic_bool *stop, struct err *err);
/*
 * 0 and an answer, whatever its status that is not to be tried again; negative with err if there was none. type: of the body.
 * An eviction that a disruption budget forbids is a 429 too: it is answered in the end.
 */
int kube__call(struct act_kube *k, const char *method, const char *path, const char *type, const char *body, struct kube_answer *ret,
	       struct err *err);
void kube_answer__done(struct kube_answer *a);

#endif
