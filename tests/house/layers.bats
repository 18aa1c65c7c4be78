#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The rules of scripts/check-layers: held by this tree, and offences are really found.

setup() {
	src=${SPOOR_SRC:-$BATS_TEST_DIRNAME/../..}
	tree=$BATS_TEST_TMPDIR/tree
	mkdir -p "$tree"/{format,engine,capture,replay,inspect,tests/replay}
}

file() {	# path line...
	local f=$tree/$1
	shift
	printf '%s\n' '// SPDX-License-Identifier: Apache-2.0' "$@" >"$f"
}

finds() {	# what the check must say
	run "$src/scripts/check-layers" "$tree"
	echo "$output"
	[ "$status" = 1 ]
	[[ $output == *"$1"* ]]
}

@test "this tree holds the rules" {
	run "$src/scripts/check-layers"
	echo "$output"
	[ "$status" = 0 ]
}

@test "downward includes are fine" {
	file format/a.c '#include "format/a.h"' '#include <zstd.h>'
	file engine/b.c '#include "format/a.h"' '#include "engine/b.h"'
	file capture/c.c '#include "engine/b.h"' '#include <bpf/libbpf.h>'
	file inspect/d.c '#include "format/a.h"' '#include <ncurses.h>'
	run "$src/scripts/check-layers" "$tree"
	[ "$status" = 0 ]
	[ -z "$output" ]
}

@test "format may not include engine" {
	file format/a.c '#include "engine/b.h"'
	finds 'format/a.c:2: format/ may not include "engine/b.h"'
}

@test "replay may not include inspect, nor capture" {
	file replay/a.c '#include "inspect/b.h"' '#include "capture/c.h"'
	finds 'replay/a.c:2: replay/ may not include "inspect/b.h"'
	finds 'replay/a.c:3: replay/ may not include "capture/c.h"'
}

@test "tests of other folders may not include capture" {
	file tests/replay/a.c '#include "capture/c.h"'
	finds 'only tests/capture'
}

@test "includes are written from the root" {
	file engine/a.c '#include "b.h"' '#include "../format/c.h"'
	finds 'engine/a.c:2: "b.h" is not written from the root'
	finds 'engine/a.c:3: "../format/c.h" has dots in its path'
}

@test "curses and libbpf stay in their folders" {
	file replay/a.c '#include <ncurses.h>'
	file inspect/b.c '#include <bpf/libbpf.h>'
	finds 'replay/a.c:2: curses outside inspect/'
	finds 'inspect/b.c:2: libbpf outside capture/'
}

@test "a file without licence, a name used twice, a name not in snake_case, a long file" {
	echo 'int x;' >"$tree/engine/a.c"
	file format/twice.h ''
	file replay/twice.h ''
	file replay/Big.c ''
	file replay/long.c $(seq 1001)
	finds 'engine/a.c: no line'
	finds 'twice.h: more than one file has this name: format/twice.h replay/twice.h'
	finds 'replay/Big.c: name is not snake_case'
	finds 'replay/long.c: 1002 lines'
}

@test "a BPF program carries the dual licence" {
	file capture/x.bpf.c ''
	finds 'capture/x.bpf.c: no line'
}
