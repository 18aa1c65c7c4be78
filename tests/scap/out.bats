#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# spoor-trace convert writes captures: there and back again, read by others, whole or not at all.

load "$SPOOR_SRC/tests/lib/captures.bash"

setup_file() {
	export TZ=UTC
	story=$BATS_FILE_TMPDIR/story
	"$SPOOR_BUILD/tests/replay/make_trace" story "$story.spoor"
	spoor-trace convert "$story.spoor" "$story.scap" 2>"$story.said"
	export story
}

# What a capture can hold of an event: all but the duration.
events() {
	spoor-replay "$1" -o json 2>/dev/null | sed -E 's/"duration":[0-9]+,//'
}

there_and_back() {
	local dir=$BATS_TEST_TMPDIR
	captures_missing && skip "no captures (SPOOR_CAPTURES)"
	spoor-trace convert "$(capture_file "$1")" "$dir/1.spoor"
	spoor-trace convert "$dir/1.spoor" "$dir/2.scap" 2>/dev/null
	spoor-trace convert "$dir/2.scap" "$dir/3.spoor"
	spoor-trace convert "$dir/3.spoor" "$dir/4.scap" 2>/dev/null
	cmp "$dir/2.scap" "$dir/4.scap"
	events "$dir/1.spoor" >"$dir/1"
	events "$dir/3.spoor" >"$dir/3"
	[ -s "$dir/1" ]
	cmp "$dir/1" "$dir/3"
}

@test "there and back: 502Error" { there_and_back 502Error; }
@test "there and back: curl_google" { there_and_back curl_google; }
@test "there and back: test_ipv6_client" { there_and_back test_ipv6_client; }
@test "there and back: falco-24k" { there_and_back falco-24k; }
@test "there and back: mix-500k" { there_and_back mix-500k; }
@test "there and back: mix-enter-exit-300k" { there_and_back mix-enter-exit-300k; }

@test "a capture in its newest form is written as it was" {
	captures_missing && skip "no captures (SPOOR_CAPTURES)"
	spoor-trace convert "$(capture_file falco-24k)" "$BATS_TEST_TMPDIR/out.scap"
	run "$SPOOR_BUILD/tests/scap/make_counts" "$BATS_TEST_TMPDIR/out.scap"
	[ "$status" -eq 0 ]
	[ "$output" = "$("$SPOOR_BUILD/tests/scap/make_counts" "$(capture_file falco-24k)")" ]
}

@test "what a trace tells is told by the capture, but for what is listed" {
	spoor-replay "$story.spoor" -p '%evt.time %container.id %proc.name %proc.exepath %proc.pname %fd.name %evt.type' |
		sed 's/drop$/notification/' >"$BATS_TEST_TMPDIR/a"
	spoor-replay "$story.scap" -f 'evt.type != container' \
		-p '%evt.time %container.id %proc.name %proc.exepath %proc.pname %fd.name %evt.type' >"$BATS_TEST_TMPDIR/b"
	diff "$BATS_TEST_TMPDIR/a" "$BATS_TEST_TMPDIR/b"
	[ "$(wc -l <"$BATS_TEST_TMPDIR/b")" -eq 17 ]
}

@test "losses are in the capture, and what was left out is told" {
	run spoor-replay "$story.scap" -f 'evt.type = notification' -p '%evt.arg.id: %evt.arg.desc'
	[ "$output" = "drop: 42 events lost on cpu 1" ]
	[ "$(cat "$story.said")" = "spoor-trace: warning: $story.scap: a capture has no place for everything: 1 noise left out" ]
}

# The rules' own cases: containers, births in namespaces, processes that end before their creator goes on. Rules that ask for
# arguments of calls which a capture holds by name only, or for io_uring, have nothing to match there.
@test "rules give the same alerts from the capture" {
	local cases=$SPOOR_SRC/rules/cases.spoor dir=$BATS_TEST_TMPDIR
	spoor-trace convert "$cases" "$dir/cases.scap" 2>/dev/null
	alerts() {
		spoor-replay "$1" -r "$SPOOR_SRC/rules" 2>/dev/null | cut -d'(' -f1
	}
	alerts "$cases" >"$dir/a"
	alerts "$dir/cases.scap" >"$dir/b"
	[ "$(diff "$dir/a" "$dir/b" | grep -c '^>')" -eq 0 ]
	[ "$(wc -l <"$dir/b")" -ge "$(($(wc -l <"$dir/a") * 9 / 10))" ]
	[ "$(wc -l <"$dir/b")" -gt 50 ]
	program() {
		spoor-replay "$1" -f 'evt.type = execve' -p '%evt.time %container.id %proc.exepath %proc.pname'
	}
	diff <(program "$cases") <(program "$dir/cases.scap")
}

# What a cut needs of the past stands between its events: rows of descriptors, and events that are not shown.
@test "a cut becomes a capture that stands alone" {
	local dir=$BATS_TEST_TMPDIR
	spoor-trace cut "$SPOOR_SRC/rules/cases.spoor" -w "$dir/cut.spoor" -f 'proc.name in (act, cat) or evt.type = accept'
	spoor-trace convert "$dir/cut.spoor" "$dir/cut.scap" 2>/dev/null
	descriptors() {
		spoor-replay "$1" -f 'evt.type in (read, write, close, dup, dup2, connect, accept, openat, fstat)' \
			-p '%evt.time %container.id %proc.name %proc.pname %fd.num %fd.typechar %fd.sport %evt.type'
	}
	descriptors "$dir/cut.spoor" >"$dir/a"
	descriptors "$dir/cut.scap" >"$dir/b"
	[ "$(wc -l <"$dir/a")" -gt 100 ]
	diff "$dir/a" "$dir/b"
}

@test "gzip'd, through pipes, and refused where a file is" {
	spoor-trace convert "$story.spoor" - --to scap.gz 2>/dev/null | zcat | cmp - "$story.scap"
	spoor-trace convert - "$BATS_TEST_TMPDIR/piped.scap.gz" <"$story.spoor"
	zcat "$BATS_TEST_TMPDIR/piped.scap.gz" | cmp - "$story.scap"
	run spoor-trace convert "$story.spoor" "$BATS_TEST_TMPDIR/piped.scap.gz"
	[ "$status" -eq 1 ]
	zcat "$BATS_TEST_TMPDIR/piped.scap.gz" | cmp - "$story.scap"
}

@test "a full disk is told, and nothing is left" {
	[ -w /dev/full ] || skip "no /dev/full"
	run bash -c "spoor-trace convert '$story.spoor' - --to scap >/dev/full"
	[ "$status" -eq 1 ]
	[[ $output == *"No space left"* ]]
}

@test "hostile traces become captures without a defect" {
	for seed in 1 2 3; do
		"$SPOOR_BUILD/tests/replay/make_hostile" $seed "$BATS_TEST_TMPDIR/$seed.spoor" 3000
		spoor-trace convert "$BATS_TEST_TMPDIR/$seed.spoor" "$BATS_TEST_TMPDIR/$seed.scap"
		spoor-replay "$BATS_TEST_TMPDIR/$seed.scap" >/dev/null
	done
}

# Debian 12 has sysdig 0.29, of 2022: it does not know the newer types of descriptors and numbers of calls.
@test "sysdig reads it: events, processes, files, arguments" {
	command -v sysdig >/dev/null || skip "no sysdig"
	run sysdig -r "$story.scap" -p '*%evt.num %evt.rawtime %evt.cpu %thread.tid %proc.name %proc.pname %evt.type %evt.res'
	[ "$status" -eq 0 ]
	spoor-replay "$story.scap" -f 'evt.type != container' \
		-p '%evt.rawtime %evt.cpu %thread.tid %proc.name %proc.pname %evt.type %evt.res' >"$BATS_TEST_TMPDIR/ours"
	echo "$output" | cut -d' ' -f2- >"$BATS_TEST_TMPDIR/theirs"
	diff "$BATS_TEST_TMPDIR/ours" "$BATS_TEST_TMPDIR/theirs"
}
