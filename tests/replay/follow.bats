#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# --follow: a trace that is still being written.

setup() {
	source "$SPOOR_SRC/tests/lib/until.bash"
	PATH="$SPOOR_BUILD:$PATH"
	cd "$BATS_TEST_TMPDIR"
	"$SPOOR_BUILD/tests/replay/make_trace" many many.spoor 5000
	"$SPOOR_BUILD/tests/replay/make_segments" many.spoor whole.spoor 500
	size=$(stat -c %s whole.spoor)
	spoor-replay whole.spoor >want
	follower=
}

teardown() {
	if [ -n "$follower" ]; then
		kill -9 "$follower" 2>/dev/null || :
		wait "$follower" 2>/dev/null || :
	fi
}

# until at least N lines are there
lines() {
	until_true eval "[ \"\$(wc -l <'$1')\" -ge $2 ]"
}

# until the follower has ended. Its exit code.
ended() {
	local code=0
	until_true eval '! kill -0 "$follower"' || return 99
	wait "$follower" || code=$?
	follower=
	return $code
}

@test "what is appended is printed, up to the end of the recording" {
	head -c $((size / 2)) whole.spoor >grows.spoor
	spoor-replay --follow grows.spoor >out 2>err 3>&- &
	follower=$!
	lines out 1
	tail -c +$((size / 2 + 1)) whole.spoor >>grows.spoor
	ended
	cmp want out
	[ ! -s err ]
}

@test "Ctrl-C ends it in order" {
	head -c $((size / 2)) whole.spoor >grows.spoor
	spoor-replay --follow --stats grows.spoor >out 2>err 3>&- &
	follower=$!
	lines out 1
	kill -INT "$follower"
	ended
	grep -q events err
	! grep -q "cut off" err || false
	head -n "$(wc -l <out)" want | cmp - out
}

@test "what cannot be followed says so" {
	run spoor-replay --follow -j 2 whole.spoor
	[ "$status" -eq 1 ]
	[[ "$output" == *"leave out -j"* ]]
	spoor-trace convert whole.spoor whole.jsonl >/dev/null
	run spoor-replay --follow whole.jsonl
	[ "$status" -eq 1 ]
	[[ "$output" == *"only a spoor trace can be followed"* ]]
	run spoor-replay --follow - <whole.spoor
	[ "$status" -eq 0 ]
}
