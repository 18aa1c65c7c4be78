// SPDX-License-Identifier: Apache-2.0
#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "format/base/alloc.h"
#include "format/scap/scap_codes.h"

enum { CUR = 0, OLD = 1, UNUSED = 2 };
enum { E = 1, X = 0 };
enum { CONV = 1, LARGE = 2 };

static const struct {
	uint16_t code;
	const char *name;
	uint8_t enter, status, flags;
	const char *params, *convs;
} source[] = {
#define SCAP(code, name, dir, status, flags, params, convs) { code, name, dir, status, flags, params, convs },
#include "format/scap/scap_codes.def"
#undef SCAP
};
static_assert(sizeof(source) / sizeof(*source) == SCAP_N_CODES, "every code has its line");

static struct scap_code table[SCAP_N_CODES];

static const struct { const char *word; uint8_t type; } words[] = {
	{ "int8", ST_INT8 }, { "int16", ST_INT16 }, { "int32", ST_INT32 }, { "int64", ST_INT64 },
	{ "uint8", ST_UINT8 }, { "uint16", ST_UINT16 }, { "uint32", ST_UINT32 }, { "uint64", ST_UINT64 },
	{ "bool", ST_UINT32 }, { "errno", ST_INT64 }, { "fd", ST_INT64 }, { "fd32", ST_INT32 },
	{ "pid", ST_INT64 }, { "pid32", ST_INT32 }, { "uid", ST_UID }, { "gid", ST_UID },
	{ "syscallid", ST_UINT16 }, { "sigtype", ST_UINT8 }, { "reltime", ST_UINT64 },
	{ "abstime", ST_UINT64 }, { "port", ST_UINT16 }, { "sigset", ST_UINT32 }, { "mode", ST_UINT32 },
	{ "flags8", ST_UINT8 }, { "flags16", ST_UINT16 }, { "flags32", ST_UINT32 },
	{ "enumflags8", ST_UINT8 }, { "enumflags16", ST_UINT16 }, { "enumflags32", ST_UINT32 },
	{ "charbuf", ST_STR }, { "fspath", ST_STR }, { "fsrelpath", ST_STR }, { "dyn", ST_DYN },
};

static uint8_t type_of(const char *s, size_t n)
{
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (strlen(words[i].word) == n && !memcmp(words[i].word, s, n))
			return words[i].type;
	return ST_BYTES;
}

/* The table is constant: a line that does not parse is a bug, found by the first use in any test. */
static void must(bool ok)
{
	assert(ok);
	(void)ok;
}

/* "name:type name:type" */
static void parse_params(struct scap_code *c, const char *s)
{
	const struct fmt_event_info *ev = c->event >= 0 ? fmt_event((unsigned)c->event) : NULL;

	while (*s) {
		const char *end = strchrnul(s, ' '), *colon = memchr(s, ':', (size_t)(end - s));
		char name[32];

		must(colon && colon - s < (ptrdiff_t)sizeof(name) && c->n_params < SCAP_MAX_PARAMS);
		memcpy(name, s, (size_t)(colon - s));
		name[colon - s] = 0;
		c->type[c->n_params] = type_of(colon + 1, (size_t)(end - colon - 1));
		c->param[c->n_params] = (int8_t)(ev ? fmt_event__param(ev, name) : -1);
		c->n_params++;
		s = *end ? end + 1 : end;
	}
}

static bool eat(const char **s, const char *word)
{
	size_t n = strlen(word);

	if (strncmp(*s, word, n))
		return false;
	*s += n;
	return true;
}

static unsigned eat_num(const char **s)
{
	char *end;
	unsigned long v = strtoul(*s, &end, 10);

	must(end != *s);
	*s = end;
	return (unsigned)v;
}

/* "(old0,enter1?,empty)" */
static void parse_args(struct scap_conv *v, const char **s)
{
	while (**s && **s != ')') {
		struct scap_from_arg *a = &v->arg[v->n_args++];

		must(v->n_args <= SCAP_MAX_PARAMS);
		(*s)++;		/* the parenthesis or a comma */
		if (eat(s, "old")) {
			a->from = SF_OLD;
			a->index = (uint8_t)eat_num(s);
		} else if (eat(s, "enter")) {
			a->from = SF_ENTER;
			a->index = (uint8_t)eat_num(s);
		} else if (eat(s, "default")) {
			a->from = SF_DEFAULT;
		} else if (eat(s, "empty")) {
			a->from = SF_EMPTY;
		} else {
			must(eat(s, "callback"));
			a->from = SF_CALLBACK;
		}
		a->optional = eat(s, "?");
	}
	eat(s, ")");
}

/* "[4]ADD(empty) [5]CHANGE->7(old0,old1)" */
static void parse_convs(struct scap_code *c, const char *s)
{
	for (const char *p = s; (p = strchr(p, '[')); p++)
		c->n_convs++;
	c->conv = xcalloc(c->n_convs, sizeof(*c->conv));
	for (struct scap_conv *v = c->conv; *s; v++) {
		must(eat(&s, "["));
		v->n_params = (uint8_t)eat_num(&s);
		must(eat(&s, "]"));
		if (eat(&s, "STOREPASS")) {
			v->action = SA_STOREPASS;
		} else if (eat(&s, "STORE")) {
			v->action = SA_STORE;
		} else if (eat(&s, "PASS")) {
			v->action = SA_PASS;
		} else if (eat(&s, "ADD")) {
			v->action = SA_ADD;
			parse_args(v, &s);
		} else {
			must(eat(&s, "CHANGE->"));
			v->action = SA_CHANGE;
			v->to = (uint16_t)eat_num(&s);
			parse_args(v, &s);
		}
		eat(&s, " ");
	}
}

static void build(void)
{
	for (unsigned i = 0; i < SCAP_N_CODES; i++) {
		struct scap_code *c = &table[i];

		must(source[i].code == i);
		c->name = source[i].name;
		c->enter = source[i].enter;
		c->old = source[i].status == OLD;
		c->unused = source[i].status == UNUSED;
		c->managed = source[i].flags & CONV;
		c->large = source[i].flags & LARGE;
		c->event = (int16_t)(c->unused ? -1 : fmt_event__by_name(c->name));
		parse_params(c, source[i].params);
		parse_convs(c, source[i].convs);
	}
	for (unsigned i = 0; i + 1 < SCAP_N_CODES; i++)
		table[i].call_enter = table[i].enter && !table[i + 1].enter && !table[i + 1].unused &&
				      !strcmp(table[i].name, table[i + 1].name);
}

const struct scap_code *scap_codes(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, build);
	return table;
}

const struct scap_conv *scap_code__conv(const struct scap_code *c, unsigned n)
{
	for (unsigned i = 0; i < c->n_convs; i++)
		if (c->conv[i].n_params == n)
			return &c->conv[i];
	return NULL;
}

unsigned scap_type__width(enum scap_type t)
{
	switch (t) {
	case ST_INT8: case ST_UINT8: return 1;
	case ST_INT16: case ST_UINT16: return 2;
	case ST_INT32: case ST_UINT32: case ST_UID: return 4;
	case ST_INT64: case ST_UINT64: return 8;
	case ST_STR: case ST_BYTES: case ST_DYN: break;
	}
	return 0;
}

static const char *const runtimes[] = {
	"docker", "lxc", "libvirt-lxc", "mesos", "rkt", "custom", "cri", "containerd", "cri-o", "bpm", "static", "podman",
};
#define N_RUNTIMES (sizeof(runtimes) / sizeof(*runtimes))

const char *scap_runtime__name(unsigned type)
{
	return type < N_RUNTIMES ? runtimes[type] : NULL;
}

int scap_runtime__type(const char *name)
{
	for (unsigned i = 0; i < N_RUNTIMES; i++)
		if (!strcmp(runtimes[i], name))
			return (int)i;
	return -1;
}
