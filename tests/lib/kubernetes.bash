# SPDX-License-Identifier: Apache-2.0
#
# kubernetes.bash - Kubernetes' published API description, for tests: openapi.json.gz in the folder SPOOR_KUBERNETES.
#
#   kubernetes_missing		prints why the tests that need it cannot run, and succeeds then; else it is $kubernetes_api
#   certificates		ca.pem, server.pem for 127.0.0.1, client.pem; other.pem, an authority of its own, and stranger.pem; keys beside them
#   serve [MODE...]		an API server that checks requests by it (kube_server.py), $server; its log is ${kube_log:-log}; kubeconfig is for it
#   config USER [CLUSTER]	a kubeconfig for it: the user, and what there is more of the cluster, each in one line; then it is https
#   acts ACTION...		does them, as a playbook has them, to the pod $pod of namespace shop, of uid $uid, on $node, in $context, each request
#				within $timeout, or as the account in the folder $account; what came of it is out
#   acts_setup, acts_teardown	for setup and teardown of tests that do; they begin in a folder of their own, with an empty log

source "$SPOOR_SRC/tests/lib/until.bash"

kubernetes_missing() {
	kubernetes_api=${SPOOR_KUBERNETES:-$SPOOR_SRC/../shared/kubernetes}/openapi.json.gz
	[ -r "$kubernetes_api" ] || { echo "no description of the Kubernetes API (SPOOR_KUBERNETES)"; return 0; }
	command -v python3 >/dev/null || { echo "python3 is not installed"; return 0; }
	return 1
}

serve() {
	rm -f port
	python3 "$SPOOR_SRC/tests/lib/kube_server.py" "$kubernetes_api" port "${kube_log:-log}" "$@" 2>server.log 3>&- & server=$!
	until_true test -s port || { cat server.log; return 1; }
	config "token: secret-token"
}

config() {
	cat >kubeconfig <<-X
	apiVersion: v1
	kind: Config
	current-context: test
	contexts: [{name: test, context: {cluster: c, user: u}}, {name: other, context: {cluster: none, user: u}}]
	clusters: [{name: c, cluster: {server: "http${2:+s}://127.0.0.1:$(cat port)/"${2:+, $2}}}]
	users: [{name: u, user: {$1}}]
	X
}

acts_setup() {
	local why
	PATH=$SPOOR_BUILD:$PATH
	why=$(kubernetes_missing) && skip "$why"
	kubernetes_missing || :
	cd "$BATS_TEST_TMPDIR"
	server=
	: >log
}

acts_teardown() {
	[ -z "$server" ] || kill "$server" 2>/dev/null || :
}

acts() {
	local a access=${account:+account: $account}
	{
		echo 'reachable: [10.0.0.5, 192.168.0.0/16, "fd00::1"]'
		echo "kubernetes: {${access:-kubeconfig: kubeconfig}, timeout: ${timeout:-20s}${context:+, context: $context}}"
		echo 'playbooks: [{name: p, actions: ['
		for a; do echo "{do: $a},"; done
		echo ']}]'
	} >pb.yaml
	POD_NS=shop POD_NAME=${pod-web-1} POD_UID=${uid-} NODE=${node-worker-1} "$SPOOR_BUILD/tests/capture/make_act" do pb.yaml none 0 0 >out
	cat out log
	if grep ^BAD log; then return 1; fi
}

certificates() {
	command -v openssl >/dev/null || skip "openssl is not installed"
	local n
	for n in ca other; do
		openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -keyout $n.key -out $n.pem -subj "/CN=$n"
	done 2>/dev/null
	for n in server:ca client:ca stranger:other; do
		openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "${n%:*}.key" -out csr -subj "/CN=${n%:*}"
		openssl x509 -req -in csr -CA "${n#*:}.pem" -CAkey "${n#*:}.key" -CAcreateserial -days 2 -out "${n%:*}.pem" \
			-extfile <(echo subjectAltName=IP:127.0.0.1)
	done 2>/dev/null
}
