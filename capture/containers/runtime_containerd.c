// SPDX-License-Identifier: Apache-2.0
/*
 * containerd, with and without CRI:
 *   STATE/io.containerd.runtime.v2.task/NAMESPACE/ID/config.json   what the OCI runtime is told; CRI
 *                 adds annotations (containerd, pkg/cri/annotations/annotations.go)
 *   .../work      a symbolic link below ROOT
 *   ROOT/io.containerd.metadata.v1.bolt/meta.db   the rest: image, labels, the pod's labels
 *                 (metadata/buckets.go)
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "capture/containers/bolt.h"
#include "capture/containers/runtime.h"

#define TASKS "/io.containerd.runtime.v2.task"
#define META_DB "/io.containerd.metadata.v1.bolt/meta.db"
#define CRI "io.kubernetes.cri."

static const char *const usual[] = {
	"/run/containerd" TASKS, "/run/k3s/containerd" TASKS, "/var/snap/microk8s/common/run/containerd" TASKS,
	"/run/k0s/containerd" TASKS, NULL
};
static struct cap_places places = { .usual = usual };

/* --- the database ------------------------------------------------------------------------------ */

static bool get(struct cap_bolt *db, const char *ns, const char *kind, const char *id,
		const char *a, const char *b, struct buf *out)
{
	const char *const path[] = { "v1", ns, kind, id, a, b, NULL };

	out->len = 0;
	if (!cap_bolt__get(db, path, out))
		return false;
	buf__u8(out, 0);
	return true;
}

struct label_sink {
	struct cap_doc *d;
	void (*add)(struct cap_doc *d, const char *key, const char *value);
};

static void on_label(void *arg, const uint8_t *key, size_t n_key, const uint8_t *value,
		     size_t n_value)
{
	struct label_sink *s = arg;
	char *k = xmemdup0(key, n_key), *v = xmemdup0(value, n_value);

	if (strncmp(k, "io.cri-containerd.", 18))
		s->add(s->d, k, v);
	free(k);
	free(v);
}

static void labels_of(struct cap_bolt *db, const char *ns, const char *id, struct label_sink *s)
{
	const char *const path[] = { "v1", ns, "containers", id, "labels", NULL };

	cap_bolt__each(db, path, on_label, s);
}

/*
 * What CRI keeps of its own: a protobuf Any, whose value is JSON (its second field; the first is the
 * type's name).
 */
static cJSON *cri_json(struct cap_bolt *db, const char *ns, const char *id, const char *extension)
{
	struct buf any = { 0 };
	const uint8_t *p, *end;
	cJSON *j = NULL;

	if (get(db, ns, "containers", id, "extensions", extension, &any)) {
		end = any.p + any.len - 1;
		p = memchr(any.p, '{', any.len);
		if (p)
			j = cJSON_ParseWithLength((const char *)p, (size_t)(end - p));
	}
	buf__done(&any);
	return j;
}

static void add_image(struct cap_doc *d, struct cap_bolt *db, const char *ns, const char *image)
{
	struct buf b = { 0 };

	if (*image && get(db, ns, "images", image, "target", "digest", &b))
		cap_doc__text(d, "imagedigest", (const char *)b.p);
	buf__done(&b);
}

/* What kubelet has asked for: it numbers the attempts, and says how often it restarted it. */
static void add_cri(struct cap_doc *d, const cJSON *meta)
{
	const cJSON *config = cap_json__part(meta, "Config"),
		    *n = cap_json__part(cap_json__part(config, "annotations"),
					"io.kubernetes.container.restartCount");

	cap_doc__image_id(d, cap_json__text(meta, "ImageRef"));
	cap_doc__restarts(d, n ? n : cap_json__part(cap_json__part(config, "metadata"), "attempt"));
}

static void add_pod(struct cap_doc *d, struct cap_bolt *db, const char *ns, const char *sandbox)
{
	cJSON *j = cri_json(db, ns, sandbox, "io.cri-containerd.sandbox.metadata");
	const cJSON *meta = cap_json__part(j, "Metadata"), *cni = cap_json__part(meta, "CNIResult");
	char *text = cJSON_IsObject(cni) ? cJSON_PrintUnformatted(cni) : NULL;

	cap_doc__text(d, "ip", cap_json__text(meta, "IP"));
	cap_doc__text(d, "cni_json", text);
	cJSON_free(text);
	cJSON_Delete(j);
	labels_of(db, ns, sandbox, &(struct label_sink){ d, cap_doc__pod_label });
}

static void add_from_db(struct cap_doc *d, int root, const char *dir, const char *ns,
			const char *id, const char *sandbox, struct cap_container_info *c)
{
	char path[700];
	struct cap_bolt db;
	struct buf b = { 0 };
	cJSON *j;

	snprintf(path, sizeof(path), "%s" META_DB, dir);
	if (!cap_bolt__open(&db, cap_root__open(root, path)))
		return;
	if (!*c->image && get(&db, ns, "containers", id, "image", NULL, &b)) {
		snprintf(c->image, sizeof(c->image), "%s", (const char *)b.p);
		cap_doc__image(d, c->image);
	}
	buf__done(&b);
	add_image(d, &db, ns, c->image);
	labels_of(&db, ns, id, &(struct label_sink){ d, cap_doc__label });
	j = cri_json(&db, ns, id, "io.cri-containerd.container.metadata");
	if (j)
		add_cri(d, cap_json__part(j, "Metadata"));
	cJSON_Delete(j);
	if (*sandbox)
		add_pod(d, &db, ns, sandbox);
	cap_bolt__close(&db);
}

/* --- the bundle -------------------------------------------------------------------------------- */

static void add_kubernetes(struct cap_doc *d, const cJSON *notes)
{
	static const char *const names[][2] = {
		{ "io.kubernetes.pod.name", CRI "sandbox-name" },
		{ "io.kubernetes.pod.namespace", CRI "sandbox-namespace" },
		{ "io.kubernetes.pod.uid", CRI "sandbox-uid" },
		{ "io.kubernetes.container.name", CRI "container-name" },
	};

	for (unsigned i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (*cap_json__text(notes, names[i][1]))
			cap_doc__label(d, names[i][0], cap_json__text(notes, names[i][1]));
}

/* A container joins its pod's network: whether that is the machine's, the pod knows. */
static void add_pod_spec(struct cap_doc *d, int root, const char *bundle, const char *sandbox)
{
	const char *slash = strrchr(bundle, '/');
	cJSON *spec = cap_root__json(root, "%.*s/%s/config.json", (int)(slash - bundle), bundle,
				     sandbox);

	if (spec)
		cap_doc__namespaces(d, spec, false);
	cJSON_Delete(spec);
}

static bool from_bundle(const struct cap_look *l, const char *ns, const char *bundle,
			struct cap_container_info *c)
{
	cJSON *spec = cap_root__json(l->root, "%s/config.json", bundle);
	const cJSON *notes = cap_json__part(spec, "annotations");
	const char *name = cap_json__text(notes, CRI "container-name"),
		   *sandbox = cap_json__text(notes, CRI "sandbox-id");
	bool is_pod = !strcmp(cap_json__text(notes, CRI "container-type"), "sandbox");
	char work[600], link[600], *at;
	struct cap_doc d;

	if (!spec)
		return false;
	if (!*name)
		name = is_pod ? "POD" : cap_json__text(notes, "nerdctl/name");
	cap_doc__begin(&d, c, l->id, "containerd", *name ? name : l->id,
		       cap_json__text(notes, CRI "image-name"));
	cap_doc__spec(&d, c, spec);
	if (is_pod || *sandbox)
		cap_doc__flag(&d, "is_pod_sandbox", is_pod);
	cap_doc__text(&d, "pod_sandbox_id", sandbox);
	if (cap_root__is_name(sandbox))
		add_pod_spec(&d, l->root, bundle, sandbox);
	add_kubernetes(&d, notes);
	snprintf(work, sizeof(work), "%s/work", bundle);
	at = cap_root__link(l->root, work, link, sizeof(link)) ? strstr(link, TASKS) : NULL;
	if (at) {
		*at = 0;
		add_from_db(&d, l->root, link, ns, l->id, sandbox, c);
	}
	if (!*sandbox)
		cap_doc__labels(&d, notes);	/* ctr's and nerdctl's labels */
	cap_doc__end(&d, c);
	cJSON_Delete(spec);
	return true;
}

/* --- looking -------------------------------------------------------------------------------------- */

struct search {
	const struct cap_look *l;
	struct cap_container_info *c;
	const char *dir;
	bool found;
	cap_id_fn *fn;			/* each: what to do with an id */
	void *arg;
};

static void try_namespace(void *arg, const char *ns)
{
	struct search *s = arg;
	char bundle[600];

	/* docker's containers are here too, under their ids and without anything else */
	if (s->found || !strcmp(ns, "moby"))
		return;
	if ((size_t)snprintf(bundle, sizeof(bundle), "%s/%s/%s", s->dir, ns, s->l->id) <
	    sizeof(bundle))
		s->found = from_bundle(s->l, ns, bundle, s->c);
}

/* DIR/NAMESPACE/ID */
static bool from_known(const struct cap_look *l, struct cap_container_info *c)
{
	char dir[600];
	const char *at = l->bundle ? strstr(l->bundle, TASKS "/") : NULL, *ns, *slash;
	char name[128];

	if (!at)
		return false;
	ns = at + strlen(TASKS) + 1;
	slash = strchr(ns, '/');
	if (!slash || (size_t)(slash - ns) >= sizeof(name) || !strncmp(ns, "moby/", 5))
		return false;
	snprintf(name, sizeof(name), "%.*s", (int)(slash - ns), ns);
	snprintf(dir, sizeof(dir), "%.*s" TASKS, (int)(at - l->bundle), l->bundle);
	if (!from_bundle(l, name, l->bundle, c))
		return false;
	cap_places__meet(&places, l, dir);
	return true;
}

bool cap_containerd__look_up(const struct cap_look *l, struct cap_container_info *c)
{
	struct search s = { .l = l, .c = c };

	for (unsigned i = 0; !s.found && (s.dir = cap_places__at(&places, i)); i++)
		cap_root__list(l->root, s.dir, try_namespace, &s);
	return s.found || from_known(l, c);
}

static void each_in_namespace(void *arg, const char *ns)
{
	struct search *s = arg;
	char dir[600];

	if (!strcmp(ns, "moby") ||
	    (size_t)snprintf(dir, sizeof(dir), "%s/%s", s->dir, ns) >= sizeof(dir))
		return;
	cap_root__list(s->l->root, dir, s->fn, s->arg);
}

void cap_containerd__each(const struct cap_look *l, cap_id_fn *fn, void *arg)
{
	struct search s = { .l = l, .fn = fn, .arg = arg };

	for (unsigned i = 0; (s.dir = cap_places__at(&places, i)); i++)
		cap_root__list(l->root, s.dir, each_in_namespace, &s);
}
