/* SPDX-License-Identifier: Apache-2.0 */
/*
 * call_table - how each call is collected and how its record is read, from events.def.
 *
 * The BPF side gets a table of what to hand over for each call; the decoder gets, for each event,
 * where the numbers and blobs of a record go. Both are made here, so that they agree.
 */
#ifndef CAP_CALL_TABLE_H
#define CAP_CALL_TABLE_H

#include <stdbool.h>
#include <stdint.h>

#include "capture/bpf/record.h"
#include "format/schema/schema.h"

/* One small structure behind an argument of a KIND_DEREF call. len 0: none. */
struct cap_deref {
	uint8_t arg, len;
};

/* Number i of a record becomes parameter `param`. */
struct cap_op {
	uint8_t num, param;
	uint8_t conv;			/* enum cap_conv */
	uint8_t group;			/* enum fmt_group */
	uint64_t last_native;		/* the last word that was translated, and what it became */
	uint32_t last_value;
};

enum cap_conv {
	CONV_U64, CONV_U32, CONV_U16, CONV_U8, CONV_S32, CONV_S16, CONV_S8, CONV_BOOL,
	CONV_BOOT_TIME,
	CONV_GROUP32,			/* flags from a register: its lower half */
	CONV_GROUP64,			/* flags from a collector, which may set more bits */
};

#define CAP_NO_PARAM 0xff

/* How a record of one event becomes a row. */
struct cap_plan {
	uint8_t n_ops;
	bool given;			/* this event can come from the driver */
	uint8_t kind;			/* enum cap_kind; of calls */
	/* a function of the decoder adds what this plan leaves out */
	bool more;
	/* parameter that a blob becomes as it is, or CAP_NO_PARAM */
	uint8_t blob[TAG__N];
	uint8_t path[TAG__N];		/* parameter that a struct cap_path becomes, as text */
	uint8_t dev, ino;		/* parameters for those of TAG_RES0, or CAP_NO_PARAM */
	struct cap_op *ops;
};

/*
 * Fill the BPF side's tables: descs[CAP_MAX_EVENTS], compat[CAP_MAX_COMPAT]; derefs, three for each
 * event.
 */
void cap_calls__descs(struct cap_desc *descs, uint16_t *compat, bool noise);
/*
 * Leave out calls of types that are not in the set (a bit each, FMT_MAX_EVENTS wide), unless the state needs them or they
 * may bring what name servers say: those remain, as they are where all are wanted.
 */
void cap_calls__only(struct cap_desc *descs, const uint8_t *types);
/* Which paths are followed after success. */
void cap_calls__follows(struct cap_follow f[CAP_MAX_EVENTS][2]);
/* Events by the numbers of this machine's calls; and by those of arm64, wherever we are. */
void cap_calls__native(uint16_t native[CAP_MAX_COMPAT]);
uint16_t cap_calls__of_arm64(unsigned nr);
void cap_calls__derefs(uint8_t arg[CAP_MAX_EVENTS][3], uint8_t len[CAP_MAX_EVENTS][3]);

/* Plans for all events; free with cap_calls__free_plans. */
struct cap_plan *cap_calls__plans(void);
void cap_calls__free_plans(struct cap_plan *plans);

#endif
