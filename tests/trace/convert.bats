#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# spoor-trace convert: what goes in comes out, and the output is there whole or not at all.

bats_require_minimum_version 1.5.0

golden=${SPOOR_SRC:-$BATS_TEST_DIRNAME/../..}/tests/format/golden

setup() {
	cd "$BATS_TEST_TMPDIR"
	cp "$golden"/version_1_0.spoor t.spoor
}

same_lines() {	# trace trace: the same events, keyframes too
	spoor-replay --keyframes --internal "$1" >a
	spoor-replay --keyframes --internal "$2" >b
	[ -s a ]
	cmp a b
}

@test "spoor to spoor: the same events, another trace" {
	run spoor-trace convert t.spoor out.spoor
	[ "$status" = 0 ]
	[[ $output == "out.spoor: 600 events, "* ]]
	spoor-trace verify out.spoor
	same_lines t.spoor out.spoor
	[ "$(spoor-trace info -o json t.spoor | jq -r .uuid)" != "$(spoor-trace info -o json out.spoor | jq -r .uuid)" ]
}

@test "from a pipe to a pipe" {
	spoor-trace convert - - --to spoor <t.spoor >out.spoor 2>err
	grep -q '^stdout: 600 events' err
	same_lines t.spoor out.spoor
}

@test "an existing file is replaced only with --force, an input never" {
	echo precious >out.spoor
	run spoor-trace convert t.spoor out.spoor
	[ "$status" = 1 ]
	[ "$output" = "spoor-trace: out.spoor: the file exists; '--force' replaces it" ]
	[ "$(cat out.spoor)" = precious ]
	spoor-trace convert t.spoor out.spoor --force
	same_lines t.spoor out.spoor
	cp t.spoor before
	ln -s t.spoor link.spoor
	run spoor-trace convert t.spoor link.spoor --force
	[ "$status" = 1 ]
	[[ $output == *"is the input itself"* ]]
	cmp t.spoor before
	: >empty.spoor
	spoor-trace convert t.spoor empty.spoor
	[ -s empty.spoor ]
}

@test "a damaged input: what is readable, and exit 2" {
	printf '\xa5' | dd of=t.spoor bs=1 seek=15000 conv=notrunc status=none
	run --separate-stderr spoor-trace convert t.spoor out.spoor
	[ "$status" = 2 ]
	[[ $stderr == "spoor-trace: t.spoor: chunk "* ]]
	spoor-trace verify out.spoor
}

@test "no such folder, no such input" {
	run spoor-trace convert t.spoor none/out.spoor
	[ "$status" = 1 ]
	[ "$output" = "spoor-trace: none/out.spoor: cannot write there: No such file or directory" ]
	run spoor-trace convert none.spoor out.spoor
	[ "$status" = 1 ]
	[[ $output == *"none.spoor"* ]]
	[ "$(ls | grep -c out)" = 0 ]
}

@test "SIGINT, SIGTERM: nothing is left, and the signal ends the process" {
	mkfifo slow
	for sig in INT TERM; do
		env --default-signal=INT spoor-trace convert slow out.spoor 2>err &	# a shell without jobs ignores it otherwise
		pid=$!
		exec 7>slow
		cat t.spoor >&7
		for _ in $(seq 200); do compgen -G 'out.spoor.part-*' >/dev/null && break; sleep 0.05; done
		compgen -G 'out.spoor.part-*' >/dev/null
		kill -$sig $pid
		run wait $pid
		exec 7>&-
		[ "$(ls | grep -c out)" = 0 ]
		grep -q 'interrupted; no output was written' err
	done
}

@test "a full disk: one clear error, nothing is left" {
	[ "$(id -u)" = 0 ] || skip "needs root, for a small tmpfs"
	mkdir small
	mount -t tmpfs -o size=16k none small || skip "cannot mount"
	run spoor-trace convert t.spoor small/out.spoor
	left=$(ls small)
	umount small
	[ "$status" = 1 ]
	[ "$output" = "spoor-trace: small/out.spoor: No space left on device; nothing was written" ]
	[ -z "$left" ]
}
