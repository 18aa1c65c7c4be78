// SPDX-License-Identifier: Apache-2.0
/* The tables made from events.def, and finding things in them. */
#include "format/schema/schema.h"

#include <assert.h>
#include <pthread.h>
#include <string.h>

/*
 * The group argument of FIELD means a flag group, or for a RELPATH its directory's parameter.
 * IS_RELPATH(type, yes, no) picks by the type's name.
 */
#define SECOND(a, b, ...) b
#define PICK(...) SECOND(__VA_ARGS__, ~)
#define RELPATH_IS_RELPATH ~,
#define IS_RELPATH(type, yes, no) PICK(type##_IS_RELPATH yes, no)

/* One array of parameters for each event. */
#define EVENT(id_, name_, cat_, flags_, coll_, doc_) \
	static const struct fmt_param params_##name_[] = {
#define FIELD(...) PARAM(false, __VA_ARGS__)
#define EXTRA(...) PARAM(true, __VA_ARGS__)
#define PARAM(extra_, ev_, name_, type_, base_, group_, src_, doc_) { \
	.name = #name_, .type = PT_##type_, .base = BASE_##base_, .src = SRC_##src_, .extra = extra_, \
	.group = IS_RELPATH(type_, GROUP_NONE, GROUP_##group_), \
	.dirfd = IS_RELPATH(type_, P_##ev_##_##group_, -1), .doc = doc_ },
#define END(ev_) };
#include "events.def"
#undef EVENT
#undef FIELD
#undef EXTRA
#undef PARAM
#undef END

/*
 * The descriptor that an event works on: a chain of conditions, one for each parameter.
 * Falco's splice works on its second descriptor, the one written to.
 */
enum fd_params {
#define EVENT(id_, name_, cat_, flags_, coll_, doc_) FDP_##name_ = !((flags_) & EF_USES_FD) ? -1 :
#define FIELD(ev_, name_, type_, base_, group_, src_, doc_) \
	PT_##type_ == PT_FD && SRC_##src_ != SRC_RET && \
	!(EV_##ev_ == EV_splice && SRC_##src_ == SRC_A0) ? (int)P_##ev_##_##name_ :
#define END(ev_) -1,
#include "events.def"
#undef EVENT
#undef FIELD
#undef END
};

/* The first parameter that holds bytes. */
enum data_params {
#define EVENT(id_, name_, cat_, flags_, coll_, doc_) DATAP_##name_ =
#define FIELD(ev_, name_, type_, base_, group_, src_, doc_) \
	PT_##type_ == PT_BYTES ? (int)P_##ev_##_##name_ :
#define END(ev_) -1,
#include "events.def"
#undef EVENT
#undef FIELD
#undef END
};

/* Two events with one id would be a duplicate initialiser, which is an error in this build. */
const struct fmt_event_info fmt_events[FMT_MAX_EVENTS] = {
#define EVENT(id_, name_, cat_, flags_, coll_, doc_) [id_] = { \
	.name = #name_, .id = id_, .category = CAT_##cat_, .n_params = P_##name_##__n, \
	.flags = flags_, .fd_param = FDP_##name_, .data_param = DATAP_##name_, \
	.params = params_##name_, .doc = doc_ },
#define FIELD(ev_, name_, type_, base_, group_, src_, doc_)
#define END(ev_)
#include "events.def"
#undef EVENT
#undef FIELD
#undef END
};

#define EVENT(id_, name_, cat_, flags_, coll_, doc_) \
	_Static_assert((id_) >= 0 && (id_) < FMT_MAX_EVENTS, #name_ ": id out of range"); \
	_Static_assert((int)P_##name_##__n <= FMT_MAX_PARAMS, #name_ ": too many parameters"); \
	_Static_assert((((flags_) & EF_USES_FD) == 0) == (FDP_##name_ < 0), #name_ ": EF_USES_FD"); \
	_Static_assert((((flags_) & EF_PAYLOAD) == 0) == (DATAP_##name_ < 0), #name_ ": EF_PAYLOAD");
#define FIELD(ev_, name_, type_, base_, group_, src_, doc_) \
	_Static_assert(SRC_##src_ != SRC_RET || P_##ev_##_##name_ == 0, \
		       #ev_ "." #name_ ": only the first parameter can be the result");
#define END(ev_)
#include "events.def"
#undef EVENT
#undef FIELD
#undef END

_Static_assert(FMT_MAX_PARAMS <= 127, "an index must fit into dirfd, fd_param and data_param");
_Static_assert(GROUP__N <= 256, "a group must fit into fmt_param.group");

/* What evt.category says; for the I/O ones the descriptor decides, and this is for want of it. */
const char *const fmt_category_names[CAT__N] = {
	[CAT_OTHER] = "other", [CAT_FILE] = "file", [CAT_NET] = "net", [CAT_IPC] = "IPC",
	[CAT_MEMORY] = "memory", [CAT_PROCESS] = "process", [CAT_SLEEP] = "sleep",
	[CAT_SYSTEM] = "system", [CAT_SIGNAL] = "signal", [CAT_USER] = "user", [CAT_TIME] = "time",
	[CAT_IO_READ] = "unknown", [CAT_IO_WRITE] = "unknown", [CAT_IO_OTHER] = "unknown",
	[CAT_WAIT] = "wait", [CAT_SCHEDULER] = "scheduler", [CAT_INTERNAL] = "internal",
};

const char *const fmt_ptype_names[PT__N] = {
	[PT_S8] = "int8", [PT_S16] = "int16", [PT_S32] = "int32", [PT_S64] = "int64",
	[PT_U8] = "uint8", [PT_U16] = "uint16", [PT_U32] = "uint32", [PT_U64] = "uint64",
	[PT_BOOL] = "bool", [PT_ERRNO] = "errno", [PT_FD] = "fd", [PT_PID] = "pid",
	[PT_UID] = "uid", [PT_GID] = "gid", [PT_SYSCALLID] = "syscallid",
	[PT_SIGTYPE] = "sigtype", [PT_RELTIME] = "reltime", [PT_ABSTIME] = "abstime",
	[PT_PORT] = "port", [PT_SIGSET] = "sigset", [PT_FLAGS8] = "flags8",
	[PT_FLAGS16] = "flags16", [PT_FLAGS32] = "flags32", [PT_ENUM8] = "enumflags8",
	[PT_ENUM16] = "enumflags16", [PT_ENUM32] = "enumflags32", [PT_MODE] = "mode",
	[PT_STR] = "charbuf", [PT_PATH] = "fspath", [PT_RELPATH] = "fsrelpath",
	[PT_STRLIST] = "charbufarray", [PT_SOCKADDR] = "sockaddr", [PT_SOCKTUPLE] = "socktuple",
	[PT_FDLIST] = "fdlist", [PT_BYTES] = "bytebuf",
};

/* Kernel names, and names of other machines, of calls that evt.type calls otherwise. */
static const struct { const char *name; uint16_t id; } aliases[] = {
	{ "pread64", EV_pread }, { "pwrite64", EV_pwrite }, { "prlimit64", EV_prlimit },
	{ "sendfile64", EV_sendfile }, { "fcntl64", EV_fcntl }, { "_llseek", EV_llseek },
	{ "getuid32", EV_getuid }, { "getgid32", EV_getgid }, { "geteuid32", EV_geteuid },
	{ "getegid32", EV_getegid }, { "setuid32", EV_setuid }, { "setgid32", EV_setgid },
	{ "setreuid32", EV_setreuid }, { "setregid32", EV_setregid },
	{ "getresuid32", EV_getresuid }, { "getresgid32", EV_getresgid },
	{ "setresuid32", EV_setresuid }, { "setresgid32", EV_setresgid },
	{ "setgroups32", EV_setgroups }, { "getgroups32", EV_getgroups },
	{ "setfsuid32", EV_setfsuid }, { "setfsgid32", EV_setfsgid },
	{ "chown32", EV_chown }, { "fchown32", EV_fchown }, { "lchown32", EV_lchown },
	{ "ugetrlimit", EV_getrlimit }, { "truncate64", EV_truncate },
	{ "ftruncate64", EV_ftruncate }, { "fadvise64_64", EV_fadvise64 },
};

/* Two open-addressing tables of names, built once. */
#define NAME_SLOTS 2048
static struct name_slot {
	const char *name;	/* NULL: free */
	int id;			/* of an event */
	const struct fmt_param_use *uses;	/* of a parameter */
} event_names[NAME_SLOTS], param_names[NAME_SLOTS];
#define MAX_USES 4096u
static struct fmt_param_use param_uses[MAX_USES];
static uint32_t n_param_uses;
static pthread_once_t names_once = PTHREAD_ONCE_INIT;

static struct name_slot *name__slot(struct name_slot *slots, const char *name)
{
	uint32_t h = 2166136261u;

	for (const char *p = name; *p; p++)
		h = (h ^ (unsigned char)*p) * 16777619u;
	while (slots[h % NAME_SLOTS].name && strcmp(slots[h % NAME_SLOTS].name, name))
		h++;
	return &slots[h % NAME_SLOTS];
}

static void name__add(struct name_slot *slots, const char *name, int id)
{
	struct name_slot *s = name__slot(slots, name);

	if (!s->name)
		*s = (struct name_slot){ .name = name, .id = id };
}

static void add_use(const char *name, unsigned event, unsigned param)
{
	struct name_slot *s = name__slot(param_names, name);

	assert(n_param_uses < MAX_USES);
	param_uses[n_param_uses] = (struct fmt_param_use){ s->uses, (uint16_t)event, (uint8_t)param };
	s->name = name;
	s->uses = &param_uses[n_param_uses++];
}

/*
 * About 570 event names, and 600 parameter names in some 2,000 places: the tables never fill. From
 * the last event to the first: the uses of a name then begin with the first.
 */
static void names__build(void)
{
	for (unsigned id = FMT_MAX_EVENTS; id--;) {
		const struct fmt_event_info *ev = fmt_event(id);

		if (!ev)
			continue;
		name__add(event_names, ev->name, (int)id);
		for (unsigned p = ev->n_params; p--;)
			add_use(ev->params[p].name, id, p);
	}
	for (size_t i = 0; i < sizeof(aliases) / sizeof(aliases[0]); i++)
		name__add(event_names, aliases[i].name, aliases[i].id);
}

int fmt_event__by_name(const char *name)
{
	const struct name_slot *s;

	pthread_once(&names_once, names__build);
	s = name__slot(event_names, name);
	return s->name ? s->id : -1;
}

int fmt_event__param(const struct fmt_event_info *ev, const char *name)
{
	for (int i = 0; i < ev->n_params; i++)
		if (!strcmp(ev->params[i].name, name))
			return i;
	return -1;
}

const struct fmt_param_use *fmt_schema__param_uses(const char *name)
{
	pthread_once(&names_once, names__build);
	return name__slot(param_names, name)->uses;
}

enum fmt_store fmt_ptype_store(enum fmt_ptype t)
{
	if (t == PT_BYTES)
		return STORE_BYTES;
	return t >= PT_STR ? STORE_STR : STORE_INT;
}

int fmt_syscall__event(unsigned nr)
{
	const struct fmt_event_info *ev = fmt_event(nr);

	/* Ids are x86-64 numbers; those of calls that it lacks begin above all its numbers. */
	return nr < FMT_URING_BASE && ev && (ev->flags & EF_SYSCALL) ? (int)nr : -1;
}
