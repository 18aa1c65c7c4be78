# SPDX-License-Identifier: Apache-2.0
# runner: alone
#
# Pods of CRI-O.

setup_file() {
	source "$SPOOR_SRC/tests/lib/runtimes.bash"
	rt_setup_file
}

setup() {
	source "$SPOOR_SRC/tests/lib/runtimes.bash"
	rt_setup
}

teardown() {
	[ -z "${rec_pid:-}" ] || kill -KILL "$rec_pid" 2>/dev/null || :
	rt_end
}

@test "CRI-O: pod, namespace, uid, labels of pod and container, end though the cgroup stays; by its name" {
	command -v python3 >/dev/null && command -v curl >/dev/null || skip "calling CRI takes python3 and curl"
	rt_crio_start || skip "$rt_why"
	record_start t.spoor
	rt_pod
	id=$(cat id) sandbox=$(cat sandbox)
	seen t.spoor "container.id = ${id:0:12} and container.name = nginx and $rt_opens"
	# another recording finds it
	rt_found nginx
	touch "$rt/shared/go"
	seen t.spoor "evt.type = container_end and evt.arg.id = ${id:0:12}"
	for call in StopPodSandbox RemovePodSandbox; do rt_cri $call "{\"1\": \"$sandbox\"}" >/dev/null; done
	# nothing runs in it: what it has is the pod's
	seen t.spoor "evt.type = container_end and evt.arg.id = ${sandbox:0:12}"
	record_stop
	for t in t u; do
		rt_is "nginx|cri-o|web-0|prod|$rt_uid_of_pod|front|canary|${sandbox:0:12}|true|$rt/shared|true|false|" rt_fields $t.spoor "$id" container.name container.type \
			k8s.pod.name k8s.ns.name k8s.pod.uid k8s.pod.label[tier] container.label[track] k8s.pod.sandbox_id container.host_network \
			container.mount.source[/mnt] "container.mount.rdwr[$rt/shared]" container.privileged
		rt_fields $t.spoor "$id" container.image container.image.digest container.image.id >line
		grep -qE '^localhost/spoor/test:7\|sha256:[0-9a-f]{64}\|[0-9a-f]{64}\|$' line
	done
	events t.spoor 'evt.type in (container, container_end)' >c.json
	jq -es --arg id "${id:0:12}" --arg pod "${sandbox:0:12}" '
		([.[] | select(.type == "container_end" and .args.id == $id) | .args.exit_code] == [9]) and
		any(.[]; .args.id == $id and .args.json? and (.args.json | fromjson | .container.restart_count == 2)) and
		any(.[]; .args.id == $pod and .args.name == "POD" and (.args.json | fromjson | .container | .is_pod_sandbox and .host_network))' c.json
}
