# SPDX-License-Identifier: Apache-2.0
# runner: alone
#
# The flight recorder with real containers: files of what they did, whatever asks for them, and whatever goes wrong.
#
# SPOOR_KILLS: how often the daemon is killed at a random moment (3).

setup_file() {
	source "$SPOOR_SRC/tests/capture/containers.bash"
	containers_setup_file
}

setup() {
	source "$SPOOR_SRC/tests/capture/containers.bash"
	containers_setup
	daemon_pid= work_pid= dirs=() mounted=
}

teardown() {
	daemon_kill
	[ -z "$work_pid" ] || kill -KILL "$work_pid" 2>/dev/null || :
	for d in "${dirs[@]}"; do container_remove "$d" "$(cat "$d/id")"; done
	[ -z "$mounted" ] || umount "$mounted" 2>/dev/null || :
}

new_container() {	# -> $dir, $id, $short
	dir=$(mktemp -d /tmp/spoor-test.XXXXXX)
	id=$(container_new_id)
	short=${id:0:12}
	echo "$id" >"$dir/id"
	dirs+=("$dir")
	container_make "$dir" "$id"
}

files() { ls captures | grep -c -- "$1.*\.spoor$"; }
has_files() { [ "$(files "$1")" = "$2" ]; }

# Nobody watches: the rule fires, and the file is there when the container and all its files are gone.
@test "a container reads a secret, phones home, and is gone a second later: its file has it all" {
	daemon_config "outputs: [{name: std, type: stdout}]" "triggers: {before: 30s}"
	sed -i 's/capture_duration: 1000/capture_duration: 6000/' rules.yaml	# the container may be slow
	new_container
	echo password >"$dir/bundle/rootfs/etc/secret-of-the-tests"
	daemon_start
	work=' nc -w 1 127.0.0.1 9 </tmp/loot; rm /tmp/loot'	# one line: arguments are
	container_run "$dir" "$id" /bin/sh -c 'echo preparing >/tmp/loot; ls /root >/dev/null; sleep 0.3; cat /etc/secret-of-the-tests >>/tmp/loot;'"$work" || true
	container_remove "$dir" "$id"
	dirs=()
	until_true has_files "--$short--Secret-read--" 1
	! ls captures | grep -q '\.part$' || false
	daemon_stop
	file=$(ls captures/*--"$short"--Secret-read--*.spoor)
	spoor-trace verify "$file"
	# what was before the alert, and after it
	events "$file" "container.id = $short" >t.json
	cat >expected <<-EOC
		.type == "openat" and .args.path == "/root" and (.args.flags | contains("O_DIRECTORY"))
		.type == "openat" and .args.path == "/tmp/loot" and (.args.flags | contains("O_CREAT"))
		.type == "openat" and .args.path == "/etc/secret-of-the-tests"
		.type == "connect" and (.args.addr | contains("127.0.0.1"))
		.type == "unlink" and .args.path == "/tmp/loot" or .type == "unlinkat" and .args.name == "/tmp/loot"
	EOC
	conditions expected t.json
	# the trigger and its reason
	events "$file" 'evt.type = trigger' | jq -es 'any(.args.by == "alert" and .args.rule == "Secret read" and
		.args.container == "'"$id"'" and (.args.reason | contains("/etc/secret-of-the-tests")))'
	spoor-trace info "$file" | tee info
	grep -q 'alerts *1' info
	# the same alert, byte for byte
	grep "$short" out >live
	[ "$(wc -l <live)" = 1 ]
	spoor-replay "$file" -r rules.yaml -o json >again
	cmp live again
	# and the inspector opens it
	spoor-inspect "$file" --dump-screen >screen
	grep -q "$short" screen
}

@test "who asks gets a file: the socket, a signal, another tool, a container's end; of the container that is meant" {
	daemon_config "http: {listen: 'unix:$PWD/http'}" "triggers: {container_failed: true, after: 1s}"
	daemon_start
	new_container
	container_run "$dir" "$id" /bin/sh -c 'cat /etc/hosts >/dev/null; : >/ready; until [ -e /go ]; do sleep 0.05; done; exit 3' 3>&- & work_pid=$!
	until_true test -e "$dir/bundle/rootfs/ready"
	until_true eval 'ctl trigger -c "${id:0:8}" --after 0 --wait --reason "because of a test" >name'	# it is known a moment later
	output=$(cat name)
	echo "$output"
	[[ $output == *"--$short--socket--"*.spoor ]]
	[ -f "captures/$output" ]
	events "captures/$output" "container.id = $short" | jq -es 'any(.args.path == "/etc/hosts")'
	events "captures/$output" 'evt.type = trigger' | jq -es 'any(.args.by == "socket" and .args.reason == "because of a test")'
	run ctl trigger -c nosuchcontainer
	[ "$status" = 1 ]
	[[ $output == *"no container is known here as 'nosuchcontainer'"* ]]
	run ctl trigger --before 20h
	[ "$status" = 1 ]
	[[ $output == *"max_before"* ]]
	kill -USR1 "$daemon_pid"
	curl -m 60 -sS --unix-socket http http://host/trigger -d '{"rule": "Of another tool", "priority": "Critical", "output": "seen elsewhere",
		"output_fields": {"container.id": "'"$short"'"}}' >reply
	jq -en 'input | .file | contains("'"--$short--Of-another-tool--"'")' reply
	[ "$(curl -m 60 -sS -o /dev/null -w '%{http_code}' --unix-socket http http://host/trigger -d '{"container": "nosuch"}')" = 404 ]
	until_true has_files '--host--signal--' 1
	until_true has_files "--$short--Of-another-tool--" 1
	touch "$dir/bundle/rootfs/go"
	wait "$work_pid" || true
	work_pid=
	until_true has_files "--$short--container_end--" 1
	daemon_stop
	for f in captures/*.spoor; do spoor-trace verify "$f"; done
}

@test "ten at once; one that fires again goes on in the same file; too many are refused" {
	local asked=
	daemon_config "triggers: {after: 6s}"	# all ten within that
	sed -i 's/^files: .*/files: {directory: captures, per_source: 12}/' c.yaml
	daemon_start
	for i in 1 2 3 4 5 6 7 8 9 10; do ctl trigger --reason "again $i" & asked+=" $!"; done >names
	wait $asked
	[ "$(sort -u names | wc -l)" = 1 ]
	until_true has_files socket 1
	[ "$(spoor-replay captures/*.spoor -f 'evt.type = trigger' | wc -l)" = 10 ]
	for i in $(seq 20); do ctl trigger --after 0 --wait || break; done >more 2>refused
	[ "$(wc -l <more)" = 11 ]
	cat refused
	[ "$(wc -l <refused)" = 1 ]
	ctl status -o json | jq -en 'input | .files.refused > 0 and .files.complete > 1'
	daemon_stop
}

@test "a folder that is missing or read-only: it does not start, and names it; a full disk: it goes on, and says so" {
	daemon_config
	sed -i 's/^files: .*/files: {directory: nowhere\/deep}/' c.yaml
	for how in --check-config --daemon; do
		run timeout 60 spoor-capture $how c.yaml
		[ "$status" = 1 ]
		[[ $output == *"nowhere/deep: files.directory: there is no such folder, nor the one that it should be in: make it with mkdir -p"* ]]
	done
	[ ! -e nowhere ]
	mkdir small
	mount -t tmpfs -o size=6m,mode=0755 tmpfs small
	mounted=$PWD/small
	mount -o remount,ro small
	sed -i 's/^files: .*/files: {directory: small}/' c.yaml
	run timeout 60 spoor-capture --daemon c.yaml
	[ "$status" = 1 ]
	[[ $output == *small* ]]
	mount -o remount,rw small
	mkdir small/ring small/captures
	sed -i 's/^files: .*/files: {directory: small\/captures, min_free: off}/; s/^ring: .*/ring: {size: 4MiB, directory: small\/ring}/' c.yaml
	echo s >secret-of-the-tests
	daemon_start
	head -c 10M /dev/zero >small/fill 2>/dev/null || true
	(cd /; find /usr /etc -name 'x*' >/dev/null 2>&1; find /usr/lib -type f 2>/dev/null | head -n 3000 | xargs cat >/dev/null 2>&1) || true
	cat secret-of-the-tests >/dev/null
	until_true grep -q 'secret read' out
	ctl status
	rm small/fill
	until_true ctl trigger --after 0 --wait --reason 'there is room again'
	daemon_stop
	[ "$daemon_status" = 0 ]
	umount small
	mounted=
}

readable() {	# what was written before a kill can be read, up to its end or where it was cut off
	local r=0
	spoor-trace verify "$1" >v.log 2>&1 || r=$?
	[ "$r" = 0 ] || [ "$r" = 2 ] || { echo "$1: verify says $r"; cat v.log; return 1; }
	r=0
	spoor-replay "$1" >/dev/null 2>v.log || r=$?
	[ "$r" = 0 ] || [ "$r" = 2 ] || { echo "$1: replay says $r"; cat v.log; return 1; }
}

@test "killed at random moments: every file is readable, none is half-named, the ring is taken up again" {
	declare -A seen=()
	mkdir ring
	daemon_config "triggers: {before: 5s, after: 200ms}"
	sed -i 's/^ring: .*/ring: {size: 8MiB, directory: ring}/; s/^files: .*/files: {directory: captures, per_source: off, max_bytes: 64MiB}/' c.yaml
	echo s >secret-of-the-tests
	sed -i 's/capture_duration: 1000/capture_duration: 200/' rules.yaml
	(trap 'exit 0' TERM; while :; do cat secret-of-the-tests >/dev/null; ls -lR /etc >/dev/null 2>&1; sleep 0.02; done) 3>&- & work_pid=$!
	for ((round = 0; round < ${SPOOR_KILLS:-3}; round++)); do
		daemon_start
		(for i in 1 2 3 4 5; do ctl trigger --after 100ms >/dev/null 2>&1 || :; sleep 0.1; done) 3>&- &
		sleep "0.$((RANDOM % 9))$((RANDOM % 10))"
		daemon_kill
		[ -n "$(ls ring)" ]
		for f in ring/*.spoor captures/*; do	# nothing is written again that a kill has left
			[ -e "$f" ] && [ -z "${seen[$f]-}" ] || continue
			seen[$f]=1
			case $f in
			ring/* | *.part | *.recovered.spoor) ;;
			*) spoor-trace verify "$f" >v.log 2>&1 || { echo "$f has its name and is not complete"; cat v.log; false; } ;;
			esac
			readable "$f" || { ls -l ring captures; false; }
		done
	done
	before=$(ls ring | head -n 1)
	daemon_start
	ctl status -o json | jq -en 'input | .ring.segments > 1'
	[ -e "ring/$before" ] || ls ring
	ctl trigger --after 0 --wait >/dev/null
	daemon_stop
	[ "$daemon_status" = 0 ]
	! ls captures | grep '\.part$' || false
	kill "$work_pid"
	work_pid=
}
