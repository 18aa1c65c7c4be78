/* SPDX-License-Identifier: Apache-2.0 */
/* common - cells and lines that several views show alike. */
#ifndef INS_COMMON_H
#define INS_COMMON_H

#include "inspect/model/events/stream.h"
#include "inspect/ui/page.h"
#include "inspect/ui/table/ui_table.h"

/* Cells: appended to out->text, style set. */
void ins_cell__str(const struct ins_model *m, struct ins_out *out, uint32_t str);
void ins_cell__user(const struct ins_model *m, struct ins_out *out, uint32_t container,
		    uint32_t uid);
void ins_cell__container(const struct ins_model *m, struct ins_out *out, uint32_t container);
/* Name of the machine that a container is on. */
void ins_cell__machine(const struct ins_model *m, struct ins_out *out, uint32_t container);
void ins_cell__proc(const struct ins_model *m, struct ins_out *out, uint32_t proc);
void ins_cell__time(const struct ins_ui *ui, struct ins_out *out, uint64_t ts);	/* to the ms if it
										 * fits */
void ins_cell__dur(struct ins_out *out, uint64_t ns);
void ins_cell__size(struct ins_out *out, uint64_t n);	/* "" for 0 */
void ins_cell__exit(const struct ins_model *m, struct ins_out *out, const struct ins_proc *p);
/* "rwcdx": what was done with a file, a '-' for what was not. */
void ins_cell__ops(struct ins_out *out, uint32_t ops);
void ins_cell__remote(const struct ins_model *m, struct ins_out *out, const struct ins_conn *c);
void ins_cell__local(const struct ins_model *m, struct ins_out *out, const struct ins_conn *c);
const char *ins_conn__arrow(const struct ins_conn *c);

/* How long a process lived, or has lived at the end of what is known. */
uint64_t ins_proc__life(const struct ins_model *m, const struct ins_proc *p);
/* What a piece of a stream is about; false for NULL. */
bool ins_piece__subject(const struct ins_model *m, const struct ins_piece *p, struct ins_subject *ret);
int ins_priority__style(uint8_t priority);

/* Links of pages. */
struct ins_target ins_to(enum ins_scope_kind kind, uint32_t idx, enum ins_view_id view);
struct ins_target ins_to_event(uint64_t num);
/* A line of a page for an object, all of it a link. */
void ins_page__proc_line(struct ins_ui *ui, struct ins_page *p, uint32_t proc);
void ins_page__cmd_line(struct ins_ui *ui, struct ins_page *p, uint32_t cmd);
void ins_page__alert_line(struct ins_ui *ui, struct ins_page *p, uint32_t alert);
void ins_page__use_line(struct ins_ui *ui, struct ins_page *p, uint32_t use, bool of_file);
void ins_page__conn_line(struct ins_ui *ui, struct ins_page *p, uint32_t conn);
/* "and 123 more", a link to the view that has all. */
void ins_page__more(struct ins_page *p, uint64_t n, struct ins_target to);

#endif
