// SPDX-License-Identifier: Apache-2.0
/* The keys of a file of playbooks. */
#include "engine/playbook/playbook_internal.h"

const struct pb_action_info pb_actions[PB__N] = {
#define ACTION(name, object, flags, keys, doc) [PB_##name] = { #name, keys, doc, PBO_##object, flags },
#include "engine/playbook/actions.def"
#undef ACTION
};

#define MS 1000000ull
#define SECOND (1000 * MS)

/* --- keys -------------------------------------------------------------------------------------------------- */

#define KEY(member, ...) CFG_KEY(struct pb_action_opts, member, __VA_ARGS__)
static const struct cfg_key action_keys[] = {
	KEY(key_do, CFG_STRING, "do", NULL, "The action.", .required = true),
	KEY(before, CFG_DURATION, "before", "30s", "How long before the alert is kept.", .max = 86400 * SECOND),
	KEY(after, CFG_DURATION, "after", "60s", "How long after it.", .max = 86400 * SECOND),
	KEY(reason, CFG_STRING, "reason", NULL, "Why, for people; may hold fields. In an Event: one word, by default SpoorAlert."),
	KEY(message, CFG_STRING, "message", NULL, "The Event's text; may hold fields. Default: the alert's."),
	KEY(reachable, CFG_STRINGS, "reachable", NULL, "Addresses and networks that stay reachable: 10.0.0.5, 192.168.0.0/16. Default: "
	  "the file's."),
	KEY(program, CFG_PATH, "program", NULL, "The program: a path, run as it is."),
	KEY(args, CFG_STRINGS, "args", NULL, "Its arguments; may hold fields. One that begins with a field could be taken for an option: "
	  "write --name=%field, or '--' before it."),
	KEY(timeout, CFG_DURATION, "timeout", "30s", "How long it may take; a program is killed then.", .min = 100 * MS,
	  .max = 3600 * SECOND),
	KEY(grace, CFG_DURATION, "grace", "30s", "What a pod gets to end by itself.", .max = 3600 * SECOND),
	KEY(labels, CFG_PAIRS, "labels", NULL, "Labels and their values; these may hold fields."),
	KEY(annotations, CFG_PAIRS, "annotations", NULL, "Annotations and their values; these may hold fields."),
	KEY(key, CFG_STRING, "key", "spoor/alert", "The taint's key."),
	KEY(value, CFG_STRING, "value", "true", "The taint's value."),
	KEY(effect, CFG_ENUM, "effect", "NoSchedule", "The taint's effect.", .choices = "NoSchedule|PreferNoSchedule|NoExecute"),
	KEY(url, CFG_STRING, "url", NULL, "Where to: https://... It holds no fields."),
	KEY(url_file, CFG_PATH, "url_file", NULL, "A file whose first line is the URL, where that is a secret, as with Slack."),
	KEY(token_file, CFG_PATH, "token_file", NULL, "A file whose first line is the token or key."),
	KEY(auth_id, CFG_STRING, "auth_id", NULL, "XSOAR 8: the id of the key."),
	KEY(title, CFG_STRING, "title", NULL, "Name of the incident or container; may hold fields. Default: the rule and the object."),
	KEY(type, CFG_STRING, "type", NULL, "XSOAR: type of the incident. Default: the server's."),
	KEY(label, CFG_STRING, "label", "events", "Splunk SOAR: label of the container."),
	KEY(text, CFG_STRING, "text", NULL, "The message; may hold fields. Default: the alert, where it happened, and what was done."),
	KEY(channel, CFG_STRING, "channel", NULL, "The channel, where the webhook lets one choose."),
	KEY(body, CFG_STRING, "body", NULL, "A JSON document; its texts may hold fields, whose values stay text whatever is in them."),
	KEY(headers, CFG_PAIRS, "headers", NULL, "Further headers. They hold no fields."),
	KEY(ca_file, CFG_PATH, "ca_file", NULL, "Certificates (PEM) that the server's is checked with, instead of the system's."),
	KEY(proxy, CFG_STRING, "proxy", NULL, "A proxy's URL. Without it none is used, whatever the environment says."),
	CFG_END
};
const struct cfg_section pb_action_section = { "An action.", action_keys, sizeof(struct pb_action_opts), NULL };
#undef KEY

#define KEY(member, ...) CFG_KEY(struct pb_entry_opts, member, __VA_ARGS__)
static const struct cfg_key entry_keys[] = {
	KEY(name, CFG_STRING, "name", NULL, "Its name, in the log and in the trace.", .required = true),
	KEY(rules, CFG_STRINGS, "rules", NULL, "For alerts of these rules: names, '*' stands for anything. Default: of all."),
	KEY(priority, CFG_ENUM, "priority", "debug", "For alerts of this priority or a more severe one.",
	  .choices = "emergency|alert|critical|error|warning|notice|informational|debug"),
	KEY(tags, CFG_STRINGS, "tags", NULL, "For alerts whose rule has one of these tags. Default: any."),
	KEY(source, CFG_STRING, "source", NULL, "For alerts of this source: syscall, k8s_audit. Default: any."),
	KEY(condition, CFG_STRING, "condition", NULL, "For alerts whose event satisfies this condition, in the language of rules."),
	KEY(cool_down, CFG_DURATION, "cool_down", NULL, "After it has run for a rule and an object, it does not for so long. Default: the "
	  "file's.", .max = 86400 * SECOND),
	KEY(per_object, CFG_STRING, "per_object", NULL, "Limit for each object. Default: the file's."),
	KEY(dry_run, CFG_BOOL, "dry_run", NULL, "Only log and record what would be done."),
	KEY(enabled, CFG_BOOL, "enabled", "true", "Switches it off."),
	KEY(actions, CFG_SECTIONS, "actions", NULL, "What is done, in this order.", .section = &pb_action_section, .required = true),
	CFG_END
};
static const struct cfg_section entry_section = { "A playbook: all that it asks of an alert must hold.", entry_keys,
						  sizeof(struct pb_entry_opts), NULL };
#undef KEY

#define KEY(member, ...) CFG_KEY(struct pb_protect_opts, member, __VA_ARGS__)
static const struct cfg_key protect_keys[] = {
	KEY(system, CFG_BOOL, "system", "true", "Protect kube-system, kube-public and kube-node-lease."),
	KEY(host, CFG_BOOL, "host", "true", "Protect what runs in no container."),
	KEY(namespaces, CFG_STRINGS, "namespaces", NULL, "Further namespaces; '*' stands for anything, here and below."),
	KEY(pods, CFG_STRINGS, "pods", NULL, "Pods."),
	KEY(containers, CFG_STRINGS, "containers", NULL, "Containers, by name."),
	KEY(images, CFG_STRINGS, "images", NULL, "Containers, by image."),
	KEY(nodes, CFG_STRINGS, "nodes", NULL, "Nodes. Those of the control plane are protected in any case."),
	CFG_END
};
static const struct cfg_section protect_section = {
	"What nothing that disturbs is ever done to. The recorder itself, process 1, threads of the kernel and the container "
	"runtimes are protected in any case; so is a container whose namespace, name or image is not known where that would decide.",
	protect_keys, sizeof(struct pb_protect_opts), NULL };
#undef KEY

#define KEY(member, ...) CFG_KEY(struct pb_limit_opts, member, __VA_ARGS__)
static const struct cfg_key limit_keys[] = {
	KEY(per_object, CFG_STRING, "per_object", "10/10m", "Actions of a playbook for one container, pod, or the host."),
	KEY(disturbing, CFG_STRING, "disturbing", "10/1h", "Actions that disturb what runs, of all playbooks."),
	KEY(nodes, CFG_STRING, "nodes", "2/24h", "Actions on nodes, of all playbooks."),
	KEY(total, CFG_STRING, "total", "120/1h", "Actions of all playbooks."),
	CFG_END
};
static const struct cfg_section limit_section = {
	"How often, at most: 10/1h is ten times within any hour. What is over a limit is not done, and logged and recorded as that.",
	limit_keys, sizeof(struct pb_limit_opts), NULL };
#undef KEY

#define KEY(member, ...) CFG_KEY(struct pb_kubernetes, member, __VA_ARGS__)
static const struct cfg_key kubernetes_keys[] = {
	KEY(kubeconfig, CFG_PATH, "kubeconfig", NULL, "The file that says how to reach the API server. Default: the account of the pod."),
	KEY(context, CFG_STRING, "context", NULL, "The context in it. Default: its current one."),
	KEY(account, CFG_PATH, "account", "/var/run/secrets/kubernetes.io/serviceaccount",
	    "The folder with the pod's account (token, ca.crt), where there is no kubeconfig."),
	KEY(node, CFG_STRING, "node", NULL, "The name of this node. Default: the variable NODE_NAME, or the name of the machine."),
	KEY(timeout, CFG_DURATION, "timeout", "10s", "Of one request.", .min = 100 * MS, .max = 600 * SECOND),
	CFG_END
};
static const struct cfg_section kubernetes_section = { "The API server.", kubernetes_keys, sizeof(struct pb_kubernetes), NULL };
#undef KEY

#define KEY(member, ...) CFG_KEY(struct pb_file_opts, member, __VA_ARGS__)
static const struct cfg_key file_keys[] = {
	KEY(dry_run, CFG_BOOL, "dry_run", NULL, "Of all playbooks, only log and record what would be done."),
	KEY(stop_file, CFG_PATH, "stop_file", "/run/spoor/playbooks.stop", "While this file exists nothing is done."),
	KEY(cool_down, CFG_DURATION, "cool_down", "5m", "After a playbook has run for a rule and an object, it does not for so long.",
	  .max = 86400 * SECOND),
	KEY(reachable, CFG_STRINGS, "reachable", NULL, "Addresses and networks that stay reachable where a network is cut."),
	KEY(limits, CFG_SECTION, "limits", NULL, "How often, at most.", .section = &limit_section),
	KEY(protect, CFG_SECTION, "protect", NULL, "What is left alone.", .section = &protect_section),
	KEY(kubernetes, CFG_SECTION, "kubernetes", NULL, "The API server.", .section = &kubernetes_section),
	KEY(playbooks, CFG_SECTIONS, "playbooks", NULL, "The playbooks. All that are for an alert run, in this order.",
	  .section = &entry_section, .required = true),
	CFG_END
};
const struct cfg_section pb_file_section = { "Playbooks: which alerts lead to which actions.", file_keys, sizeof(struct pb_file_opts), NULL };
#undef KEY
