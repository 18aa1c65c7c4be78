// SPDX-License-Identifier: Apache-2.0
/* Kubeconfigs (kubernetes.io: "Organizing Cluster Access Using kubeconfig Files"), exec plugins, accounts of pods. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cjson/cJSON.h>

#include "capture/act/act_child.h"
#include "capture/act/kube/kube.h"
#include "engine/config/config.h"
#include "format/base/text.h"

#define MAX_EXEC_OUTPUT (256u << 10)
#define EXEC_TIMEOUT_NS 30000000000ull

static void free_list(char **list)
{
	for (char **p = list; p && *p; p++)
		free(*p);
	free(list);
}

static void wipe(char **s)
{
	if (*s)
		explicit_bzero(*s, strlen(*s));
	free(*s);
	*s = NULL;
}

void kube_access__done(struct kube_access *a)
{
	free(a->server);
	free(a->ca);
	free(a->cert);
	wipe(&a->key);
	wipe(&a->token);
	free(a->ca_file);
	free(a->cert_file);
	free(a->key_file);
	free(a->token_file);
	free(a->proxy);
	free_list(a->exec);
	free_list(a->exec_env);
	free(a->exec_version);
	*a = (struct kube_access){ 0 };
}

int kube_access__in_cluster(struct kube_access *a, const char *folder, struct err *err)
{
	const char *host = getenv("KUBERNETES_SERVICE_HOST"), *port = getenv("KUBERNETES_SERVICE_PORT");

	if (!host || !port)
		return err__set(err, -FMT_E_UNSUPPORTED, "this is no pod (KUBERNETES_SERVICE_HOST is not set): give a kubeconfig, "
				"'kubernetes: {kubeconfig: FILE}'");
	a->server = xasprintf(strchr(host, ':') ? "https://[%s]:%s" : "https://%s:%s", host, port);
	a->ca_file = xasprintf("%s/ca.crt", folder);
	a->token_file = xasprintf("%s/token", folder);
	return 0;
}

/* --- kubeconfig -------------------------------------------------------------------------------------------- */

static const char *text_of(const struct yaml_node *n, const char *key)
{
	const struct yaml_node *v = yaml_node__get(n, key);

	return v && v->kind == Y_SCALAR && v->len && strlen(v->text) == v->len ? v->text : NULL;
}

static char *dup_text(const struct yaml_node *n, const char *key)
{
	const char *s = text_of(n, key);

	return s ? xstrdup(s) : NULL;
}

/* Standard base64; NULL if it is none. */
static char *decode(const char *s)
{
	struct buf b = { 0 };
	uint32_t bits = 0;
	unsigned n = 0;

	for (; *s && *s != '='; s++) {
		int d = text__base64_digit(*s);

		if (*s == '\n' || *s == ' ')
			continue;
		if (d < 0) {
			buf__done(&b);
			return NULL;
		}
		bits = bits << 6 | (uint32_t)d;
		n += 6;
		if (n >= 8) {
			n -= 8;
			buf__u8(&b, (uint8_t)(bits >> n));
		}
	}
	buf__u8(&b, 0);
	return (char *)b.p;
}

static int take_data(const struct yaml_node *n, const char *key, char **to, struct err *err)
{
	const char *s = text_of(n, key);

	if (!s)
		return 0;
	*to = decode(s);
	return *to ? 0 : err__set(err, -FMT_E_VALUE, "%s is no base64", key);
}

/* The entry of that name, its `what`. */
static const struct yaml_node *find(const struct yaml_node *root, const char *list, const char *name, const char *what, struct err *err)
{
	const struct yaml_node *l = yaml_node__get(root, list);

	for (uint32_t i = 0; name && l && l->kind == Y_SEQ && i < l->n; i++) {
		const char *s = text_of(l->kids[i], "name");

		if (s && !strcmp(s, name))
			return yaml_node__get(l->kids[i], what);
	}
	err__set(err, -FMT_E_UNKNOWN, "there is no entry '%s' in %s", name ? name : "", list);
	return NULL;
}

static char *whole_path(struct cfg *c, const struct yaml_node *n, const char *key)
{
	const char *s = text_of(n, key);

	return s ? xstrdup(cfg__path(c, s)) : NULL;
}

static char **make_list(const char *first, const struct yaml_node *l)
{
	uint32_t n = l && l->kind == Y_SEQ ? l->n : 0, k = 0;
	char **list = xcalloc(n + 2, sizeof(*list));

	if (first)
		list[k++] = xstrdup(first);
	for (uint32_t i = 0; i < n; i++) {
		const char *name = text_of(l->kids[i], "name"), *value = text_of(l->kids[i], "value");

		if (l->kids[i]->kind == Y_SCALAR)
			list[k++] = xstrdup(l->kids[i]->text);
		else if (name)
			list[k++] = xasprintf("%s=%s", name, value ? value : "");
	}
	return list;
}

/* A command with a slash is a path, from the file's folder; others are looked for as shells do. */
static void take_exec(struct kube_access *a, struct cfg *c, const struct yaml_node *n)
{
	const char *command = text_of(n, "command");

	if (!command)
		return;
	a->exec = make_list(strchr(command, '/') ? cfg__path(c, command) : command, yaml_node__get(n, "args"));
	a->exec_env = make_list(NULL, yaml_node__get(n, "env"));
	a->exec_version = dup_text(n, "apiVersion");
}

static int take_all(struct kube_access *a, struct cfg *c, const char *context, struct err *err)
{
	const struct yaml_node *root = cfg__root(c), *cluster, *user, *ctx;
	int r = 0;

	ctx = find(root, "contexts", context ? context : text_of(root, "current-context"), "context", err);
	cluster = ctx ? find(root, "clusters", text_of(ctx, "cluster"), "cluster", err) : NULL;
	user = cluster ? find(root, "users", text_of(ctx, "user"), "user", err) : NULL;
	if (!user)
		return err__set(err, -FMT_E_VALUE, "the context, its cluster or its user is empty");
	a->server = dup_text(cluster, "server");
	if (!a->server || (strncmp(a->server, "https://", 8) && strncmp(a->server, "http://", 7)))
		return err__set(err, -FMT_E_VALUE, "the cluster's server is no URL");
	while (a->server[strlen(a->server) - 1] == '/')
		a->server[strlen(a->server) - 1] = 0;
	if (yaml_node__get(cluster, "insecure-skip-tls-verify"))
		yaml_node__bool(yaml_node__get(cluster, "insecure-skip-tls-verify"), &a->no_verify);
	a->proxy = dup_text(cluster, "proxy-url");
	a->ca_file = whole_path(c, cluster, "certificate-authority");
	a->cert_file = whole_path(c, user, "client-certificate");
	a->key_file = whole_path(c, user, "client-key");
	a->token = dup_text(user, "token");
	a->token_file = whole_path(c, user, "tokenFile");
	take_exec(a, c, yaml_node__get(user, "exec"));
	r = take_data(cluster, "certificate-authority-data", &a->ca, err);
	r = r ? r : take_data(user, "client-certificate-data", &a->cert, err);
	return r ? r : take_data(user, "client-key-data", &a->key, err);
}

int kube_access__read(struct kube_access *a, const char *path, const char *context, struct err *err)
{
	struct cfg *c;
	int r = cfg__open(&c, path, err);

	if (r)
		return r;
	r = cfg__result(c, err);
	if (!r)
		r = take_all(a, c, context, err);
	err__file(err, path);
	cfg__free(c);
	return r;
}

/* --- exec plugins: client.authentication.k8s.io ------------------------------------------------------------- */

static void take_json(const cJSON *status, const char *key, char **to)
{
	const cJSON *v = cJSON_GetObjectItemCaseSensitive(status, key);

	if (!cJSON_IsString(v) || !*v->valuestring)
		return;
	wipe(to);
	*to = xstrdup(v->valuestring);
}

int kube_access__refresh(struct kube_access *a, const atomic_bool *stop, struct err *err)
{
	struct act_child c = { .argv = a->exec, .max = MAX_EXEC_OUTPUT, .timeout = EXEC_TIMEOUT_NS, .stop = stop, .search = true };
	const cJSON *status;
	char **env, *info;
	cJSON *j;
	unsigned n = 0;
	int r;

	if (!a->exec)
		return 0;
	while (a->exec_env[n])
		n++;
	env = xcalloc(n + 2, sizeof(*env));
	memcpy(env, a->exec_env, n * sizeof(*env));
	info = xasprintf("KUBERNETES_EXEC_INFO={\"apiVersion\":\"%s\",\"kind\":\"ExecCredential\",\"spec\":{\"interactive\":false}}",
			 a->exec_version ? a->exec_version : "client.authentication.k8s.io/v1");
	env[n] = info;
	c.env = env;
	r = act_child__run(&c, err);
	j = r ? NULL : cJSON_ParseWithLength((char *)c.said.p, c.said.len);
	status = cJSON_GetObjectItemCaseSensitive(j, "status");
	if (!r && c.status)
		r = err__set(err, -EIO, "%s, which gives credentials, has failed", a->exec[0]);
	if (!r && !cJSON_IsObject(status))
		r = err__set(err, -EPROTO, "%s, which gives credentials, gives none", a->exec[0]);
	if (!r) {
		take_json(status, "token", &a->token);
		take_json(status, "clientCertificateData", &a->cert);
		take_json(status, "clientKeyData", &a->key);
	}
	cJSON_Delete(j);
	buf__done(&c.said);
	free(info);
	free(env);
	return r;
}
