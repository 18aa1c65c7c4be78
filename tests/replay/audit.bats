#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Audit logs of Kubernetes through the tools: alone, in a trace, beside system calls, with the rules of both.

bats_require_minimum_version 1.5.0

setup() {
	load "$SPOOR_SRC/tests/lib/upstream.bash"
	PATH=$SPOOR_BUILD:$PATH
	cd "$BATS_TEST_TMPDIR"
	export TZ=UTC
	load "$SPOOR_SRC/tests/lib/captures.bash"
	entry 1 create pods/exec ns web-0 '"requestURI":"/api/v1/namespaces/ns/pods/web-0/exec?command=sh&command=-c",' >log.json
	entry 2 get secrets ns token '"requestObject":{"a":[1,"x"]},' >>log.json
	entry 3 delete pods ns web-1 >>log.json
}

entry() {	# second verb resource[/subresource] namespace name [more members]
	local sub=
	[[ $3 == */* ]] && sub="\"subresource\":\"${3#*/}\","
	echo "{\"kind\":\"Event\",\"apiVersion\":\"audit.k8s.io/v1\",\"level\":\"Request\",\"auditID\":\"id-$1\",\"stage\":\"ResponseComplete\"," \
		"${6-}\"verb\":\"$2\",\"user\":{\"username\":\"eve\",\"groups\":[\"dev\",\"ops\"]},\"sourceIPs\":[\"10.0.0.9\"],\"userAgent\":\"kubectl\"," \
		"\"objectRef\":{\"resource\":\"${3%/*}\",$sub\"namespace\":\"$4\",\"name\":\"$5\"},\"responseStatus\":{\"code\":200}," \
		"\"requestReceivedTimestamp\":\"2026-11-27T22:29:0$1.000001Z\",\"stageTimestamp\":\"2026-11-27T22:29:0$1.500001Z\"}"
}

@test "one line for each entry: who, what, and with what result" {
	run spoor-replay log.json
	[ "$status" = 0 ]
	[ "$output" = "22:29:01.500001000 k8s eve create pods/exec ns/web-0 = 200
22:29:02.500001000 k8s eve get secrets ns/token = 200
22:29:03.500001000 k8s eve delete pods ns/web-1 = 200" ]
}

@test "from a pipe, with a filter and a format" {
	run bash -c 'spoor-replay - -f "ka.target.subresource = exec" -p "%ka.user.name %ka.user.groups %ka.sourceips[0] %ka.useragent %ka.uri.param[command] %evt.source %jevt.rawtime" <log.json'
	[ "$status" = 0 ]
	[ "$output" = "eve (dev,ops) (10.0.0.9) kubectl sh k8s_audit 1795818541500001000" ]
}

@test "an entry that cannot be read is told with its place, and the others are used" {
	sed -i '2s/"get"/"get","verb":"list"/' log.json
	run --separate-stderr spoor-replay log.json
	[ "$status" = 2 ]
	[[ $stderr == "spoor-replay: log.json:2:"*"a name is there twice in one object: left out" ]]
	[ "${#lines[@]}" = 2 ]
}

@test "a trace of it says the same, and so does text of that trace" {
	spoor-replay log.json -p '%evt.rawtime %jevt.obj' >want
	spoor-trace convert log.json t.spoor
	spoor-trace verify t.spoor
	spoor-trace convert t.spoor t.jsonl
	for f in t.spoor t.jsonl; do
		spoor-replay "$f" -p '%evt.rawtime %jevt.obj' >got
		diff want got
	done
	[ "$(spoor-trace info -o json t.spoor | jq -c .types)" = '{"k8s_audit":{"n":3}}' ]
}

@test "merged with system calls by time, and cut again" {
	"$SPOOR_BUILD/tests/replay/make_trace" story calls.spoor
	spoor-trace merge calls.spoor log.json -w both.spoor
	spoor-replay both.spoor -p '%evt.rawtime' >times
	sort -c -n times
	[ "$(grep -c . times)" = $(($(spoor-replay calls.spoor | grep -c .) + 3)) ]
	spoor-trace cut both.spoor -w cut.spoor -f 'ka.verb = get'
	[ "$(spoor-replay cut.spoor -f 'evt.type = k8s_audit')" = "$(spoor-replay log.json -f 'ka.verb = get')" ]
}

@test "rules of both sources in one file: each runs on its own, also where a condition is negated" {
	"$SPOOR_BUILD/tests/replay/make_trace" story calls.spoor
	spoor-trace merge calls.spoor log.json -w both.spoor
	cat >rules.yaml <<-'EOF'
	- rule: not get
	  desc: d
	  condition: not ka.verb = get
	  output: "%ka.verb"
	  priority: NOTICE
	  source: k8s_audit
	- rule: anything of the log
	  desc: d
	  condition: jevt.rawtime exists
	  output: "%ka.verb"
	  priority: NOTICE
	  source: k8s_audit
	- rule: not open
	  desc: d
	  condition: not evt.type = open and not proc.name = nothing
	  output: "%evt.type"
	  priority: NOTICE
	EOF
	spoor-replay both.spoor -r rules.yaml -o json --all-matches >alerts
	[ "$(jq -r 'select(.rule == "not get") | .output_fields["ka.verb"]' alerts | paste -sd ' ')" = "create delete" ]
	[ "$(jq -r 'select(.rule == "anything of the log") | .source' alerts | sort | uniq -c | xargs)" = "3 k8s_audit" ]
	[ "$(jq -r 'select(.rule == "not open") | .source' alerts | sort -u)" = syscall ]
	[ "$(jq -r 'select(.rule == "not open") | .output_fields["evt.type"]' alerts | grep -c k8s_audit)" = 0 ]
	spoor-replay both.spoor -r rules.yaml -o json --all-matches -j 3 | diff alerts -
	spoor-replay both.spoor -r rules.yaml --profile 2>&1 >/dev/null | grep -q 'ka.verb = get'
}

@test "why a rule did or did not match an entry" {
	cat >rules.yaml <<-'EOF'
	- rule: exec
	  desc: d
	  condition: ka.verb = create and ka.target.subresource = exec
	  output: "%ka.verb"
	  priority: NOTICE
	  source: k8s_audit
	EOF
	run spoor-replay log.json -r rules.yaml --explain exec@1
	[ "$status" = 0 ]
	[[ $output == *true* ]]
	run spoor-replay log.json -r rules.yaml --explain exec@2
	[[ $output == *'ka.verb = create'* ]]
}

# kubectl exec into the pod of make_kube, before or after what it starts
came_in() {	# user id second
	echo "{\"kind\":\"Event\",\"apiVersion\":\"audit.k8s.io/v1\",\"auditID\":\"id-$2\",\"stage\":\"ResponseStarted\",\"verb\":\"create\"," \
		"\"user\":{\"username\":\"$1\",\"groups\":[\"dev\"]},\"sourceIPs\":[\"10.0.0.9\"],\"userAgent\":\"kubectl/v1.30\"," \
		"\"requestURI\":\"/api/v1/namespaces/shop/pods/web-0/exec?command=sh&command=-c&command=id&container=c\"," \
		"\"objectRef\":{\"resource\":\"pods\",\"subresource\":\"exec\",\"namespace\":\"shop\",\"name\":\"web-0\"},\"responseStatus\":{\"code\":101}," \
		"\"requestReceivedTimestamp\":\"2025-11-27T14:03:$3Z\",\"stageTimestamp\":\"2025-11-27T14:03:$3Z\"}"
}

shells() {	# trace...: the alerts on processes named sh or id
	cat >shells.yaml <<-'EOF'
	- rule: shell
	  desc: d
	  condition: evt.type = getpid and proc.name in (sh, id)
	  output: "%proc.name(%proc.pid)"
	  priority: NOTICE
	EOF
	spoor-replay "$@" -r shells.yaml -o json
}

@test "the alert on a shell says who came in, and what that shell starts, too; not of others" {
	"$SPOOR_BUILD/tests/replay/make_kube" node.spoor
	came_in alice 1 06.900000 >log.json
	spoor-trace merge node.spoor log.json -w both.spoor
	shells both.spoor >alerts
	[ "$(jq -r .output alerts | sed -E 's/^[^ ]* //; s/ container_id.*k8s_ns_name=shop//')" = "Notice sh(300) came_in_by=alice@10.0.0.9 (kubectl/v1.30)
Notice id(301) came_in_by=alice@10.0.0.9 (kubectl/v1.30)
Notice sh(400)" ] || { jq -r .output alerts; return 1; }
	[ "$(jq -c 'select(.output_fields["proc.pid"] == 301).output_fields | with_entries(select(.key | startswith("ka.")))' alerts)" = \
		'{"ka.auditid":"id-1","ka.sourceips":["10.0.0.9"],"ka.user.groups":["dev"],"ka.user.name":"alice","ka.useragent":"kubectl/v1.30"}' ]
	[ "$(jq -c 'select(.output_fields["proc.pid"] == 400).output_fields | keys | map(select(startswith("ka.")))' alerts)" = "[]" ]
	# a condition may ask for it
	run spoor-replay both.spoor -f 'evt.type = getpid and ka.user.name = alice' -p '%proc.pid %ka.uri.param[container]'
	[ "$output" = "300 c
301 c" ]
}

@test "who came in when two may have: both" {
	"$SPOOR_BUILD/tests/replay/make_kube" node.spoor
	{ came_in alice 1 06.900000; came_in bob 2 06.950000; } >log.json
	spoor-trace merge node.spoor log.json -w both.spoor
	[ "$(shells both.spoor | jq -r 'select(.output_fields["proc.pid"] == 300).output_fields["ka.user.name"]')" = "alice or bob" ]
	shells both.spoor | grep -q 'alice@10.0.0.9 (kubectl/v1.30), or bob@10.0.0.9'
}

@test "who came in is known from the middle of a trace on" {
	"$SPOOR_BUILD/tests/replay/make_kube" node.spoor
	came_in alice 1 06.900000 >log.json
	spoor-trace merge node.spoor log.json -w both.spoor
	spoor-trace cut both.spoor -w cut.spoor -f 'evt.type = getpid'
	[ "$(shells cut.spoor | jq -r '.output_fields["ka.user.name"]' | paste -sd ' ')" = "alice alice null" ]
}

@test "a cut of a container keeps what the audit log says of its pod, and not of others" {
	"$SPOOR_BUILD/tests/replay/make_kube" node.spoor
	{ came_in alice 1 06.900000; came_in bob 2 06.900000 | sed 's/"name":"web-0"/"name":"web-1"/'; } >log.json
	spoor-trace merge node.spoor log.json -w both.spoor
	spoor-trace cut both.spoor -w cut.spoor -c k8s_c_web-0
	[ "$(spoor-replay cut.spoor -f 'evt.type = k8s_audit' -p '%ka.user.name')" = alice ]
	[ "$(shells cut.spoor | jq -r '.output_fields["ka.user.name"]' | paste -sd ' ')" = "alice alice null" ]
}

@test "captured events, and what upstream's rules say of them" {
	[ -d "$audit_events" ] || skip "no captured events (SPOOR_AUDIT_EVENTS)"
	upstream_missing && skip "no rule files of upstream (SPOOR_UPSTREAM_RULES)"
	rules=$(upstream_file k8s_audit_rules.yaml) || skip "no k8s_audit_rules.yaml below $SPOOR_UPSTREAM_RULES"
	run spoor-replay --validate "$rules"
	[ "$output" = "$rules: Ok" ]
	while IFS='|' read -r file rule; do
		spoor-replay "$audit_events/$file.json" -r "$rules" --all-matches -o json | jq -r .rule | grep -qx "$rule" ||
			{ echo "$file: no alert '$rule'"; return 1; }
	done <<-'EOF'
	anonymous_creates_namespace_foo|Anonymous Request Allowed
	anonymous_creates_namespace_foo|Create Disallowed Namespace
	attach_cluster_admin_role|Attach to cluster-admin Role
	attach_pod|Attach/Exec Pod
	exec_pod|Attach/Exec Pod
	create_cluster_role_wildcard_verbs|ClusterRole With Wildcard Created
	create_configmap_sensitive_values|Create/Modify Configmap With Private Credentials
	create_deployment|K8s Deployment Created
	create_nginx_pod_hostnetwork|Create HostNetwork Pod
	create_nginx_pod_privileged|Create Privileged Pod
	create_serviceaccount_kube_system_namespace|Service Account Created in Kube Namespace
	delete_secret|K8s Secret Deleted
	modify_cluster_role_node_problem_detector|System ClusterRole Modified/Deleted
	EOF
}

@test "what is no audit event is refused by name" {
	echo '{"kind": 0}' >x.json
	run spoor-replay x.json
	[ "$status" = 1 ]
	[ "$output" = "spoor-replay: x.json: not a trace: it looks like JSON text" ]
}
