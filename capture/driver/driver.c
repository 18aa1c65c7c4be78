// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "capture/decode/call_table.h"
#include "capture/driver/driver_internal.h"
#include "capture/hierarchy.h"
#include "capture/ptrace/pt_driver.h"
#include "capture/ptrace/tracer.h"
#include "capture/spoor.skel.h"
#include "capture/spoor_helpers.skel.h"
#include "capture/spoor_plain.skel.h"
#include "format/base/alloc.h"
#include "format/base/log.h"

#define HOLD_NS 1000000000u		/* what is stopped for longer comes late */
#define DEFAULT_RING (8u << 20)		/* of each processor ... */
#define DEFAULT_RINGS (128u << 20)	/* ... of all together, unless that leaves less than */
#define LEAST_DEFAULT_RING (1u << 20)
#define MIN_RING (2u * CAP_RECORD_MAX)
#define MAX_RING (1u << 30)

/* --- messages --------------------------------------------------------------------------------- */

/* the first warning's first line, for the case that nothing better is known */
static char libbpf_said[512];
static bool verifier_said;		/* it has seen a program, and written why it refuses it */

/* A message may be the verifier's whole log, some thousand lines: each is said. */
static int on_libbpf(enum libbpf_print_level level, const char *fmt, va_list ap)
{
	char *msg;

	if (level == LIBBPF_DEBUG || vasprintf(&msg, fmt, ap) < 0)
		return 0;
	for (char *at = msg, *line; (line = strsep(&at, "\n"));) {
		if (!*line)
			continue;
		if (level == LIBBPF_WARN && !libbpf_said[0])
			snprintf(libbpf_said, sizeof(libbpf_said), "%s", line);
		verifier_said |= strstr(line, "BEGIN PROG LOAD LOG") != NULL;
		log_debug("%s", line);
	}
	free(msg);
	return 0;
}

static bool has_cap(unsigned cap)
{
	char line[256];
	uint64_t eff = 0;
	FILE *f = fopen("/proc/self/status", "re");

	while (f && fgets(line, sizeof(line), f))
		if (!strncmp(line, "CapEff:", 7))
			eff = strtoull(line + 7, NULL, 16);
	if (f)
		fclose(f);
	return eff >> cap & 1;
}

/* The machine's own namespaces have these numbers: include/linux/proc_ns.h. */
#define USER_INIT_NS 0xeffffffdu
#define PID_INIT_NS 0xeffffffcu

static bool is_another(const char *ns, ino_t init)
{
	struct stat st;

	return !stat(ns, &st) && st.st_ino != init;
}

#define CAP_NR_SYS_ADMIN 21		/* include/uapi/linux/capability.h */
#define CAP_NR_PERFMON 38
#define CAP_NR_BPF 39

static int say_no_permission(struct err *err)
{
	bool bpf = has_cap(CAP_NR_BPF), perfmon = has_cap(CAP_NR_PERFMON);

	if (is_another("/proc/self/ns/user", USER_INIT_NS))
		return err__set(err, -EPERM,
				"the recorder is in a user namespace of its own, where no capability counts for BPF: run its "
				"container without one (as root, --userns=host, hostUsers: true)");
	if ((has_cap(CAP_NR_SYS_ADMIN) || (bpf && perfmon)) && verifier_said)
		return err__set(err, -FMT_E_UNSUPPORTED,
				"this kernel's verifier refuses a BPF program; its log: "
				"SPOOR_LOG=debug; %s", libbpf_said);
	if (has_cap(CAP_NR_SYS_ADMIN) || (bpf && perfmon))
		return err__set(
			err, -EPERM,
			"the kernel does not permit BPF programs although the privilege is there: "
			"a lockdown, a security module or a container's seccomp filter stands in "
			"between");
	return err__set(err, -EPERM,
			"recording needs %s, which %s here: run it as root, or give it "
			"the capabilities (setcap cap_bpf,cap_perfmon,cap_sys_ptrace+ep); a command "
			"can be recorded without any (--driver ptrace)",
			bpf	  ? "CAP_PERFMON"
			: perfmon ? "CAP_BPF"
				  : "CAP_BPF and CAP_PERFMON",
			bpf || perfmon ? "is missing" : "are missing");
}

static int say_why(int code, struct err *err)
{
	if (access("/sys/kernel/btf/vmlinux", R_OK))
		return err__set(err, -FMT_E_UNSUPPORTED,
				"the kernel does not describe its types: there is no "
				"/sys/kernel/btf/vmlinux; it takes a kernel built with "
				"CONFIG_DEBUG_INFO_BTF=y (5.8 or later)");
	if (code == -EPERM || code == -EACCES)
		return say_no_permission(err);
	if (code == -ENOSYS)
		return err__set(err, -FMT_E_UNSUPPORTED,
				"the kernel has no BPF: it takes CONFIG_BPF_SYSCALL=y");
	if (code == -ENOMEM)
		return err__set(
			err, code,
			"not enough memory for the ring buffers: make them smaller with "
			"--ring-size, or "
			"raise the limit of locked memory (ulimit -l) on kernels before 5.11");
	return err__set(err, code, "the kernel refuses the BPF programs: %s%s%s", strerror(-code),
			libbpf_said[0] ? "; " : "", libbpf_said);
}

/* --- loading ---------------------------------------------------------------------------------- */

static uint64_t ring_size(uint64_t asked, unsigned n_cpus)
{
	uint64_t n = MIN_RING;

	if (!asked) {
		asked = DEFAULT_RINGS / n_cpus;
		if (asked > DEFAULT_RING)
			asked = DEFAULT_RING;
		if (asked < LEAST_DEFAULT_RING)
			asked = LEAST_DEFAULT_RING;
	}
	while (n < asked && n < MAX_RING)
		n *= 2;
	return n;
}

/* Processors that are there or can be plugged in without a restart: "0-3,8" -> 9. */
static unsigned count_cpus(void)
{
	char list[256] = "";
	unsigned last = 0;
	FILE *f = fopen("/sys/devices/system/cpu/present", "re");

	if (f && fgets(list, sizeof(list), f))
		for (char *p = list; *p;) {
			char *end;
			unsigned long v = strtoul(p, &end, 10);

			if (end == p)
				break;
			last = v > last ? (unsigned)v : last;
			p = end + (*end == '-' || *end == ',');
		}
	if (f)
		fclose(f);
	return last + 1;
}

static void set_names(struct spoor_bpf *s, const struct cap_driver_opts *o)
{
	for (unsigned i = 0; i < o->n_cgroups; i++) {
		memcpy((void *)s->rodata->names[i], o->cgroups[i], sizeof(*o->cgroups));
		memset((void *)s->rodata->name_masks[i], 0xff, strlen(o->cgroups[i]));
	}
	s->rodata->n_names = o->n_cgroups;
}

static int configure(struct cap_driver *d, const struct cap_driver_opts *o, bool loops)
{
	struct spoor_bpf *s = d->skel;
	struct bpf_program *p;
	int r;

	bpf_object__for_each_program(p, s->obj)
		bpf_program__set_autoattach(p, false);
	cap_calls__descs((struct cap_desc *)s->rodata->descs, (uint16_t *)s->rodata->compat,
			 o->noise);
	if (o->types)
		cap_calls__only((struct cap_desc *)s->rodata->descs, o->types);
	cap_calls__follows((struct cap_follow(*)[2])s->rodata->follows);
	bpf_program__set_autoload(s->progs.collect_resolve, loops);
	bpf_program__set_autoload(s->progs.walk_cgroups, cap_hierarchies__are_private());
	bpf_program__set_autoload(s->progs.on_sys_enter, !o->no_durations);
	bpf_program__set_autoload(s->progs.on_prepare_exec, o->no_durations);
	s->rodata->returns_only = o->no_durations;
#if defined(__aarch64__)
	cap_calls__native((uint16_t *)s->rodata->native);
#endif
	cap_calls__derefs((uint8_t(*)[3])s->rodata->deref_arg, (uint8_t(*)[3])s->rodata->deref_len);
	s->rodata->own_tgid = (uint32_t)getpid();
	s->rodata->env_len = o->env_len < CAP_ENV_MAX ? o->env_len : CAP_ENV_MAX;
	s->rodata->snaplen = o->snaplen < CAP_SNAP_MAX ? o->snaplen : CAP_SNAP_MAX;
	s->rodata->n_snaps = o->n_snaps;
	for (unsigned i = 0; i < o->n_snaps; i++) {
		((struct cap_snap *)s->rodata->snaps)[i] = o->snaps[i];
		s->rodata->snaps_by_path |= o->snaps[i].kind == SNAP_PATH;
	}
	s->rodata->ring_mask = d->ring_bytes - 1;
	s->rodata->ring_room = d->ring_bytes - CAP_RECORD_MAX;
	set_names(s, o);
	r = bpf_map__set_max_entries(s->maps.rings, d->n_cpus);
	r = r ? r : bpf_map__set_value_size(s->maps.rings, (uint32_t)d->ring_stride);
	r = r ? r : bpf_map__set_max_entries(s->maps.bell, (uint32_t)sysconf(_SC_PAGESIZE));
	bpf_program__set_autoload(s->progs.collect_snap, o->n_snaps);
	if (!s->rodata->snaps_by_path)
		r = r ? r : bpf_map__set_max_entries(s->maps.kept_by_path, 1);
	return r;
}

/* The programs that the one at the return of calls hands over to. */
static int set_collectors(struct spoor_bpf *s)
{
	const struct { uint32_t kind; struct bpf_program *p; } all[] = {
		{ KIND_NOISE, s->progs.collect_noise }, { KIND_READ, s->progs.collect_read },
		{ KIND_WRITE, s->progs.collect_write }, { KIND_STRS, s->progs.collect_strs },
		{ KIND_OPEN, s->progs.collect_open }, { KIND_EXEC, s->progs.collect_exec },
		{ KIND_EXEC_FILE, s->progs.collect_exec_file },
		{ KIND_EXEC_ARGS, s->progs.collect_exec_args },
		{ KIND_CLONE, s->progs.collect_clone },
		{ KIND_IOV_READ, s->progs.collect_iov_read },
		{ KIND_IOV_WRITE, s->progs.collect_iov_write },
		{ KIND_MSG_READ, s->progs.collect_msg_read },
		{ KIND_MSG_WRITE, s->progs.collect_msg_write },
		{ KIND_SOCK, s->progs.collect_sock },
		{ KIND_SOCKOPT, s->progs.collect_sockopt }, { KIND_POLL, s->progs.collect_poll },
		{ KIND_OUT_STR, s->progs.collect_out_str },
		{ KIND_TEXT_ARG, s->progs.collect_text_arg },
		{ KIND_DEREF, s->progs.collect_deref }, { KIND_CRED, s->progs.collect_cred },
		{ KIND_CWD, s->progs.collect_cwd }, { KIND_UNKNOWN, s->progs.collect_unknown },
		{ KIND_RESOLVE, s->progs.collect_resolve }, { KIND_SNAP, s->progs.collect_snap },
	};
	int r = 0;

	for (unsigned i = 0; i < sizeof(all) / sizeof(*all) && !r; i++) {
		int fd = bpf_program__fd(all[i].p);

		if (!bpf_program__autoload(all[i].p))
			continue;
		r = bpf_map_update_elem(bpf_map__fd(s->maps.collectors), &all[i].kind, &fd,
					BPF_ANY);
	}
	return r;
}

/* What a kernel has decides which one it takes. */
enum object {
	OBJ_DIRECT,		/* 6.2: direct reads, and loops */
	OBJ_HELPERS,		/* 5.17: loops */
	OBJ_PLAIN,		/* neither */
};

/*
 * One of the objects: they are alike but for their code, so that the skeleton of the first serves for all.
 * spoor_bpf__open() does the same with its own.
 */
static struct spoor_bpf *open_object(enum object which)
{
#define ALIKE_IN(other, part, field)					\
	_Static_assert(offsetof(struct spoor_bpf, part) == offsetof(struct other, part) && \
		       offsetof(struct spoor_bpf__##part, field) ==	\
			       offsetof(struct other##__##part, field), #field)
#define ALIKE(part, field)						\
	ALIKE_IN(spoor_helpers_bpf, part, field);			\
	ALIKE_IN(spoor_plain_bpf, part, field)
	ALIKE(rodata, own_tgid);
	ALIKE(rodata, ring_mask);
	ALIKE(rodata, ring_room);
	ALIKE(rodata, snaplen);
	ALIKE(rodata, n_snaps);
	ALIKE(rodata, snaps_by_path);
	ALIKE(rodata, snaps);
	ALIKE(rodata, env_len);
	ALIKE(rodata, returns_only);
	ALIKE(rodata, n_names);
	ALIKE(rodata, names);
	ALIKE(rodata, name_masks);
	ALIKE(rodata, descs);
	ALIKE(rodata, compat);
	ALIKE(rodata, deref_arg);
	ALIKE(rodata, deref_len);
	ALIKE(rodata, follows);
	ALIKE(data, mode);
	ALIKE(bss, without_ring);
#undef ALIKE
#undef ALIKE_IN
	struct spoor_bpf *s = calloc(1, sizeof(*s));
	int r = s ? spoor_bpf__create_skeleton(s) : -ENOMEM;

	if (!r && which == OBJ_HELPERS)
		s->skeleton->data = spoor_helpers_bpf__elf_bytes(&s->skeleton->data_sz);
	else if (!r && which == OBJ_PLAIN)
		s->skeleton->data = spoor_plain_bpf__elf_bytes(&s->skeleton->data_sz);
	if (!r)
		r = bpf_object__open_skeleton(s->skeleton, NULL);
	if (!r)
		return s;
	spoor_bpf__destroy(s);
	errno = -r;
	return NULL;
}

static int load_once(struct cap_driver *d, const struct cap_driver_opts *o, enum object which,
		     struct err *err)
{
	int r;

	libbpf_said[0] = 0;
	verifier_said = false;
	d->skel = open_object(which);
	if (!d->skel)
		return say_why(-errno, err);
	r = configure(d, o, which != OBJ_PLAIN);
	if (!r)
		r = spoor_bpf__load(d->skel);
	if (!r)
		r = set_collectors(d->skel);
	if (!r)
		return 0;
	spoor_bpf__destroy(d->skel);
	d->skel = NULL;
	return r;
}

/* What the verifier, libbpf and a JIT (ENOTSUPP, a number of the kernel's own) say where something is not there. */
static bool is_lacking(int r)
{
	return r == -EINVAL || r == -EACCES || r == -E2BIG || r == -ENOENT || r == -ENOTSUP || r == -524;
}

/* A kernel that lacks something refuses the programs that use it: then the next object is tried. */
static int load(struct cap_driver *d, const struct cap_driver_opts *o, struct err *err)
{
	enum object which = o->slow_reads < 2 ? o->slow_reads : OBJ_PLAIN;
	int r;

	if (which != OBJ_PLAIN &&
	    libbpf_probe_bpf_helper(BPF_PROG_TYPE_RAW_TRACEPOINT, BPF_FUNC_loop, NULL) <= 0)
		which = OBJ_PLAIN;
	for (;; which++) {
		r = load_once(d, o, which, NULL);
		if (which == OBJ_PLAIN || !is_lacking(r))
			break;
	}
	return r ? say_why(r, err) : 0;
}

static int map_rings(struct cap_driver *d, struct err *err)
{
	int fd = bpf_map__fd(d->skel->maps.rings);

	d->mapped = d->ring_stride * d->n_cpus;
	d->map = mmap(NULL, d->mapped, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (d->map == MAP_FAILED) {
		d->map = NULL;
		return err__set(err, -errno, "cannot map the ring buffers: %s", strerror(errno));
	}
	return 0;
}

static int64_t clock_offset(clockid_t clock)
{
	int64_t best = 0, width = INT64_MAX;

	for (int i = 0; i < 9; i++) {
		struct timespec a, real, b;
		int64_t t0, t1, r;

		clock_gettime(clock, &a);
		clock_gettime(CLOCK_REALTIME, &real);
		clock_gettime(clock, &b);
		t0 = a.tv_sec * 1000000000ll + a.tv_nsec;
		t1 = b.tv_sec * 1000000000ll + b.tv_nsec;
		r = real.tv_sec * 1000000000ll + real.tv_nsec;
		if (t1 - t0 < width) {
			width = t1 - t0;
			best = r - (t0 + t1) / 2;
		}
	}
	return best;
}

int cap_driver__open(struct cap_driver **ret, const struct cap_driver_opts *o, struct err *err)
{
	struct cap_driver *d = xcalloc(1, sizeof(*d));
	int r;

	d->mono_offset = clock_offset(CLOCK_MONOTONIC);
	d->boot_offset = clock_offset(CLOCK_BOOTTIME);
	if (o->ptrace) {
		r = cap_pt_driver__open(d, o, err);
		if (r)
			cap_driver__close(d);
		else
			*ret = d;
		return r;
	}
	if (is_another("/proc/self/ns/pid", PID_INIT_NS)) {
		cap_driver__close(d);
		return err__set(err, -FMT_E_UNSUPPORTED,
				"the recorder is in a pid namespace of its own: the kernel and /proc would not mean the same "
				"process by a number; run its container in the machine's (--pid=host, hostPID: true)");
	}
	libbpf_set_print(on_libbpf);
	libbpf_set_strict_mode(LIBBPF_STRICT_ALL);
	d->n_cpus = count_cpus();
	d->ring_bytes = ring_size(o->ring_bytes, d->n_cpus);
	d->hold_ns = HOLD_NS;
	d->ring_stride = CAP_RING_CTL + d->ring_bytes + CAP_RECORD_MAX;
	d->rings = xcalloc(d->n_cpus, sizeof(*d->rings));
	r = load(d, o, err);
	if (!r)
		r = map_rings(d, err);
	r = r ? r : cap_bell__open(d, err);
	if (r) {
		cap_driver__close(d);
		return r;
	}
	for (unsigned i = 0; i < d->n_cpus; i++)
		d->rings[i].ctl = (void *)((char *)d->map + i * d->ring_stride);
	cap_rings__hear(d);
	*ret = d;
	return 0;
}

void cap_driver__close(struct cap_driver *d)
{
	if (!d)
		return;
	cap_driver__detach(d);
	cap_pt_driver__close(d);
	if (d->map)
		munmap(d->map, d->mapped);
	cap_bell__close(d);
	spoor_bpf__destroy(d->skel);
	free(d->rings);
	free(d);
}

/* --- attaching -------------------------------------------------------------------------------- */

static bool attach(struct cap_driver *d, struct bpf_program *p)
{
	struct bpf_link *link = bpf_program__attach(p);

	if (link)
		d->links[d->n_links++] = link;
	return link;
}

/*
 * Births first: what is born while the rest is being attached is known then. Entries before
 * returns, and detached the other way round: a return without its entry would be paired with one of
 * long ago.
 */
static int attach_all(struct cap_driver *d, struct err *err)
{
	struct spoor_bpf *s = d->skel;
	struct bpf_program *always[] = {
		s->progs.on_exit, s->progs.on_fork, s->progs.on_exec, s->progs.on_cgroup_attach,
		s->progs.on_cgroup_mkdir, s->progs.on_cgroup_rmdir, s->progs.on_signal_generate,
		s->progs.on_signal_deliver, s->progs.on_sys_enter, s->progs.on_sys_exit,
	};

	/* before 6.11 there is none */
	if (bpf_program__autoload(s->progs.on_prepare_exec))
		attach(d, s->progs.on_prepare_exec);

	/* Not every kernel has io_uring, nor the same arguments at its tracepoints. */
	if (attach(d, s->progs.on_uring_complete_old) || attach(d, s->progs.on_uring_complete))
		attach(d, s->progs.on_uring_submit);
	for (unsigned i = 0; i < sizeof(always) / sizeof(*always); i++)
		if (bpf_program__autoload(always[i]) && !attach(d, always[i]))
			return err__set(err, -errno, "cannot attach to the tracepoint of '%s': %s",
					bpf_program__name(always[i]), strerror(errno));
	return 0;
}

int cap_driver__attach(struct cap_driver *d, struct err *err)
{
	return d->tracer ? cap_tracer__start(d->tracer, err) : attach_all(d, err);
}

bool cap_driver__traced_ended(struct cap_driver *d, int *ret_status)
{
	return d->tracer && cap_tracer__ended(d->tracer, ret_status);
}

void cap_driver__record(struct cap_driver *d)
{
	if (d->tracer)
		return;
	/* what is inside of containers has been looked at: threads are asked again */
	__atomic_fetch_add(&d->skel->data->scope_generation, 1, __ATOMIC_RELEASE);
	__atomic_store_n(&d->skel->data->mode, (uint8_t)THREAD_ANY, __ATOMIC_RELEASE);
}

void cap_driver__detach(struct cap_driver *d)
{
	if (d->tracer)
		cap_tracer__stop(d->tracer);
	while (d->n_links)
		bpf_link__destroy(d->links[--d->n_links]);
}

/* --- walks ------------------------------------------------------------------------------------ */

static int walk_records(int fd, int (*fn)(void *arg, const struct cap_record *r), void *arg)
{
	size_t have = 0, size = 4 * CAP_RECORD_MAX;
	uint8_t *b = xmalloc(size);
	ssize_t n;
	int r = 0;

	while (!r && (n = read(fd, b + have, size - have)) > 0) {
		size_t at = 0;

		have += (size_t)n;
		while (!r && have - at >= sizeof(struct cap_record)) {
			const struct cap_record *rec = (const void *)(b + at);

			if (rec->len < sizeof(*rec) || rec->len > have - at)
				break;
			r = fn(arg, rec);
			at += rec->len;
		}
		memmove(b, b + at, have - at);
		have -= at;
	}
	free(b);
	return r;
}

int cap_driver__walk(struct cap_driver *d, const char *what,
		     int (*fn)(void *arg, const struct cap_record *r), void *arg, struct err *err)
{
	struct bpf_program *p;
	struct bpf_link *link;
	int fd, r;

	if (d->tracer)			/* processes are read from /proc */
		return strcmp(what, "task_file") ? 0 : cap_tracer__files(d->tracer, fn, arg);
	p = !strcmp(what, "task")      ? d->skel->progs.walk_task
	    : !strcmp(what, "cgroups") ? d->skel->progs.walk_cgroups
				       : d->skel->progs.walk_file;
	link = bpf_program__attach_iter(p, NULL);
	if (!link)
		return err__set(err, -errno, "cannot list what is there (BPF iterator over %s): %s",
				what, strerror(errno));
	fd = bpf_iter_create(bpf_link__fd(link));
	r = fd < 0 ? err__set(err, -errno, "cannot read the BPF iterator over %s: %s", what,
			      strerror(errno))
		   : walk_records(fd, fn, arg);
	if (fd >= 0)
		close(fd);
	bpf_link__destroy(link);
	return r;
}

/* --- what it knows ---------------------------------------------------------------------------- */

unsigned cap_driver__n_cpus(const struct cap_driver *d)
{
	return d->n_cpus;
}

static void find_loser(struct cap_cpu_ring *r, struct cap_loss *ret)
{
	uint32_t loser = __atomic_load_n(&r->ctl->loser, __ATOMIC_RELAXED);
	uint64_t n = __atomic_load_n(&r->ctl->loser_n, __ATOMIC_RELAXED);

	ret->loser = loser;
	ret->loser_n = loser == r->loser && n >= r->loser_n ? n - r->loser_n : n;
	if (!ret->loser_n)
		ret->loser = 0;
	if (ret->loser_n > ret->full)	/* it is read while it changes */
		ret->loser_n = ret->full;
	r->loser = loser;
	r->loser_n = n;
}

bool cap_driver__loss(struct cap_driver *d, unsigned cpu, struct cap_loss *ret)
{
	struct cap_cpu_ring *r = &d->rings[cpu];
	uint64_t lost = __atomic_load_n(&r->ctl->lost, __ATOMIC_RELAXED);
	uint64_t reentered = __atomic_load_n(&r->ctl->reentered, __ATOMIC_RELAXED) + r->torn;

	if (lost == r->lost && reentered == r->reentered)
		return false;
	ret->full = lost - r->lost;
	ret->reentered = reentered - r->reentered;
	ret->last = __atomic_load_n(&r->ctl->lost_last, __ATOMIC_RELAXED);
	r->lost = lost;
	r->reentered = reentered;
	for (unsigned i = 0; i < CAP_N_CATEGORIES; i++) {
		uint64_t n = __atomic_load_n(&r->ctl->lost_by[i], __ATOMIC_RELAXED);

		ret->by[i] = n - r->lost_by[i];
		r->lost_by[i] = n;
	}
	for (unsigned i = 0; i < CAP_N_LANES; i++) {
		uint64_t n = __atomic_load_n(&r->ctl->lost_lane[i], __ATOMIC_RELAXED);

		ret->lane[i] = n - r->lost_lane[i];
		r->lost_lane[i] = n;
	}
	find_loser(r, ret);
	return true;
}

uint64_t cap_driver__without_ring(struct cap_driver *d)
{
	uint64_t now = d->tracer ? 0 : __atomic_load_n(&d->skel->bss->without_ring,
							 __ATOMIC_RELAXED),
		 n = now - d->without_ring;

	d->without_ring = now;
	return n;
}

int64_t cap_driver__mono_offset(const struct cap_driver *d)
{
	return d->mono_offset;
}

int64_t cap_driver__boot_offset(const struct cap_driver *d)
{
	return d->boot_offset;
}
