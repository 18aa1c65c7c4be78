/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ui - the inspector as one thing: trace, models, the path of views, and what keys do. It knows no
 * terminal: it takes inputs, works in slices, and draws on a screen.
 */
#ifndef INS_UI_H
#define INS_UI_H

#include "inspect/model/export.h"
#include "inspect/model/notes.h"
#include "inspect/model/only.h"
#include "inspect/model/pass/pass.h"
#include "inspect/ui/table/columns.h"
#include "inspect/ui/prompt/prompt.h"
#include "inspect/ui/timeline.h"
#include "inspect/view/view.h"

#define INS_MAX_FRAMES 64
#define INS_MAX_SPOTS 512

/*
 * One step of the path: a selection, the view of it, and the places in views of it that were left.
 */
struct ins_frame {
	struct ins_scope scope;
	enum ins_view_id view;
	uint64_t num;			/* VIEW_EVENT: which event; VIEW_HELP: the view it is for,
					 * from 1 */
	struct ins_only only;		/* lists: confined to these; VIEW_EVENT: those beside it */
	char *filter, *before;		/* the filter that came with this step, and the one that it took the
					 * place of; NULL: it brought none */
	void *states[VIEW__N];		/* NULL: not opened yet */
};

/* Parts of the screen that the mouse can press. */
struct ins_spot {
	int y, x, w;
	enum ins_action action;
	int arg;			/* column of the time line */
};

struct ins_ui_opts {
	const char *filter;		/* NULL: none */
	const char *const *rules;	/* files or directories */
	unsigned n_rules;
	const char *at;			/* time to begin at, NULL: none */
	const char *out;		/* folder for what is written; NULL: where we are */
	const char *config;		/* folder for what is kept from one look to the next, NULL: none */
};

struct ins_ui {
	struct ins_trace *trace;
	struct ins_model *base, *lensed;	/* of the whole trace; under the lens, NULL
						 * without */
	struct ins_pass *base_pass, *lens_pass;
	struct eng_ruleset *rules;
	struct ins_lens lens, no_lens;
	struct ins_cond *cond;		/* lens.cond */
	struct ins_export *export;	/* what is being written, NULL: nothing */

	struct ins_frame *frames[INS_MAX_FRAMES];
	unsigned n_frames;
	struct ins_screen *screen;	/* while drawing */
	struct ins_prompt prompt;
	char search[256];
	char message[512];
	int message_style;
	struct ins_spot spots[INS_MAX_SPOTS];
	unsigned n_spots;
	struct ins_rect body;		/* where the view was drawn */

	const char *out;		/* folder for what is written, NULL: where we are */
	struct ins_columns columns;
	struct ins_notes notes;
	uint32_t edited;		/* the note that the prompt is about; INS_NONE: a new one */
	struct ins_timeline timeline;
	uint64_t at;			/* the cursor's time */
	bool relative;			/* times since the start */
	bool following;			/* the trace is looked at again and again, for it grows */
	bool asked_to_quit;		/* though something is being written */
	bool quit, redraw, suspend;	/* for whoever has the terminal */
};

/* Takes over the trace. Errors in filter, rules or time are the caller's to print. */
int ins_ui__new(struct ins_ui **ret, struct ins_trace *t, const struct ins_ui_opts *opts,
		struct err *err);
void ins_ui__free(struct ins_ui *ui);
void ins_ui__input(struct ins_ui *ui, const struct ins_input *in);
/* Work for about ns nanoseconds. True: there is more. */
bool ins_ui__work(struct ins_ui *ui, uint64_t ns);
void ins_ui__draw(struct ins_ui *ui, struct ins_screen *s);
/* Look at a growing trace again: the number of new chunks, or negative. */
int ins_ui__look_again(struct ins_ui *ui, struct err *err);
/* The same if it is followed, from time to time; what there is to say is a message. */
void ins_ui__follow(struct ins_ui *ui);
/* The trace turned out to be damaged or cut short. */
bool ins_ui__is_damaged(const struct ins_ui *ui);

/* --- for views --- */

/* The model to show: under the lens if there is one. */
static inline const struct ins_model *ins_ui__model(const struct ins_ui *ui)
{
	return ui->lensed ? ui->lensed : ui->base;
}
static inline const struct ins_lens *ins_ui__lens(const struct ins_ui *ui)
{
	return ui->lensed ? &ui->lens : &ui->no_lens;
}
static inline struct ins_frame *ins_ui__top(const struct ins_ui *ui)
{
	return ui->frames[ui->n_frames - 1];
}
void *ins_ui__state(struct ins_ui *ui, struct ins_frame *f);

/*
 * Go on to a selection in a view. num: as in ins_frame; other views begin at this event, 0: at
 * their start.
 */
void ins_ui__push(struct ins_ui *ui, struct ins_scope scope, enum ins_view_id view, uint64_t num);
/* Go on to what is of a kind; num: the event to begin at, 0: the first. */
void ins_ui__push_only(struct ins_ui *ui, struct ins_scope scope, enum ins_view_id view, uint64_t num,
		       struct ins_only only);
/*
 * The same under another filter, which going back takes away again. An error is the filter's; nothing has changed then,
 * nor where the path has no room for one more.
 */
int ins_ui__push_under(struct ins_ui *ui, struct ins_scope scope, enum ins_view_id view, uint64_t num,
		       struct ins_only only, const char *filter, struct err *err);
/* Forget the last step. There is always one more before it. */
void ins_ui__pop(struct ins_ui *ui);
void ins_ui__message(struct ins_ui *ui, int style, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void ins_ui__spot(struct ins_ui *ui, int y, int x, int w, enum ins_action action, int arg);
/* A moment in as many columns as ask for: 8 "14:03:07", 12 with ms, 15 with us. */
void ins_ui__time(const struct ins_ui *ui, uint64_t ts, int digits, struct buf *out);
/* Does this text hold what is searched for? Returns the place in it, or -1. */
int ins_ui__matches(const struct ins_ui *ui, const char *text, size_t n);

/* The cursor's time follows what the cursor of the view is on: after each key, and where that comes to an end in work. */
void ins_ui__follow_cursor(struct ins_ui *ui);

/* For prompts: offers what a field has in the trace. ui: struct ins_ui. */
void ins_ui__values(void *ui, const char *field, struct ins_candidates *c);

void ins_ui__act(struct ins_ui *ui, enum ins_action a);
/* Set or clear filter and range; the models begin anew. */
int ins_ui__set_filter(struct ins_ui *ui, const char *text, struct err *err);
void ins_ui__set_range(struct ins_ui *ui, uint64_t from, uint64_t to);
void ins_ui__relens(struct ins_ui *ui);
void ins_ui__ask(struct ins_ui *ui, enum ins_prompt_kind kind, const char *text);
void ins_ui__answer(struct ins_ui *ui);
/* Make the moment the cursor's, and the view follow it: to that time, or to that event. */
void ins_ui__go(struct ins_ui *ui, uint64_t ts, uint64_t num);
void ins_ui__renew_views(struct ins_ui *ui);

#endif
