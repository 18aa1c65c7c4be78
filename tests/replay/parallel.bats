#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# spoor-replay -j: what comes out does not depend on the number of threads, nor on where the keyframes are.

bats_require_minimum_version 1.5.0

setup_file() {
	export trace=$BATS_FILE_TMPDIR/many.spoor story=$BATS_FILE_TMPDIR/story.spoor rules=$BATS_FILE_TMPDIR/rules.yaml
	"$SPOOR_BUILD/tests/replay/make_trace" story "$story"
	"$SPOOR_BUILD/tests/replay/make_segments" "$story" "$trace" 5 30
	cat >"$rules" <<-'YAML'
	- rule: File opened
	  desc: a file is opened
	  condition: evt.type in (open, openat, openat2) and fd.name startswith /
	  output: Opened (file=%fd.name process=%proc.name of=%proc.aname user=%user.name box=%container.name)
	  priority: WARNING
	- rule: Program
	  desc: a program is run
	  condition: evt.type in (execve, execveat) and evt.rawres = 0
	  output: Program (command=%proc.cmdline parent=%proc.pcmdline cwd=%proc.cwd box=%container.id)
	  priority: NOTICE
	- rule: Files opened in bulk
	  desc: what happens before a segment counts in it
	  condition: evt.type in (open, openat, openat2) and fd.name startswith /
	  output: Opened in bulk (by=%proc.name)
	  priority: ERROR
	  spoor_threshold: {count: 4, within: 12s, by: [proc.name]}
	- rule: Programs in bulk
	  desc: of anybody
	  condition: evt.type in (execve, execveat) and evt.rawres = 0
	  output: Programs in bulk (last=%proc.cmdline)
	  priority: WARNING
	  spoor_threshold: {count: 25, within: 10m}
	YAML
}

# Standard output, errors and exit code of a replay, but for how long it took.
all_of() {
	local rc=0
	spoor-replay "$@" >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" || rc=$?
	cat "$BATS_TEST_TMPDIR/out"
	sed 's/ in [0-9.]* s, .* a second/ in so many s/' "$BATS_TEST_TMPDIR/err"
	echo "exit $rc"
}

# same ARGS...: with one thread and with several.
same() {
	local j
	all_of "$@" >"$BATS_TEST_TMPDIR/one"
	for j in 2 5; do
		all_of "$@" -j $j >"$BATS_TEST_TMPDIR/several"
		cmp "$BATS_TEST_TMPDIR/one" "$BATS_TEST_TMPDIR/several" || { echo "-j $j differs: $*"; return 1; }
	done
}

lines() { grep -c . "$BATS_TEST_TMPDIR/one"; }

@test "events: as text, as JSON, in a format, filtered" {
	same "$trace"
	[ "$(lines)" -gt 500 ]
	same "$trace" -o json
	same "$trace" -p '%evt.num %evt.time %proc.name %proc.aname %fd.name %evt.args'
	same "$trace" -f 'proc.name != httpd and fd.name exists'
	same "$trace" --keyframes --internal
}

@test "alerts: as text, as JSON, all matches, exit code 3" {
	same "$trace" -r "$rules"
	[ "$(lines)" -gt 100 ]
	grep -q 'Opened in bulk' "$BATS_TEST_TMPDIR/one"
	grep -q 'Programs in bulk' "$BATS_TEST_TMPDIR/one"
	same "$trace" -r "$rules" -o json --all-matches
	same "$trace" -r "$rules" --priority error
	[ "$(lines)" -gt 5 ]
	same "$trace" "$story" -r "$rules" --priority error
	same "$trace" -r "$rules" -f 'proc.name != httpd' -p '%evt.num %proc.name'
	same "$trace" -r "$rules" --fail-on warning
	grep -q 'exit 3' "$BATS_TEST_TMPDIR/one"
}

@test "counts are those of one thread" {
	same "$trace" --stats
	same "$trace" -r "$rules" --stats
	grep -q 'rules matched: 4 of 4' "$BATS_TEST_TMPDIR/one"
}

@test "the count ends where it should, whatever is ready behind it" {
	for n in 1 2 17 400; do
		same "$trace" -n $n --stats
		same "$trace" -r "$rules" -n $n
		[ "$(($(lines) - 1))" -le $n ]
	done
	same "$trace" "$trace" -n 700
}

@test "a window of time" {
	same "$trace" --from +1s --to +3s --stats
	same "$trace" --from +2s -r "$rules"
	same "$trace" --to +500ms
}

@test "behind a window of time several threads read nothing either" {
	local far=$BATS_TEST_TMPDIR/far.spoor read
	[ -r /proc/self/io ] || skip "this kernel does not count what is read"
	"$SPOOR_BUILD/tests/replay/make_segments" "$story" "$far" 20 1000
	same "$far" --to +500ms --stats
	[ "$(lines)" -gt 10 ]
	read=$(bash -c 'spoor-replay -j 2 "$1" --to +500ms >/dev/null; sed -n "s/^rchar: //p" "/proc/$$/io"' - "$far")
	[ "$read" -lt "$(($(stat -c %s "$far") / 2))" ] || { echo "read $read"; return 1; }
}

@test "damaged traces: the same is said, in the same place" {
	local size at
	size=$(stat -c %s "$trace")
	for at in 70 300 5000 "$((size / 3))" "$((size / 2))" "$((size / 2 + 100))" "$((size - 300))"; do
		cp "$trace" "$BATS_TEST_TMPDIR/bad.spoor"
		printf '\x5a\xa5' | dd of="$BATS_TEST_TMPDIR/bad.spoor" bs=1 seek="$at" conv=notrunc status=none
		same "$BATS_TEST_TMPDIR/bad.spoor" --stats
		same "$BATS_TEST_TMPDIR/bad.spoor" -r "$rules"
	done
	head -c "$((size * 2 / 3))" "$trace" >"$BATS_TEST_TMPDIR/bad.spoor"
	same "$BATS_TEST_TMPDIR/bad.spoor"
	grep -q 'exit 2' "$BATS_TEST_TMPDIR/one"
	{ head -c "$((size / 3))" "$trace"; tail -c "$((size / 3))" "$trace"; } >"$BATS_TEST_TMPDIR/bad.spoor"
	same "$BATS_TEST_TMPDIR/bad.spoor"
}

@test "what cannot be divided is read as it is, and the log says so" {
	local short=$BATS_TEST_TMPDIR/one.spoor
	"$SPOOR_BUILD/tests/replay/make_segments" "$story" "$short" 1000000
	SPOOR_LOG=info run -0 --separate-stderr spoor-replay -j 2 "$short"
	[[ $stderr == *"no segments that could be shared"* ]]
	run -0 --separate-stderr bash -c 'cat "$trace" | SPOOR_LOG=info spoor-replay -j 2 - | head -3'
	[ "${#lines[@]}" = 3 ]
}

@test "a reader that goes away ends all threads quietly" {
	run -0 --separate-stderr bash -c 'spoor-replay -j 3 "$trace" | head -2'
	[ "${#lines[@]}" = 2 ]
	[ -z "$stderr" ]
}

@test "keyframes change nothing: a trace with many says what one with few says" {
	local f='%evt.num %evt.args %proc.name %proc.cmdline %proc.aname %proc.env %proc.cwd %proc.duration %fd.name
		%fd.typechar %fd.num %user.name %group.name %container.id %container.name %thread.tid %proc.exepath'
	spoor-replay "$story" -p "$f" >"$BATS_TEST_TMPDIR/a"
	for n in 1 2 5 1000000; do
		"$SPOOR_BUILD/tests/replay/make_segments" "$story" "$BATS_TEST_TMPDIR/cut.spoor" $n
		spoor-replay "$BATS_TEST_TMPDIR/cut.spoor" -p "$f" >"$BATS_TEST_TMPDIR/b"
		cmp "$BATS_TEST_TMPDIR/a" "$BATS_TEST_TMPDIR/b"
	done
}

@test "real captures, cut into segments" {
	source "$SPOOR_SRC/tests/lib/captures.bash"
	captures_missing && skip "no captures (SPOOR_CAPTURES)"
	local f='%evt.num %evt.args %proc.name %proc.cmdline %proc.aname %proc.duration %fd.name %user.name %container.id'
	for c in falco-24k.scap 502Error.scap; do
		"$SPOOR_BUILD/tests/replay/make_segments" "$captures/$c" "$BATS_TEST_TMPDIR/cut.spoor" 300
		spoor-replay "$captures/$c" -p "$f" >"$BATS_TEST_TMPDIR/a"
		spoor-replay "$BATS_TEST_TMPDIR/cut.spoor" -j 3 -p "$f" >"$BATS_TEST_TMPDIR/b"
		cmp "$BATS_TEST_TMPDIR/a" "$BATS_TEST_TMPDIR/b"
		same "$BATS_TEST_TMPDIR/cut.spoor" -r "$SPOOR_SRC/rules" -o json
	done
}

@test "-j takes a number" {
	run -1 spoor-replay -j x "$trace"
	run -0 spoor-replay -j 0 -n 1 "$trace"
}
