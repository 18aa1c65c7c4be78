// SPDX-License-Identifier: Apache-2.0
/* Loading the BPF programs that this kernel takes, or saying why it takes none. */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "capture/decode/call_table.h"
#include "capture/driver/driver_internal.h"
#include "capture/hierarchy.h"
#include "capture/spoor.skel.h"
#include "capture/spoor_helpers.skel.h"
#include "capture/spoor_plain.skel.h"
#include "format/base/log.h"

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
	ALIKE(data, scope_generation);
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
int cap_driver__load(struct cap_driver *d, const struct cap_driver_opts *o, struct err *err)
{
	enum object which = o->slow_reads < 2 ? o->slow_reads : OBJ_PLAIN;
	int r;

	if (is_another("/proc/self/ns/pid", PID_INIT_NS))
		return err__set(err, -FMT_E_UNSUPPORTED,
				"the recorder is in a pid namespace of its own: the kernel and /proc would not mean the same "
				"process by a number; run its container in the machine's (--pid=host, hostPID: true)");
	libbpf_set_print(on_libbpf);
	libbpf_set_strict_mode(LIBBPF_STRICT_ALL);
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
