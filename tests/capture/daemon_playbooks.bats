# SPDX-License-Identifier: Apache-2.0
# runner: alone
#
# Playbooks in the flight recorder: from the alert to a connection that stops, its row and its line, and the stop switch.

setup_file() {
	source "$SPOOR_SRC/tests/capture/lib.bash"
	source "$SPOOR_SRC/tests/lib/container.bash"
	export CAPTURE_MISSING ID
	ID=$(container_new_id)
	CAPTURE_MISSING=$(capture_missing) || CAPTURE_MISSING=
}

setup() {
	source "$SPOOR_SRC/tests/capture/lib.bash"
	source "$SPOOR_SRC/tests/capture/daemon.bash"
	cd "$BATS_TEST_TMPDIR"
	daemon_pid= box= server=
}

teardown() {
	daemon_kill
	[ -z "$server" ] || kill -KILL "$server" 2>/dev/null || :
	[ -z "${work_pid:-}" ] || kill -KILL "$work_pid" 2>/dev/null || :
	[ -z "$box" ] || timeout -k 5 30 runc delete -f "$ID" 2>/dev/null || :
	rmdir /sys/fs/cgroup/*/docker 2>/dev/null || :
	rm -f /sys/fs/bpf/spoor/cut-"$ID"-*
}

# Bash ignores "! command" in the middle of a test.
no() { if "$@"; then return 1; fi; }

# A recorder that acts when somebody in a container opens /tmp/bait, as the playbooks in pb.yaml say.
begin() {
	[ -z "$CAPTURE_MISSING" ] || skip "$CAPTURE_MISSING"
	daemon_config
	cat >rules.yaml <<-'X'
	- rule: Bait
	  desc: d
	  condition: evt.type in (open, openat) and fd.name = /tmp/bait and container.id != host
	  output: Bait opened by %proc.name
	  priority: WARNING
	X
	echo 'playbooks: pb.yaml' >>c.yaml
	spoor-capture --check-config c.yaml
	daemon_start
}

runc_start() {
	command -v runc >/dev/null && command -v jq >/dev/null && busybox --list >/dev/null 2>&1 || skip "runc, jq or busybox is not installed"
	box=$BATS_TEST_TMPDIR/box
	mkdir -p "$box"/rootfs/{bin,dev,proc,sys,tmp}
	cp "$(command -v busybox)" "$box/rootfs/bin/busybox"
	for f in sh nc sleep usleep cat; do ln -s busybox "$box/rootfs/bin/$f"; done
	(cd "$box" && runc spec && jq --arg p "/docker/$ID" --arg c "$1" '.process.terminal = false | .root.readonly = false
		| .process.args = ["/bin/sh", "-c", $c] | .linux.cgroupsPath = $p | .linux.namespaces -= [{type: "network"}]' config.json >c && mv c config.json)
	runc run -d --bundle "$box" --pid-file "$box/pid" "$ID" </dev/null >/dev/null 2>"$box/log" 3>&- || { cat "$box/log"; return 1; }
}

bait() { runc exec "$ID" /bin/cat /tmp/bait >/dev/null 2>&1 3>&- || :; }

rows() {	# of event action, of a file of the whole host, as JSON
	ctl trigger --before 60s --after 0 --wait >name
	spoor-replay "captures/$(cat name)" --internal -o json -f 'evt.type = action'
}

# A container talks to a server and takes the bait; in $ns, how long after the event it was heard.
cut_once() {
	rm -f port port.talks
	python3 server.py port >last 2>server.log 3>&- & server=$!
	until_true test -s port
	runc_start "while :; do echo x; usleep 1000; done | nc 127.0.0.1 $(cat port); sleep 1000"
	until_true test -e port.talks
	bait
	wait $server
	server=
	[ -s last ] || { cat server.log out log 2>/dev/null; return 1; }
	until_true grep -q 'playbook contain: run: done: --by=cat' log
	ns=$(($(cat last) - $(jq -r '.output_fields."evt.time"' alert)))
	echo "silent $((ns / 1000)) us after the event"
}

@test "an alert stops an open connection within 100 ms, and is a row and a line" {
	echo 'playbooks: [{name: contain, actions: [{do: cut_network}, {do: run, program: prog, args: ["--by=%proc.name"]}, {do: isolate_pod}]}]' >pb.yaml
	printf '#!/bin/sh\ncat >"%s/alert"; echo "$1"\n' "$PWD" >prog
	chmod +x prog
	grep -q cgroup2 /proc/mounts || skip "cgroup2 is not mounted"
	begin
	cat >server.py <<-'X'
	import socket, sys, time
	s = socket.create_server(("127.0.0.1", 0))
	open(sys.argv[1], "w").write(f"{s.getsockname()[1]}\n")
	s.settimeout(60)
	c = s.accept()[0]
	c.recv(4096)
	open(sys.argv[1] + ".talks", "w")
	c.settimeout(3)
	last, end = 0, time.time() + 60
	try:
	    while time.time() < end and c.recv(4096):
	        last = time.time_ns()
	except TimeoutError:
	    print(last)
	X
	# the time is the machine's, too, which may have other things to do: one of some is within it
	for i in 1 2 3 4 5; do
		[ "$i" = 1 ] || { daemon_stop; timeout -k 5 30 runc delete -f "$ID"; rm -rf captures last; mkdir captures; daemon_start; }
		cut_once
		[ "$ns" -ge 100000000 ] || break
	done
	[ "$ns" -lt 100000000 ]
	cat log
	grep -q "playbook contain: cut_network container .*: done: network cut.*by the alert 'Bait'" log
	grep -q 'playbook contain: isolate_pod: no_object' log
	jq -en 'input | .rule == "Bait"' alert
	rows >rows.json
	cat rows.json
	# cat has ended by now: a row is about its container all the same, and makes no process of it again
	jq -es --arg id "${ID:0:12}" 'any(.[]; .container.id == $id and .args.name == "cut_network")' rows.json
	[ "$(spoor-replay "captures/$(cat name)" --internal -f 'evt.type = action and evt.arg.name = cut_network' -p '%container.id %proc.name')" = "${ID:0:12} <NA>" ]
	jq -es 'any(.[].args; .name == "cut_network" and .result == "done" and .rule == "Bait")' rows.json
}

@test "it ends in order while alerts come, which lead to nothing any more" {
	printf 'playbooks: [{name: run, cool_down: 0, actions: [{do: run, program: /bin/true}]}]\n' >pb.yaml
	[ -z "$CAPTURE_MISSING" ] || skip "$CAPTURE_MISSING"
	daemon_config "playbooks: pb.yaml"
	echo s >secret-of-the-tests
	(trap 'exit 0' TERM; while :; do : <secret-of-the-tests; done) 3>&- & work_pid=$!
	for i in 1 2 3; do
		daemon_start
		until_true grep -q 'playbook run: run: done' log
		daemon_stop
		cat log | tail -n 5
		[ "$daemon_status" = 0 ]
		[ -z "$(ls captures | grep '\.part$' || :)" ]
	done
	[ -n "$(ls captures)" ]
}

@test "stopped by command or file nothing is done; resumed, it is" {
	printf 'stop_file: stop\nplaybooks: [{name: kill, cool_down: 0, actions: [{do: kill_container}]}]\n' >pb.yaml
	begin
	runc_start 'while :; do sleep 1; done'
	ctl playbooks stop | grep -q '^playbooks *stopped'
	bait
	until_true grep -q 'kill_container container .*: stopped' log
	ctl playbooks resume | grep -q '^playbooks *active'
	touch stop
	bait
	until_true sh -c '[ $(grep -c "kill_container container .*: stopped" log) = 2 ]'
	[ "$(runc state "$ID" | jq -r .status)" = running ]
	rm stop
	bait
	until_true grep -q 'kill_container container .*: done: killed' log
	until_true sh -c '[ "$(runc state $ID | jq -r .status)" = stopped ]'
	ctl playbooks status -o json | jq -en 'input | .playbooks.done == 1 and .playbooks.stopped_actions == 2'
}

@test "the recorder is asked for a file; playbooks are read again; what is wrong with them changes nothing" {
	echo 'playbooks: [{name: keep, cool_down: 0, actions: [{do: capture, after: 0s, reason: "seen %proc.name"}]}]' >pb.yaml
	begin
	runc_start 'while :; do sleep 1; done'
	bait
	until_true grep -q 'playbook keep: capture: done' log
	until_true sh -c 'ls captures | grep -q Bait'
	sed -i 's/capture, after: 0s/frieze/' pb.yaml
	run ctl reload
	[ "$status" = 1 ]
	[[ $output == *"pb.yaml:1:"*"frieze"* ]]
	run spoor-capture --check-config c.yaml
	[ "$status" = 1 ]
	[[ $output == *"pb.yaml:1:"*"frieze"* ]]
	echo 'playbooks: [{name: fresh, cool_down: 0, actions: [{do: freeze}]}]' >pb.yaml
	ctl reload
	bait & baiting=$!
	until_true grep -q 'playbook fresh: freeze container .*: done' log
	kill $baiting 2>/dev/null || :
}

@test "the rights that playbooks need, and no more" {
	echo 'playbooks: [{name: a, actions: [{do: isolate_pod}, {do: label_pod, labels: {a: b}}, {do: freeze}]}]' >pb.yaml
	spoor-capture playbooks --role pb.yaml >role
	cat role
	[ "$(grep -c apiGroups role)" = 2 ]
	grep -A2 'apiGroups: \[""\]' role | grep -q 'resources: \[pods\]'
	grep -A2 'apiGroups: \["networking.k8s.io"\]' role | grep -q 'verbs: \[create, patch\]'
	grep -c 'verbs: \[patch\]' role
	echo 'playbooks: [{name: a, actions: [{do: drain_node}]}]' >pb.yaml
	spoor-capture playbooks --role pb.yaml | grep -A1 'resources: \[nodes\]' | grep -q 'get, patch'
}
