#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Who one is to the API server, and who it is: HTTPS, the account of a pod, client certificates.

setup() {
	source "$SPOOR_SRC/tests/lib/kubernetes.bash"
	acts_setup
}

teardown() { acts_teardown; }

@test "in a pod: its account, over HTTPS; the token that is there at the time of the request" {
	certificates
	KUBE_TLS="server.pem server.key" KUBE_TOKEN=$PWD/right serve
	mkdir a
	cp ca.pem a/ca.crt
	echo first-token >right
	cp right a/token
	export KUBERNETES_SERVICE_HOST=127.0.0.1 KUBERNETES_SERVICE_PORT=$(cat port) account=a
	acts delete_pod
	grep -q 'delete_pod: done: pod deleted' out
	# kubelet has put another token there
	echo second-token >right
	acts delete_pod
	grep -q 'delete_pod: failed: .*401' out
	cp right a/token
	acts delete_pod
	grep -q 'delete_pod: done: pod deleted' out
	# a server that says it is the API server, and is not
	cp other.pem a/ca.crt
	acts delete_pod
	grep -q 'delete_pod: failed: .*certificate' out
	unset KUBERNETES_SERVICE_HOST
	acts delete_pod
	grep -q 'failed: this is no pod' out
	[ "$(grep -c ^OK log)" = 2 ]
	[ "$(grep -c ^WHO log)" = 1 ]
}

@test "a kubeconfig with a client certificate, in files and within it; both sides' certificates are checked" {
	certificates
	KUBE_TLS="server.pem server.key ca.pem" serve
	b64() { base64 -w0 <"$1"; }
	config 'client-certificate: client.pem, client-key: client.key' 'certificate-authority: ca.pem'
	acts delete_pod
	grep -q 'delete_pod: done' out
	config "client-certificate-data: $(b64 client.pem), client-key-data: $(b64 client.key)" "certificate-authority-data: $(b64 ca.pem)"
	acts delete_pod
	grep -q 'delete_pod: done' out
	[ "$(grep -c ^OK log)" = 2 ]
	# no certificate, another authority's, and a server that this one does not know
	config '' 'certificate-authority: ca.pem'
	acts delete_pod
	grep -q 'delete_pod: failed: .*401' out
	config 'client-certificate: stranger.pem, client-key: stranger.key' 'certificate-authority: ca.pem'
	acts delete_pod
	grep -q 'delete_pod: failed' out
	[ "$(grep -c ^OK log)" = 2 ]
	# the plugin of a cloud may give a certificate instead of a token
	jq -n --rawfile c client.pem --rawfile k client.key '{kind: "ExecCredential", apiVersion: "client.authentication.k8s.io/v1",
		status: {clientCertificateData: $c, clientKeyData: $k}}' >credential
	printf '#!/bin/sh\ncat "%s/credential"\n' "$PWD" >plugin
	chmod +x plugin
	config 'exec: {apiVersion: client.authentication.k8s.io/v1, command: ./plugin}' 'certificate-authority: ca.pem'
	acts delete_pod
	grep -q 'delete_pod: done' out
}
