#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The requirements of TRACE-FORMAT.md and the numbers by which code and tests cite them.

src=${SPOOR_SRC:-$BATS_TEST_DIRNAME/../..}

@test "a number names one requirement" {
	run bash -c "grep -oE '\*\*R-[0-9]+' '$src/format/TRACE-FORMAT.md' | sort | uniq -d"
	[ -z "$output" ]
}

@test "every number that is cited exists" {
	cited=$(grep -rhoE '\bR-[0-9]+' "$src"/format/{batch,codec,file,tool} "$src"/tests/format --include='*.[ch]' | sort -u)
	[ -n "$cited" ]
	for r in $cited; do
		grep -qE "\*\*$r\*\*" "$src/format/TRACE-FORMAT.md" || { echo "$r is cited and does not exist"; false; }
	done
}
