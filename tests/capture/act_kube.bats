#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Actions by the API server, against one that checks every request by Kubernetes' own description of its API.

# Bash ignores "! command" in the middle of a test.
no() { if "$@"; then return 1; fi; }

setup() {
	source "$SPOOR_SRC/tests/lib/kubernetes.bash"
	acts_setup
}

teardown() { acts_teardown; }

@test "every action is asked for as the API has it" {
	serve
	acts 'label_pod, labels: {a/b: "x y", c: "", d: "-a$(id)-"}' 'annotate_pod, annotations: {note: "a \"b\""}' isolate_pod event_pod \
		evict_pod delete_pod cordon_node 'taint_node, effect: NoExecute' drain_node
	[ "$(grep -c ': done: ' out)" = 9 ]
	grep -q 'PATCH /api/v1/namespaces/shop/pods/web-1 .*"a/b":"x_y","c":"","d":"a__id"' log
	grep -q 'POST /apis/networking.k8s.io/v1/namespaces/shop/networkpolicies .*10.0.0.5/32.*192.168.0.0/16.*fd00::1/128' log
	grep -q 'DELETE /api/v1/namespaces/shop/pods/web-1 .*"gracePeriodSeconds":30' log
	grep -q 'drain_node: done: node cordoned, 2 pods evicted, 3 left' out	# not those of daemon sets, static, of the system
	no grep -q 'kube-system/pods/dns/eviction' log
}

@test "twice is as once" {
	serve
	acts isolate_pod event_pod isolate_pod event_pod label_pod,\ labels:\ {a:\ b} label_pod,\ labels:\ {a:\ b} cordon_node cordon_node
	[ "$(grep -c ': done: ' out)" = 8 ]
	grep -q 'PATCH /apis/networking.k8s.io/v1/namespaces/shop/networkpolicies/spoor-isolated-' log
	pod=gone acts delete_pod evict_pod
	[ "$(grep -c 'done: the pod had gone already' out)" = 2 ]
	pod=gone acts 'label_pod, labels: {a: b}'
	grep -q 'failed: the pod has gone' out
}

@test "another pod of the same name is not touched" {
	serve
	uid=uid-web-1 acts delete_pod
	grep -q '"preconditions":{"uid":"uid-web-1"}' log
	uid=uid-of-another acts delete_pod evict_pod 'label_pod, labels: {a: b}'
	[ "$(grep -c 'done: the pod had gone already' out)" = 2 ]
	grep -q 'label_pod: failed: the pod has gone' out
}

@test "busy, broken, slow: it is tried again" {
	serve busy error broken cut slow
	timeout=6s acts delete_pod
	grep -q 'delete_pod: done: pod deleted' out
	[ "$(grep -c ^OK log)" = 6 ]
}

@test "forbidden, conflict, always broken: it is said" {
	serve forbidden
	acts delete_pod
	grep -q 'failed: deleting the pod: forbidden: User "x" cannot do this.*--role' out
	no grep -q $'\e' out
	kill "$server"
	: >log
	serve error error error error error error
	acts delete_pod
	grep -q 'failed: deleting the pod: the API server says 500 InternalError: oops' out
	pod=guarded acts evict_pod
	grep -q 'failed: not evicted: Cannot evict pod as it would violate' out
}

@test "nodes of the control plane, and unknown ones, are left alone" {
	serve
	node=master-1 acts cordon_node drain_node taint_node
	[ "$(grep -c 'failed: nodes of the control plane are protected' out)" = 3 ]
	no grep -q PATCH log
	node=nosuch acts cordon_node
	grep -q 'failed: looking at the node: the API server says 404' out
}

@test "a program gives the credentials, and others when they have run out" {
	serve unauthorized
	cat >plugin <<-'X'
	#!/bin/sh
	echo "$1 $VAR $KUBERNETES_EXEC_INFO" >>asked
	echo '{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1","status":{"token":"plugin-token"}}'
	X
	chmod +x plugin
	config 'exec: {apiVersion: client.authentication.k8s.io/v1, command: ./plugin, args: [get], env: [{name: VAR, value: x y}]}'
	acts delete_pod
	grep -q 'delete_pod: done' out
	[ "$(wc -l <asked)" = 2 ]
	grep -q '^get x y {"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential"' asked
	printf '#!/bin/sh\nexit 1\n' >plugin
	acts delete_pod
	grep -q 'failed: .*plugin, which gives credentials, has failed' out
}

@test "what is wrong with a kubeconfig" {
	serve
	context=nosuch acts delete_pod
	grep -q "failed: there is no entry 'nosuch' in contexts" out
	context=other acts delete_pod
	grep -q "failed: there is no entry 'none' in clusters" out
	config 'client-certificate-data: "!!"'
	acts delete_pod
	grep -q 'failed: client-certificate-data is no base64' out
	rm kubeconfig
	acts delete_pod
	grep -q 'failed: cannot read' out
}
