// SPDX-License-Identifier: Apache-2.0
/* What actions of playbooks need of the system, looked at before an alert needs it. */
#include <errno.h>
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>

#include "capture/act/act.h"
#include "capture/privilege.h"
#include "format/base/log.h"

#define UNIT "see PLAYBOOKS.md for the unit's drop-in"

const char *act_why(int error, enum act_kind kind)
{
	if (error == -EROFS && kind == ACT_ON_GROUP)
		return "control groups are read-only here (" UNIT ")";
	if (error == -EPERM && kind == ACT_ON_NETWORK)
		return "it takes CAP_NET_ADMIN (" UNIT ")";
	return strerror(-error);
}

void act_needs__look(struct act_needs *n)
{
	*n = (struct act_needs){ .net_admin = cap_privilege__has(CAP_NET_ADMIN), .kill = cap_privilege__has(CAP_KILL) };
}

/* The control groups of either kind, where they are mounted. */
static bool groups_are_read_only(void)
{
	bool any = false;

	for (int tree = ACT_V2; tree <= ACT_FREEZER; tree++) {
		char mount[4096];
		struct statvfs s;

		if (!act_cgroup__mount(tree, mount) || statvfs(mount, &s))
			continue;
		if (!(s.f_flag & ST_RDONLY))
			return false;
		any = true;
	}
	return any;
}

void act_needs__warn(const struct act_needs *has, const struct playbook *pb)
{
	bool used[PB__N] = { false };

	for (uint32_t i = 0; i < pb->n; i++)
		for (uint32_t k = 0; k < pb->entries[i].n_actions; k++)
			used[pb->entries[i].actions[k].o->what] |= pb->entries[i].enabled;
	if ((used[PB_cut_network] || used[PB_restore_network]) && !has->net_admin)
		log_warn("playbooks: cut_network will fail: %s", act_why(-EPERM, ACT_ON_NETWORK));
	if ((used[PB_freeze] || used[PB_thaw] || used[PB_kill_container]) && groups_are_read_only())
		log_warn("playbooks: freeze, thaw and kill_container will fail: %s", act_why(-EROFS, ACT_ON_GROUP));
	if ((used[PB_kill_process] || used[PB_kill_container]) && !has->kill)
		log_warn("playbooks: processes of other users will not be killed: it takes CAP_KILL");
}
