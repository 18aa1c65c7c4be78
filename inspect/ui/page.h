/* SPDX-License-Identifier: Apache-2.0 */
/*
 * page - text that scrolls, with places in it that lead elsewhere.
 *
 * A view builds it line by line for the width at hand; it is built anew when the width or the model
 * changes. The cursor goes from link to link; where there is none near, the text scrolls.
 */
#ifndef INS_PAGE_H
#define INS_PAGE_H

#include "inspect/ui/ui.h"

struct ins_target {
	struct ins_scope scope;
	enum ins_view_id view;	/* VIEW__N: leads nowhere */
	uint64_t num;
	struct ins_only only;
	struct ins_subject subject;
	char filter[160];	/* a condition that is set on the way; "": none */
};

struct ins_span {
	uint32_t line;
	int x, w;
	uint8_t style;
	uint32_t off, len;	/* in text */
};
struct ins_link {
	uint32_t line;
	int x, w;
	struct ins_target to;
};
struct ins_graph {		/* a bar of numbers */
	uint32_t line;
	int x, w;
	uint8_t style;
	const uint64_t *v;	/* borrowed from the model */
	unsigned n;
};

struct ins_page {
	int width;		/* that it was built for */
	uint32_t n_lines;	/* the last one is being built */
	int x;			/* where the next span goes */
	struct buf text;
	struct ins_span *spans;
	struct ins_link *links;
	struct ins_graph *graphs;
	size_t n_spans, n_links, n_graphs, cap_spans, cap_links, cap_graphs;
	uint32_t cur;		/* link */
	uint32_t top;		/* line */
	unsigned rows;		/* of the body when it was drawn */
	uint32_t found;		/* line that a search found, UINT32_MAX: none */
	const struct ins_model *made_from;
	uint64_t made_gen, made_at;
	bool void_;		/* to be built anew */
	bool pending;		/* build could not finish: it is called again */
	void *data;		/* the view's */
	const struct ins_page_ops *ops;
};

struct ins_page_ops {
	/* Build the page; may call ins_page__pending. */
	void (*build)(struct ins_ui *ui, struct ins_frame *f, struct ins_page *p);
	/* Keys that the page does not know. May be NULL. */
	bool (*act)(struct ins_ui *ui, struct ins_frame *f, struct ins_page *p, enum ins_action a);
	/* What the page as a whole is about, where no link is under the cursor. May be NULL. */
	bool (*subject)(struct ins_ui *ui, struct ins_frame *f, struct ins_page *p,
			struct ins_subject *ret);
	void (*close)(struct ins_page *p);	/* frees data; may be NULL */
};

/* Building. Text is cut at the page's width unless it is wrapped. */
void ins_page__line(struct ins_page *p);			/* begin the next line */
void ins_page__gap(struct ins_page *p);				/* an empty line, unless there is
								 * one */
void ins_page__to(struct ins_page *p, int x);			/* go to a column */
void ins_page__put(struct ins_page *p, int style, const char *text, size_t n);
void ins_page__printf(struct ins_page *p, int style, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* Text over as many lines as it takes, each beginning at the column where the first does. */
void ins_page__wrap(struct ins_page *p, int style, const char *text, size_t n);
/* A heading line; a line "label   text". */
void ins_page__title(struct ins_page *p, const char *text);
void ins_page__label(struct ins_page *p, const char *label);	/* then put or wrap the value */
#define INS_LABEL_W 13
/*
 * The last w columns of the present line, before the place where the next text goes, lead
 * somewhere.
 */
void ins_page__link(struct ins_page *p, int x, struct ins_target to);
void ins_page__graph(struct ins_page *p, int w, int style, const uint64_t *v, unsigned n);
void ins_page__pending(struct ins_page *p);

void *ins_page__open(struct ins_ui *ui, struct ins_frame *f);
void ins_page__close(void *state);
void ins_page__draw(struct ins_ui *ui, struct ins_frame *f, void *state, struct ins_rect at);
bool ins_page__act(struct ins_ui *ui, struct ins_frame *f, void *state, enum ins_action a);
bool ins_page__mouse(struct ins_ui *ui, struct ins_frame *f, void *state, enum ins_mouse m, int y,
		     int x);
bool ins_page__subject(struct ins_ui *ui, struct ins_frame *f, void *state,
		       struct ins_subject *ret);
void ins_page__find(struct ins_ui *ui, struct ins_frame *f, void *state, int dir, bool again);
bool ins_page__work(struct ins_ui *ui, struct ins_frame *f, void *state, uint64_t ns);
void ins_page__renew(struct ins_ui *ui, struct ins_frame *f, void *state);

#define INS_PAGE_FUNCTIONS						\
	.open = ins_page__open, .close = ins_page__close,		\
	.draw = ins_page__draw, .act = ins_page__act,			\
	.mouse = ins_page__mouse, .subject = ins_page__subject,		\
	.find = ins_page__find, .work = ins_page__work, .renew = ins_page__renew

#endif
