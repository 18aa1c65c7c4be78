# SPDX-License-Identifier: Apache-2.0
#
# daemon.bash - the flight recorder in tests: everything it keeps in the current folder. Needs lib.bash.
#
#   daemon_config [YAML]	writes c.yaml: rules, a ring, a control socket, files in captures/; YAML is appended
#   daemon_start [COMMAND...]	starts it, COMMAND in front; returns when it answers. $daemon_pid; out, log
#   daemon_stop			has it end; its status is $daemon_status
#   daemon_kill			the same by SIGKILL. For teardown, too: it is fine if there is none
#   ctl COMMAND...		spoor-capture COMMAND with its socket

daemon_config() {
	mkdir -p captures
	cat >c.yaml <<-EOC
		ring: {size: 16MiB}
		control: {socket: $PWD/sock}
		files: {directory: captures}
		rules: {files: rules.yaml}
	EOC
	[ -f rules.yaml ] || cat >rules.yaml <<-EOC
		- rule: Secret read
		  desc: A secret of the tests has been read.
		  condition: evt.type in (open, openat) and fd.name endswith /secret-of-the-tests
		  output: secret read (file=%fd.name by=%proc.name container=%container.id)
		  priority: CRITICAL
		  capture: true
		  capture_duration: 1000
	EOC
	printf '%s\n' "$@" >>c.yaml
}

ctl() {
	local command=$1
	shift
	spoor-capture "$command" --socket "$PWD/sock" "$@"
}

daemon_answers() {
	ctl status || ! kill -0 "$daemon_pid"
}

daemon_start() {
	"$@" spoor-capture --daemon c.yaml >out 2>log </dev/null 3>&- & daemon_pid=$!
	until_true daemon_answers || { cat log; return 1; }
	kill -0 "$daemon_pid" 2>/dev/null || { cat log; return 1; }
}

daemon_stop() {
	ctl stop >/dev/null || { cat log; return 1; }
	daemon_status=0
	wait "$daemon_pid" || daemon_status=$?
	daemon_pid=
	! grep "was refused to" log || return 1	# a system call that one of its threads should have been allowed
}

daemon_kill() {
	[ -n "${daemon_pid:-}" ] || return 0
	kill -KILL "$daemon_pid" 2>/dev/null || :
	wait "$daemon_pid" 2>/dev/null || :
	daemon_pid=
}
