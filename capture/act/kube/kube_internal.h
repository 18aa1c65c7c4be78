/* SPDX-License-Identifier: Apache-2.0 */
/* kube_internal - what the files of capture/act/kube share. Each action adds to text what came of it. */
#ifndef CAP_KUBE_INTERNAL_H
#define CAP_KUBE_INTERNAL_H

#include "capture/act/kube/kube.h"

/* before, then a JSON string. */
void kube_put(struct buf *b, const char *before, const char *s);
/* NUL-terminated, borrowed. */
const char *kube_text(struct buf *b);
int kube_refused(const struct kube_answer *a, const char *what, struct err *err);

int kube_pod__label(struct act_kube *k, const struct pb_target *t, const struct pb_step *s, struct buf *text, struct err *err);
int kube_pod__isolate(struct act_kube *k, const struct pb_target *t, const struct pb_step *s, struct buf *text, struct err *err);
int kube_pod__delete(struct act_kube *k, const struct pb_target *t, const struct pb_step *s, struct buf *text, struct err *err);
int kube_pod__evict(struct act_kube *k, const struct pb_target *t, uint64_t grace, struct buf *text, struct err *err);
int kube_pod__event(struct act_kube *k, const struct pb_plan *p, const struct pb_step *s, struct buf *text, struct err *err);
/* Cordon, taint, drain. Nodes of the control plane are refused. */
int kube_node__do(struct act_kube *k, const struct pb_plan *p, const struct pb_step *s, struct buf *text, struct err *err);

#endif
