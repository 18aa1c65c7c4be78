// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "capture/decode/decode.h"

void cap_decoder__init(struct cap_decoder *d, int64_t mono_offset, int64_t boot_offset)
{
	memset(d, 0, sizeof(*d));
	d->plans = cap_calls__plans();
	d->mono_offset = mono_offset;
	d->boot_offset = boot_offset;
	d->snaplen = CAP_SNAP_MAX;
	cap_hierarchies__read(&d->hierarchies);
}

void cap_decoder__done(struct cap_decoder *d)
{
	cap_calls__free_plans(d->plans);
	buf__done(&d->text);
}

bool cap_parts__split(struct cap_parts *p, const struct cap_record *r)
{
	const uint8_t *at = (const uint8_t *)(r + 1) + 8u * r->n_nums,
		      *end = (const uint8_t *)r + r->len;

	p->rec = r;
	p->nums = (const uint64_t *)(r + 1);
	p->n_nums = r->n_nums;
	memset(p->blob, 0, sizeof(p->blob));
	while (at + sizeof(struct cap_blob) <= end) {
		const struct cap_blob *b = (const void *)at;

		at += sizeof(*b) + ((b->len + 7u) & ~7u);
		if (at > end || b->tag >= TAG__N)
			return false;
		p->blob[b->tag] = b;
	}
	return at == end;
}

static inline uint64_t convert(const struct cap_decoder *d, struct cap_op *op, uint64_t v)
{
	switch (op->conv) {
	case CONV_U32: return (uint32_t)v;
	case CONV_S32: return (uint64_t)(int64_t)(int32_t)v;
	case CONV_U16: return (uint16_t)v;
	case CONV_S16: return (uint64_t)(int64_t)(int16_t)v;
	case CONV_U8: return (uint8_t)v;
	case CONV_S8: return (uint64_t)(int64_t)(int8_t)v;
	case CONV_BOOL: return v != 0;
	case CONV_BOOT_TIME: return v ? v + (uint64_t)d->boot_offset : 0;
	case CONV_GROUP32: v = (uint32_t)v; break;
	case CONV_GROUP64: break;
	default: return v;
	}
	if (v != op->last_native) {
		op->last_native = v;
		op->last_value = fmt_group__from_native((enum fmt_group)op->group, v);
	}
	return op->last_value;
}

static void add_blob(const struct cap_decoder *d, struct fmt_batch *b,
		     const struct fmt_event_info *ev, unsigned param, const struct cap_blob *blob)
{
	uint32_t n = blob->len;

	if (blob->tag == TAG_DATA_MORE && n > d->snaplen)
		n = d->snaplen;
	if (ev->params[param].type == PT_BYTES)
		fmt_batch__bytes(b, param, cap_blob__bytes(blob), n, blob->full);
	else
		fmt_batch__str(b, param, (const char *)cap_blob__bytes(blob), blob->len,
			       blob->full);
}

/* --- paths ------------------------------------------------------------------------------------ */

#define PIPEFS_MAGIC 0x50495045u	/* include/uapi/linux/magic.h */
#define SOCKFS_MAGIC 0x534f434bu
#define ANON_INODE_FS_MAGIC 0x09041934u
#define NSFS_MAGIC 0x6e736673u

/* As readlink(2) of /proc/PID/fd shows what lies in no directory. */
static void pseudo_text(const struct cap_path *head, const char *names, size_t n, struct buf *out)
{
	switch (head->magic) {
	case PIPEFS_MAGIC:
		buf__puts(out, "pipe");
		break;
	case SOCKFS_MAGIC:
		buf__puts(out, "socket");
		break;
	case ANON_INODE_FS_MAGIC:
		buf__puts(out, "anon_inode:");
		/* fallthrough */
	default:
		buf__add(out, names, strnlen(names, n));
	}
	if (head->ino)
		buf__printf(out, ":[%llu]", (unsigned long long)head->ino);
}

void cap_path__text(const struct cap_blob *blob, struct buf *out)
{
	const struct cap_path *head = (const void *)cap_blob__bytes(blob);
	const char *names = (const char *)(head + 1);
	size_t n, end;

	if (blob->len < sizeof(*head))
		return;
	n = end = blob->len - sizeof(*head);
	if (head->flags & CAP_PATH_PSEUDO) {
		pseudo_text(head, names, n, out);
		return;
	}
	if (head->flags & CAP_PATH_CUT)
		buf__puts(out, "...");
	/* Each name ends with NUL; take them from the end. */
	while (end) {
		size_t start = end - 1;

		while (start && names[start - 1])
			start--;
		buf__u8(out, '/');
		buf__add(out, names + start, end - 1 - start);
		end = start;
	}
	if (!n)
		buf__u8(out, '/');
	if (head->flags & CAP_PATH_DELETED)
		buf__puts(out, " (deleted)");
}

static void add_path(struct cap_decoder *d, struct fmt_batch *b, unsigned param,
		     const struct cap_blob *blob)
{
	d->text.len = 0;
	cap_path__text(blob, &d->text);
	if (d->text.len)
		fmt_batch__str(b, param, (const char *)d->text.p, (uint32_t)d->text.len,
			       (uint32_t)d->text.len);
}

/* --- processes -------------------------------------------------------------------------------- */

/* argv[0] and the rest, apart. */
static void add_args(struct fmt_batch *b, const struct fmt_event_info *ev,
		     const struct cap_blob *blob)
{
	const char *s = (const char *)cap_blob__bytes(blob);
	size_t n = strnlen(s, blob->len), cut = blob->full - blob->len;

	fmt_batch__str(b, (unsigned)fmt_event__param(ev, "exe"), s, (uint32_t)n,
		       (uint32_t)(n == blob->len ? n + cut : n));
	if (n < blob->len)
		n++;
	fmt_batch__str(b, (unsigned)fmt_event__param(ev, "args"), s + n, (uint32_t)(blob->len - n),
		       (uint32_t)(blob->full - n));
}

/* The kernel calls a program that is executed by descriptor /dev/fd/N or /dev/fd/N/NAME. */
static void add_pathname(struct fmt_batch *b, const struct cap_parts *p)
{
	const struct cap_blob *blob = p->blob[TAG_FILENAME];
	const char *s = (const char *)cap_blob__bytes(blob);
	size_t n = blob->len, skip = 0;

	if (p->rec->res >= 0 && n >= 8 && !memcmp(s, "/dev/fd/", 8)) {
		skip = 8;
		while (skip < n && s[skip] != '/')
			skip++;
		skip += skip < n;
	}
	fmt_batch__str(b, P_execveat_pathname, s + skip, (uint32_t)(n - skip),
		       blob->full - (uint32_t)skip);
}

/* A script whose path could not be followed: the name that the kernel has for it. */
static void add_script(struct fmt_batch *b, const struct cap_parts *p)
{
	const struct cap_blob *name = p->blob[TAG_FILENAME];
	int interp = fmt_event__param(fmt_event(p->rec->type), "interp");

	if (p->n_nums > CAP_EXEC_SCRIPT && p->nums[CAP_EXEC_SCRIPT] && name && !p->blob[TAG_RES0])
		fmt_batch__str(b, (unsigned)interp, (const char *)cap_blob__bytes(name), name->len,
			       name->full);
}

static void decode_exec(const struct cap_parts *p, struct fmt_batch *b)
{
	add_script(b, p);
	if (p->blob[TAG_ARGS])
		add_args(b, fmt_event(p->rec->type), p->blob[TAG_ARGS]);
	if (p->rec->type == EV_execveat && p->blob[TAG_FILENAME])
		add_pathname(b, p);
}

static void decode_exit(const struct cap_parts *p, struct fmt_batch *b)
{
	uint64_t status = p->n_nums ? p->nums[0] : 0;

	fmt_batch__int(b, P_procexit_ret, status >> 8 & 0xff);
	fmt_batch__int(b, P_procexit_sig, status & 0x7f);
	fmt_batch__int(b, P_procexit_core, status >> 7 & 1);
}

static void decode_attach(struct cap_decoder *d, const struct cap_parts *p, struct fmt_batch *b)
{
	const char *names = p->n_nums > 3 ? cap_hierarchies__names(&d->hierarchies, (int)p->nums[3])
					  : "";

	fmt_batch__str(b, P_cgroup_attach_subsys, names, (uint32_t)strlen(names),
		       (uint32_t)strlen(names));
}

/* --- rows ------------------------------------------------------------------------------------- */

static void finish(struct cap_decoder *d, const struct cap_parts *p, struct fmt_batch *b,
		   uint8_t kind)
{
	switch (p->rec->type) {
	case EV_procexit:
		decode_exit(p, b);
		return;
	case EV_cgroup_attach:
		decode_attach(d, p, b);
		return;
	}
	switch (kind) {
	case KIND_EXEC:
		decode_exec(p, b);
		break;
	case KIND_DEREF:
		cap_decode__deref(p, b);
		break;
	case KIND_POLL:
		cap_decode__poll(d, p, b);
		break;
	case KIND_SOCKOPT:
		cap_decode__sockopt(p, b);
		break;
	default:
		cap_decode__socket(d, p, b);
		if (p->blob[TAG_SOCK])
			cap_dns__look(&d->dns, p);
	}
}

/* The file that a path has led to. */
static void add_object(const struct cap_plan *plan, struct fmt_batch *b,
		       const struct cap_blob *blob)
{
	const struct cap_path *head = (const void *)cap_blob__bytes(blob);

	if (plan->ino == CAP_NO_PARAM || blob->len < sizeof(*head) || !head->ino)
		return;
	fmt_batch__int(b, plan->ino, head->ino);
	fmt_batch__int(b, plan->dev, head->dev);
}

/* Blobs that become a parameter as they are, or as a path. True if there are others. */
static bool add_blobs(struct cap_decoder *d, const struct cap_plan *plan,
		      const struct fmt_event_info *ev, const struct cap_record *r,
		      struct fmt_batch *b)
{
	const uint8_t *at = (const uint8_t *)(r + 1) + 8u * r->n_nums,
		      *end = (const uint8_t *)r + r->len;
	bool others = false;

	while (at + sizeof(struct cap_blob) <= end) {
		const struct cap_blob *blob = (const void *)at;

		at += sizeof(*blob) + ((blob->len + 7u) & ~7u);
		if (at > end || blob->tag >= TAG__N)
			break;
		if (plan->blob[blob->tag] != CAP_NO_PARAM)
			add_blob(d, b, ev, plan->blob[blob->tag], blob);
		else if (plan->path[blob->tag] != CAP_NO_PARAM)
			add_path(d, b, plan->path[blob->tag], blob);
		else
			others = true;
		if (blob->tag == TAG_RES0)
			add_object(plan, b, blob);
	}
	return others;
}

int cap_decoder__row(struct cap_decoder *d, const struct cap_record *r, unsigned cpu,
		     struct fmt_batch *b)
{
	const struct fmt_event_info *ev = fmt_event(r->type);
	struct cap_plan *plan = ev ? &d->plans[r->type] : NULL;
	const uint64_t *nums = (const uint64_t *)(r + 1);
	struct cap_parts p;
	bool more;
	int code;

	if (!ev || !plan->given || r->len < sizeof(*r) + 8u * r->n_nums)
		return 1;
	code = fmt_batch__begin(b, r->type, r->ts + (uint64_t)d->mono_offset, r->dur,
				(uint32_t)r->pid_tid, (uint32_t)(r->pid_tid >> 32), (uint16_t)cpu,
				r->res);
	if (code < 0)
		return code;
	for (unsigned i = 0; i < plan->n_ops; i++) {
		struct cap_op *op = &plan->ops[i];

		if (op->num < r->n_nums)
			fmt_batch__int(b, op->param, convert(d, op, nums[op->num]));
	}
	more = plan->more;
	if (r->len > sizeof(*r) + 8u * r->n_nums)
		more |= add_blobs(d, plan, ev, r, b);
	if (more && cap_parts__split(&p, r))
		finish(d, &p, b, plan->kind);
	fmt_batch__end(b);
	return 0;
}
