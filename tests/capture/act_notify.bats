#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Messages, against servers that check what they get.

# Bash ignores "! command" in the middle of a test.
no() { if "$@"; then return 1; fi; }

setup() {
	source "$SPOOR_SRC/tests/lib/until.bash"
	PATH=$SPOOR_BUILD:$PATH
	act=$SPOOR_BUILD/tests/capture/make_act
	command -v python3 >/dev/null && command -v jq >/dev/null || skip "python3 or jq is not installed"
	cd "$BATS_TEST_TMPDIR"
	server=
	: >log
	(umask 077 && echo s3cret >token)
	export POD_NS=shop POD_NAME=web-1 NODE=n1
}

teardown() { [ -z "$server" ] || kill "$server" 2>/dev/null || :; }

serve() {	# status...
	python3 "$SPOOR_SRC/tests/lib/notify_server.py" port log "$@" 2>server.log 3>&- & server=$!
	until_true test -s port || { cat server.log; return 1; }
	at=http://127.0.0.1:$(cat port)
}

acts() {
	local a
	{
		echo 'playbooks: [{name: p, actions: ['
		for a; do echo "{do: $a},"; done
		echo ']}]'
	} >pb.yaml
	"$act" do pb.yaml 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef 0 0 >out
	cat out log
	no grep -q ^BAD log
}

@test "Slack: readable, with what was done, and nothing in it is a link or a mention" {
	serve
	export MESSAGE='<!channel> ``` <https://evil|x> & "q" '$'\e[31m'
	acts 'run, program: /bin/true' "slack, url: \"$at/slack/x\", channel: \"#sec\""
	grep -q '^slack: done: delivered: 200' out
	sed -n 's/^OK [^ ]* //p' log | jq -r '.channel, .text' >message
	cat message
	grep -q '^#sec$' message
	grep -q '^\*Warning\*: none in 0123456789ab (shop/web-1) on n1$' message
	grep -q "&lt;!channel&gt; ''' &lt;https://evil|x&gt; &amp; " message
	grep -q '^run: done: exit code 0' message
}

@test "an address that is a secret" {
	serve
	(umask 077 && echo "$at/slack/T0/B0" >url)
	acts 'slack, url_file: url'
	grep -q 'OK /slack/T0/B0' log
	chmod 644 url
	acts 'slack, url_file: url'
	grep -q 'failed:.*chmod' out
	no grep -q 'T0/B0' out
}

@test "an XSOAR incident" {
	serve
	acts "xsoar, url: \"$at/\", token_file: token, type: Container, auth_id: '17'" "xsoar, url: \"$at\", token_file: token"
	[ "$(grep -c '^xsoar: done: incident 4711' out)" = 2 ]
	sed -n 's/^OK [^ ]* //p' log | head -1 | jq -en 'input | .severity == 2 and .type == "Container" and (.labels | any(.type == "Pod" and .value == "web-1"))'
}

@test "a Splunk SOAR container with its artifact, and not a second one" {
	serve
	acts "splunk_soar, url: \"$at\", token_file: token" "splunk_soar, url: \"$at\", token_file: token"
	grep -q '^splunk_soar: done: container 5$' out
	grep -q '^splunk_soar: done: container 5, which was there already' out
	sed -n 's/^OK [^ ]* //p' log | head -1 | jq -en 'input | .severity == "medium" and .artifacts[0].cef.kubernetesPod == "web-1" and .artifacts[0].data.rule == "none"'
}

@test "any JSON, with headers, or the alert" {
	serve
	acts "webhook, url: \"$at/any\", body: '{\"a\": [1, \"x\"]}', headers: {X-More: \"yes\"}" "webhook, url: \"$at/any\""
	[ "$(sed -n 's/^OK [^ ]* //p' log | jq -c . | tr '\n' ' ')" = '{"a":[1,"x"]} {"rule":"none"} ' ]
}

@test "busy servers are tried again, others not" {
	serve 503 429
	acts "webhook, url: \"$at/any\""
	grep -q '^webhook: done' out
	kill "$server"
	: >log
	rm port
	serve 500 200
	acts "webhook, url: \"$at/any\""
	grep -q '^webhook: failed: the server says 500' out
	[ "$(wc -l <log)" = 1 ]
	kill "$server"
	wait "$server" || :
	server=
	acts "webhook, url: \"$at/any\", timeout: 1s"
	grep -q '^webhook: failed:' out
}
