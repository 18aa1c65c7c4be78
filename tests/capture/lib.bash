# SPDX-License-Identifier: Apache-2.0
#
# lib.bash - recording in tests.
#
#   capture_missing			prints why nothing can be recorded here, and succeeds then
#   record FILE ARGS...			spoor-capture -w FILE ARGS, output in FILE.log
#   record_start FILE ARGS...		the same in the background; returns when recording has begun
#   record_stop [SIGNAL]		ends it; its status is $rec_status
#   record_ended			waits until it has ended by itself
#   seen FILE CONDITION [N]		waits until a recording that goes on shows N (1) such events; $seen_num is the number of
#					the last. What a test looks at later is there then, however slow the machine is
#   events FILE [CONDITION]		as JSON, one a line, internal ones too
#   conditions FILE JSON		each line of FILE, a jq condition, must hold for some event; prints those that do not

source "$SPOOR_SRC/tests/lib/until.bash"
progs=$SPOOR_BUILD/tests/capture/progs

capture_missing() {
	[ "$(id -u)" = 0 ] || { echo "recording needs root"; return 0; }
	command -v spoor-capture >/dev/null || { echo "spoor-capture is not built"; return 0; }
	command -v jq >/dev/null || { echo "jq is not installed"; return 0; }
	[ -r /sys/kernel/btf/vmlinux ] || { echo "the kernel has no BTF"; return 0; }
	timeout -k 5 60 spoor-capture -w "$BATS_FILE_TMPDIR/try.spoor" --force -n 1 2>"$BATS_FILE_TMPDIR/try.log" || {
		tail -n 1 "$BATS_FILE_TMPDIR/try.log"
		return 0
	}
	return 1
}

record() {
	local file=$1
	shift
	timeout -k 5 100 spoor-capture -w "$file" "$@" 2>"$file.log"
}

record_start() {
	local file=$1 i
	shift
	rec_file=$file
	spoor-capture -w "$file" "$@" 2>"$file.log" </dev/null & rec_pid=$!
	for ((i = 0; i < 1200; i++)); do
		[ -s "$file" ] && return 0
		kill -0 $rec_pid 2>/dev/null || break
		sleep 0.05
	done
	echo "no recording has begun:"
	cat "$file.log"
	return 1
}

record_stop() {
	kill -"${1:-INT}" "$rec_pid" || { cat "$rec_file.log"; return 1; }
	record_ended
	! grep "was refused to" "$rec_file.log" || return 1	# a system call that one of its threads should have been allowed
}

record_ended() {
	rec_status=0
	until_true 100 eval '! kill -0 "$rec_pid"' || kill -KILL "$rec_pid"
	wait "$rec_pid" || rec_status=$?
	rec_pid=
}

seen() {
	local n=${3:-1} nums
	mapfile -t nums < <(timeout 60 spoor-replay --follow "$1" --internal -f "$2" -p %evt.num -n "$n" 2>"$1.seen" 3>&-)
	seen_num=${nums[n - 1]:-}
	[[ $seen_num =~ ^[0-9]+$ ]] || { echo "not recorded in 60 s ($n): $2"; cat "$1.seen" "$1.log"; return 1; }
}

events() {
	spoor-replay "$1" --internal -o json -s 16384 ${2:+-f "$2"}
}

conditions() {
	local n
	n=$(wc -l <"$1")
	[ "$n" -gt 0 ] || { echo "no conditions in $1"; return 1; }
	{
		echo '[inputs] as $e | [$cond | split("\n")[] | select(. != "")] as $text | ['
		sed 's/.*/any($e[]; &)/; $!s/$/,/' "$1"
		echo '] | to_entries[] | select(.value | not) | "not recorded: " + $text[.key]'
	} >"$1.jq"
	jq -nr --rawfile cond "$1" -f "$1.jq" "$2" >"$1.failed" || return 1
	cat "$1.failed"
	[ ! -s "$1.failed" ]
}
