# SPDX-License-Identifier: Apache-2.0
# runner: alone
#
# The flight recorder: configuration, control, rules and their reload, triggers and files.

setup_file() {
	source "$SPOOR_SRC/tests/capture/lib.bash"
	export CAPTURE_MISSING
	CAPTURE_MISSING=$(capture_missing) || CAPTURE_MISSING=
}

setup() {
	source "$SPOOR_SRC/tests/capture/lib.bash"
	source "$SPOOR_SRC/tests/capture/daemon.bash"
	cd "$BATS_TEST_TMPDIR"
	daemon_pid= other_pid=
}

teardown() {
	daemon_kill
	[ -z "$other_pid" ] || kill -KILL "$other_pid" 2>/dev/null || :
}

recording() {
	[ -z "$CAPTURE_MISSING" ] || skip "$CAPTURE_MISSING"
}

@test "the configuration that is installed is right, and so are the examples in its comments" {
	sed "s|@DATADIR@|$SPOOR_SRC|g; s|/var/lib/spoor|$PWD/var|g; s|/run/spoor|$PWD/run|g; s|/etc/spoor|$PWD|g" \
		"$SPOOR_SRC/capture/dist/spoor-capture.conf.in" >c.yaml
	mkdir -p var/captures var/ring var/spool rules.d
	cp "$SPOOR_SRC/rules/00_common.yaml" rules.d/
	echo token >collector.token
	chmod 600 collector.token
	spoor-capture --check-config c.yaml
	sed 's/^\( *\)#\([^ ].*\|  .*\)$/\1\2/' c.yaml >all.yaml
	! cmp -s c.yaml all.yaml || false
	spoor-capture --check-config all.yaml
}

@test "a wrong configuration: every error with its place and the key that was meant" {
	cat >c.yaml <<-EOF
		ring:
		  size: 1KiB
		  tim: 10m
		triggers: {min_priority: criticl, before: 2h}
		control: {socket: a, socket: b}
	EOF
	run spoor-capture --check-config c.yaml
	[ "$status" = 1 ]
	[[ $output == *"c.yaml:2:9: size: '1KiB': at least 4.0 MiB"* ]]
	[[ $output == *"c.yaml:3:3: there is no key 'tim' here: did you mean 'time'?"* ]]
	[[ $output == *"c.yaml:4:26: min_priority: 'criticl': did you mean 'critical'?"* ]]
	[[ $output == *"c.yaml:5:22: the key 'socket' is given twice: first in line 5"* ]]
	[[ $output == *"4 errors"* ]]
	run spoor-capture --check-config none.yaml
	[ "$status" = 1 ]
	[[ $output == *"none.yaml: cannot read the configuration: No such file or directory"* ]]
	run spoor-capture --daemon c.yaml -w x.spoor
	[ "$status" = 1 ]
}

@test "rules that are wrong are found by --check-config, with their place" {
	daemon_config
	echo '- {rule: x, desc: d, condition: evt.type = nothing, output: o, priority: INFO}' >rules.yaml
	run spoor-capture --check-config c.yaml
	[ "$status" = 1 ]
	[[ $output == *rules.yaml:1:* ]]
}

@test "options that are not for the flight recorder are errors that say what is" {
	while IFS='|' read -r option want; do
		run spoor-capture --daemon none.yaml $option
		[ "$status" = 1 ]
		[ "$output" = "spoor-capture: $want" ]
	done <<-'EOC'
		-r rules|--rules is not for the flight recorder: write rules.files into the configuration
		-c web1 --noise|--container is not for the flight recorder: it records all; which container a file is of is said by triggers.scope and 'spoor-capture trigger -c'
		--level 3|--level is not for the flight recorder: it has nothing like it
		--check-config c.yaml|--daemon or --check-config, not both
		-- ls|the flight recorder starts no command: it records all
	EOC
}

@test "folders: --check-config says what the start would refuse, and makes nothing" {
	daemon_config
	rmdir captures
	spoor-capture --check-config c.yaml
	[ ! -e captures ]
	touch captures
	run spoor-capture --check-config c.yaml
	[ "$status" = 1 ]
	[[ $output == *"captures: files.directory: this is no folder"* ]]
	rm captures
	sed -i 's/^ring: .*/ring: {directory: no\/ring}/' c.yaml
	run spoor-capture --check-config c.yaml
	[[ $output == *"no/ring: ring.directory: there is no such folder"* ]]
	sed -i "s|^control: .*|control: {socket: no/run/sock}|; s/^ring: .*//" c.yaml
	run spoor-capture --check-config c.yaml
	[[ $output == *"no/run: control.socket: there is no such folder"* ]]
}

@test "it runs, says what it does, and ends when told to; a second one is refused" {
	recording
	daemon_config
	daemon_start
	[ "$(stat -c %a sock)" = 600 ]
	ctl status >text
	grep -q '^recorder .*process '"$daemon_pid" text
	grep -q '^ring .* of 16.0 MiB' text
	grep -q '^events .* lost, longest pause [0-9]' text
	grep -Eq '^memory +[0-9.]+ MiB: ring .*, the kernel.s buffers .*, else ' text
	ctl status -o json | jq -en "input | .ok and .recording and .pid == $daemon_pid and .rules.loaded == 1 and .memory_bytes == .memory.process + .memory.buffers + .memory.ring and .memory.process > 1e6 and .memory.buffers > 1e6 and .memory.ring > 0 and .longest_pause_ns > 0"
	run timeout 60 spoor-capture --daemon c.yaml
	[ "$status" = 1 ]
	[[ $output == *"a daemon listens there already"* ]]
	ctl status >/dev/null
	daemon_stop
	[ "$daemon_status" = 0 ]
	[ ! -e sock ]
	run ctl status
	[ "$status" = 1 ]
	[[ $output == *"no flight recorder listens there"* ]]
	daemon_start
	kill -TERM "$daemon_pid"
	daemon_status=0
	wait "$daemon_pid" || daemon_status=$?
	daemon_pid=
	[ "$daemon_status" = 0 ]
}

# One request each, over and over: whatever comes, the answer is one line of JSON, or the end; the recorder lives.
@test "the control socket: hostile requests are answered or dropped, and harm nobody" {
	recording
	command -v python3 >/dev/null || skip "python3 is not installed"
	daemon_config
	daemon_start
	python3 - "$PWD/sock" <<-'EOF'
		import json, socket, sys
		def ask(data, close=True):
		    s = socket.socket(socket.AF_UNIX)
		    s.settimeout(20)
		    s.connect(sys.argv[1])
		    try:
		        s.sendall(data)
		        if close:
		            s.shutdown(socket.SHUT_WR)
		    except OSError:
		        pass
		    got = b""
		    try:
		        while not got.endswith(b"\n"):
		            part = s.recv(65536)
		            if not part:
		                break
		            got += part
		    except OSError:
		        pass
		    s.close()
		    return got
		for data in (b"\n", b"{}\n", b"[]\n", b"null\n", b"{\"command\": 5}\n", b"{\"command\": \"trigger\"}\n",
		             b"{\"command\": \"trigger\", \"request\": {\"before\": \"1y\"}}\n",
		             b"{\"command\": \"trigger\", \"request\": {\"container\": \"\\u001b[31m\"}}\n",
		             b"{\"command\": \"trigger\", \"request\": {\"after\": 1e300}}\n",
		             b"[" * 60000 + b"\n", b"x" * 200000, b"\xff\xfe\x00\n", b"{\"command\":\"nothing\"}\n"):
		    got = ask(data, False)
		    assert got and json.loads(got)["ok"] is False, (data[:60], got)
		ask(b"")
		ask(b"{\"command\": \"status\"}")
		idle = []
		for i in range(40):
		    s = socket.socket(socket.AF_UNIX)
		    s.settimeout(20)
		    try:
		        s.connect(sys.argv[1])
		    except BlockingIOError:	# as many wait as may
		        pass
		    idle.append(s)
	EOF
	until_true ctl status
	daemon_stop
	[ "$daemon_status" = 0 ]
}

@test "live alerts are those that a replay of the ring gives, byte for byte" {
	recording
	mkdir ring
	daemon_config "outputs: [{name: std, type: stdout}]"
	sed -i 's/^ring: .*/ring: {size: 16MiB, directory: ring}/' c.yaml
	echo s >secret-of-the-tests
	daemon_start
	for i in 1 2 3; do cat secret-of-the-tests >/dev/null; done
	(exec -a 'od"d' cat secret-of-the-tests >/dev/null)
	until_true eval '[ "$(wc -l <out)" = 4 ]'
	daemon_stop
	[ "$(wc -l <out)" = 4 ]
	for f in ring/*.spoor; do spoor-replay "$f" -r rules.yaml -o json; done >replayed
	cmp out replayed
	for f in ring/*.spoor; do spoor-replay "$f" -f 'evt.type = alert' -p '%evt.arg.rule'; done | grep -c '^Secret read$' | grep -qx 4
	for f in ring/*.spoor; do spoor-trace verify "$f"; done
}

@test "reload: new rules take over, wrong ones change nothing and are told of, and so for the configuration" {
	recording
	daemon_config "outputs: [{name: std, type: stdout}, {name: file, type: file, path: $PWD/alerts}]"
	echo s >secret-of-the-tests
	echo s >other-secret
	daemon_start
	cp rules.yaml right.yaml
	echo '- rule: broken' >>rules.yaml
	run ctl reload
	[ "$status" = 1 ]
	[[ $output == *rules.yaml:* ]]
	ctl status | grep -q 'rules.yaml:'
	cat secret-of-the-tests >/dev/null
	until_true grep -q 'secret read' out
	sed 's/secret-of-the-tests/other-secret/; s/output: secret read/output: other secret/' right.yaml >rules.yaml
	kill -HUP "$daemon_pid"
	until_true grep -q reloaded log
	ctl status -o json | jq -en 'input | .rules.reload_error == null'
	cat secret-of-the-tests other-secret >/dev/null
	until_true grep -q 'other secret' out
	[ "$(grep -c 'secret read' out)" = 1 ]
	until_true grep -q 'other secret' alerts
	mv alerts rotated
	ctl reload
	cat other-secret >/dev/null
	until_true grep -q 'other secret' alerts
	echo 'triggers: {befor: 5s}' >>c.yaml
	run ctl reload
	[ "$status" = 1 ]
	[[ $output == *"did you mean 'before'?"* ]]
	cat other-secret >/dev/null
	until_true eval '[ "$(grep -c "other secret" out)" = 3 ]'
	daemon_stop
}

@test "reload: outputs, limits of files, HTTP and the audit log are others then; what cannot be is named; a mistake changes none" {
	recording
	umask 077
	echo one >token1
	echo two >token2
	umask 022
	daemon_config
	cat >rules.yaml <<-EOF
		- rule: Secret deleted
		  desc: Somebody has deleted a secret.
		  condition: ka.verb = delete and ka.target.resource = secrets
		  output: secret deleted (user=%ka.user.name)
		  priority: CRITICAL
		  source: k8s_audit
	EOF
	entry='{"kind":"Event","apiVersion":"audit.k8s.io/v1","auditID":"a1","stage":"ResponseComplete","verb":"delete","user":{"username":"eve"},"objectRef":{"resource":"secrets","namespace":"default","name":"s","apiVersion":"v1"},"stageTimestamp":"2026-11-28T00:00:00.000000Z","requestReceivedTimestamp":"2026-11-28T00:00:00.000000Z"}'
	cp c.yaml base.yaml
	printf '%s\n' "outputs: [{name: same, type: file, path: same}, {name: first, type: file, path: first}]" \
		"audit: {log: audit1, state: state}" "http: {listen: 'unix:$PWD/http', token_file: token1}" >>c.yaml
	: >audit1
	: >audit2
	daemon_start
	get() { curl -s -o answer -w '%{http_code}\n' --unix-socket http -H "Authorization: Bearer $1" "http://localhost$2"; }
	[ "$(get one /metrics)" = 200 ]
	echo "$entry" >>audit1
	until_true grep -q eve first

	# the same with other outputs, limits, tokens, logs; and sections that are settled
	{ cat base.yaml; printf '%s\n' "outputs: [{name: same, type: file, path: same}, {name: second, type: file, path: second}]" \
		"audit: {log: audit2, webhook: true}" "http: {listen: 'unix:$PWD/http', token_file: token2}"; } >c.yaml
	sed -i 's/^files: .*/files: {directory: captures, per_source: 1}/; s/size: 16MiB/size: 32MiB/' c.yaml
	cp c.yaml good.yaml

	# one mistake in the last section: nothing of it holds
	sed -i "s/token_file: token2/token_file: nowhere/" c.yaml
	run ctl reload
	[ "$status" = 1 ]
	[[ $output == *nowhere* ]]
	sed "s|unix:$PWD/http|192.0.2.1:1|" good.yaml >c.yaml	# an address that is not ours
	run ctl reload
	[ "$status" = 1 ]
	[[ $output == *"cannot listen on 192.0.2.1:1"* ]]
	[ "$(get one /metrics)" = 200 ]
	echo "${entry//eve/adam}" >>audit1
	until_true grep -q adam first
	[ ! -s second ]

	cp good.yaml c.yaml
	ctl reload >said
	grep -qx 'not before a restart of the recorder: ring.size' said
	ctl status | grep -q 'not before a restart: ring.size'
	[ "$(get one /metrics)" = 401 ]
	[ "$(get two /metrics)" = 200 ]
	[ "$(stat -c %F http)" = socket ]
	echo "${entry//eve/mallory}" >>audit2
	until_true grep -q mallory second
	! grep -q mallory first || false
	curl -sf --unix-socket http -H 'Authorization: Bearer two' -d "${entry//eve/trudy}" http://localhost/k8s-audit
	until_true grep -q trudy second
	until_true grep -q trudy same
	[ "$(grep -c . same)" = 4 ]
	ctl trigger --after 0 --wait --reason one
	run ctl trigger --after 0 --wait --reason two
	[ "$status" = 1 ]
	[[ $output == *"have had their 1 files for now"* ]]
	ctl status -o json | jq -en 'input | [.outputs[].name] == ["same", "second"]'

	# no server, no outputs said: standard output
	cp base.yaml c.yaml
	ctl reload >said
	! grep -q 'not before' said || false
	[ ! -e http ]
	ctl status -o json | jq -en 'input | [.outputs[].name] == ["stdout"]'
	daemon_stop
	[ "$daemon_status" = 0 ]
}

@test "the service manager is told: ready, reloading, watchdog, stopping" {
	recording
	command -v python3 >/dev/null || skip "python3 is not installed"
	daemon_config
	python3 - >told 3>&- <<-'EOF' & other_pid=$!
		import os, socket
		s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
		s.bind("notify")
		s.settimeout(60)
		while True:
		    m = s.recv(4096).decode()
		    print(m.replace("\n", " "), flush=True)
		    if m.startswith("STOPPING"):
		        break
	EOF
	until_true test -S notify
	daemon_start env NOTIFY_SOCKET="$PWD/notify" WATCHDOG_USEC=400000
	until_true grep -q '^READY=1 STATUS=Recording' told
	until_true grep -q '^WATCHDOG=1' told
	ctl reload
	until_true grep -q '^RELOADING=1 MONOTONIC_USEC=[0-9]' told
	daemon_stop
	until_true grep -q '^STOPPING=1' told
	[ "$(tr '\0' '\n' </proc/self/environ | grep -c NOTIFY_SOCKET)" = 0 ]
}

@test "the unit file: systemd finds nothing wrong, and its capabilities are enough" {
	recording
	daemon_config
	sed "s|@BINDIR@|$SPOOR_BUILD|g" "$SPOOR_SRC/capture/dist/spoor-capture.service.in" >spoor-capture.service
	if command -v systemd-analyze >/dev/null; then
		SYSTEMD_UNIT_PATH=$PWD: systemd-analyze verify --man=no ./spoor-capture.service 2>&1 | tee verified
		! grep -q 'spoor-capture.service:' verified || false
		systemd-analyze security --offline=true --threshold=40 ./spoor-capture.service >security || { tail -n 3 security; false; }
	fi
	command -v setpriv >/dev/null || skip "setpriv is not installed"
	caps=$(sed -n 's/^CapabilityBoundingSet=//p' spoor-capture.service | tr 'A-Z' 'a-z' | sed 's/cap_/+/g; s/ /,/g')
	echo s >secret-of-the-tests
	daemon_start setpriv --bounding-set="-all,$caps" --inh-caps=-all --no-new-privs
	cat secret-of-the-tests >/dev/null
	until_true grep -q 'secret read' out
	grep '^CapEff' "/proc/$daemon_pid/status"
	! chrt -r 1 true || ctl status | grep '^priority *real-time'
	daemon_stop
	[ "$daemon_status" = 0 ]
}

@test "the audit log of Kubernetes is followed, and its webhook served: rules match, what came is counted" {
	recording
	daemon_config "outputs: [{name: std, type: stdout}]" "audit: {log: audit.log, webhook: true}" "http: {listen: 'unix:$PWD/http'}"
	cat >rules.yaml <<-EOF
		- rule: Secret deleted
		  desc: Somebody has deleted a secret.
		  condition: ka.verb = delete and ka.target.resource = secrets
		  output: secret deleted (user=%ka.user.name)
		  priority: CRITICAL
		  source: k8s_audit
	EOF
	: >audit.log
	daemon_start
	echo '{"kind":"Event","apiVersion":"audit.k8s.io/v1","auditID":"a1","stage":"ResponseComplete","verb":"delete","user":{"username":"eve"},"objectRef":{"resource":"secrets","namespace":"default","name":"s","apiVersion":"v1"},"stageTimestamp":"2026-11-28T00:00:00.000000Z","requestReceivedTimestamp":"2026-11-28T00:00:00.000000Z"}' >>audit.log
	until_true grep -q 'secret deleted (user=eve)' out
	sed 's/eve/mallory/; s/"a1"/"a2"/' audit.log | curl -m 60 -sf --unix-socket http --data-binary @- http://localhost/k8s-audit | grep '"entries":1'
	until_true grep -q 'secret deleted (user=mallory)' out
	for count in entries_total\ 2 recorded_total\ 2 faulty_total\ 0 log_lines_total\ 1; do
		until_true eval 'curl -m 60 -sf --unix-socket http http://localhost/metrics | grep -x "spoor_audit_$count"'
	done
	daemon_stop
	[ "$daemon_status" = 0 ]
}
