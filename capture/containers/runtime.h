/* SPDX-License-Identifier: Apache-2.0 */
/*
 * runtime - one reader for each way in which runtimes keep what they know, and what those share.
 *
 * A reader is asked for one container by its id. Paths are looked up below a root: the machine's,
 * or that of the process that watches over the container, when a runtime runs inside of another
 * container.
 */
#ifndef CAP_RUNTIME_H
#define CAP_RUNTIME_H

#include <stdbool.h>
#include <stdint.h>

#include "capture/containers/container_info.h"

struct cJSON;

#define CAP_MAX_PLACES 8u

/* Directories where runtimes of one kind keep things: the usual ones, then those that were met. */
struct cap_places {
	const char *const *usual;	/* NULL at the end */
	char *met[CAP_MAX_PLACES];
	unsigned n_met, next;
};
/* The i-th, NULL at the end. */
const char *cap_places__at(const struct cap_places *p, unsigned i);
struct cap_look {
	const char *id;
	int root;			/* O_PATH */
	bool foreign;			/* not the machine's: what is met there is not remembered */
	const char *bundle;		/* where the container's config.json is, if that is known */
	uint32_t pid;			/* one of its processes, or of its runtime's; 0 */
	bool begun;			/* a program of the container's runs: its namespaces are made */
	uint32_t monitor;		/* systemd-nspawn's process; 0 */
	const char *home;		/* a user's: only what that user's own runtimes keep; NULL */
};

/*
 * Remember one more place, if it is this machine's and root's: it is asked for every container, also
 * for those that others know. Of many the last ones.
 */
void cap_places__meet(struct cap_places *p, const struct cap_look *l, const char *dir);

/* Each: true, and *c filled in, if it knows the container. */
bool cap_docker__look_up(const struct cap_look *l, struct cap_container_info *c);
bool cap_containerd__look_up(const struct cap_look *l, struct cap_container_info *c);
bool cap_storage__look_up(const struct cap_look *l, struct cap_container_info *c);
bool cap_runc__look_up(const struct cap_look *l, struct cap_container_info *c);
bool cap_lxc__look_up(const struct cap_look *l, struct cap_container_info *c);
bool cap_nspawn__look_up(const struct cap_look *l, struct cap_container_info *c);

/* Each: fn for the ids of all containers that it knows on this machine, or in l->home. */
typedef void cap_id_fn(void *arg, const char *id);
void cap_docker__each(const struct cap_look *l, cap_id_fn *fn, void *arg);
void cap_containerd__each(const struct cap_look *l, cap_id_fn *fn, void *arg);
void cap_storage__each(const struct cap_look *l, cap_id_fn *fn, void *arg);
void cap_runc__each(const struct cap_look *l, cap_id_fn *fn, void *arg);
void cap_lxc__each(const struct cap_look *l, cap_id_fn *fn, void *arg);
void cap_nspawn__each(const struct cap_look *l, cap_id_fn *fn, void *arg);

/*
 * fn for the home of each user who is there now (has /run/user/UID): runtimes that users run
 * themselves keep things there.
 */
void cap_homes__each(int root, void (*fn)(void *arg, const char *home), void *arg);

/* --- files below a root ------------------------------------------------------------------------ */

/* A regular file, for reading; -1. Symbolic links stay below root. */
int cap_root__open(int root, const char *path);
/* A whole file; false if it is not there, or too long. out is replaced. */
bool cap_root__read(int root, const char *path, struct buf *out);
/* Free with cJSON_Delete; NULL. */
struct cJSON *cap_root__json(int root, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
bool cap_root__link(int root, const char *path, char *out, size_t size);
/*
 * So much is read by the calling thread from now on, and a quarter of it of one file at most: of files that are somebody
 * else's, whose documents take thirty times their bytes.
 */
void cap_root__limit(size_t bytes);
/* Entries of a directory, but those that begin with a dot. */
void cap_root__list(int root, const char *dir, cap_id_fn *fn, void *arg);
/* May this be a component of a path? */
bool cap_root__is_name(const char *id);

/*
 * A file of "key = value" lines; "#" and "[" begin what is passed over. fn for each, blanks around
 * both cut off. False if there is no such file.
 */
bool cap_root__pairs(int root, const char *path,
		     void (*fn)(void *arg, const char *key, const char *value), void *arg);

/* --- the document ------------------------------------------------------------------------------ */

/*
 * The document that Falco's captures have: {"container": {...}}. Keys and their meaning: the
 * container plugin of Falco's libraries, and container.* of the engine's fields, which read it.
 */
struct cap_doc {
	struct cJSON *root, *c, *labels;
};
/* All of these take strings that may be NULL or "": what is empty is left out. */
void cap_doc__begin(struct cap_doc *d, struct cap_container_info *c, const char *full_id,
		    const char *runtime, const char *name, const char *image);
void cap_doc__text(struct cap_doc *d, const char *key, const char *value);
void cap_doc__flag(struct cap_doc *d, const char *key, bool value);
void cap_doc__label(struct cap_doc *d, const char *key, const char *value);
void cap_doc__labels(struct cap_doc *d, const struct cJSON *object);
void cap_doc__pod_label(struct cap_doc *d, const char *key, const char *value);
void cap_doc__mount(struct cap_doc *d, const char *source, const char *dest, const char *mode,
		    bool writable, const char *propagation);
/* How often it was restarted: a number, or a text of one; NULL of one that never was. */
void cap_doc__restarts(struct cap_doc *d, const struct cJSON *count);
void cap_doc__env(struct cap_doc *d, const struct cJSON *list);
/* The image's name, taken apart; and the digest of its configuration. */
void cap_doc__image(struct cap_doc *d, const char *image);
void cap_doc__image_id(struct cap_doc *d, const char *id);
/* What an OCI runtime's config.json says of mounts, environment, user, namespaces, privilege. */
void cap_doc__spec(struct cap_doc *d, const struct cap_container_info *c,
		   const struct cJSON *spec);
/* Of it whether the machine's namespaces are shared; a pod's says so for its containers. */
void cap_doc__namespaces(struct cap_doc *d, const struct cJSON *spec, bool with_pid);
/*
 * The same by the namespaces of l->pid. False, and nothing is said, if that is none of the container's
 * processes, or may still leave one of the machine's (systemd-nspawn and LXC unshare the network late).
 */
bool cap_doc__namespaces_of(struct cap_doc *d, const struct cap_look *l);
/* "NAME=VALUE", one more; with_env must be set. */
void cap_doc__add_env(struct cap_doc *d, const char *text);
/* Into c->json; frees the document. */
void cap_doc__end(struct cap_doc *d, struct cap_container_info *c);

const char *cap_json__text(const struct cJSON *obj, const char *key);	/* "" if it is none */
const struct cJSON *cap_json__part(const struct cJSON *obj, const char *key);

#endif
