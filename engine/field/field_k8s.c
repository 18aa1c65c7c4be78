// SPDX-License-Identifier: Apache-2.0
/*
 * ka.*, json.*, jevt.*: the entry of a Kubernetes audit log. A table says where each field's value is in the entry and how it
 * is read there; see fields_k8s.def for what they mean.
 */
#include <inttypes.h>
#include <stdio.h>

#include "engine/field/field_internal.h"
#include "format/audit/audit_uri.h"
#include "format/json/json_doc.h"

enum how {
	H_NONE,
	H_PATH,			/* the value at path */
	H_LIST,			/* the elements of the array at path */
	H_EACH,			/* of each element of it, the value at sub, if there is one */
	H_ALL,			/* the same, but all must have one */
	H_FLAT,			/* of each element of it, the elements of the array at sub */
	H_JOIN,			/* of each element of it, those joined by blanks */
	H_IMAGE,		/* H_ALL, cut to the repository */
	H_FIRST, H_FIRST_IMAGE,	/* the first of H_ALL, H_IMAGE alone */
	H_EFFECTIVE,		/* sub of each container's securityContext, else of the pod's, else 0 */
	H_PORTS,		/* hostPort of all ports of containers, else containerPort */
	H_PRIVILEGED,		/* is any container that? */
	H_SUBJECTS,		/* names of the subjects of the kind that sub names */
	H_ACCOUNTS,		/* "namespace:name" of those that are service accounts */
	H_HAS_NAME, H_HAS_PATH,	/* is the argument among them? */
	H_VOLUMES,		/* the types of volumes */
	H_POD,			/* path, if it is about a pod itself */
	H_PARAM,		/* of the URI */
	H_POINTER, H_INDENTED, H_TIME,
};

struct plan {
	uint8_t how;
	uint8_t param;		/* of the event, plus one: the same value, ready; 0: none */
	const char *path, *sub;	/* names joined by '|' */
};

#define SPEC "requestObject|spec|"
#define CTX "securityContext|"
#define READY(p) P_k8s_audit_##p + 1
#define AT(id) [F_##id - F_ka_auditid]
#define CONTAINERS(word)									\
	AT(ka_req_pod_##word##_args) = { H_JOIN, 0, SPEC #word, "args" },			\
	AT(ka_req_pod_##word##_command) = { H_JOIN, 0, SPEC #word, "command" },			\
	AT(ka_req_pod_##word##_name) = { H_ALL, 0, SPEC #word, "name" },			\
	AT(ka_req_pod_##word##_image) = { H_ALL, 0, SPEC #word, "image" },			\
	AT(ka_req_pod_##word##_image_repository) = { H_IMAGE, 0, SPEC #word, "image" },		\
	AT(ka_req_pod_##word##_privileged) = { H_EACH, 0, SPEC #word, CTX "privileged" },	\
	AT(ka_req_pod_##word##_allow_privilege_escalation) =					\
		{ H_EACH, 0, SPEC #word, CTX "allowPrivilegeEscalation" },			\
	AT(ka_req_pod_##word##_read_only_fs) = { H_EACH, 0, SPEC #word, CTX "readOnlyRootFilesystem" },	\
	AT(ka_req_pod_##word##_run_as_user) = { H_EACH, 0, SPEC #word, CTX "runAsUser" },	\
	AT(ka_req_pod_##word##_eff_run_as_user) = { H_EFFECTIVE, 0, SPEC #word, "runAsUser" },	\
	AT(ka_req_pod_##word##_run_as_group) = { H_EACH, 0, SPEC #word, CTX "runAsGroup" },	\
	AT(ka_req_pod_##word##_eff_run_as_group) = { H_EFFECTIVE, 0, SPEC #word, "runAsGroup" }, \
	AT(ka_req_pod_##word##_proc_mount) = { H_EACH, 0, SPEC #word, CTX "procMount" },	\
	AT(ka_req_pod_##word##_add_capabilities) = { H_FLAT, 0, SPEC #word, CTX "capabilities|add" }

static const struct plan plans[] = {
	AT(ka_auditid) = { H_PATH, 0, "auditID", NULL },
	AT(ka_stage) = { H_PATH, READY(stage), "stage", NULL },
	AT(ka_auth_decision) = { H_PATH, 0, "annotations|authorization.k8s.io/decision", NULL },
	AT(ka_auth_reason) = { H_PATH, 0, "annotations|authorization.k8s.io/reason", NULL },
	AT(ka_auth_openshift_decision) = { H_PATH, 0, "annotations|authentication.openshift.io/decision", NULL },
	AT(ka_validations_admission_policy_failure) =
		{ H_PATH, 0, "annotations|validation.policy.admission.k8s.io/validation_failure", NULL },
	AT(ka_security_pod_violations) = { H_PATH, 0, "annotations|pod-security.kubernetes.io/audit-violations", NULL },
	AT(ka_auth_openshift_username) = { H_PATH, 0, "annotations|authentication.openshift.io/username", NULL },
	AT(ka_user_name) = { H_PATH, READY(user), "user|username", NULL },
	AT(ka_user_groups) = { H_LIST, 0, "user|groups", NULL },
	AT(ka_impuser_name) = { H_PATH, 0, "impersonatedUser|username", NULL },
	AT(ka_verb) = { H_PATH, READY(verb), "verb", NULL },
	AT(ka_uri) = { H_PATH, 0, "requestURI", NULL },
	AT(ka_uri_param) = { H_PARAM, 0, "requestURI", NULL },
	AT(ka_target_name) = { H_PATH, READY(name), "objectRef|name", NULL },
	AT(ka_target_namespace) = { H_PATH, READY(namespace), "objectRef|namespace", NULL },
	AT(ka_target_resource) = { H_PATH, READY(resource), "objectRef|resource", NULL },
	AT(ka_target_subresource) = { H_PATH, READY(subresource), "objectRef|subresource", NULL },
	AT(ka_target_pod_name) = { H_POD, 0, "responseObject|metadata|name", NULL },
	AT(ka_req_binding_subjects) = { H_LIST, 0, "requestObject|subjects", NULL },
	AT(ka_req_binding_subjects_user_names) = { H_SUBJECTS, 0, "requestObject|subjects", "User" },
	AT(ka_req_binding_subjects_serviceaccount_names) = { H_SUBJECTS, 0, "requestObject|subjects", "ServiceAccount" },
	AT(ka_req_binding_subjects_serviceaccount_ns_names) = { H_ACCOUNTS, 0, "requestObject|subjects", "ServiceAccount" },
	AT(ka_req_binding_subjects_group_names) = { H_SUBJECTS, 0, "requestObject|subjects", "Group" },
	AT(ka_req_binding_role) = { H_PATH, 0, "requestObject|roleRef|name", NULL },
	AT(ka_req_binding_subject_has_name) = { H_HAS_NAME, 0, "requestObject|subjects", "name" },
	AT(ka_req_configmap_name) = { H_PATH, READY(name), "objectRef|name", NULL },
	AT(ka_req_configmap_obj) = { H_PATH, 0, "requestObject|data", NULL },
	CONTAINERS(containers),
	CONTAINERS(initContainers),
	CONTAINERS(ephemeralContainers),
	AT(ka_req_pod_containers_host_port) = { H_PORTS, 0, SPEC "containers", NULL },
	AT(ka_req_pod_initContainers_host_port) = { H_PORTS, 0, SPEC "initContainers", NULL },
	AT(ka_req_container_image) = { H_FIRST, 0, SPEC "containers", "image" },
	AT(ka_req_container_image_repository) = { H_FIRST_IMAGE, 0, SPEC "containers", "image" },
	AT(ka_req_pod_host_ipc) = { H_PATH, 0, SPEC "hostIPC", NULL },
	AT(ka_req_pod_host_network) = { H_PATH, 0, SPEC "hostNetwork", NULL },
	AT(ka_req_container_host_network) = { H_PATH, 0, SPEC "hostNetwork", NULL },
	AT(ka_req_pod_host_pid) = { H_PATH, 0, SPEC "hostPID", NULL },
	AT(ka_req_container_privileged) = { H_PRIVILEGED, 0, SPEC "containers", CTX "privileged" },
	AT(ka_req_pod_run_as_user) = { H_PATH, 0, SPEC CTX "runAsUser", NULL },
	AT(ka_req_pod_run_as_group) = { H_PATH, 0, SPEC CTX "runAsGroup", NULL },
	AT(ka_req_role_rules) = { H_LIST, 0, "requestObject|rules", NULL },
	AT(ka_req_role_rules_apiGroups) = { H_FLAT, 0, "requestObject|rules", "apiGroups" },
	AT(ka_req_role_rules_nonResourceURLs) = { H_FLAT, 0, "requestObject|rules", "nonResourceURLs" },
	AT(ka_req_role_rules_verbs) = { H_FLAT, 0, "requestObject|rules", "verbs" },
	AT(ka_req_role_rules_resources) = { H_FLAT, 0, "requestObject|rules", "resources" },
	AT(ka_req_pod_fs_group) = { H_PATH, 0, SPEC CTX "fsGroup", NULL },
	AT(ka_req_pod_supplemental_groups) = { H_LIST, 0, SPEC CTX "supplementalGroups", NULL },
	AT(ka_req_service_type) = { H_PATH, 0, SPEC "type", NULL },
	AT(ka_req_service_ports) = { H_LIST, 0, SPEC "ports", NULL },
	AT(ka_req_pod_volumes_hostpath) = { H_EACH, 0, SPEC "volumes", "hostPath|path" },
	AT(ka_req_volume_hostpath) = { H_HAS_PATH, 0, SPEC "volumes", "hostPath|path" },
	AT(ka_req_pod_volumes_flexvolume_driver) = { H_EACH, 0, SPEC "volumes", "flexVolume|driver" },
	AT(ka_req_pod_volumes_volume_type) = { H_VOLUMES, 0, SPEC "volumes", NULL },
	AT(ka_resp_name) = { H_PATH, 0, "responseObject|metadata|name", NULL },
	AT(ka_response_code) = { H_PATH, READY(code), "responseStatus|code", NULL },
	AT(ka_response_reason) = { H_PATH, 0, "responseStatus|reason", NULL },
	AT(ka_useragent) = { H_PATH, 0, "userAgent", NULL },
	AT(ka_sourceips) = { H_LIST, 0, "sourceIPs", NULL },
	AT(ka_cluster_name) = { H_PATH, 0, "annotations|cluster_name", NULL },
	AT(json_value) = { H_POINTER, 0, NULL, NULL },
	AT(json_obj) = { H_INDENTED, 0, NULL, NULL },
	AT(json_rawtime) = { H_TIME, 0, NULL, NULL },
	AT(jevt_value) = { H_POINTER, 0, NULL, NULL },
	AT(jevt_obj) = { H_INDENTED, 0, NULL, NULL },
	AT(jevt_rawtime) = { H_TIME, 0, NULL, NULL },
};

/* What a field is read from. */
struct look {
	const struct json_doc *d;
	const struct plan *plan;
	const struct eng_fref *ref;
	struct eng_vals *out;
	struct eng_val *list;
	uint32_t n, cap;
};

/* --- looking up -------------------------------------------------------------------------------------------- */

static uint32_t at_path(const struct json_doc *d, uint32_t node, const char *path)
{
	const char *bar;

	for (; (bar = strchr(path, '|')); path = bar + 1)
		node = json_doc__get_n(d, node, path, (size_t)(bar - path));
	return json_doc__get(d, node, path);
}

/* A request for a pod's ephemeral containers used to be an object of its own kind. */
static uint32_t array_at(const struct look *l)
{
	uint32_t node = at_path(l->d, 0, l->plan->path);

	if (node == JSON_NONE && !strcmp(l->plan->path, SPEC "ephemeralContainers"))
		node = at_path(l->d, 0, "requestObject|ephemeralContainers");
	return json_doc__kind(l->d, node) == JSON_ARRAY ? node : JSON_NONE;
}

static struct eng_val text_of(const struct look *l, uint32_t node)
{
	struct eng_val v = { .type = T_STR };

	v.str.p = json_doc__text(l->d, node, l->out->scratch, &v.str.len);
	return v;
}

static bool is_there(const struct look *l, uint32_t node)
{
	return json_doc__kind(l->d, node) != JSON_NULL;
}

static void add(struct look *l, struct eng_val v)
{
	struct eng_val *more;

	if (l->n == l->cap) {
		l->cap = l->cap ? l->cap * 2 : 8;
		more = arena__alloc(l->out->scratch, l->cap * sizeof(*more));
		if (l->n)
			memcpy(more, l->list, l->n * sizeof(*more));
		l->list = more;
	}
	l->list[l->n++] = v;
}

static bool give_list(struct look *l)
{
	l->out->is_list = true;
	l->out->n = l->n;
	l->out->list = l->list;
	return true;
}

static bool give(struct look *l, uint32_t node)
{
	if (!is_there(l, node))
		return false;
	l->out->n = 1;
	l->out->v[0] = text_of(l, node);
	return true;
}

/* --- elements ---------------------------------------------------------------------------------------------- */

static void add_elements(struct look *l, uint32_t array)
{
	uint32_t at = 0, v;

	if (json_doc__kind(l->d, array) != JSON_ARRAY)
		return;
	while ((v = json_doc__next(l->d, array, &at, NULL)) != JSON_NONE)
		add(l, text_of(l, v));
}

static void add_joined(struct look *l, uint32_t array)
{
	struct buf b = { 0 };
	struct eng_val v = { .type = T_STR }, part;
	uint32_t at = 0, node;

	if (json_doc__kind(l->d, array) != JSON_ARRAY)
		return;
	while ((node = json_doc__next(l->d, array, &at, NULL)) != JSON_NONE) {
		part = text_of(l, node);
		if (b.len)
			buf__u8(&b, ' ');
		buf__add(&b, part.str.p, part.str.len);
	}
	v.str.p = arena__strndup(l->out->scratch, b.p ? (char *)b.p : "", b.len);
	v.str.len = (uint32_t)b.len;
	buf__done(&b);
	add(l, v);
}

/* The image without tag and digest; the port of a registry is no tag. */
static struct eng_val repository(struct eng_val v)
{
	const char *p = v.str.p, *at = memchr(p, '@', v.str.len);
	uint32_t n = at ? (uint32_t)(at - p) : v.str.len, slash = n, colon;

	while (slash && p[slash - 1] != '/')
		slash--;
	for (colon = slash; colon < n && p[colon] != ':';)
		colon++;
	v.str.len = colon;
	return v;
}

static void add_effective(struct look *l, uint32_t container)
{
	uint32_t node = at_path(l->d, json_doc__get(l->d, container, "securityContext"), l->plan->sub);
	struct eng_val zero = { .type = T_STR };

	if (!is_there(l, node))
		node = json_doc__get(l->d, at_path(l->d, 0, SPEC "securityContext"), l->plan->sub);
	zero.str.p = "0";
	zero.str.len = 1;
	add(l, is_there(l, node) ? text_of(l, node) : zero);
}

static void add_ports(struct look *l, uint32_t container)
{
	uint32_t ports = json_doc__get(l->d, container, "ports"), at = 0, v, port;

	while ((v = json_doc__next(l->d, ports, &at, NULL)) != JSON_NONE) {
		port = json_doc__get(l->d, v, "hostPort");
		if (!is_there(l, port))
			port = json_doc__get(l->d, v, "containerPort");
		if (is_there(l, port))
			add(l, text_of(l, port));
	}
}

static void add_subject(struct look *l, uint32_t subject)
{
	uint32_t name = json_doc__get(l->d, subject, "name"), space = json_doc__get(l->d, subject, "namespace");
	struct eng_val n, s = { .type = T_STR };
	char *text;

	if (!json_doc__is(l->d, json_doc__get(l->d, subject, "kind"), l->plan->sub) || !is_there(l, name))
		return;
	n = text_of(l, name);
	if (l->plan->how == H_ACCOUNTS) {
		s.str.p = "";
		if (is_there(l, space))
			s = text_of(l, space);
		text = arena__alloc(l->out->scratch, (size_t)s.str.len + n.str.len + 2);
		memcpy(text, s.str.p, s.str.len);
		text[s.str.len] = ':';
		memcpy(text + s.str.len + 1, n.str.p, n.str.len);
		n.str.len += s.str.len + 1;
		text[n.str.len] = '\0';
		n.str.p = text;
	}
	add(l, n);
}

static void add_volume(struct look *l, uint32_t volume)
{
	uint32_t at = 0, v, key;

	while ((v = json_doc__next(l->d, volume, &at, &key)) != JSON_NONE)
		if (json_doc__kind(l->d, volume) == JSON_OBJECT && !json_doc__is(l->d, key, "name"))
			add(l, text_of(l, key));
}

/* Of one element of the array. False: it lacks what all must have. */
static bool take(struct look *l, uint32_t element)
{
	uint32_t v = l->plan->sub ? at_path(l->d, element, l->plan->sub) : element;

	switch (l->plan->how) {
	case H_LIST:
		add(l, text_of(l, element));
		break;
	case H_FLAT:
		add_elements(l, v);
		break;
	case H_JOIN:
		add_joined(l, v);
		break;
	case H_EFFECTIVE:
		add_effective(l, element);
		break;
	case H_PORTS:
		add_ports(l, element);
		break;
	case H_SUBJECTS:
	case H_ACCOUNTS:
		add_subject(l, element);
		break;
	case H_VOLUMES:
		add_volume(l, element);
		break;
	case H_IMAGE:
	case H_FIRST_IMAGE:
		if (is_there(l, v))
			add(l, repository(text_of(l, v)));
		return is_there(l, v);
	case H_ALL:
	case H_FIRST:
		if (is_there(l, v))
			add(l, text_of(l, v));
		return is_there(l, v);
	default:
		if (is_there(l, v))
			add(l, text_of(l, v));
	}
	return true;
}

/* All elements, or that of the index. False: missing. */
static bool take_all(struct look *l)
{
	uint32_t array = array_at(l), at = 0, v;

	if (array == JSON_NONE)
		return false;
	if (l->ref->has_arg && l->ref->field->arg == ARG_INDEX_OPT) {
		v = json_doc__at(l->d, array, l->ref->index);
		return v != JSON_NONE && take(l, v);
	}
	while ((v = json_doc__next(l->d, array, &at, NULL)) != JSON_NONE)
		if (!take(l, v))
			return false;
	return true;
}

/* --- single values made of several ------------------------------------------------------------------------- */

static bool is_text(const struct eng_val *v, const char *p, size_t n)
{
	return v->str.len == n && !memcmp(v->str.p, p, n);
}

/* Is the argument, or what begins with it if it ends with '*', among the values? */
static bool has_key(const struct look *l)
{
	size_t n = strlen(l->ref->key);
	bool prefix = l->plan->how == H_HAS_PATH && n && l->ref->key[n - 1] == '*';

	n -= prefix;
	for (uint32_t i = 0; i < l->n; i++)
		if (is_text(&l->list[i], l->ref->key, n) ||
		    (prefix && l->list[i].str.len >= n && !memcmp(l->list[i].str.p, l->ref->key, n)))
			return true;
	return false;
}

static bool any_true(const struct look *l)
{
	for (uint32_t i = 0; i < l->n; i++)
		if (is_text(&l->list[i], "true", 4))
			return true;
	return false;
}

static bool give_pointed(struct look *l)
{
	const char *p = l->ref->key, *end;
	uint32_t node = 0;

	for (; *p == '/'; p = end) {
		char key[256];
		size_t n = 0;
		uint64_t index = 0;

		for (end = ++p; *end && *end != '/'; end++) {
			bool tilde = *end == '~' && (end[1] == '0' || end[1] == '1');

			if (n == sizeof(key))
				return false;
			key[n++] = tilde ? (char)(*++end == '0' ? '~' : '/') : *end;
		}
		if (json_doc__kind(l->d, node) != JSON_ARRAY) {
			node = json_doc__get_n(l->d, node, key, n);
			continue;
		}
		if (!n || n > 9)
			return false;
		for (size_t k = 0; k < n; k++) {
			if (key[k] < '0' || key[k] > '9')
				return false;
			index = index * 10 + (uint64_t)(key[k] - '0');
		}
		node = json_doc__at(l->d, node, index);
	}
	if (*p || node == JSON_NONE)
		return false;
	l->out->n = 1;
	l->out->v[0] = text_of(l, node);
	return true;
}

static bool give_indented(struct look *l)
{
	struct buf b = { 0 };

	json_doc__put_indented(l->d, 0, &b);
	return give_buf(l->out, &b);
}

static bool give_param(struct look *l)
{
	uint32_t node = at_path(l->d, 0, l->plan->path), len;
	struct eng_val uri;
	const char *p;

	if (json_doc__kind(l->d, node) != JSON_STRING)
		return false;
	uri = text_of(l, node);
	p = audit_uri__param(uri.str.p, uri.str.len, l->ref->key, l->out->scratch, &len);
	return p && give_str(l->out, p, len);
}

static bool give_from(struct look *l)
{
	switch (l->plan->how) {
	case H_PATH:
		return give(l, at_path(l->d, 0, l->plan->path));
	case H_POD:
		return json_doc__is(l->d, at_path(l->d, 0, "objectRef|resource"), "pods") &&
		       !is_there(l, at_path(l->d, 0, "objectRef|subresource")) &&
		       give(l, at_path(l->d, 0, l->plan->path));
	case H_PARAM:
		return give_param(l);
	case H_POINTER:
		return give_pointed(l);
	case H_INDENTED:
		return give_indented(l);
	}
	if (!take_all(l))
		return false;
	switch (l->plan->how) {
	case H_FIRST:
	case H_FIRST_IMAGE:
		return l->n && give_str(l->out, l->list[0].str.p, l->list[0].str.len);
	case H_HAS_NAME:
	case H_HAS_PATH:
		return give_text(l->out, has_key(l) ? "true" : "false");
	case H_PRIVILEGED:
		return give_text(l->out, any_true(l) ? "true" : "false");
	}
	return give_list(l);
}

/* What the row holds ready. */
static bool give_ready(const struct fmt_ev *ev, unsigned param, struct eng_vals *out)
{
	const struct fmt_str *s;
	uint64_t v;
	char *text;

	if (param == P_k8s_audit_code) {
		if (!fmt_ev__int(ev, param, &v))
			return false;
		text = arena__alloc(out->scratch, 24);
		return give_str(out, text, (size_t)snprintf(text, 24, "%" PRIu64, v));
	}
	s = fmt_ev__str(ev, param);
	return s && give_str(out, s->p, s->len);
}

/* Of several requests that may be the one: what each says, where they differ. */
static bool give_several(struct look *l, const struct eng_ctx *ctx, unsigned n)
{
	struct eng_vals one = { .scratch = l->out->scratch };
	struct look of = { .plan = l->plan, .ref = l->ref, .out = &one };
	struct buf b = { 0 };

	for (unsigned k = 0; k < n; k++) {
		one.n = 0;
		one.is_list = false;
		of.n = of.cap = 0;
		of.d = eng_ctx__audit(ctx, k);
		if (!of.d || !give_from(&of))
			continue;
		l->out->is_list = one.is_list;
		for (uint32_t i = 0; i < one.n; i++) {
			struct eng_val v = one.is_list ? one.list[i] : one.v[0];
			bool again = false;

			for (uint32_t j = 0; j < l->n; j++)
				again |= is_text(&l->list[j], v.str.p, v.str.len);
			if (again)
				continue;
			v.str.p = arena__strndup(l->out->scratch, v.str.p, v.str.len);	/* the next is parsed over it */
			add(l, v);
		}
	}
	if (l->out->is_list)
		return give_list(l);
	for (uint32_t j = 0; j < l->n; j++) {
		buf__puts(&b, j ? " or " : "");
		buf__add(&b, l->list[j].str.p, l->list[j].str.len);
	}
	return l->n ? give_buf(l->out, &b) : false;
}

bool get_audit(const struct eng_fref *ref, const struct eng_ctx *ctx, struct eng_vals *out)
{
	const struct plan *plan = &plans[ref->field->id - F_ka_auditid];
	struct look l = { .plan = plan, .ref = ref, .out = out };
	const struct fmt_ev *ev = ctx->ev;
	unsigned n = eng_ctx__n_audit(ctx);
	char *text;

	if (plan->how == H_TIME && ev->type == EV_k8s_audit) {
		text = arena__alloc(out->scratch, 24);
		return give_str(out, text, (size_t)snprintf(text, 24, "%" PRIu64, fmt_ev__ts(ev) - fmt_ev__dur(ev)));
	}
	if (plan->param && ev->type == EV_k8s_audit && fmt_ev__str_id(ev, P_k8s_audit_stage))
		return give_ready(ev, plan->param - 1u, out);
	if (!n || plan->how == H_TIME)
		return false;
	if (n > 1)
		return give_several(&l, ctx, n);
	l.d = eng_ctx__audit(ctx, 0);
	return l.d && give_from(&l);
}
