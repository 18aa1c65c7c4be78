// SPDX-License-Identifier: Apache-2.0
#include "inspect/view/view.h"

#define VIEW(id, sym, number) extern const struct ins_view sym;
#include "inspect/view/views.def"
#undef VIEW

const struct ins_view *const ins_views[VIEW__N] = {
#define VIEW(id, sym, number) [VIEW_##id] = &sym,
#include "inspect/view/views.def"
#undef VIEW
};

const uint8_t ins_view_numbers[VIEW__N] = {
#define VIEW(id, sym, number) [VIEW_##id] = number,
#include "inspect/view/views.def"
#undef VIEW
};

enum ins_view_id ins_view__by_number(unsigned number, struct ins_scope scope)
{
	unsigned found = VIEW__N;

	for (unsigned i = 0; number && i < VIEW__N; i++) {
		if (ins_view_numbers[i] != number)
			continue;
		if (found == VIEW__N || scope.kind != OF_ALL)
			found = i;
	}
	return (enum ins_view_id)found;
}
