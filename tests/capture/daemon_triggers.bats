# SPDX-License-Identifier: Apache-2.0
# runner: alone
#
# What makes files: alerts by priority, tag and name of their rule; how containers end; what other tools send, and who may.

setup_file() {
	source "$SPOOR_SRC/tests/capture/containers.bash"
	containers_setup_file
}

setup() {
	source "$SPOOR_SRC/tests/capture/containers.bash"
	containers_setup
	daemon_pid= work_pid= dir= ids=()
}

teardown() {
	local i
	daemon_kill
	[ -z "$work_pid" ] || kill -KILL "$work_pid" 2>/dev/null || :
	for i in "${ids[@]}"; do runc delete -f "$i" >/dev/null 2>&1 || :; done
	[ -z "$dir" ] || container_remove "$dir" none
}

# new_container [JQ]: another one of the same image, its bundle's config changed by a jq filter: $id, $short
new_container() {
	if [ -z "$dir" ]; then
		dir=$(mktemp -d /tmp/spoor-test.XXXXXX)
		container_make "$dir" none
		cp "$dir/bundle/config.json" "$dir/base.json"
	fi
	id=$(container_new_id)
	short=${id:0:12}
	ids+=("$id")
	jq --arg id "$id" '.linux.cgroupsPath = "/docker/" + $id | '"${1:-.}" "$dir/base.json" >"$dir/bundle/config.json"
}

runs() { [ "$(runc state "$id" | jq -r .status)" = running ]; }
files() { ls captures | grep -c -- "$1.*\.spoor$"; }
has_files() { [ "$(files "$1")" = "$2" ]; }
asked() {	# NAME CONDITION: the file of that name has such a trigger
	events captures/*"$1"*.spoor 'evt.type = trigger' | jq -es "any($2)"
}

@test "alerts make files by priority, tag and name of their rule, and no others" {
	rule() {
		printf '%s\n' "- rule: $1" "  desc: Of the tests." "  condition: evt.type in (open, openat) and fd.name endswith $2" \
			"  output: $1 (file=%fd.name)" "  priority: $3" "${@:4}"
	}
	{ rule Severe /severe CRITICAL; rule Tagged /tagged INFO "  tags: [other, kept]"; rule 'Named 1' /named NOTICE
	  rule Plain /plain ERROR "  tags: [other]"; rule Marked /marked NOTICE "  capture: true"; } >rules.yaml
	daemon_config "outputs: [{name: std, type: stdout}]" \
		"triggers: {marked_rules: false, min_priority: critical, tags: [kept], rules: ['Named *'], after: 100ms}"
	for f in severe tagged named plain marked; do echo x >$f; done
	daemon_start
	cat plain marked severe tagged named >/dev/null
	for r in Plain Marked; do until_true grep -q "$r (file=" out; done
	for r in Severe Tagged Named-1; do until_true has_files "--host--$r--" 1; done
	daemon_stop
	[ "$(ls captures | wc -l)" = 3 ]
	for r in Severe Tagged Named-1; do asked "--$r--" '.args.by == "alert" and .args.rule == "'"${r//-/ }"'"'; done
}

@test "containers that end badly make files, each by its own key" {
	daemon_config "triggers: {container_oom: true, container_killed: true, after: 100ms}"
	daemon_start
	new_container
	container_run "$dir" "$id" /bin/sh -c 'exit 3' || true	# nobody asked for this
	container_run "$dir" "$id" /bin/sleep 100 & work_pid=$!
	until_true runs
	runc kill "$id" KILL
	wait "$work_pid" || true
	work_pid=
	until_true has_files "--$short--container_end--" 1
	killed=$short
	new_container '.linux.resources.memory = {limit: 67108864, swap: 67108864}'
	container_run "$dir" "$id" /bin/sh -c 'x=aaaaaaaaaaaaaaaa; while :; do x=$x$x; done' >oom 2>&1 || true
	if ! until_true has_files "--$short--container_end--" 1; then
		grep -q oom_kill /sys/fs/cgroup/memory/docker/memory.oom_control 2>/dev/null && { cat oom log; false; }
	fi
	daemon_stop
	asked "--$killed--" '.args.by == "container_end" and (.args.reason | endswith("died of signal 9"))'
	[ "$(files "--$killed--")" = 1 ]
	has_files "--$short--container_end--" 1 || skip "no limit of memory is enforced here"
	asked "--$short--" '.args.by == "container_end" and (.args.reason | endswith("failed for want of memory"))'
}

# Each form as its tool writes it; the container by its id, the beginning of one, or its pod.
@test "other tools: Falco, Falcosidekick, Tetragon, a plain request; pods are looked up; by TCP only who has the token" {
	(umask 077; echo s3cret >token)
	daemon_config "http: {listen: 127.0.0.1:0, token_file: token}" "triggers: {after: 100ms}"
	daemon_start
	pod_name=web-$RANDOM$RANDOM	# the machine may have others
	new_container '.annotations = {"io.kubernetes.pod.name": "'$pod_name'", "io.kubernetes.pod.namespace": "shop"}'
	container_run "$dir" "$id" /bin/sleep 100 & work_pid=$!
	url=http://127.0.0.1:$(ctl status -o json | jq .http.port)/trigger
	post() {	# DATA: the answer's status; the answer
		curl -s -o answer -w '%{http_code}' -H "Authorization: Bearer ${token-s3cret}" --data-binary @- "$url" <<<"$1"
	}
	is_known() { ctl trigger -c "$short" --after 0; }
	until_true is_known
	pod='{"rule": "Pod", "output": "o", "priority": "Error", "output_fields": {"k8s.pod.name": "'$pod_name'", "k8s.ns.name": "shop"}}'
	until_true eval '[ "$(post "$pod")" = 202 ]'	# until its labels are known

	token=wrong
	[ "$(post "$pod")" = 401 ]
	[ "$(curl -s -o answer -w '%{http_code}' -d "$pod" "$url")" = 401 ]
	unset token

	[ "$(post '{"container": "'"$short"'", "reason": "ticket 4711", "before": "5s"}')" = 202 ]
	jq -en 'input | .file | contains("--'"$short"'--http--")' answer
	[ "$(post '{"hostname":"node-1","output":"10:00:00.5: Notice A shell (user=root)","priority":"Notice","rule":"Terminal shell in container","source":"syscall","tags":["shell"],"time":"2026-11-27T10:00:00.500000000Z","output_fields":{"container.id":"'"$short"'","container.name":"web","proc.pid":17,"user.name":null}}')" = 202 ]
	jq -en 'input | .file | contains("--'"$short"'--Terminal-shell-in-container--")' answer
	[ "$(post '{"uuid":"b2f2f1c2-0000-4000-8000-000000000001","output":"o","priority":"Critical","rule":"Sidekick","time":"2026-11-27T10:00:00Z","output_fields":{"container.id":"","k8s.ns.name":"shop","k8s.pod.name":"'$pod_name'"},"source":"syscall","tags":["t"],"hostname":"node-1"}')" = 202 ]
	jq -en 'input | .file | contains("--'"$short"'--Sidekick--")' answer
	[ "$(post '{"process_exec":{"process":{"exec_id":"bm9kZTox","pid":53699,"uid":0,"cwd":"/","binary":"/usr/bin/curl","arguments":"https://e.example","flags":"execve","start_time":"2026-11-27T10:00:00Z","pod":{"namespace":"shop","name":"'$pod_name'","container":{"id":"containerd://'"$id"'","name":"web","image":{"id":"i","name":"n"},"pid":27},"workload":"web"},"docker":"'"${id:0:31}"'"},"parent":{"pid":1}},"node_name":"node-1","time":"2026-11-27T10:00:00Z"}')" = 202 ]
	jq -en 'input | .file | contains("--'"$short"'--process_exec--")' answer
	[ "$(post '{"process_kprobe":{"process":{"pid":5,"binary":"/bin/cat","arguments":"/etc/shadow","docker":"'"${id:0:31}"'"},"function_name":"security_file_open","policy_name":"watch-files","action":"KPROBE_ACTION_POST"},"node_name":"n","time":"2026-11-27T10:00:00Z"}')" = 202 ]
	jq -en 'input | .file | contains("--'"$short"'--watch-files--")' answer
	[ "$(post '{"rule": "Late", "output": "o", "time": "'"$(date -u -d '-100 seconds' +%FT%TZ)"'", "output_fields": {"container.id": "'"$short"'"}}')" = 202 ]
	[ "$(post "${pod/shop/other}")" = 404 ]
	[ "$(post '{"pod": "'$pod_name'", "rule": "By pod"}')" = 202 ]
	[ "$(post '{"pod": "'$pod_name'", "before": "2h"}')" = 400 ]
	for r in http Pod Terminal-shell-in-container Sidekick process_exec watch-files Late; do until_true has_files "--$short--$r--" 1; done
	daemon_stop
	asked --http-- '.args.by == "http" and .args.who == "plain" and .args.reason == "ticket 4711" and .args.before == 5000000000'
	asked --Terminal-shell-in-container-- '.args.who == "falco" and .args.container == "'"$id"'" and (.args.reason | contains("A shell"))'
	asked --Sidekick-- '.args.who == "falcosidekick"'
	asked --watch-files-- '.args.who == "tetragon" and (.args.reason | contains("security_file_open /bin/cat /etc/shadow"))'
	asked --Late-- '.args.before >= 160e9 and .args.before < 3600e9'	# 60 s before it, not before its arrival
	asked --Sidekick-- '.args.before == 60e9'	# of long ago, as its clock says
	# the other tool's alert is in the file, as it was
	spoor-replay captures/*--Sidekick--*.spoor --internal -o json -f 'evt.type = alert' |
		jq -es 'any(.args.rule == "Sidekick" and (tostring | contains("'$pod_name'")))'
}

@test "nothing is open to other machines unless somebody says so, with a lock before it" {
	listening() {	# the daemon's listening TCP sockets
		cat /proc/net/tcp /proc/net/tcp6 | awk '$4 == "0A" {print "socket:[" $10 "]"}' | sort >tcp
		find /proc/"$daemon_pid"/fd -printf '%l\n' | sort | comm -12 - tcp | wc -l
	}
	daemon_config
	daemon_start
	[ "$(listening)" = 0 ]
	echo 'http: {listen: 0.0.0.0:0}' >>c.yaml
	run ctl reload
	[ "$status" = 1 ]
	[[ $output == *"0.0.0.0:0 can be reached from other machines: that needs a token"* ]]
	[ "$(listening)" = 0 ]
	sed -i 's/0.0.0.0:0/127.0.0.1:0/' c.yaml
	ctl reload
	[ "$(listening)" = 1 ]
	daemon_stop
}
