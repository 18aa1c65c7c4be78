/* SPDX-License-Identifier: Apache-2.0 */
/*
 * playbook - which alerts lead to which actions, and what keeps them from it.
 *
 * A file of playbooks is read once and constant then. A decider has what changes: how often what was done, to what, when.
 * For an alert it makes a plan: the actions, in order, each with all its arguments, or with the reason why it is not done.
 * Nothing is done here. Whoever has the same file and the same alerts gets the same plans: time is the events', and nothing
 * but the event and its surroundings is looked at.
 *
 * An alert is caused by who is watched, so the playbooks are theirs to pull: protected objects, a limit for each object, in
 * total and for nodes, and a cool-down hold unless the file says otherwise. Values of the event only ever become arguments.
 *
 * Input:     files are trusted to be well-meant, not to be well-formed. Events are hostile.
 * Ownership: a plan owns its texts and keeps its playbooks alive; it may be handed to another thread.
 * Threads:   struct playbook is constant and counted atomically; a decider belongs to one thread.
 */
#ifndef ENG_PLAYBOOK_H
#define ENG_PLAYBOOK_H

#include "engine/alert/alert.h"
#include "engine/config/config.h"

enum pb_object { PBO_NONE, PBO_PROCESS, PBO_CONTAINER, PBO_POD, PBO_NODE };

enum pb_action_flag { PBF_DISTURBS = 1, PBF_LOCAL = 2, PBF_KUBE = 4, PBF_NOTIFY = 8 };

enum pb_do {
#define ACTION(name, object, flags, keys, doc) PB_##name,
#include "engine/playbook/actions.def"
#undef ACTION
	PB__N
};

struct pb_action_info {
	const char *name, *keys, *doc;
	uint8_t object;			/* enum pb_object */
	uint8_t flags;			/* enum pb_action_flag */
};
extern const struct pb_action_info pb_actions[PB__N];

/* At most so many within so long. */
struct pb_rate {
	uint32_t n;
	uint64_t per_ns;
};

/* An address or a network. */
struct pb_net {
	uint8_t family, bits;		/* AF_INET, AF_INET6 */
	uint8_t a[16];
};
int pb_net__parse(const char *s, struct pb_net *ret, struct err *err);

/* One entry of `actions`, as it stands in the file. Texts that may hold fields are in pb_action.templates too. */
struct pb_action_opts {
	const char *key_do;
	int what;			/* enum pb_do */
	uint64_t before, after, timeout, grace;	/* ns */
	const char *reason, *message, *text, *title, *program, *body;
	struct cfg_strings args, reachable;
	struct cfg_pairs labels, annotations, headers;
	const char *key, *value;
	int effect;			/* NoSchedule, PreferNoSchedule, NoExecute */
	const char *url, *url_file, *token_file, *ca_file, *proxy, *auth_id, *type, *label, *channel;
};

struct pb_kubernetes {
	const char *kubeconfig, *context, *node;	/* NULL: in-cluster account; the kubeconfig's; NODE_NAME, the machine's name */
	const char *account;		/* the folder of the in-cluster account */
	uint64_t timeout;		/* ns, of one request */
};

struct pb_protect_opts {
	struct cfg_strings namespaces, pods, containers, images, nodes;
	bool system;			/* the system's own namespaces */
	bool host;			/* processes in no container */
};

struct pb_template;

struct pb_action {
	const struct pb_action_opts *o;
	const struct pb_action_info *info;
	struct pb_template *templates;
	uint32_t n_templates;
};

struct pb_globs {
	struct match_glob **p;
	const char *const *text;
	uint32_t n;
};

bool pb_globs__match(const struct pb_globs *g, const char *s);

/* RFC 1123: what may name an object of Kubernetes. The name becomes part of a path of the API. */
bool pb_is_dns_name(const char *s);

/* One playbook. */
struct pb_entry {
	const char *name;
	struct pb_globs rules;		/* none: all */
	enum eng_priority priority;	/* this or more severe */
	struct cfg_strings tags;	/* one of these; none: any */
	const char *source;		/* NULL: any */
	int cond;			/* in the program; -1: none */
	uint64_t cool_down;		/* ns */
	struct pb_rate per_object;
	bool dry_run, enabled;
	struct pb_action *actions;
	uint32_t n_actions;
};

struct playbook {
	uint32_t refs;
	struct cfg *cfg;
	struct arena mem;
	struct pb_entry *entries;
	uint32_t n;
	struct eng_prog *prog;
	bool dry_run;
	const char *stop_file;		/* NULL: none */
	struct cfg_strings reachable;
	struct pb_rate total, disturbing, nodes;
	struct pb_protect_opts protect_opts;
	struct {
		struct pb_globs namespaces, pods, containers, images, nodes;
	} protect;
	struct pb_kubernetes kubernetes;
};

/*
 * Read a file, or a text under the name of one. All that is wrong is found; the first of it is in err, and each of it is
 * printed to stderr if print is set. -FMT_E_*, -errno.
 */
int playbook__open(struct playbook **ret, const char *path, bool print, struct err *err);
int playbook__parse(struct playbook **ret, const char *name, const char *text, size_t len, bool print, struct err *err);
struct playbook *playbook__ref(struct playbook *pb);
void playbook__unref(struct playbook *pb);
/* What conditions and templates need of a reader: see eng_prog__want. Of the alerts' events all parameters are. */
void playbook__want(const struct playbook *pb, struct fmt_want *w);
/* The reference of the file's keys, and of the actions. */
void playbook__doc(enum cfg_doc form, struct buf *out);
extern const struct cfg_section pb_file_section;

/* --- plans ------------------------------------------------------------------------------------------------- */

enum pb_verdict {
	PBV_DO,
	PBV_DRY_RUN,			/* all is well, but the file says not to */
	PBV_STOPPED,			/* by the stop switch */
	PBV_COOL_DOWN,
	PBV_LIMIT,
	PBV_PROTECTED,
	PBV_NO_OBJECT,			/* the alert is not about such a thing */
	PBV__N
};
extern const char *const pb_verdict_names[PBV__N];

/* What the alert is about. NULL, 0: not known, or not about such a thing. */
struct pb_target {
	int64_t pid;
	uint64_t start_ns;		/* of the process, ns since the epoch */
	const char *exe;		/* the file that runs */
	uint64_t exe_ino;
	const char *container, *full_id, *name, *image, *cgroup;
	const char *ns, *pod, *pod_uid, *node;
	const char *object;		/* what limits count by: the container, the pod, or "host" */
};

struct pb_arg {
	const char *name, *key;		/* key: of labels and annotations; else NULL */
	const char *value;		/* NUL-terminated; NULs of the event are not in it */
};

struct pb_step {
	const struct pb_action *action;
	enum pb_verdict verdict;
	const char *why;		/* a sentence; NULL with PBV_DO */
	const char *object;		/* what it is done to, for people; "" */
	struct pb_arg *args;		/* program, reachable, and what templates have become */
	uint32_t n_args;
};

struct pb_part {			/* of one playbook */
	const struct pb_entry *entry;
	enum pb_verdict verdict;	/* of all of it: PBV_DO, or PBV_COOL_DOWN, and then there are no steps */
	const char *why;
	struct pb_step *steps;
	uint32_t n_steps;
};

struct pb_plan {
	struct playbook *pb;
	struct arena mem;
	struct pb_target target;
	uint64_t ts;			/* of the event, ns since the epoch */
	uint64_t num;			/* its ordinal */
	uint32_t tid, pid;
	const char *rule, *message, *json;	/* the alert; json in Falco's shape */
	enum eng_priority priority;
	struct pb_part *parts;
	uint32_t n_parts;
};
void pb_plan__free(struct pb_plan *p);
/* How many of its steps have this verdict. */
unsigned pb_plan__count(const struct pb_plan *p, enum pb_verdict v);
/* The first argument of that name, or NULL. */
const char *pb_step__arg(const struct pb_step *s, const char *name);
/* One line for each step, indented; safe for a terminal. */
void pb_plan__text(const struct pb_plan *p, struct buf *out);
/* {"alert":{...},"playbooks":[{"name":...,"actions":[{"action":...,"verdict":...}]}]}, without newline. */
void pb_plan__json(const struct pb_plan *p, struct buf *out);
/* The arguments of a step as a JSON object, as in pb_plan__json. */
void pb_step__args_json(const struct pb_step *s, struct buf *out);

/* Who decides, and what must not be hit on that account. */
struct pb_self {
	int64_t pid;			/* the recorder's; 0: none */
	const char *full_id;		/* its container; NULL: none */
	const char *ns, *pod;		/* its pod */
	const char *node;		/* the name of this node; NULL: the file's, or the name of the machine in the trace */
};

struct pb_decider;
/*
 * before: the one in place of which this one comes when a file is read again: what it has counted goes on to count. It is
 * left empty. NULL: none. self is copied.
 */
int pb_decider__new(struct pb_decider **ret, struct playbook *pb, const struct pb_self *self, struct pb_decider *before);
void pb_decider__free(struct pb_decider *d);
/*
 * What the alert leads to. *ret is NULL if no playbook is for it. stopped: the stop switch is on. Time that goes backwards is
 * taken for standing still.
 */
void playbook__decide(struct pb_decider *d, const struct eng_rule *rule, const struct eng_ctx *ctx,
		      const struct eng_alert_opts *alert, bool stopped, struct pb_plan **ret);

#endif
