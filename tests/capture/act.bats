#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# runner: alone
# Local actions of playbooks on real containers: frozen, killed, cut off, and what must not be hit.

setup_file() {
	source "$SPOOR_SRC/tests/lib/container.bash"
	export ID
	ID=$(container_new_id)
}

# Bash ignores "! command" in the middle of a test.
no() { if "$@"; then return 1; fi; }

setup() {
	source "$SPOOR_SRC/tests/lib/runtimes.bash"
	source "$SPOOR_SRC/tests/lib/until.bash"
	PATH=$SPOOR_BUILD:$PATH
	act=$SPOOR_BUILD/tests/capture/make_act
	box= rt= cid=
	export PIN_DIR=
	[ "$(id -u)" = 0 ] || skip "acting on containers needs root"
	[ -d /sys/fs/cgroup ] || skip "no cgroups are mounted"
	cd "$BATS_TEST_TMPDIR"
}

teardown() {
	[ -z "$box" ] || timeout -k 5 30 runc delete -f "$ID" 2>/dev/null
	rt_end
	for d in /sys/fs/cgroup/*/docker /sys/fs/cgroup/docker; do rmdir "$d" 2>/dev/null; done
	[ -z "$PIN_DIR" ] || rm -rf "$PIN_DIR"
	return 0
}

# A container with the host's network that runs the command.
runc_start() {
	command -v runc >/dev/null && command -v jq >/dev/null && busybox --list >/dev/null 2>&1 || skip "runc, jq or busybox is not installed"
	box=$BATS_TEST_TMPDIR/box
	mkdir -p "$box"/rootfs/{bin,dev,proc,sys,tmp}
	cp "$(command -v busybox)" "$box/rootfs/bin/busybox"
	for f in sh nc sleep usleep seq; do ln -s busybox "$box/rootfs/bin/$f"; done
	(cd "$box" && runc spec && jq --arg p "/docker/$ID" --arg c "$1" '.process.terminal = false | .root.readonly = false | .process.args = ["/bin/sh", "-c", $c]
		| .linux.cgroupsPath = $p | .linux.namespaces -= [{type: "network"}]' config.json >c && mv c config.json)
	runc run -d --bundle "$box" --pid-file "$box/pid" "$ID" </dev/null >/dev/null 2>"$box/log" 3>&- || { cat "$box/log"; return 1; }
	pid=$(cat "$box/pid") cid=$ID
}

started() { date -d "$(ps -o lstart= -p "$1")" +%s; }

acts() {	# actions...: of a playbook, on the container, its first process
	local a
	{
		echo 'playbooks: [{name: p, actions: ['
		for a; do echo "{do: $a},"; done
		echo ']}]'
	} >pb.yaml
	$act do pb.yaml "$cid" "${as_pid:-$pid}" "${as_start:-$(started "$pid")}" | tee out
}

counts() {	# does the counter in the file go on?
	local a
	a=$(cat "$1" 2>/dev/null)
	for ((i = 0; i < ${2:-1000}; i++)); do
		sleep 0.05
		[ "$(cat "$1" 2>/dev/null)" = "$a" ] || return 0
	done
	return 1
}

COUNT='i=0; while :; do i=$((i+1)); echo $i >/tmp/n; usleep 1000; done'

@test "freeze, and thaw" {
	runc_start "$COUNT"
	until_true test -s "$box/rootfs/tmp/n"
	acts freeze
	grep -q '^freeze: done: frozen by' out
	no counts "$box/rootfs/tmp/n" 8
	acts freeze
	grep -q '^freeze: done' out
	acts thaw
	grep -q '^thaw: done: thawed' out
	counts "$box/rootfs/tmp/n"
	acts thaw
	grep -q '^thaw: done' out
}

@test "what the runtime has paused is thawed too" {
	runc_start "$COUNT"
	until_true test -s "$box/rootfs/tmp/n"
	runc pause "$ID"
	no counts "$box/rootfs/tmp/n" 8
	acts thaw
	counts "$box/rootfs/tmp/n"
}

@test "the whole container is killed, frozen or not" {
	runc_start "sleep 1000 & sleep 1000 & $COUNT"
	until_true test -s "$box/rootfs/tmp/n"
	acts freeze kill_container
	grep -q '^kill_container: done: killed by' out
	until_true sh -c "[ \"\$(runc state $ID | jq -r .status)\" = stopped ]"
	[ -z "$(cat /sys/fs/cgroup/*/docker/"$ID"/cgroup.procs 2>/dev/null)" ]
	acts kill_container
	grep -q '^kill_container: done: it had no processes' out
}

# The command where no cgroup2 is mounted.
only_v1() {
	unshare -m --propagation private sh -c '
		for m in $(awk "\$3 == \"cgroup2\" { print \$2 }" /proc/mounts | sort -r); do umount -l "$m" || exit; done
		exec "$@"' sh "$@"
}

@test "without cgroup v2: the v1 freezer freezes, thaws and kills; the network cannot be cut, and that is said" {
	awk '$3 == "cgroup" && $4 ~ /freezer/ { found = 1 } END { exit !found }' /proc/mounts || skip "the v1 freezer is not mounted"
	runc_start "sleep 1000 & $COUNT"
	until_true test -s "$box/rootfs/tmp/n"
	act="only_v1 $act"
	acts freeze
	grep -q '^freeze: done: frozen by the v1 freezer' out
	[ "$(cat /sys/fs/cgroup/freezer/docker/"$ID"/freezer.state)" = FROZEN ]
	no counts "$box/rootfs/tmp/n" 8
	acts cut_network
	grep -q '^cut_network: failed: cgroup2: not mounted here' out
	acts thaw
	grep -q '^thaw: done' out
	counts "$box/rootfs/tmp/n"
	acts kill_container
	grep -q '^kill_container: done: killed' out
	until_true sh -c "[ \"\$(runc state $ID | jq -r .status)\" = stopped ]"
}

@test "one process is killed, but not another that has its number" {
	runc_start "sleep 1000 & $COUNT"
	until_true pgrep -P "$pid" -x sleep
	child=$(pgrep -P "$pid" -x sleep)
	as_pid=$child as_start=$(($(started "$child") - 100)) acts kill_process
	grep -q 'kill_process: failed:.*used again' out
	kill -0 "$child"
	as_pid=$child as_start=0 acts kill_process
	grep -q 'kill_process: failed:.*not known' out
	sleep 1000 3>&- & other=$!			# it is in no container
	as_pid=$other as_start=$(started $other) acts kill_process
	kill -0 $other
	kill $other
	grep -q 'kill_process: failed:.*another' out
	as_pid=$child as_start=$(started "$child") acts kill_process
	grep -q '^kill_process: done: killed' out
	kill -0 "$pid"
	as_pid=$child as_start=$(date +%s) acts kill_process
	grep -q '^kill_process: done: it had ended' out
}

@test "a program gets the alert, a time limit, and no shell" {
	cid=none pid=$$
	cat >prog <<-'X'
	#!/bin/sh
	printf '%s|' "$@" >args
	cat >stdin
	echo "said $#"
	X
	chmod +x prog
	acts 'run, program: prog, args: ["--a=$(id)", "b c; reboot", "\e[2J"]'
	grep -q '^run: done: said 3' out
	[ "$(cat args)" = "$(printf -- '--a=$(id)|b c; reboot|\e[2J|')" ]
	[ "$(cat stdin)" = '{"rule":"none"}' ]
	acts 'run, program: /bin/sleep, args: ["100"], timeout: 200ms'
	grep -q '^run: failed:.*took too long' out
	acts 'run, program: /bin/false'
	grep -q '^run: failed:.*exit code 1' out
	acts 'run, program: /nothere'
	grep -q '^run: failed: cannot run /nothere: No such file' out
	printf '#!/bin/sh\nyes | head -c 1000000\necho done >end\n' >loud
	chmod +x loud
	acts 'run, program: loud'
	grep -q '^run: done' out
	[ "$(cat end)" = done ]
	[ "$(wc -c <out)" -lt 1000 ]
}

# The container talks to a server of ours: silent at once when it is cut, heard again when it is restored.
TALK='while :; do while :; do echo x; busybox usleep 1000; done | busybox nc 127.0.0.1 $(busybox cat /tmp/port); busybox usleep 50000; done 2>/dev/null'

talk() {	# port file, reachable...
	"$act" talk "$cid" "$@" >out 2>&1 3>&- & talk=$!
	rc=0
	wait $talk || rc=$?
	cat out
	return $rc
}

cut_missing() {
	grep -q cgroup2 /proc/mounts || { echo "cgroup2 is not mounted"; return 0; }
	return 1
}

within_100_ms() {
	ms=$(sed -n 's/^silent after \([0-9]*\).*/\1/p' out)
	[ "${ms:-100}" -lt 100 ]
}

still_talking() { grep -q '^still talking' out; }

# The time is the machine's, too, which may have other things to do: one of some tries is as it should be.
talk_until() {	# check port-file reachable...
	local i check=$1
	shift
	for i in 1 2 3 4 5; do
		talk "$@"
		if $check; then return 0; fi
	done
	return 1
}

check_cut() {	# port file: an open connection is silent within 100 ms
	talk_until within_100_ms "$1"
	grep -q '^cut_network: done' out
	grep -q '^restore_network: done: network restored' out
	grep -q '^talking again' out
}

@test "runc: the network is cut under an open connection, and restored" {
	why=$(cut_missing) && skip "$why"
	runc_start "$TALK"
	check_cut "$box/rootfs/tmp/port"
}

@test "addresses that stay reachable do" {
	why=$(cut_missing) && skip "$why"
	runc_start "$TALK"
	talk_until still_talking "$box/rootfs/tmp/port" 10.0.0.0/8 127.0.0.0/30
}

@test "a cut that is pinned outlives who made it, and goes with its container" {
	why=$(cut_missing) && skip "$why"
	grep -q ' /sys/fs/bpf bpf ' /proc/mounts || skip "bpffs is not mounted"
	export PIN_DIR=/sys/fs/bpf/spoor-test-$$
	runc_start "$COUNT"
	acts cut_network
	no grep -q 'ends with the recorder' out
	[ -e "$PIN_DIR/cut-$ID-egress" ]
	[ -e "$PIN_DIR/cut-$ID-ingress" ]
	acts cut_network restore_network
	[ ! -e "$PIN_DIR/cut-$ID-egress" ]
	# Cut before the whole name of the container was known: it is restored by either name.
	acts cut_network
	for side in egress ingress; do mv "$PIN_DIR/cut-$ID-$side" "$PIN_DIR/cut-${ID:0:12}-$side"; done
	acts restore_network
	[ ! -e "$PIN_DIR/cut-${ID:0:12}-egress" ]
	[ ! -e "$PIN_DIR/cut-${ID:0:12}-ingress" ]
	acts restore_network
	grep -q 'was not cut' out
	acts cut_network
	timeout -k 5 30 runc delete -f "$ID"
	cid=none
	"$act" do pb.yaml none 0 0 >/dev/null		# whoever begins sweeps
	until_true eval '"$act" do pb.yaml none 0 0 && [ ! -e "$PIN_DIR/cut-$ID-egress" ]'
}

@test "docker: freeze, cut, kill" {
	why=$(cut_missing) && skip "$why"
	rt_begin
	rt_docker_start || skip "$rt_why"
	mkdir shared && chmod 777 shared
	cid=$(docker run -d --network host -v "$PWD/shared:/tmp" spoor/test:7 /bin/sh -c "${TALK}" 2>log) || { cat log; skip "docker runs nothing here"; }
	pid=$(docker inspect -f '{{.State.Pid}}' "$cid")
	check_cut "$PWD/shared/port"
	acts freeze
	grep -q '^freeze: done' out
	acts kill_container
	grep -q '^kill_container: done' out
	until_true sh -c "[ \"\$(docker inspect -f '{{.State.Running}}' $cid)\" = false ]"
}

@test "containerd: freeze, cut, kill" {
	why=$(cut_missing) && skip "$why"
	rt_begin
	rt_containerd_start || skip "$rt_why"
	mkdir shared
	cid=spoortest
	ctr run -d --net-host --mount "type=bind,src=$PWD/shared,dst=/tmp,options=rbind:rw" localhost/spoor/test:7 $cid /bin/sh -c "${TALK}" >log 2>&1 ||
		{ cat log; skip "containerd runs nothing here"; }
	pid=$(ctr task ls | awk '$1 == "spoortest" { print $2 }')
	check_cut "$PWD/shared/port"
	acts freeze
	grep -q '^freeze: done' out
	acts kill_container
	grep -q '^kill_container: done' out
}
