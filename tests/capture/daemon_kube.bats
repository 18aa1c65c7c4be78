# SPDX-License-Identifier: Apache-2.0
# runner: alone
#
# The audit log in the flight recorder, from end to end: an entry that is posted becomes an action by the API server; a command that
# somebody runs in a real pod is told with who asked the API server for it.

setup_file() {
	source "$SPOOR_SRC/tests/capture/lib.bash"
	export CAPTURE_MISSING
	CAPTURE_MISSING=$(capture_missing) || CAPTURE_MISSING=
}

setup() {
	source "$SPOOR_SRC/tests/capture/lib.bash"
	source "$SPOOR_SRC/tests/capture/daemon.bash"
	source "$SPOOR_SRC/tests/lib/kubernetes.bash"
	source "$SPOOR_SRC/tests/lib/runtimes.bash"
	[ -z "$CAPTURE_MISSING" ] || skip "$CAPTURE_MISSING"
	command -v curl >/dev/null || skip "curl is not installed"
	cd "$BATS_TEST_TMPDIR"
	export TZ=UTC
	daemon_pid= server= rt=
}

teardown() {
	daemon_kill
	[ -z "${server:-}" ] || kill "$server" 2>/dev/null || :
	rt_end
}

# An entry of the audit log, of now.
entry() {	# id user verb subresource namespace pod code [parameters of the URI]
	local now
	now=$(date -u +%Y-%m-%dT%H:%M:%S.%6NZ)
	jq -nc --arg id "$1" --arg user "$2" --arg verb "$3" --arg sub "$4" --arg ns "$5" --arg pod "$6" --argjson code "$7" --arg uri "${8:-}" --arg now "$now" '
		{kind: "Event", apiVersion: "audit.k8s.io/v1", level: "Metadata", auditID: $id, stage: "ResponseStarted", verb: $verb,
		 user: {username: $user, groups: ["dev", "system:authenticated"]}, sourceIPs: ["10.0.0.9"], userAgent: "kubectl/v1.30",
		 requestURI: "/api/v1/namespaces/\($ns)/pods/\($pod)/\($sub)?\($uri)",
		 objectRef: {resource: "pods", subresource: $sub, namespace: $ns, name: $pod, apiVersion: "v1"},
		 responseStatus: {code: $code}, requestReceivedTimestamp: $now, stageTimestamp: $now}'
}

# With options of curl; by HTTPS where there are certificates.
get() {
	local url=http://localhost
	[ ! -e ca.pem ] || url="--cacert ca.pem https://127.0.0.1"
	curl -sf --max-time 20 --unix-socket http "${@:2}" $url"$1"
}
post() { get /k8s-audit --data-binary @- "$@" >/dev/null; }

recorded() { get /metrics "${@:2}" | grep -x "spoor_audit_recorded_total $1"; }

@test "an entry that is posted: a rule, a playbook, the API server, and a row of the trace" {
	why=$(kubernetes_missing) && skip "$why"
	kubernetes_missing || :
	certificates
	kube_log=log.kube
	: >log.kube
	serve
	cat >rules.yaml <<-'X'
	- rule: Command in a pod
	  desc: d
	  condition: ka.target.subresource = exec and ka.verb = create
	  output: command in a pod (user=%ka.user.name pod=%ka.target.name)
	  priority: WARNING
	  source: k8s_audit
	- rule: Commands in bulk
	  desc: d
	  condition: ka.target.subresource = exec and ka.verb = create
	  output: commands in bulk (user=%ka.user.name last=%ka.auditid)
	  priority: INFORMATIONAL
	  source: k8s_audit
	  spoor_threshold: {count: 3, within: 1h, by: [ka.user.name]}
	X
	cat >pb.yaml <<-'X'
	kubernetes: {kubeconfig: kubeconfig, timeout: 5s}
	playbooks:
	- name: answer
	  source: k8s_audit
	  priority: warning
	  condition: not ka.user.name = admin
	  actions:
	  - {do: label_pod, labels: {touched-by: '%ka.user.name'}}
	  - {do: isolate_pod}
	  - {do: event_pod, message: '%ka.user.name came in from %ka.sourceips'}
	  - {do: freeze}
	X
	daemon_config "audit: {webhook: true}" "playbooks: pb.yaml" "outputs: [{name: std, type: stdout}]" \
		"http: {listen: 'unix:$PWD/http', certificate: server.pem, key: server.key, client_ca: ca.pem}"
	daemon_start
	# the API server is known by its certificate
	if entry z eve create exec shop web-2 101 | post; then false; fi
	if entry z eve create exec shop web-2 101 | post --cert stranger.pem --key stranger.key; then false; fi
	api=(--cert client.pem --key client.key)
	# one that is protected, one that the playbook is not for, one that the API server has refused, and the one that counts; in a list
	{ entry a mallory create exec kube-system dns 101; entry b admin create exec shop web-2 101; entry c mallory create exec shop web-2 403
	  entry d mallory create exec shop web-1 101 command=sh; } | jq -sc '{kind: "EventList", apiVersion: "audit.k8s.io/v1", items: .}' | post "${api[@]}"
	until_true grep -q 'playbook answer: event_pod pod shop/web-1: done' log
	cat log log.kube
	if grep ^BAD log.kube; then false; fi
	grep -q '^OK PATCH /api/v1/namespaces/shop/pods/web-1 .*"touched-by":"mallory"' log.kube
	grep -q '^OK POST /apis/networking.k8s.io/v1/namespaces/shop/networkpolicies ' log.kube
	grep -q '^OK POST /api/v1/namespaces/shop/events .*mallory came in from (10.0.0.9)' log.kube
	[ "$(grep -c web-2 log.kube)" = 0 ]
	[ "$(grep kube-system log.kube | cut -d ' ' -f 2,3)" = "POST /api/v1/namespaces/kube-system/events" ]	# that disturbs nothing
	until_true recorded 4 "${api[@]}"
	ctl trigger --before 60s --after 0 --wait >name
	t=captures/$(cat name)
	spoor-replay "$t" --internal -o json -f 'evt.type = action' | jq -c .args >rows
	cat rows
	for a in label_pod isolate_pod event_pod; do
		jq -es --arg a $a 'any(.[]; .name == $a and .object == "pod shop/web-1" and .result == "done" and .rule == "Command in a pod")' rows
	done
	jq -es 'all(.[] | select(.object == "pod kube-system/dns" and .name != "event_pod"); .result == "protected")' rows
	jq -es 'any(.[]; .name == "freeze" and .result == "no_object")' rows
	# a row leads back to the entry
	num=$(jq -r 'select(.result == "done" and .name == "isolate_pod") | .num' rows)
	[ "$(spoor-replay "$t" -f "evt.num = $num" -p '%ka.auditid')" = d ]
	# what counts live counts in replay
	grep -q 'commands in bulk (user=mallory last=d)' out
	[ "$(grep -c 'commands in bulk' out)" = 1 ]
	diff out <(spoor-replay "$t" -r rules.yaml -o json)
	# what replay would have done is what was done
	spoor-replay "$t" -r rules.yaml --playbooks pb.yaml -o json 2>/dev/null >plans
	[ "$(jq -r '.playbooks[].actions[] | select(.verdict == "do") | .action' plans | paste -sd ' ')" = "event_pod label_pod isolate_pod event_pod" ]
}

# A pod of a real container runtime, with a container that waits.
pod_start() {
	local uid=11111111-2222-3333-4444-666666666666 k8s pod
	k8s='"io.kubernetes.pod.name": "web-0", "io.kubernetes.pod.namespace": "prod", "io.kubernetes.pod.uid": "'$uid'"'
	pod='{"1": {"1": "web-0", "2": "'$uid'", "3": "prod"}, "3": "'$rt/logs'", "6": {"map": {'$k8s'}},
		"8": {"1": "/kubepods/burstable/pod'$uid'", "2": {"1": {"1": 2, "2": 1}}}}'
	rt_cri RunPodSandbox "{\"1\": $pod}" >sandbox
	rt_cri CreateContainer '{"1": "'$(cat sandbox)'", "2": {"1": {"1": "frontend"}, "2": {"1": "localhost/spoor/test:7"},
		"3": ["/bin/sh", "-c", "while :; do /bin/true; sleep 1; done"],
		"9": {"map": {"io.kubernetes.container.name": "frontend", '"$k8s"'}}, "11": "n.log"}, "3": '"$pod"'}' >id
	rt_cri StartContainer '{"1": "'$(cat id)'"}' >/dev/null
}

# What kubelet does for an exec: a shell in the container, by CRI.
exec_in() {	# script
	rt_cri ExecSync "$(jq -nc --arg id "$(cat id)" --arg c "$1" '{"1": $id, "2": ["sh", "-c", $c], "3": 20}')" >/dev/null
}

uri() { jq -rn --arg c "$1" '"container=frontend&command=sh&command=-c&command=" + ($c | @uri)'; }

alerts_of() {	# process, of alerts in stdin: who came in
	jq -c --arg n "$1" 'select(.rule == "Shell or what it runs" and .output_fields["proc.name"] == $n).output_fields
		| with_entries(select(.key | startswith("ka.")))'
}

@test "who ran a command in a real pod: live, in the file that is kept, and in the inspector" {
	command -v python3 >/dev/null || skip "calling CRI takes python3"
	rt_begin
	rt_containerd_start || skip "$rt_why"
	cat >rules.yaml <<-'X'
	- rule: Shell or what it runs
	  desc: d
	  condition: evt.type in (execve, execveat) and container.name = frontend and proc.name in (sh, cat, true)
	  output: "%proc.cmdline (in=%k8s.pod.name process=%proc.name pid=%proc.pid)"
	  priority: NOTICE
	X
	daemon_config "audit: {webhook: true}" "http: {listen: 'unix:$PWD/http'}" "outputs: [{name: std, type: file, path: alerts, format: json}]"
	daemon_start
	pod_start
	# its pod is known, as it is when somebody comes in by kubectl
	until_true grep -q 'true (in=web-0' alerts || { cat alerts log; false; }
	# the entry first
	first='/bin/cat /etc/passwd; :'
	entry one alice create exec prod web-0 101 "$(uri "$first")" | post
	until_true recorded 1
	exec_in "$first"
	# the process first; then somebody who was refused; then on the node, past the API server
	second='/bin/cat /etc/group; /bin/sleep 1000; :'
	exec_in "$second" 3>&- & running=$!
	until_true grep -q 'Notice cat /etc/group' alerts
	entry two bob create exec prod web-0 101 "$(uri "$second")" | post
	until_true recorded 2
	pid=$(jq -r 'select(.output | contains("sh -c /bin/cat /etc/group")).output_fields["proc.pid"]' alerts)
	until_true pkill -KILL -P "$pid"
	wait $running
	third='/bin/cat /etc/hosts; :'
	entry three eve create exec prod web-0 403 "$(uri "$third")" | post
	until_true recorded 3
	exec_in "$third"
	until_true grep -q 'Notice cat /etc/hosts' alerts
	ctl trigger --before 120s --after 0 --wait >name
	t=captures/$(cat name)
	daemon_stop
	cat alerts
	want='{"ka.auditid":"one","ka.sourceips":["10.0.0.9"],"ka.user.groups":["dev","system:authenticated"],"ka.user.name":"alice","ka.useragent":"kubectl/v1.30"}'
	grep 'web-0.*/etc/passwd' alerts >first
	[ "$(alerts_of sh <first | sort -u)" = "$want" ]
	[ "$(alerts_of cat <first | sort -u)" = "$want" ]
	jq -es 'length == 2 and all(.[]; .output | endswith("came_in_by=alice@10.0.0.9 (kubectl/v1.30)"))' first
	[ "$(grep 'web-0.*/etc/hosts' alerts | jq -c '.output_fields | keys | map(select(startswith("ka.")))' | sort -u)" = '[]' ]
	[ "$(grep ' sh -c while.*/bin/true' alerts | jq -c '.output_fields | keys | map(select(startswith("ka.")))' | sort -u)" = '[]' ]
	# a replay of what was kept says of them what was said live
	spoor-replay "$t" -r rules.yaml -o json >replayed
	diff <(grep 'web-0.*/etc/' alerts) <(grep 'web-0.*/etc/' replayed)
	# and what bob's shell did after the entry had come is his
	spoor-replay "$t" -f 'evt.type = procexit and ka.user.name = bob' -p '%proc.name' >bobs
	grep -qx sh bobs
	spoor-replay "$t" -f 'evt.type in (execve, execveat) and ka.user.name = alice' -p '%proc.name' | sort -u | paste -sd ' ' >alices
	grep -q 'cat sh' alices
	printf '2\n/sh -c %s<Enter>\ndump\n' '/bin/cat /etc/passwd' '/bin/cat /etc/group' '/bin/cat /etc/hosts' >keys
	spoor-inspect "$t" --keys keys --dump-screen --size 200x100 >screen
	grep -n '/etc/' screen
	grep -q 'sh -c /bin/cat /etc/passwd; .*came in by alice@10.0.0.9' screen
	grep -q 'sh -c /bin/cat /etc/group; .*came in by bob@10.0.0.9' screen
	grep -q 'sh -c /bin/cat /etc/hosts' screen
	if grep 'sh -c /bin/cat /etc/hosts.*came in by' screen; then false; fi
}
