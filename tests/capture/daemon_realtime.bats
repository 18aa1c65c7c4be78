# SPDX-License-Identifier: Apache-2.0
# runner: alone
#
# Which thread gets a real-time priority, and what is said where none is to be had.

setup_file() {
	source "$SPOOR_SRC/tests/capture/lib.bash"
	export CAPTURE_MISSING
	CAPTURE_MISSING=$(capture_missing) || CAPTURE_MISSING=
	[ -n "$CAPTURE_MISSING" ] || chrt -r 1 true || CAPTURE_MISSING="no real-time priority is to be had here"
}

setup() {
	source "$SPOOR_SRC/tests/capture/lib.bash"
	source "$SPOOR_SRC/tests/capture/daemon.bash"
	[ -z "$CAPTURE_MISSING" ] || skip "$CAPTURE_MISSING"
	cd "$BATS_TEST_TMPDIR"
	daemon_pid= rec_pid= group=
}

teardown() {
	[ -z "$rec_pid" ] || kill -KILL "$rec_pid" 2>/dev/null || :
	daemon_kill
	[ -z "$group" ] || rmdir "$group"
}

# PID: "NAME NICE PRIORITY POLICY" of each thread; SCHED_RR is 2
threads() {
	local t stat name
	for t in /proc/"$1"/task/*; do
		stat=$(cat "$t/stat" 2>/dev/null) || continue	# it has just ended
		name=${stat#*(}
		echo "${name%)*} $(cut -d ' ' -f 17,38,39 <<<"${stat##*) }")"
	done
}

as_they_should() {
	threads "$daemon_pid" >all
	[ "$(wc -l <all)" -ge 6 ] || return 1
	[ "$(grep -c ' 1 2$' all)" = 1 ] || return 1
	[ "$(grep -c ' -[0-9]* 0 0$' all)" = $(($(wc -l <all) - 1)) ] || return 1
	[ "$(grep -c '^spoor-keep -5 0 0$' all)" = 2 ]
}

one_has_it() {
	threads "$daemon_pid" >all
	[ "$(grep -c ' 1 2$' all)" = 1 ] || return 1
	[ "$(grep -vc ' 0 0$' all)" = 1 ]
}

refused() {	# TEXT: in status, in the log once, and nothing has the priority
	ctl status | grep -qF "priority    nice "
	ctl status | grep -F "; no real-time priority: $1"
	ctl status -o json | jq -e ".priority | .realtime == 0 and .policy == \"SCHED_OTHER\" and (.refused | length > 0)"
	grep -cF "no real-time priority for the recording: $1" log | grep -qx 1
	! threads "$daemon_pid" | grep -v ' 0 0$' || false
}

@test "the recording thread has the lowest real-time priority, no other has one; these have their nice values" {
	daemon_config "http: {listen: 'unix:$PWD/http'}" "outputs: [{name: f, type: file, path: alerts}]"
	daemon_start
	# each has it when it has begun
	until_true as_they_should || { cat all; false; }
	ctl status | grep -x 'priority    real-time: SCHED_RR 1'
	ctl status -o json | jq -e '.priority == {policy: "SCHED_RR", realtime: 1, nice: -10} and .longest_round_ns > 0'
	curl -m 60 -sf --unix-socket http http://localhost/metrics | grep -x 'spoor_realtime_priority 1'
	! grep priority log || false
	# those that a reload makes
	sed -i 's/path: alerts/path: others/' c.yaml
	ctl reload
	one_has_it
	# and it works
	echo s >secret-of-the-tests
	cat secret-of-the-tests >/dev/null
	until_true grep -q 'secret read' others
	daemon_stop
	[ "$daemon_status" = 0 ]
}

@test "not asked for: nobody has one, and nothing is said" {
	daemon_config 'capture: {realtime: false}'
	spoor-capture --check-config c.yaml
	daemon_start
	! threads "$daemon_pid" | grep -v ' 0 0$' || false
	ctl status | grep -x 'priority    nice -10'
	ctl status -o json | jq -e '.priority == {policy: "SCHED_OTHER", realtime: 0, nice: -10}'
	! grep priority log || false
	sed -i 's/realtime: false/realtime: true/' c.yaml
	ctl reload | grep 'not before a restart.*capture'
	daemon_stop
}

@test "refused for want of the capability: it records, and says so once" {
	daemon_config
	daemon_start setpriv --bounding-set=-sys_nice --inh-caps=-all prlimit --rtprio=0
	refused "it needs CAP_SYS_NICE, or an RLIMIT_RTPRIO of 1"
	daemon_stop
	[ "$daemon_status" = 0 ]
}

@test "the resource limit is enough" {
	prlimit --rtprio=1 true || skip "the limit cannot be raised here"
	daemon_config
	daemon_start prlimit --rtprio=1 setpriv --bounding-set=-sys_nice --inh-caps=-all
	ctl status | grep -x 'priority    real-time: SCHED_RR 1'
	daemon_stop
}

@test "refused by the control group, and by a filter" {
	daemon_config
	daemon_start "$progs/no_realtime"
	refused "a filter of system calls forbids it (RestrictRealtime= of a unit)"
	daemon_stop
	[ -e /sys/fs/cgroup/cpu/cpu.rt_runtime_us ] || skip "no control group can refuse it here"
	mkdir /sys/fs/cgroup/cpu/spoor-test-$$
	group=/sys/fs/cgroup/cpu/spoor-test-$$
	daemon_start sh -c "echo \$\$ >$group/cgroup.procs; exec \"\$@\"" sh
	refused "the recorder's control group has no time for it (0 in $group/cpu.rt_runtime_us)"
	daemon_stop
}

@test "a plain recording has one if it is asked for" {
	record_start t.spoor
	! threads "$rec_pid" | grep -v ' 0 0$' || false
	record_stop
	record_start r.spoor --realtime
	until_true eval 'threads "$rec_pid" | grep -q " 1 2$"'
	[ "$(threads "$rec_pid" | grep -vc ' 0 0$')" = 1 ]
	record_stop
	[ "$rec_status" = 0 ]
	timeout -k 5 60 setpriv --bounding-set=-sys_nice --inh-caps=-all prlimit --rtprio=0 spoor-capture -w n.spoor --realtime -n 1 2>log
	grep -c 'no real-time priority for the recording: it needs CAP_SYS_NICE' log | grep -qx 1
	run spoor-capture -w p.spoor --realtime --driver ptrace -- true
	[ "$status" = 1 ]
	[[ $output == *"--realtime is for the bpf driver"* ]]
}
