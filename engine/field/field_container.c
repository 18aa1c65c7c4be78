// SPDX-License-Identifier: Apache-2.0
/*
 * container.*, k8s.*: the container that the process is in, out of the state and the container's
 * document.
 */
#include <fnmatch.h>

#include <cjson/cJSON.h>

#include "engine/field/field_internal.h"

static const cJSON *item(const struct eng_container *c, const char *key)
{
	return cJSON_GetObjectItemCaseSensitive(eng_container__json(c), key);
}

static bool give_json(struct eng_vals *out, const cJSON *v)
{
	return cJSON_IsString(v) && *v->valuestring && give_text(out, v->valuestring);
}

static bool give_json_bool(struct eng_vals *out, const cJSON *v)
{
	return cJSON_IsBool(v) && give_bool(out, cJSON_IsTrue(v));
}

/* --- images: [host[:port]/]repository[:tag][@digest] ------------------------------------------ */

struct image_ref {
	const char *repo, *tag, *digest;
	size_t n_repo, n_tag, n_digest;
};

static struct image_ref split_image(const struct eng_str *s)
{
	struct image_ref r = { .repo = s->s, .n_repo = s->len };
	const char *at = memchr(s->s, '@', s->len), *slash, *colon;

	if (at) {
		r.digest = at + 1;
		r.n_digest = s->len - (size_t)(at + 1 - s->s);
		r.n_repo = (size_t)(at - s->s);
	}
	slash = memrchr(s->s, '/', r.n_repo);
	colon = memrchr(s->s, ':', r.n_repo);
	if (colon && (!slash || colon > slash)) {	/* not a registry's port */
		r.tag = colon + 1;
		r.n_tag = r.n_repo - (size_t)(colon + 1 - s->s);
		r.n_repo = (size_t)(colon - s->s);
	}
	return r;
}

static bool image_part(const struct eng_container *c, uint16_t id, struct eng_vals *out)
{
	static const char *const keys[] = { "imagerepo", "imagetag", "imagedigest" };
	unsigned k = id == F_container_image_repository ? 0 : id == F_container_image_tag ? 1 : 2;
	struct image_ref r;

	if (give_json(out, item(c, keys[k])))
		return true;
	if (!c->image || !c->image->len)
		return false;
	r = split_image(c->image);
	switch (k) {
	case 0:
		return give_str(out, r.repo, r.n_repo);
	case 1:
		return r.tag && give_str(out, r.tag, r.n_tag);
	}
	return r.digest && give_str(out, r.digest, r.n_digest);
}

/* --- mounts ----------------------------------------------------------------------------------- */

static const char *text_of(const cJSON *obj, const char *key)
{
	const cJSON *v = cJSON_GetObjectItemCaseSensitive(obj, key);

	return cJSON_IsString(v) ? v->valuestring : "";
}

static bool is_writable(const cJSON *m)
{
	return cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(m, "RW"));
}

static void add_mount(struct buf *b, const cJSON *m)
{
	buf__printf(b, "%s:%s:%s:%s:%s", text_of(m, "Source"), text_of(m, "Destination"),
		    text_of(m, "Mode"), is_writable(m) ? "true" : "false",
		    text_of(m, "Propagation"));
}

static bool all_mounts(const struct eng_container *c, struct eng_vals *out)
{
	const cJSON *m;
	struct buf b = { 0 };

	if (!cJSON_IsArray(item(c, "Mounts")))
		return false;
	cJSON_ArrayForEach(m, item(c, "Mounts")) {
		if (b.len)
			buf__u8(&b, ',');
		add_mount(&b, m);
	}
	return give_buf(out, &b);
}

/* By number, or by a pattern: for the source, of container.mount.source for the destination. */
static const cJSON *find_mount(const struct eng_fref *ref, const struct eng_container *c)
{
	const char *key = ref->field->id == F_container_mount_source ? "Destination" : "Source";
	const cJSON *m;
	uint64_t n = ref->index;

	cJSON_ArrayForEach(m, item(c, "Mounts"))
		if (ref->key ? !fnmatch(ref->key, text_of(m, key), 0) : !n--)
			return m;
	return NULL;
}

static bool one_mount(const struct eng_fref *ref, const struct eng_container *c,
		      struct eng_vals *out)
{
	const cJSON *m = find_mount(ref, c);
	struct buf b = { 0 };

	if (!m)
		return false;
	switch (ref->field->id) {
	case F_container_mount_source:
		return give_text(out, text_of(m, "Source"));
	case F_container_mount_dest:
		return give_text(out, text_of(m, "Destination"));
	case F_container_mount_mode:
		return give_text(out, text_of(m, "Mode"));
	case F_container_mount_rdwr:
		return give_text(out, is_writable(m) ? "true" : "false");
	case F_container_mount_propagation:
		return give_text(out, text_of(m, "Propagation"));
	}
	add_mount(&b, m);
	return give_buf(out, &b);
}

/* --- labels ----------------------------------------------------------------------------------- */

static bool label(const struct eng_container *c, const char *set, const char *key,
		  struct eng_vals *out)
{
	return give_json(out, cJSON_GetObjectItemCaseSensitive(item(c, set), key));
}

/* All of them; Kubernetes' own ones on containers are left out. */
static bool labels(const struct eng_container *c, const char *set, struct eng_vals *out)
{
	bool pods = !strcmp(set, "pod_sandbox_labels");
	struct buf b = { 0 };
	const cJSON *l;

	cJSON_ArrayForEach(l, item(c, set)) {
		if (!cJSON_IsString(l) || !l->string || (!pods && (!strncmp(l->string, "io.kubernetes.", 14) ||
						     !strncmp(l->string, "annotation.", 11))))
			continue;
		if (b.len)
			buf__puts(&b, ", ");
		buf__printf(&b, "%s:%s", l->string, l->valuestring);
	}
	if (b.len)
		return give_buf(out, &b);
	buf__done(&b);
	return false;
}

/* --- fields ----------------------------------------------------------------------------------- */

static uint64_t start_of(const struct eng_ctx *ctx, const struct eng_container *c)
{
	return c->start ? c->start : ctx->proc->pidns_start;
}

static bool sandbox_id(const struct eng_container *c, bool whole, struct eng_vals *out)
{
	if (!give_json(out, item(c, "pod_sandbox_id")))
		return false;
	if (!whole && out->v[0].str.len > 12)
		out->v[0].str.len = 12;
	return true;
}

static bool get_pod(const struct eng_fref *ref, const struct eng_container *c, struct eng_vals *out)
{
	switch (ref->field->id) {
	case F_k8s_pod_name:
		return label(c, "labels", "io.kubernetes.pod.name", out);
	case F_k8s_ns_name:
		return label(c, "labels", "io.kubernetes.pod.namespace", out);
	case F_k8s_pod_id:
	case F_k8s_pod_uid:
		return label(c, "labels", "io.kubernetes.pod.uid", out);
	case F_k8s_pod_sandbox_id:
		return sandbox_id(c, false, out);
	case F_k8s_pod_full_sandbox_id:
		return sandbox_id(c, true, out);
	case F_k8s_pod_label:
		return label(c, "pod_sandbox_labels", ref->key, out);
	case F_k8s_pod_labels:
		return labels(c, "pod_sandbox_labels", out);
	case F_k8s_pod_ip:
		return give_json(out, item(c, "ip"));
	case F_k8s_pod_cni_json:
		return give_json(out, item(c, "cni_json"));
	}
	return false;
}

static bool get_in(const struct eng_fref *ref, const struct eng_ctx *ctx,
		   const struct eng_container *c, struct eng_vals *out)
{
	uint64_t start;

	switch (ref->field->id) {
	case F_container_id:
		return give_text(out, c->id);
	case F_container_full_id:
		return give_estr(out, c->full_id);
	case F_container_name:
		return give_estr(out, c->name);
	case F_container_image:
		return give_estr(out, c->image);
	case F_container_image_id:
		return give_json(out, item(c, "imageid"));
	case F_container_type:
		return give_estr(out, c->runtime);
	case F_container_privileged:
		return give_json_bool(out, item(c, "privileged"));
	case F_container_mounts:
		return all_mounts(c, out);
	case F_container_mount:
	case F_container_mount_source:
	case F_container_mount_dest:
	case F_container_mount_mode:
	case F_container_mount_rdwr:
	case F_container_mount_propagation:
		return one_mount(ref, c, out);
	case F_container_image_repository:
	case F_container_image_tag:
	case F_container_image_digest:
		return image_part(c, ref->field->id, out);
	case F_container_start_ts:
		start = start_of(ctx, c);
		return start && give_num(out, T_ABSTIME, start);
	case F_container_duration:
		start = start_of(ctx, c);
		return start && give_num(out, T_RELTIME, fmt_ev__ts(ctx->ev) - start);
	case F_container_ip:
		return give_json(out, item(c, "ip"));
	case F_container_cni_json:
		return give_json(out, item(c, "cni_json"));
	case F_container_host_pid:
		return give_json_bool(out, item(c, "host_pid"));
	case F_container_host_network:
		return give_json_bool(out, item(c, "host_network"));
	case F_container_host_ipc:
		return give_json_bool(out, item(c, "host_ipc"));
	case F_container_label:
		return label(c, "labels", ref->key, out);
	case F_container_labels:
		return labels(c, "labels", out);
	}
	return get_pod(ref, c, out);
}

/* What the host, or a container of which something is known, shows where there is nothing. */
static bool give_empty(uint16_t id, struct eng_vals *out)
{
	switch (id) {
	case F_container_full_id:
	case F_container_name:
	case F_container_image:
	case F_container_image_id:
	case F_container_image_repository:
	case F_container_image_tag:
	case F_container_image_digest:
	case F_container_mounts:
	case F_container_ip:
	case F_container_cni_json:
	case F_container_labels:
	case F_k8s_pod_sandbox_id:
	case F_k8s_pod_full_sandbox_id:
	case F_k8s_pod_labels:
	case F_k8s_pod_ip:
	case F_k8s_pod_cni_json:
		return give_text(out, "");
	case F_container_privileged:
	case F_container_host_pid:
	case F_container_host_network:
	case F_container_host_ipc:
		return give_bool(out, false);
	}
	return false;
}

static bool get_known(const struct eng_fref *ref, const struct eng_ctx *ctx,
		      const struct eng_container *c, struct eng_vals *out)
{
	bool more = c->name || c->image || c->json;	/* than its id */

	return get_in(ref, ctx, c, out) || (more && give_empty(ref->field->id, out));
}

static bool get_host(const struct eng_fref *ref, const struct eng_ctx *ctx, struct eng_vals *out)
{
	uint64_t start = ctx->proc->pidns_start;

	switch (ref->field->id) {
	case F_container_id:
	case F_container_full_id:
	case F_container_name:
	case F_container_type:
		return give_text(out, "host");
	case F_container_start_ts:
		return start && give_num(out, T_ABSTIME, start);
	case F_container_duration:
		return start && give_num(out, T_RELTIME, fmt_ev__ts(ctx->ev) - start);
	}
	return give_empty(ref->field->id, out);
}

bool get_container(const struct eng_fref *ref, const struct eng_ctx *ctx, struct eng_vals *out)
{
	const struct eng_container *c = eng_ctx__container(ctx);

	if (c)
		return get_known(ref, ctx, c, out);
	return !eng_ctx__nobody(ctx) && get_host(ref, ctx, out);
}
