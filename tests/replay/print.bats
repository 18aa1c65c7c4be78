#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# spoor-replay prints events: lines, formats, JSON, filters, windows. The trace never changes (make_trace story).

setup_file() {
	export trace=$BATS_FILE_TMPDIR/story.spoor many=$BATS_FILE_TMPDIR/many.spoor
	"$SPOOR_BUILD/tests/replay/make_trace" story "$trace"
	"$SPOOR_BUILD/tests/replay/make_trace" many "$many" 200000
}

setup() {
	source "$SPOOR_SRC/tests/lib/golden.bash"
	want=$SPOOR_SRC/tests/replay/golden
	PATH=$SPOOR_BUILD:$PATH
}

@test "one line an event" {
	golden "$want/lines" spoor-replay "$trace"
}

@test "colours only when asked for or on a terminal" {
	golden "$want/lines-color" spoor-replay --color always "$trace" -n 4
	run spoor-replay "$trace" -n 4
	[[ $output != *$'\e'* ]]
}

@test "no text of the trace reaches the terminal as a control sequence" {
	for o in -n99 -ojson '-p%proc.name(%evt.args)'; do
		spoor-replay "$trace" "$o" >"$BATS_TEST_TMPDIR/out"
		grep -q 'cod.exe' "$BATS_TEST_TMPDIR/out"
		run env LC_ALL=C grep -cP '[\x00-\x08\x0b-\x1f\x7f]|\xc2[\x80-\x9f]|\xe2\x80[\xa8-\xae]' "$BATS_TEST_TMPDIR/out"
		echo "$o: $output"
		[ "$output" = 0 ]
	done
}

@test "JSON: every line an object, parameters typed" {
	golden "$want/json" spoor-replay -o json "$trace"
	spoor-replay -o json "$trace" | jq -es 'length > 0 and all(type == "object")' >/dev/null
	[ "$(spoor-replay -o json "$trace" | jq -r 'select(.type == "openat" and .res == 3) | .args.flags' | head -n 1)" = O_RDONLY ]
	[ "$(spoor-replay -o json "$trace" | jq -r 'select(.type == "read") | .args.data.base64' | base64 -d | head -c 4)" = root ]
	[ "$(spoor-replay -o json "$trace" | jq -r 'select(.type == "read") | .args.data.size')" = 1200 ]
}

@test "internal events and keyframes only when asked for" {
	[ "$(spoor-replay "$trace" | grep -c ' noise(')" = 0 ]
	[ "$(spoor-replay --internal "$trace" | grep -c ' noise(')" = 1 ]
	golden "$want/keyframes" spoor-replay --keyframes "$trace" -n 11
}

@test "a condition is asked of a row of state as of an event" {
	local rows=$BATS_TEST_TMPDIR/rows.jsonl read=$BATS_TEST_TMPDIR/read.spoor
	shown() {	# condition lines: of the keyframes
		[ "$(spoor-replay "$trace" --keyframes --internal -o json -f "$1" | jq -r '"\(.type) \(.pid // .process.pid // "-")"' | sort | uniq -c | awk '{ $1 = $1 } 1')" = "$2" ]
	}
	shown 'evt.type = state_fd and proc.pid = 900' '2 state_fd 900'
	shown 'evt.type = state_fd and proc.pid = 901' ''
	shown 'evt.type = state_fd and fd.name startswith /dev/' '2 state_fd 4321'
	shown 'evt.type = state_fd and fd.num = 3 and evt.rawarg.ino = 77' '2 state_fd 900'
	shown 'evt.type = state_thread and container.id != host and proc.name = httpd' '2 state_thread 4300'
	shown 'evt.type = state_user and (evt.arg.name = nobody or proc.name exists)' ''
	[ "$(spoor-replay "$trace" --keyframes -f 'fd.name = /etc/shadow')" = "$(spoor-replay "$trace" -f 'fd.name = /etc/shadow')" ]
	# those that were read again after a loss stand among the events
	spoor-trace convert "$trace" "$rows" --keyframes
	grep '"type":"state_[tf]' "$rows" | head -n 6 | sed 's/{"keyframe":true,/{/; s/14:03:07.0/14:03:18.0/' >>"$rows"
	spoor-trace convert "$rows" "$read"
	[ "$(spoor-replay "$read" --internal -f 'evt.type = state_fd' | wc -l)" = 2 ]
	[ "$(spoor-replay "$read" --internal -f 'evt.type = state_fd and proc.pid = 900 and fd.name = /var/log/cron.log' | wc -l)" = 1 ]
	[ "$(spoor-replay "$read" -f 'evt.type = state_fd' | wc -l)" = 0 ]
}

@test "-f takes the language of conditions" {
	[ "$(spoor-replay "$trace" -f 'evt.type = openat' | wc -l)" = 4 ]
	[ "$(spoor-replay "$trace" -f 'evt.type = openat and container.id != host' | wc -l)" = 3 ]
	[ "$(spoor-replay "$trace" -f 'fd.name = /etc/shadow' | wc -l)" = 3 ]
	[ "$(spoor-replay "$trace" -f 'proc.name = nothere' | wc -l)" = 0 ]
}

@test "-p prints formats, one line an event" {
	golden "$want/format" spoor-replay "$trace" -p '%evt.num|%evt.type|%proc.name|%fd.name|%container.id'
}

@test "-n counts lines" {
	[ "$(spoor-replay "$trace" -n 3 | wc -l)" = 3 ]
	[ "$(spoor-replay "$trace" "$trace" -n 15 | wc -l)" = 15 ]
	run spoor-replay "$trace" -n 0
	[ "$status" = 1 ]
}

@test "-s shows more or less of the bytes" {
	spoor-replay "$trace" -f 'evt.type = read' -s 4 | grep -F '"root"..., 4096'
	spoor-replay "$trace" -f 'evt.type = read' -s 80 | grep -F 'www:!:20000'
}

@test "--from and --to, with the state of the time before" {
	[ "$(spoor-replay "$trace" --from +5s | head -n 1 | grep -c SIGKILL)" = 1 ]
	[ "$(spoor-replay "$trace" --to +5s | grep -c SIGKILL)" = 0 ]
	[ "$(spoor-replay "$trace" --from 14:03:07.005 --to 14:03:07.0065 | wc -l)" = 2 ]
	[ "$(spoor-replay "$trace" --from 2025-11-27T14:03:17Z | wc -l)" -gt 2 ]
	run spoor-replay "$trace" --from +5s --to +1s
	[ "$status" = 1 ]
	# A window gives the lines that the whole run gives.
	spoor-replay "$many" >"$BATS_TEST_TMPDIR/all"
	spoor-replay "$many" --from +150s --to +160s >"$BATS_TEST_TMPDIR/window"
	[ "$(wc -l <"$BATS_TEST_TMPDIR/window")" = 10001 ]
	grep -Fx -f "$BATS_TEST_TMPDIR/window" "$BATS_TEST_TMPDIR/all" | cmp - "$BATS_TEST_TMPDIR/window"
}

@test "several traces, standard input, a pipe" {
	one=$(spoor-replay "$trace" | wc -l)
	[ "$(spoor-replay "$trace" "$trace" | wc -l)" = $((2 * one)) ]
	[ "$(spoor-replay - <"$trace" | wc -l)" = "$one" ]
	[ "$(cat "$trace" | spoor-replay - | wc -l)" = "$one" ]
	[ "$(cat "$trace" | spoor-replay - --from +5s | wc -l)" = "$(spoor-replay "$trace" --from +5s | wc -l)" ]
}

@test "--stats on stderr, numbers add up" {
	spoor-replay "$many" --stats >/dev/null 2>"$BATS_TEST_TMPDIR/stats"
	cat "$BATS_TEST_TMPDIR/stats"
	grep -q '^events: 200,000 in ' "$BATS_TEST_TMPDIR/stats"
	grep -qE '^  read +120,000  60.0 %' "$BATS_TEST_TMPDIR/stats"
	spoor-replay "$trace" --stats 2>&1 >/dev/null | grep -q '^lost:   42 '
}

@test "a reader that goes away ends the run quietly" {
	run bash -c 'set -o pipefail; spoor-replay "$1" | head -n 1 >/dev/null' - "$many"
	[ "$status" = 0 ]
	[ -z "$output" ]
}

@test "a full disk is said" {
	[ -c /dev/full ] || skip "no /dev/full"
	run bash -c 'spoor-replay "$1" >/dev/full' - "$trace"
	echo "$output"
	[ "$status" = 1 ]
	[[ $output == *"No space left"* ]]
}
