# SPDX-License-Identifier: Apache-2.0
# runner: alone
#
# What a recorder that runs can still do: its threads' filters and capabilities, and forbidden calls, tried in its place.

setup_file() {
	source "$SPOOR_SRC/tests/capture/lib.bash"
	export CAPTURE_MISSING
	CAPTURE_MISSING=$(capture_missing) || CAPTURE_MISSING=
}

setup() {
	source "$SPOOR_SRC/tests/capture/lib.bash"
	source "$SPOOR_SRC/tests/capture/daemon.bash"
	[ -z "$CAPTURE_MISSING" ] || skip "$CAPTURE_MISSING"
	[ -z "$SPOOR_SANITIZER" ] || skip "sanitizers need more than the sandbox gives"
	cd "$BATS_TEST_TMPDIR"
	rec_pid= daemon_pid=
}

teardown() {
	[ -z "${rec_pid:-}" ] || kill -KILL "$rec_pid" 2>/dev/null || :
	daemon_kill
	[ ! -s running ] || kill -KILL "$(cat running)" 2>/dev/null || :
}

# PID: "NAME SECCOMP NO_NEW_PRIVS CAPABILITIES" of each thread
threads() {
	local t
	for t in /proc/"$1"/task/*; do
		echo $(sed -n 's/^\(Name\|Seccomp\|NoNewPrivs\|CapEff\):[[:space:]]*//p' "$t/status")
	done
}

confined() {	# PID: those that are not
	! threads "$1" | grep -v ' 1 2$' || return 1
}

unconfined() {	# PID N: so many are not
	[ "$(threads "$1" | grep -vc ' 1 2$')" = "$2" ]
}

refused() {	# PID CALL...: none may be made
	local p=$1
	shift
	"$progs/inject" "$p" getppid "$@" >tried || { [ $? = 77 ] && return; cat tried; return 1; }
	cat tried
	[ "$(grep -cE ' (ENOSYS|EPERM)$' tried)" = $# ]
	grep -qx 'getppid done' tried
}

@test "a recording into a file: no program, no socket, no other process; and it still ends in order" {
	record_start t.spoor
	until_true confined "$rec_pid"
	threads "$rec_pid"
	# PTRACE and DAC_READ_SEARCH (19, 2), BPF and PERFMON (39, 38) at most
	[ $(((0x$(sed -n 's/^CapEff:[[:space:]]*//p' /proc/$rec_pid/status)) & ~0xc000080004)) = 0 ]
	refused "$rec_pid" execve fork socket-inet socket-unix ptrace mkdir init_module setns mount
	record_stop
	[ "$rec_status" = 0 ]
	spoor-trace verify t.spoor
}

@test "the ptrace driver: its own processes only" {
	spoor-capture -w t.spoor --driver ptrace -- sleep 100 2>log & rec_pid=$!
	until_true test -s t.spoor
	until_true confined "$rec_pid"
	threads "$rec_pid"
	refused "$rec_pid" execve fork socket-inet bpf mkdir init_module setns mount
	kill -TERM "$rec_pid"	# background commands of a shell ignore SIGINT, and so would sleep
	wait "$rec_pid"
	rec_pid=
}

@test "the daemon: what starts programs is not confined, all the others are, and do their work; so they do after a reload" {
	daemon_config 'outputs: [{name: run, type: program, command: [/bin/sh, -c, "cat >got; touch ran"]}, {name: f, type: file, path: alerts.json}]' \
		"http: {listen: '127.0.0.1:0'}" 'ring: {size: 16MiB, directory: ringdir}'
	sed -i '1d' c.yaml
	daemon_start
	# The manager, which may make outputs anew, and the output that is a program.
	until_true unconfined "$daemon_pid" 2
	threads "$daemon_pid"
	refused "$daemon_pid" execve fork socket-inet kill-init wake-init ptrace init_module setns mount
	# after losses the recording thread asks which threads have ended meanwhile
	"$progs/inject" "$daemon_pid" see-nobody >tried || [ $? = 77 ]
	! grep -v ESRCH tried || false
	echo secret >secret-of-the-tests
	cat secret-of-the-tests
	until_true grep -q 'Secret read' alerts.json
	until_true sh -c 'ls captures/*.spoor'
	sed -i 's/alerts.json/others.json/; s/cat >got; touch ran/echo $$ >running; cat >got2; exec sleep 1000/' c.yaml
	ctl reload
	until_true unconfined "$daemon_pid" 2
	cat secret-of-the-tests
	until_true grep -q 'Secret read' others.json
	until_true grep -q 'Secret read' got
	ctl trigger --after 0
	daemon_stop
	[ "$daemon_status" = 0 ]
	grep -q 'Secret read' got2
	# a program that does not end by itself is ended, by the thread that may
	! kill -0 "$(cat running)" 2>/dev/null || false
}
