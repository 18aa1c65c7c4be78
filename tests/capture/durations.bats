# SPDX-License-Identifier: Apache-2.0
# runner: alone
#
# Recording with and without durations: what differs is said, and nothing else differs.

setup_file() {
	source "$SPOOR_SRC/tests/capture/lib.bash"
	export CAPTURE_MISSING
	CAPTURE_MISSING=$(capture_missing) || CAPTURE_MISSING=
}

setup() {
	source "$SPOOR_SRC/tests/capture/lib.bash"
	[ -z "$CAPTURE_MISSING" ] || skip "$CAPTURE_MISSING"
	cd "$BATS_TEST_TMPDIR"
	rec_pid= pid=
}

teardown() {
	for p in ${rec_pid:-} ${pid:-}; do
		kill -KILL "$p" 2>/dev/null || :
	done
}

has_prepare_exec() {	# since 6.11
	[ "$(printf '6.11\n%s\n' "$(uname -r)" | sort -V | head -n 1)" = 6.11 ]
}

# What a program did, thread by thread, without what differs from run to run: times, numbers of processes, files, ports and
# sockets, and what is written to the output, which tells them.
rows() {	# name args...
	local name=$1
	shift
	rm -rf work
	mkdir work
	record "$name.spoor" -s 0 --ring-size 32M "$@" --only-command -- setarch -R "$progs/$program" work >/dev/null
	grep -q ' 0 lost' "$name.spoor.log" || { cat "$name.spoor.log"; return 1; }
	events "$name.spoor" "proc.name != setarch and proc.name != spoor-capture and $only" >"$name.json"
	jq -c --slurp 'map(select(.fd.name != "/dev/null" and (.type | startswith("state_") | not))) | group_by(.process.tid) | sort_by(.[0].num)[][] |
		if .type | IN("fork", "vfork", "clone", "clone3", "wait4", "waitid", "getpid", "gettid", "getppid", "getpgrp", "set_tid_address") then .res = (.res > 0) else . end |
		[.type, .res, .error, .cut, (.args | del(.tid, .pid, .ptid, .vtid, .vpid, .pgid, .vpgid, .ino, .exe_ino, .exe_ino_ctime, .exe_ino_mtime, .start, .pidns_start, .old_tid, .reaper_tid, .spid, .dpid, .data)),
		 .data, .fd.num, .fd.type]' "$name.json" | sed -E 's/([0-9]):[0-9]{4,5}\b/\1:PORT/g; s/\bffff[0-9a-f]{12}\b/SOCKET/g' >"$name.rows"
}

both() {	# program, at least so many rows, of these
	program=$1 only=$3
	rows with
	rows without --no-durations
	[ "$(wc -l <with.rows)" -ge "$2" ]
	diff with.rows without.rows
	jq -es 'any(.[]; .duration)' with.json
	jq -es 'all(.[]; has("duration") | not)' without.json
}

@test "the same rows: calls of every family" { both calls 100 'evt.type != noise'; }
@test "the same rows: executions" {
	has_prepare_exec || skip "before Linux 6.11 an execveat that succeeds is recorded as an execve"
	both execs 12 'evt.type in (execve, execveat, exec, exit_group)'
}

# What must be said of some event, and what of none.
returns() {
	record t.spoor --force --noise "$@" --only-command -- "$progs/returns" work >expected
	! grep 'ended with status' t.spoor.log || return 1
	events t.spoor >t.json
	[ "$(wc -l <expected)" -ge 20 ]
	has_prepare_exec || sed -i '/execveat.*res == 0/d; /^not .*execve/d' expected
	sed -n 's/^not //p' expected >never
	sed -i '/^not /d' expected
	conditions expected t.json
	while read -r cond; do
		jq -es "all(.[]; $cond | not)" t.json || { echo "recorded: $cond"; return 1; }
	done <never
}

@test "calls without a return, refused, restarted, 32-bit: with durations" { mkdir work; returns; }
@test "calls without a return, refused, restarted, 32-bit: without" { mkdir work; returns --no-durations; }

@test "a request to clone3 that is written over while the child starts" {
	record c.spoor --no-durations --only-command -- "$progs/clone3" >made
	[ "$(cat made)" -gt 0 ] || skip "no clone3 here"
	events c.spoor 'evt.type = clone3 and proc.name = clone3' >c.json
	jq -es --argjson n "$(cat made)" 'map(select(.args.flags | contains("CLONE_VM") and (contains("CLONE_THREAD") | not))) | (map(select(.res > 0)) | length == $n) and (map(select(.res == 0)) | length == $n)' c.json
	jq -es 'all(.[]; .args.flags | contains("CLONE_NEWUSER") | not)' c.json
}

@test "without direct reads, and without loops" {
	mkdir work
	returns --no-durations --slow-reads
	rm -r work
	mkdir work
	returns --no-durations --slow-reads --slow-reads
}

@test "a call that began before the recording" {
	mkfifo pipe
	cat pipe >out 3>&- & pid=$!
	local openat=257
	[ "$(uname -m)" = x86_64 ] || openat=56
	until_true grep -q "^$openat " "/proc/$pid/syscall"
	record_start t.spoor --no-durations
	echo text >pipe
	wait "$pid"
	seen t.spoor "evt.type = exit_group and proc.pid = $pid"
	record_stop
	events t.spoor "proc.pid = $pid" >t.json
	jq -es 'any(.[]; .type == "openat" and .args.name == "pipe" and .res > 2) and any(.[]; .type == "read" and .res == 5)' t.json
}

@test "the trace says it, and so do its cuts, text and merges; noise has no time" {
	record t.spoor --no-durations --only-command -- sleep 0.01
	record u.spoor --only-command -- sleep 0.01
	spoor-trace info t.spoor | grep 'without durations of calls'
	! spoor-trace info u.spoor | grep durations || false
	[ "$(spoor-trace info -o json u.spoor | jq .durations)" = null ]
	spoor-trace convert t.spoor c.jsonl
	spoor-trace cut t.spoor -w cut.spoor -f 'evt.num > 0'
	spoor-trace merge -w merged.spoor t.spoor cut.spoor
	spoor-trace convert c.jsonl back.spoor
	for f in t.spoor cut.spoor merged.spoor c.jsonl back.spoor; do
		[ "$(spoor-trace info -o json $f | jq .durations)" = false ] || { echo $f; return 1; }
	done
	events t.spoor >t.json
	jq -es 'map(select(.type == "noise")) | any(.[]; .args.event == "clock_nanosleep" and .args.n == 1) and all(.[]; .args | has("time") | not)' t.json
	[ "$(spoor-replay t.spoor -n 1 -p '%evt.latency')" = "$(spoor-replay u.spoor -n 1 -p '%evt.latency')" ]
}

@test "not with ptrace" {
	run spoor-capture -w p.spoor --driver ptrace --no-durations -- true
	[ "$status" = 1 ]
	[[ $output == *"--no-durations is for the bpf driver"* ]]
	[ ! -e p.spoor ]
}
