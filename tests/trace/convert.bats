#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# spoor-trace convert: what goes in comes out, and the output is there whole or not at all.

bats_require_minimum_version 1.5.0

golden=${SPOOR_SRC:-$BATS_TEST_DIRNAME/../..}/tests/format/golden

setup() {
	source "${SPOOR_SRC:-$BATS_TEST_DIRNAME/../..}/tests/lib/until.bash"
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
		env --default-signal=INT spoor-trace convert slow out.spoor 2>err 3>&- &	# a shell without jobs ignores it otherwise
		pid=$!
		exec 7>slow
		cat t.spoor >&7
		until_true compgen -G 'out.spoor.part-*'
		kill -$sig $pid
		code=0
		wait $pid || code=$?
		[ "$code" -gt 128 ]
		exec 7>&-
		[ "$(ls | grep -c out)" = 0 ]
		grep -q 'interrupted; no output was written' err
	done
}

@test "a full disk: one clear error, nothing is left" {
	[ "$(id -u)" = 0 ] || skip "needs root, for a small tmpfs"
	mkdir small
	mount -t tmpfs -o size=8k none small || skip "cannot mount"
	for c in 'convert t.spoor small/out.spoor' 'convert t.spoor small/out.jsonl' 'cut t.spoor -w small/out.spoor' \
		 'merge t.spoor t.spoor -w small/out.spoor' 'recover t.spoor -w small/out.spoor'; do
		run spoor-trace $c
		echo "$c: $output" >>said
		[[ $status == 1 && $output == "spoor-trace: small/out."*": No space left on device; nothing was written" && -z $(ls small) ]] ||
			{ umount small; cat said; false; }
	done
	umount small
}

@test "a limit on the size of files: one clear error, nothing is left" {
	for out in out.spoor out.jsonl out.scap; do
		run bash -c "ulimit -f 2; spoor-trace convert t.spoor $out"
		[ "$status" = 1 ]
		[ "$output" = "spoor-trace: $out: File too large; nothing was written" ]
	done
	[ "$(ls | grep -c out)" = 0 ]
}

@test "text to who has read enough is no error; to a full device it is, and is called stdout" {
	mkfifo gone
	run bash -c 'exec 7<>gone 8>gone 7<&-; spoor-trace convert t.spoor - --to jsonl >&8'
	[ "$status" = 0 ]
	[ -z "$output" ]
	run bash -c 'spoor-trace convert t.spoor - --to jsonl 2>&1 >/dev/full'
	[ "$status" = 1 ]
	[ "$output" = "spoor-trace: stdout: No space left on device" ]
}

# --- .jsonl

@test "a trace to .jsonl and back loses nothing" {
	for t in version_1_0 hostile_names; do
		spoor-trace convert "$golden/$t.spoor" x.jsonl --keyframes --force
		spoor-trace convert x.jsonl back.spoor --force
		spoor-trace verify back.spoor
		spoor-replay --keyframes --internal -o json "$golden/$t.spoor" >a
		spoor-replay --keyframes --internal -o json back.spoor >b
		[ -s a ]
		cmp a b
		for k in hostname kernel os command cpus memory boot_ns start_ns events alerts lost keyframe_rows; do
			[ "$(spoor-trace info -o json "$golden/$t.spoor" | jq ".$k")" = "$(spoor-trace info -o json back.spoor | jq ".$k")" ]
		done
		# and as text once more: byte for byte
		spoor-trace convert back.spoor y.jsonl --keyframes --force
		cmp x.jsonl y.jsonl
	done
}

@test ".jsonl is one object a line, for jq too" {
	spoor-trace convert t.spoor - --to jsonl >x.jsonl 2>err
	[ "$(wc -l <x.jsonl)" = 601 ]
	[ "$(head -n 1 x.jsonl | jq -r '[.spoor, .version, .hostname] | join(" ")')" = "events 1 host" ]
	[ "$(tail -n +2 x.jsonl | jq -s 'map(.num) == [range(1; 601)]')" = true ]
	[ "$(grep -c keyframe x.jsonl)" = 0 ]
	tail -n +2 x.jsonl | jq -se 'map(select(.type == "openat") | .args.name) | length > 0 and all(type == "string")'
}

@test "other tools read .jsonl, from a pipe too, and with lines taken out" {
	spoor-trace convert t.spoor x.jsonl --keyframes
	spoor-replay t.spoor -f 'evt.type = openat' >a
	spoor-replay x.jsonl -f 'evt.type = openat' >b
	[ -s a ]
	cmp a b
	grep -v '"type":"read"' x.jsonl | spoor-replay - -f 'evt.type = openat' >b
	cmp a b
}

@test "a wrong line of .jsonl: the place, what is readable, and exit 2" {
	spoor-trace convert t.spoor x.jsonl
	sed -i '5s/"time"/"tome"/; 6s/.*/garbage/' x.jsonl
	run --separate-stderr spoor-trace convert x.jsonl out.spoor
	[ "$status" = 2 ]
	[ "$stderr" = "spoor-trace: x.jsonl:5:1: an event without 'time' or 'type': the line is left out" ]
	[ "$(spoor-trace info -o json out.spoor | jq .events)" = 598 ]
}

@test "other JSON is not taken for it" {
	echo '{"spoor":1,"kind":"Pod","apiVersion":"v1"}' >x.jsonl
	run spoor-trace convert x.jsonl out.spoor
	[ "$status" = 1 ]
	[[ $output == *"not a trace: it looks like JSON text"* ]]
}

@test "captures of sysdig and Falco to .jsonl and back" {
	load "$SPOOR_SRC/tests/lib/captures.bash"
	captures_missing && skip "no captures (SPOOR_CAPTURES)"
	for f in "$captures"/502Error.scap "$captures"/falco-24k.scap; do
		[ -f "$f" ] || continue
		spoor-trace convert "$f" x.jsonl --keyframes --force
		spoor-trace convert x.jsonl back.spoor --force
		spoor-replay --keyframes --internal -o json "$f" >a
		spoor-replay --keyframes --internal -o json back.spoor >b
		[ -s a ]
		cmp a b
	done
}
