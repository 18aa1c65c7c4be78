#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# An audit log of Kubernetes, 200,000 made entries as a busy cluster writes them (lists and watches of controllers, pods and their status,
# leases, secrets, people), through the rules that ship: from the text, and from a trace of it; beside zcat of the text. Processor time of
# one thread, start and loading of the rules included.

set -eu
rounds=5
n=200000
awk -v n=$n 'BEGIN {
	split("get list watch create update patch delete", verbs, " ")
	split("pods leases endpoints secrets configmaps deployments nodes services events serviceaccounts", kinds, " ")
	split("system:node:n1 system:kube-controller-manager system:serviceaccount:kube-system:job alice system:serviceaccount:shop:web bob", users, " ")
	srand(7)
	for (i = 0; i < n; i++) {
		verb = verbs[1 + int(rand() * 7)]; kind = kinds[1 + int(rand() * 10)]; user = users[1 + int(rand() * 6)]
		ns = "ns" int(rand() * 40); name = kind "-" int(rand() * 900); code = rand() < 0.02 ? 403 : verb == "create" ? 201 : 200
		time = sprintf("2026-11-27T%02d:%02d:%02d.%06dZ", i / 720000, i / 12000 % 60, i / 200 % 60, i % 200 * 5000)
		printf "{\"kind\":\"Event\",\"apiVersion\":\"audit.k8s.io/v1\",\"level\":\"Request\",\"auditID\":\"%08x-0000-4000-8000-%012x\",\"stage\":\"ResponseComplete\",", i, i * 7919
		printf "\"requestURI\":\"/api/v1/namespaces/%s/%s/%s?timeout=10s\",\"verb\":\"%s\",\"user\":{\"username\":\"%s\",\"uid\":\"u-%d\",\"groups\":[\"system:authenticated\",\"g%d\"]},", ns, kind, name, verb, user, i % 50, i % 9
		printf "\"sourceIPs\":[\"10.0.%d.%d\"],\"userAgent\":\"agent/v1.30 (linux/amd64) kubernetes/abcdef0\",\"objectRef\":{\"resource\":\"%s\",\"namespace\":\"%s\",\"name\":\"%s\",\"apiVersion\":\"v1\"},", i % 4, i % 200, kind, ns, name
		printf "\"responseStatus\":{\"metadata\":{},\"code\":%d},", code
		if (verb ~ /create|update|patch/)
			printf "\"requestObject\":{\"kind\":\"Pod\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"%s\",\"namespace\":\"%s\",\"labels\":{\"app\":\"a%d\",\"tier\":\"front\"}},\"spec\":{\"containers\":[{\"name\":\"c\",\"image\":\"registry.example/team/app%d:1.%d\",\"args\":[\"--port=8080\",\"--log=info\"],\"resources\":{\"limits\":{\"cpu\":\"1\",\"memory\":\"1Gi\"}},\"volumeMounts\":[{\"name\":\"v\",\"mountPath\":\"/data\"}],\"securityContext\":{\"runAsUser\":1000,\"allowPrivilegeEscalation\":false}}],\"volumes\":[{\"name\":\"v\",\"emptyDir\":{}},{\"name\":\"t\",\"projected\":{\"sources\":[]}}],\"serviceAccountName\":\"default\"}},", name, ns, i % 70, i % 30, i % 11
		printf "\"requestReceivedTimestamp\":\"%s\",\"stageTimestamp\":\"%s\",\"annotations\":{\"authorization.k8s.io/decision\":\"%s\",\"authorization.k8s.io/reason\":\"RBAC: allowed by a binding\"}}\n", time, time, code == 403 ? "forbid" : "allow"
	}
}' >audit.log
gzip -k audit.log
spoor-trace convert audit.log audit.spoor >/dev/null 2>&1
TIMEFORMAT='%U %S'

# once NAME COMMAND...: the least processor time (ms) of a name so far is kept.
declare -A cpu
once() {
	local name=$1 u s
	shift
	read -r u s < <({ time "$@" >/dev/null 2>&1; } 2>&1)
	u=$(awk "BEGIN { print int(($u + $s) * 1000) }")
	[ "${cpu[$name]:-999999}" -le "$u" ] || cpu[$name]=$u
}
for ((i = 0; i < rounds; i++)); do
	once zcat zcat audit.log.gz
	once text spoor-replay audit.log -r "$SPOOR_SRC/rules/k8s_audit.yaml" -o json
	once trace spoor-replay audit.spoor -r "$SPOOR_SRC/rules/k8s_audit.yaml" -o json
	once fields spoor-replay audit.log -p '%ka.user.name %ka.verb %ka.uri %ka.req.pod.containers.image %ka.sourceips %ka.response.code'
done
echo "$n entries of $(($(stat -c %s audit.log) / n)) bytes; $(spoor-replay audit.spoor -r "$SPOOR_SRC/rules/k8s_audit.yaml" 2>/dev/null | wc -l) alerts; as a trace $(($(stat -c %s audit.spoor) / n)) bytes each, by gzip $(($(stat -c %s audit.log.gz) / n))"
row() {
	awk -v what="$1" -v ms="${cpu[$2]}" -v n=$n -v z="${cpu[zcat]}" 'BEGIN {
		printf "%s | %d thousand/s | %d thousand/s zcat of the text | %.2f\n", what, n / ms, n / z, ms / z }'
}
row "audit entries through the rules that ship, from the text" text
row "audit entries through the rules that ship, from a trace" trace
row "six fields of each entry printed, from the text" fields
