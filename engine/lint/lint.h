/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lint - rules that load and cannot do what they were written for.
 *
 * Conditions that no event satisfies, comparisons with values that a field never has, parameters
 * that the events at hand do not have, rules that an earlier rule leaves nothing to. What is said
 * is certain: where it cannot be decided from the text, nothing is said. A check of evt.num against
 * 0 is the customary way to switch something off, and an empty list is one to be filled in: neither
 * is spoken of.
 *
 * Findings are warnings of the set, with codes LINT_... and places like others. A comment
 * "# lint: off", or "# lint: off LINT_SHADOWED", on the line of the finding or of the item that it
 * is in keeps it quiet.
 */
#ifndef ENG_LINT_H
#define ENG_LINT_H

#include "engine/rules/rules.h"

/*
 * Look through all that is loaded. To be called after the last file, if none had an error, and
 * before eng_ruleset__compile.
 */
void eng_lint__run(struct eng_ruleset *rs);

#endif
