// SPDX-License-Identifier: Apache-2.0
#include <cjson/cJSON.h>
#include <string.h>

#include "format/scap/scap_row.h"

static bool number(uint8_t type, const uint8_t *p, uint32_t len, uint64_t *ret)
{
	uint64_t v = 0;
	unsigned width = scap_type__width(type);

	if (type == ST_DYN) {		/* the selector says what the value is; its width tells enough here */
		if (len < 2)
			return false;
		p++;
		width = --len;
	}
	if (!width)
		width = len;
	if (!len || len < width || width > 8)
		return false;
	memcpy(&v, p, width);
	if (type == ST_INT8)
		v = (uint64_t)(int8_t)v;
	else if (type == ST_INT16)
		v = (uint64_t)(int16_t)v;
	else if (type == ST_INT32)
		v = (uint64_t)(int32_t)v;
	*ret = v;
	return true;
}

static void text(struct fmt_batch *b, unsigned param, uint8_t type, const uint8_t *p, uint32_t len)
{
	if (type == ST_DYN && len) {
		p++;
		len--;
	}
	if (type == ST_STR || type == ST_DYN) {
		len = (uint32_t)strnlen((const char *)p, len);
		if (len == 6 && !memcmp(p, "(NULL)", 6))	/* early drivers' word for a null pointer */
			return;
	}
	fmt_batch__str(b, param, (const char *)p, len, len);
}

static void param(struct fmt_batch *b, const struct fmt_event_info *info, unsigned pi, uint8_t type, const uint8_t *p,
		  uint32_t len, int64_t res)
{
	uint64_t v;

	switch (fmt_ptype_store(info->params[pi].type)) {
	case STORE_INT:
		if (number(type, p, len, &v))
			fmt_batch__int(b, pi, v);
		break;
	case STORE_STR:
		text(b, pi, type, p, len);
		break;
	case STORE_BYTES:
		fmt_batch__bytes(b, pi, p, len, res > (int64_t)len && res <= UINT32_MAX ? (uint32_t)res : len);
		break;
	}
}

static void json_str(struct fmt_batch *b, const cJSON *o, const char *key, unsigned pi)
{
	const char *v = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(o, key));

	if (v && *v)
		fmt_batch__str(b, pi, v, (uint32_t)strlen(v), (uint32_t)strlen(v));
}

/* What an event says of a container; NULL if it is no JSON. */
static cJSON *parse_json(const uint8_t *p, uint32_t len)
{
	/* longer texts are cut where they are kept, and would take many times their size here */
	return len > FMT_MAX_STR ? NULL : cJSON_ParseWithLength((const char *)p, strnlen((const char *)p, len));
}

/* The parameters of a container event beyond the text itself. */
static void container_fields(struct fmt_batch *b, const uint8_t *p, uint32_t len)
{
	cJSON *json = parse_json(p, len);
	const cJSON *c = cJSON_GetObjectItemCaseSensitive(json, "container");
	const char *word;
	double type;

	if (c) {
		json_str(b, c, "id", P_container_id);
		json_str(b, c, "full_id", P_container_full_id);
		json_str(b, c, "name", P_container_name);
		json_str(b, c, "image", P_container_image);
		type = cJSON_GetNumberValue(cJSON_GetObjectItemCaseSensitive(c, "type"));
		word = type >= 0 && type < 0xffff ? scap_runtime__name((unsigned)type) : NULL;
		if (word)
			fmt_batch__str(b, P_container_runtime, word, (uint32_t)strlen(word), (uint32_t)strlen(word));
	}
	cJSON_Delete(json);
}

/* An asynchronous event of the container plugin; false: it is something else. */
static bool add_async_container(struct fmt_batch *b, const struct scap_event *ev)
{
	bool removed;

	if (ev->n < 3 || !ev->len[1] || !ev->len[2])
		return false;
	removed = ev->len[1] == 18 && !memcmp(ev->p[1], "container_removed", 18);
	if (!removed && (ev->len[1] != 10 || memcmp(ev->p[1], "container", 10)))
		return false;
	if (fmt_batch__begin(b, removed ? EV_container_end : EV_container, ev->ts, 0, 0, 0, ev->cpu, 0) < 0)
		return false;
	if (removed) {
		cJSON *json = parse_json(ev->p[2], ev->len[2]);

		json_str(b, cJSON_GetObjectItemCaseSensitive(json, "container"), "id", P_container_end_id);
		cJSON_Delete(json);
	} else {
		text(b, P_container_json, ST_STR, ev->p[2], ev->len[2]);
		container_fields(b, ev->p[2], ev->len[2]);
	}
	fmt_batch__end(b);
	return true;
}

static bool is_birth(int id)
{
	return id == EV_clone || id == EV_fork || id == EV_vfork || id == EV_clone3;
}

static bool is_birth_or_exec(int id)
{
	return is_birth(id) || id == EV_execve || id == EV_execveat;
}

_Static_assert((int)P_clone_pid == (int)P_fork_pid && (int)P_clone_pid == (int)P_vfork_pid &&
	       (int)P_clone_pid == (int)P_clone3_pid, "one index serves all births");

/* Clone and exec say the process of the thread they come from. */
static void learn_pid(struct scap_pids *pids, const struct scap_code *c, const struct scap_event *ev, int id)
{
	unsigned want = id == EV_execve ? P_execve_pid : id == EV_execveat ? P_execveat_pid : P_clone_pid;
	uint64_t pid;

	for (unsigned i = 0; i < ev->n; i++)
		if (c->param[i] == (int)want && number(c->type[i], ev->p[i], ev->len[i], &pid) && pid)
			scap_pids__set(pids, (uint32_t)ev->tid, (uint32_t)pid);
}

#define CODE_GENERIC 1
#define CODE_ASYNC 402
#define CODE_CONTAINER_JSON 324

/*
 * A call without an event of its own is told by the number that all captures use, and by the machine's own: that
 * one is missing if the capture began inside the call, and means what it means on its architecture.
 */
static int generic_call(const struct scap_event *ev)
{
	uint64_t v;
	int id = -1;

	if (ev->n > 0 && number(ST_UINT16, ev->p[0], ev->len[0], &v))
		id = scap_call__event((unsigned)v);
	if (id < 0 && ev->n > 1 && number(ST_UINT16, ev->p[1], ev->len[1], &v))
		id = fmt_syscall__event((unsigned)v);
	return id;
}

#define CLONE_THREAD_ 0x2000u		/* group clone_flags */

/*
 * A child's return that is not to be shown tells of a birth what our own event for it tells; false: it is something else.
 * Where nobody names the creator, it is the parent, or for a thread its process.
 */
static bool add_birth(struct fmt_batch *b, struct scap_pids *pids, const struct scap_code *c, const struct scap_event *ev)
{
	static const uint8_t same[][2] = {
		{ P_clone_pid, P_task_new_pid }, { P_clone_ptid, P_task_new_ptid }, { P_clone_flags, P_task_new_flags },
		{ P_clone_vtid, P_task_new_vtid }, { P_clone_vpid, P_task_new_vpid },
		{ P_clone_pidns_init_start_ts, P_task_new_pidns_start },
	};
	uint64_t v[SCAP_MAX_PARAMS] = { [P_clone_res] = 1 };
	uint32_t creator = scap_birth__creator(ev->flags);

	for (unsigned i = 0; i < ev->n; i++)
		if (c->param[i] >= 0)
			number(c->type[i], ev->p[i], ev->len[i], &v[c->param[i]]);
	if (v[P_clone_res] || !v[P_clone_pid])
		return false;
	scap_pids__set(pids, (uint32_t)ev->tid, (uint32_t)v[P_clone_pid]);
	if (!creator)
		creator = (uint32_t)v[v[P_clone_flags] & CLONE_THREAD_ ? P_clone_pid : P_clone_ptid];
	if (fmt_batch__begin(b, EV_task_new, ev->ts, 0, creator, scap_pids__get(pids, creator), ev->cpu, 0) < 0)
		return false;
	fmt_batch__int(b, P_task_new_tid, ev->tid);
	for (unsigned i = 0; i < sizeof(same) / sizeof(*same); i++)
		fmt_batch__int(b, same[i][1], v[same[i][0]]);
	for (unsigned i = 0; i < ev->n; i++)
		if (c->param[i] == P_clone_comm)
			text(b, P_task_new_comm, ST_STR, ev->p[i], ev->len[i]);
	fmt_batch__end(b);
	return true;
}

static bool add(struct fmt_batch *b, struct scap_pids *pids, const struct scap_event *ev)
{
	const struct scap_code *c = &scap_codes()[ev->code];
	const struct fmt_event_info *info;
	uint64_t v, dur = ev->enter_ts && ev->enter_ts <= ev->ts ? ev->ts - ev->enter_ts : 0;
	int64_t res = 0;
	unsigned n = ev->code == CODE_GENERIC ? 0 : ev->n;	/* its parameters have told which call it is */
	int id = ev->code == CODE_GENERIC ? generic_call(ev) : c->event;

	if (ev->code == CODE_ASYNC && add_async_container(b, ev))
		return true;
	info = id >= 0 ? fmt_event((unsigned)id) : NULL;
	if (!info)
		return false;
	if (ev->flags & SCAP_FLAG_STATE_ONLY && is_birth(id) && add_birth(b, pids, c, ev))
		return true;
	b->context |= ev->flags & SCAP_FLAG_STATE_ONLY;
	if (info->flags & EF_SYSCALL)	/* old events say at times that a call was made, no more */
		res = FMT_NO_RES;
	if (is_birth_or_exec(id))
		learn_pid(pids, c, ev, id);
	for (unsigned i = 0; i < n; i++)
		if (c->param[i] >= 0 && info->params[c->param[i]].src == SRC_RET &&
		    number(c->type[i], ev->p[i], ev->len[i], &v))
			res = (int64_t)v;
	if (fmt_batch__begin(b, (uint16_t)id, ev->ts, dur, (uint32_t)ev->tid, scap_pids__get(pids, (uint32_t)ev->tid), ev->cpu,
			     res) < 0)
		return false;
	for (unsigned i = 0; i < n; i++)
		if (c->param[i] >= 0 && ev->len[i] && info->params[c->param[i]].src != SRC_RET)
			param(b, info, (unsigned)c->param[i], c->type[i], ev->p[i], ev->len[i], res);
	if (ev->code == CODE_CONTAINER_JSON && ev->n)
		container_fields(b, ev->p[0], ev->len[0]);
	fmt_batch__end(b);
	return true;
}

bool scap_row__add(struct fmt_batch *b, struct scap_pids *pids, const struct scap_event *ev)
{
	bool added;

	b->context = ev->flags & SCAP_FLAG_CONTEXT;
	added = add(b, pids, ev);
	b->context = false;
	return added;
}
