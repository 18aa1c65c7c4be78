// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "inspect/model/kinds.h"

/* Where the system's own files lie (filesystem hierarchy standard). */
static const char *const system_dirs[] = {
	"/bin/", "/sbin/", "/lib/", "/lib32/", "/lib64/", "/usr/", "/etc/", "/boot/", "/root/.",
};

/* Where secrets lie: a path that begins with one of these, or has one in it. */
static const char *const secret_begin[] = {
	"/etc/shadow", "/etc/gshadow", "/etc/sudoers", "/etc/ssh/ssh_host_", "/etc/kubernetes/", "/etc/krb5.keytab",
	"/etc/master.key", "/var/run/secrets/", "/run/secrets/", "/var/lib/kubelet/pki/", "/etc/ssl/private/",
};
static const char *const secret_in[] = {
	"/.ssh/id_", "/.ssh/authorized_keys", "/.aws/credentials", "/.aws/config", "/.azure/", "/.config/gcloud/",
	"/.kube/config", "/.docker/config.json", "/.git-credentials", "/.netrc", "/.pgpass", "/.my.cnf", "/.gnupg/",
	"/.bash_history", "/.vault-token", "/wp-config.php", "/.env", "/environ", "/serviceaccount/token",
};

static bool begins(const char *path, size_t n, const char *const *list, size_t n_list)
{
	for (size_t i = 0; i < n_list; i++)
		if (n >= strlen(list[i]) && !memcmp(path, list[i], strlen(list[i])))
			return true;
	return false;
}

uint8_t ins_kind__of_path(const char *path, size_t n)
{
	bool secret = begins(path, n, secret_begin, sizeof(secret_begin) / sizeof(*secret_begin));

	for (size_t i = 0; i < sizeof(secret_in) / sizeof(*secret_in) && !secret; i++)
		secret = memmem(path, n, secret_in[i], strlen(secret_in[i]));
	return (begins(path, n, system_dirs, sizeof(system_dirs) / sizeof(*system_dirs)) ? FILE_OF_SYSTEM : 0) |
	       (secret ? FILE_SECRET : 0);
}

bool ins_kind__file(const struct ins_model *m, struct ins_only only, uint32_t file)
{
	const struct ins_file *f = &m->files[file];
	const uint32_t changed = FOP_WRITE | FOP_CREATE | FOP_DELETE | FOP_RENAME | FOP_ATTR;

	switch (only.kind) {
	case ONLY_ALL:
		return true;
	case ONLY_WRITTEN:
		return f->ops & (FOP_WRITE | FOP_CREATE) && !(f->ops & FOP_DIR);
	case ONLY_DELETED:
		return f->ops & FOP_DELETE;
	case ONLY_SYSTEM:
		return f->ops & changed && f->is & FILE_OF_SYSTEM;
	case ONLY_SECRETS:
		return f->ops & (FOP_READ | FOP_FAIL) && !(f->ops & FOP_DIR) && f->is & FILE_SECRET;
	default:
		return false;
	}
}

bool ins_kind__conn(const struct ins_model *m, struct ins_only only, uint32_t conn)
{
	const struct ins_conn *c = &m->conns[conn];

	switch (only.kind) {
	case ONLY_ALL:
		return true;
	case ONLY_OUT:
		return c->dir == CONN_OUT;
	case ONLY_IN:
		return c->dir == CONN_IN;
	case ONLY_LISTEN:
		return c->dir == CONN_LISTEN && !c->before;
	default:
		return false;
	}
}

bool ins_kind__cmd(const struct ins_model *m, struct ins_only only, uint32_t cmd)
{
	const struct ins_cmd *c = &m->cmds[cmd];

	switch (only.kind) {
	case ONLY_ALL:
		return true;
	case ONLY_TERMINAL:
		return c->tty != 0;
	case ONLY_DROPPED:
		return c->flags & EXE_FROM_MEMFD ||
		       (c->flags & EXE_UPPER_LAYER && !ins_model__is_host(m, m->procs[c->proc].container));
	default:
		return false;
	}
}
