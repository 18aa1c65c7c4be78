// SPDX-License-Identifier: Apache-2.0
/*
 * Small structures that calls point at, as they lay in memory: include/uapi/linux has their
 * layouts.
 */
#include <assert.h>
#include <string.h>
#include <sys/socket.h>

#include "capture/decode/decode.h"

/* The bytes behind argument i, or NULL if fewer than n of them are there. */
static const uint8_t *behind(const struct cap_parts *p, unsigned i, size_t n)
{
	const struct cap_blob *b = p->blob[TAG_S0 + i];

	return b && b->len >= n ? cap_blob__bytes(b) : NULL;
}

static uint64_t u64_at(const uint8_t *p, size_t off)
{
	uint64_t v;

	memcpy(&v, p + off, sizeof(v));
	return v;
}

static uint32_t u32_at(const uint8_t *p, size_t off)
{
	uint32_t v;

	memcpy(&v, p + off, sizeof(v));
	return v;
}

static uint64_t s32_at(const uint8_t *p, size_t off)
{
	return (uint64_t)(int64_t)(int32_t)u32_at(p, off);
}

/* struct __kernel_timespec */
static uint64_t time_at(const uint8_t *p, size_t off)
{
	return u64_at(p, off) * 1000000000u + u64_at(p, off + 8);
}

static uint64_t flags_at(enum fmt_group g, const uint8_t *p, size_t off)
{
	return fmt_group__from_native(g, u64_at(p, off));
}

static void two_fds(const struct cap_parts *p, struct fmt_batch *b, unsigned arg, unsigned first)
{
	const uint8_t *s = behind(p, arg, 8);

	if (!s || p->rec->res < 0)
		return;
	fmt_batch__int(b, first, s32_at(s, 0));
	fmt_batch__int(b, first + 1, s32_at(s, 4));
}

static void three_ids(const struct cap_parts *p, struct fmt_batch *b, unsigned first)
{
	for (unsigned i = 0; i < 3 && p->rec->res >= 0; i++) {
		const uint8_t *s = behind(p, i, 4);

		if (s)
			fmt_batch__int(b, first + i, u32_at(s, 0));
	}
}

static void limits(const uint8_t *s, struct fmt_batch *b, unsigned cur)
{
	if (!s)
		return;
	fmt_batch__int(b, cur, u64_at(s, 0));
	fmt_batch__int(b, cur + 1, u64_at(s, 8));
}

static void interval(const struct cap_parts *p, struct fmt_batch *b, unsigned arg, unsigned param)
{
	const uint8_t *s = behind(p, arg, 16);

	if (s)
		fmt_batch__int(b, param, time_at(s, 0));
}

#define UTIME_NOW 0x3fffffff		/* include/linux/stat.h */
#define UTIME_OMIT 0x3ffffffe

/* Not given, or a marker in place of the nanoseconds: no time. */
static void utimens(const struct cap_parts *p, struct fmt_batch *b)
{
	const uint8_t *s = behind(p, 2, 32);

	for (unsigned i = 0; s && i < 2; i++) {
		uint64_t ns = u64_at(s, 16 * i + 8);

		if (ns != UTIME_NOW && ns != UTIME_OMIT)
			fmt_batch__int(b, P_utimensat_atime + i, time_at(s, 16 * i));
	}
}

static void semops(const struct cap_parts *p, struct fmt_batch *b)
{
	const uint8_t *s = behind(p, 1, 6);
	unsigned n = p->n_nums > 2 ? (unsigned)p->nums[2] : 0;

	for (unsigned i = 0; s && i < 2 && i < n && p->blob[TAG_S1]->len >= 6 * (i + 1); i++) {
		uint16_t num;
		int16_t op, flg;

		memcpy(&num, s + 6 * i, 2);
		memcpy(&op, s + 6 * i + 2, 2);
		memcpy(&flg, s + 6 * i + 4, 2);
		fmt_batch__int(b, P_semop_sem_num_0 + 3 * i, num);
		fmt_batch__int(b, P_semop_sem_op_0 + 3 * i, (uint64_t)(int64_t)op);
		fmt_batch__int(b, P_semop_sem_flg_0 + 3 * i,
			       fmt_group__from_native(GROUP_semop_flags, (uint16_t)flg));
	}
}

/* quotactl's structures: only some of its commands have them. */
static void quotas(const struct cap_parts *p, struct fmt_batch *b)
{
	enum { SUBCMD_SHIFT = 8, GET_INFO = 0x800005, SET_INFO = 0x800006, GET_QUOTA = 0x800007,
		SET_QUOTA = 0x800008 };
	const uint8_t *s = behind(p, 3, 24);
	uint32_t cmd = p->n_nums ? (uint32_t)p->nums[0] >> SUBCMD_SHIFT : 0;

	if (!s)
		return;
	if ((cmd == GET_QUOTA || cmd == SET_QUOTA) && p->blob[TAG_S3]->len >= 72) {
		fmt_batch__int(b, P_quotactl_dqb_bhardlimit, u64_at(s, 0));
		fmt_batch__int(b, P_quotactl_dqb_bsoftlimit, u64_at(s, 8));
		fmt_batch__int(b, P_quotactl_dqb_curspace, u64_at(s, 16));
		fmt_batch__int(b, P_quotactl_dqb_ihardlimit, u64_at(s, 24));
		fmt_batch__int(b, P_quotactl_dqb_isoftlimit, u64_at(s, 32));
		fmt_batch__int(b, P_quotactl_dqb_btime, u64_at(s, 48) * 1000000000u);
		fmt_batch__int(b, P_quotactl_dqb_itime, u64_at(s, 56) * 1000000000u);
	} else if (cmd == GET_INFO || cmd == SET_INFO) {
		fmt_batch__int(b, P_quotactl_dqi_bgrace, u64_at(s, 0) * 1000000000u);
		fmt_batch__int(b, P_quotactl_dqi_igrace, u64_at(s, 8) * 1000000000u);
		fmt_batch__int(b, P_quotactl_dqi_flags,
			       fmt_group__from_native(GROUP_quotactl_dqi_flags, u32_at(s, 16)));
	}
}

/* The name of a map or program that bpf(2) makes: union bpf_attr, of two commands. */
static void bpf_attr(const struct cap_parts *p, struct fmt_batch *b)
{
	enum { MAP_CREATE = 0, PROG_LOAD = 5, MAP_NAME = 28, PROG_NAME = 48, NAME_LEN = 16 };
	uint64_t cmd = p->n_nums ? (uint32_t)p->nums[0] : UINT64_MAX;
	const uint8_t *s = behind(p, 1, 4);
	size_t name = cmd == MAP_CREATE ? MAP_NAME : PROG_NAME,
	       size = p->n_nums > 2 ? (uint32_t)p->nums[2] : 0;

	if (!s || (cmd != MAP_CREATE && cmd != PROG_LOAD))
		return;
	fmt_batch__int(b, P_bpf_obj_type, u32_at(s, 0));
	if (size >= name + NAME_LEN && p->blob[TAG_S1]->len >= name + NAME_LEN) {
		uint32_t n = (uint32_t)strnlen((const char *)s + name, NAME_LEN);

		fmt_batch__str(b, P_bpf_obj_name, (const char *)s + name, n, n);
	}
}

static void waitid_child(const struct cap_parts *p, struct fmt_batch *b)
{
	enum { SI_PID = 12, SI_STATUS = 20 };
	const uint8_t *s = behind(p, 2, 24);

	if (!s || p->rec->res < 0)
		return;
	fmt_batch__int(b, P_waitid_child, s32_at(s, SI_PID));
	fmt_batch__int(b, P_waitid_status, s32_at(s, SI_STATUS));
}

/*
 * The kernel advances the offsets in place; what is there after the call, less what was copied, is
 * where it began.
 */
static void moved_offset(const struct cap_parts *p, struct fmt_batch *b, unsigned arg,
			 unsigned param)
{
	const uint8_t *s = behind(p, arg, 8);

	if (s)
		fmt_batch__int(b, param,
			       u64_at(s, 0) - (p->rec->res > 0 ? (uint64_t)p->rec->res : 0));
}

static void iocb(const struct cap_parts *p, struct fmt_batch *b)
{
	enum { OPCODE = 16, FILDES = 20, NBYTES = 32, OFFSET = 40 };
	const struct cap_blob *blob = p->blob[TAG_DATA];
	const uint8_t *s = blob && blob->len >= 64 ? cap_blob__bytes(blob) : NULL;

	if (!s)
		return;
	fmt_batch__int(b, P_io_submit_opcode, u32_at(s, OPCODE) & 0xffff);
	fmt_batch__int(b, P_io_submit_fd, s32_at(s, FILDES));
	fmt_batch__int(b, P_io_submit_size, u64_at(s, NBYTES));
	fmt_batch__int(b, P_io_submit_offset, u64_at(s, OFFSET));
}

/* struct io_uring_params */
static void uring_params(const struct cap_parts *p, struct fmt_batch *b)
{
	const uint8_t *s = behind(p, 1, 24);

	if (!s)
		return;
	fmt_batch__int(b, P_io_uring_setup_sq_entries, u32_at(s, 0));
	fmt_batch__int(b, P_io_uring_setup_cq_entries, u32_at(s, 4));
	fmt_batch__int(b, P_io_uring_setup_flags,
		       fmt_group__from_native(GROUP_io_uring_setup_flags, u32_at(s, 8)));
	fmt_batch__int(b, P_io_uring_setup_sq_thread_cpu, u32_at(s, 12));
	fmt_batch__int(b, P_io_uring_setup_sq_thread_idle, u32_at(s, 16));
	fmt_batch__int(b, P_io_uring_setup_features,
		       fmt_group__from_native(GROUP_io_uring_setup_feats, u32_at(s, 20)));
}

static void mount_attr(const struct cap_parts *p, struct fmt_batch *b)
{
	const uint8_t *s = behind(p, 3, 32);

	if (!s)
		return;
	if (p->rec->type == EV_open_tree_attr) {
		fmt_batch__int(b, P_open_tree_attr_attr_set,
			       flags_at(GROUP_mount_attr_flags, s, 0));
		fmt_batch__int(b, P_open_tree_attr_attr_clr,
			       flags_at(GROUP_mount_attr_flags, s, 8));
		return;
	}
	fmt_batch__int(b, P_mount_setattr_attr_set, flags_at(GROUP_mount_attr_flags, s, 0));
	fmt_batch__int(b, P_mount_setattr_attr_clr, flags_at(GROUP_mount_attr_flags, s, 8));
	fmt_batch__int(b, P_mount_setattr_propagation, u64_at(s, 16));
	fmt_batch__int(b, P_mount_setattr_userns_fd, s32_at(s, 24));
}

/* struct landlock_path_beneath_attr, which is packed, or landlock_net_port_attr */
static void landlock_rule(const struct cap_parts *p, struct fmt_batch *b)
{
	const uint8_t *s = behind(p, 2, 16);
	uint32_t type = p->n_nums > 1 ? (uint32_t)p->nums[1] : 0;

	if (!s)
		return;
	fmt_batch__int(b, P_landlock_add_rule_access, u64_at(s, 0));
	if (type == 1)
		fmt_batch__int(b, P_landlock_add_rule_parent_fd, s32_at(s, 8));
	else if (type == 2)
		fmt_batch__int(b, P_landlock_add_rule_port, u64_at(s, 8));
}

void cap_decode__deref(const struct cap_parts *p, struct fmt_batch *b)
{
	const uint8_t *s;

	switch (p->rec->type) {
	case EV_pipe: two_fds(p, b, 0, P_pipe_fd1); break;
	case EV_pipe2: two_fds(p, b, 0, P_pipe2_fd1); break;
	case EV_socketpair: two_fds(p, b, 3, P_socketpair_fd1); break;
	case EV_nanosleep: interval(p, b, 0, P_nanosleep_interval); break;
	case EV_clock_nanosleep: interval(p, b, 2, P_clock_nanosleep_interval); break;
	case EV_epoll_pwait2: interval(p, b, 3, P_epoll_pwait2_timeout); break;
	case EV_clock_settime: interval(p, b, 1, P_clock_settime_time); break;
	case EV_getresuid: three_ids(p, b, P_getresuid_ruid); break;
	case EV_getresgid: three_ids(p, b, P_getresgid_rgid); break;
	case EV_getrlimit:
		limits(p->rec->res < 0 ? NULL : behind(p, 1, 16), b, P_getrlimit_cur);
		break;
	case EV_setrlimit: limits(behind(p, 1, 16), b, P_setrlimit_cur); break;
	case EV_prlimit:
		limits(behind(p, 2, 16), b, P_prlimit_newcur);
		limits(p->rec->res < 0 ? NULL : behind(p, 3, 16), b, P_prlimit_oldcur);
		break;
	case EV_semop: semops(p, b); break;
	case EV_quotactl: quotas(p, b); break;
	case EV_utimensat: utimens(p, b); break;
	case EV_bpf: bpf_attr(p, b); break;
	case EV_waitid: waitid_child(p, b); break;
	case EV_sendfile: moved_offset(p, b, 2, P_sendfile_offset); break;
	case EV_copy_file_range:
		moved_offset(p, b, 1, P_copy_file_range_offin);
		moved_offset(p, b, 3, P_copy_file_range_offout);
		break;
	case EV_io_submit: iocb(p, b); break;
	case EV_io_uring_setup: uring_params(p, b); break;
	case EV_mount_setattr:
	case EV_open_tree_attr: mount_attr(p, b); break;
	case EV_wait4:
		if (p->rec->res > 0 && (s = behind(p, 1, 4)))
			fmt_batch__int(b, P_wait4_status, s32_at(s, 0));
		break;
	case EV_epoll_ctl:
		if ((s = behind(p, 3, 4)))
			fmt_batch__int(b, P_epoll_ctl_events, u32_at(s, 0));
		break;
	case EV_signalfd:
		if ((s = behind(p, 1, 8)))
			fmt_batch__int(b, P_signalfd_mask, u32_at(s, 0));
		break;
	case EV_signalfd4:
		if ((s = behind(p, 1, 8)))
			fmt_batch__int(b, P_signalfd4_mask, u32_at(s, 0));
		break;
	case EV_perf_event_open:
		if ((s = behind(p, 0, 16))) {
			fmt_batch__int(b, P_perf_event_open_type, u32_at(s, 0));
			fmt_batch__int(b, P_perf_event_open_config, u64_at(s, 8));
		}
		break;
	case EV_io_uring_enter:
		if ((s = behind(p, 4, 8)))
			fmt_batch__int(b, P_io_uring_enter_sig, u64_at(s, 0));
		break;
	case EV_landlock_create_ruleset:
		if ((s = behind(p, 0, 16))) {
			fmt_batch__int(b, P_landlock_create_ruleset_handled_fs, u64_at(s, 0));
			if (p->n_nums > 1 && p->nums[1] >= 16)
				fmt_batch__int(b, P_landlock_create_ruleset_handled_net,
					       u64_at(s, 8));
		}
		break;
	case EV_landlock_add_rule:
		landlock_rule(p, b);
		break;
	case EV_ioctl:
		if ((s = behind(p, 2, 1)))
			fmt_batch__int(b, P_ioctl_pushed, *s);
		break;
	case EV_statmount:
		if ((s = behind(p, 0, 16)))
			fmt_batch__int(b, P_statmount_mnt_id, u64_at(s, 8));
		break;
	case EV_listmount:
		if ((s = behind(p, 0, 16)))
			fmt_batch__int(b, P_listmount_mnt_id, u64_at(s, 8));
		break;
	case EV_setxattrat:
		if ((s = behind(p, 4, 16))) {
			fmt_batch__int(b, P_setxattrat_size, u32_at(s, 8));
			fmt_batch__int(b, P_setxattrat_flags,
				       fmt_group__from_native(GROUP_xattr_flags, u32_at(s, 12)));
		}
		break;
	case EV_getxattrat:
		if ((s = behind(p, 4, 16)))
			fmt_batch__int(b, P_getxattrat_size, u32_at(s, 8));
		break;
	case EV_file_setattr:
		if ((s = behind(p, 2, 8)))
			fmt_batch__int(b, P_file_setattr_xflags, u64_at(s, 0));
		break;
	}
}

/* struct pollfd: what was waited for, or after success what came. */
void cap_decode__poll(struct cap_decoder *d, const struct cap_parts *p, struct fmt_batch *b)
{
	const struct cap_blob *blob = p->blob[TAG_POLL];
	const uint8_t *s = blob ? cap_blob__bytes(blob) : NULL;
	bool ready = p->rec->res > 0;
	unsigned n = blob ? blob->len / 8u : 0;
	int param = fmt_event__param(fmt_event(p->rec->type), "fds");

	if (!blob || param < 0)
		return;
	d->text.len = 0;
	buf__le16(&d->text, (uint16_t)n);
	for (unsigned i = 0; i < n; i++) {
		uint16_t ev;

		memcpy(&ev, s + 8 * i + (ready ? 6 : 4), sizeof(ev));
		buf__le64(&d->text, s32_at(s, 8 * i));
		buf__le16(&d->text, (uint16_t)fmt_group__from_native(GROUP_poll_flags, ev));
	}
	fmt_batch__str(b, (unsigned)param, (const char *)d->text.p, (uint32_t)d->text.len,
		       (uint32_t)d->text.len);
	if (p->rec->type != EV_ppoll)
		return;
	if (p->blob[TAG_TEXT] && p->blob[TAG_TEXT]->len == 16)
		fmt_batch__int(b, P_ppoll_timeout, time_at(cap_blob__bytes(p->blob[TAG_TEXT]), 0));
	if (p->blob[TAG_TEXT2] && p->blob[TAG_TEXT2]->len == 8)
		fmt_batch__int(b, P_ppoll_sigmask, u64_at(cap_blob__bytes(p->blob[TAG_TEXT2]), 0));
}

/* A value of four or eight bytes is a number; the two timeouts are struct timeval. */
void cap_decode__sockopt(const struct cap_parts *p, struct fmt_batch *b)
{
	bool set = p->rec->type == EV_setsockopt;
	unsigned regs = set ? 5 : 3;
	const struct cap_blob *v = p->blob[TAG_DATA];
	uint32_t level = p->n_nums > 1 ? (uint32_t)p->nums[1] : 0,
		 opt = p->n_nums > regs ? (uint32_t)p->nums[regs] : 0;

	static_assert((int)P_setsockopt_val == P_getsockopt_val &&
			      (int)P_setsockopt_optname == P_getsockopt_optname,
		      "both have the same parameters");
	fmt_batch__int(b, P_setsockopt_optname, level == SOL_SOCKET ?
		       fmt_group__from_native(GROUP_sockopt_options, opt) : 0);
	if (!v)
		return;
	if (level == SOL_SOCKET && (opt == SO_RCVTIMEO || opt == SO_SNDTIMEO) && v->len == 16)
		fmt_batch__int(b, P_setsockopt_val, u64_at(cap_blob__bytes(v), 0) * 1000000000u +
			       u64_at(cap_blob__bytes(v), 8) * 1000u);
	else if (v->len == 4)
		fmt_batch__int(b, P_setsockopt_val, s32_at(cap_blob__bytes(v), 0));
	else if (v->len == 8)
		fmt_batch__int(b, P_setsockopt_val, u64_at(cap_blob__bytes(v), 0));
}
