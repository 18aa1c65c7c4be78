# SPDX-License-Identifier: Apache-2.0
#
# spoor-capture --audit-log: a recording of a command and of what the audit log says meanwhile.

setup() {
	source "$SPOOR_SRC/tests/capture/lib.bash"
	CAPTURE_MISSING=$(capture_missing) && skip "$CAPTURE_MISSING"
	cd "$BATS_TEST_TMPDIR"
	export TZ=UTC
}

entry() {	# id verb
	echo "{\"kind\":\"Event\",\"apiVersion\":\"audit.k8s.io/v1\",\"auditID\":\"$1\",\"stage\":\"ResponseComplete\",\"verb\":\"$2\",\"user\":{\"username\":\"eve\"}," \
		"\"objectRef\":{\"resource\":\"secrets\",\"namespace\":\"shop\",\"name\":\"s\"},\"responseStatus\":{\"code\":200},\"stageTimestamp\":\"$(date -u +%Y-%m-%dT%H:%M:%S.%6NZ)\"}"
}

@test "what is written to the log while a command runs is in the trace, through a rotation, and rules run on it" {
	entry old get >audit.log
	entry a get >a
	entry b delete >b
	cat >rules.yaml <<-'X'
	- rule: Secret deleted
	  desc: d
	  condition: ka.verb = delete and ka.target.resource = secrets
	  output: secret deleted (user=%ka.user.name id=%ka.auditid)
	  priority: WARNING
	  source: k8s_audit
	X
	record t.spoor --audit-log audit.log -r rules.yaml -- sh -c 'cat a >>audit.log; mv audit.log audit-1.log; cat b >audit.log' >alerts || { cat t.spoor.log; false; }
	[ "$(spoor-replay t.spoor -f 'evt.type = k8s_audit' -p '%ka.auditid %ka.verb' | paste -sd ,)" = "a get,b delete" ]
	grep -q 'secret deleted (user=eve id=b)' alerts
	spoor-replay t.spoor -f 'evt.type = execve and proc.name = mv' | grep -q audit-1.log
	spoor-trace verify t.spoor
}

@test "a log that is not there yet is waited for; what is no entry is left out" {
	record t.spoor --audit-log audit.log -- sh -c "echo nonsense >audit.log; echo '$(entry a get)' >>audit.log" || { cat t.spoor.log; false; }
	grep -q 'audit.log: .*it is waited for' t.spoor.log
	grep -q 'is left out' t.spoor.log
	[ "$(spoor-replay t.spoor -f 'evt.type = k8s_audit' -p '%ka.auditid')" = a ]
}
