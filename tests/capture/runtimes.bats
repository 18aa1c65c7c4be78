# SPDX-License-Identifier: Apache-2.0
# runner: alone
#
# Containers of real runtimes are recorded under the names that these gave them. Each runtime is started here, with
# everything it keeps in a folder of its own, and removed afterwards.

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

# A container's name is looked up beside the recording: it is there a moment later, whenever that is. So a container here
# opens a file again and again until the recording has shown what is asked of it.
@test "docker: name, image with tag and digest, labels, mounts, user, exit code; restarted under the same id" {
	rt_docker_start || skip "$rt_why"
	record_start t.spoor --container-env
	docker run -d --network none --name web-frontend-1 --hostname h -l app=demo -e SECRET=x -v "$rt/shared:/mnt:ro" -u 0:0 \
		spoor/test:7 sh -c "$rt_busy; exit 5" >id
	docker run -d --rm --network none --name web-frontend-2 -v "$rt/shared:/mnt:ro" spoor/test:7 sh -c "$rt_busy" >id2
	for n in 1 2; do seen t.spoor "container.name = web-frontend-$n and $rt_opens"; done
	touch "$rt/shared/go"
	id=$(cat id)
	for i in "$id" "$(cat id2)"; do seen t.spoor "evt.type = container_end and evt.arg.id = ${i:0:12}"; done
	rm "$rt/shared/go"
	docker start web-frontend-1 >/dev/null
	seen t.spoor "evt.num > $seen_num and container.name = web-frontend-1 and $rt_opens"
	touch "$rt/shared/go"
	docker wait web-frontend-1 >/dev/null
	seen t.spoor "evt.type = container_end and evt.arg.id = ${id:0:12}" 2
	record_stop
	rt_is "web-frontend-1|docker|spoor/test|7|demo|yes|false|false|$rt/shared|false|" rt_fields t.spoor "$id" container.name container.type container.image.repository container.image.tag container.label[app] \
		container.label[image.label] container.privileged container.host_network container.mount.source[/mnt] container.mount.rdwr[0]
	rt_is "$id|$(docker inspect -f '{{.Image}}' web-frontend-1 | cut -d: -f2)|" rt_fields t.spoor "$id" container.full_id container.image.id
	events t.spoor 'evt.type in (container, container_end)' >c.json
	# born and ended twice, with its exit code; the other one is told apart
	jq -es --arg id "${id:0:12}" '[.[] | select(.type == "container_end" and .args.id == $id and .args.exit_code == 5)] | length == 2' c.json
	jq -es 'any(.[]; .type == "container" and .args.name == "web-frontend-2")' c.json
	jq -es 'any(.[]; .args.json? and (.args.json | fromjson | .container.env | index("SECRET=x")))' c.json
	# without the option the environment stays out
	rm "$rt/shared/go"
	record_start u.spoor
	docker run -d --rm --network none -e SECRET=x --name quiet -v "$rt/shared:/mnt:ro" spoor/test:7 sh -c "$rt_busy" >id
	seen u.spoor "container.name = quiet and $rt_opens"
	record_stop
	events u.spoor 'evt.type = container' >c.json
	jq -es 'any(.[]; .args.name == "quiet") and all(.[]; tostring | contains("SECRET=x") | not)' c.json
}

@test "docker: -c and a name that does not exist yet" {
	rt_docker_start || skip "$rt_why"
	record_start t.spoor -c web1
	docker run --rm --network none --name other spoor/test:7 cat /etc/passwd >/dev/null
	docker run -d --rm --network none --name web1 -v "$rt/shared:/mnt:ro" spoor/test:7 sh -c "$rt_busy" >/dev/null
	seen t.spoor "container.name = web1 and $rt_opens"
	record_stop
	spoor-replay t.spoor -o json -f 'evt.type = openat and fd.name = /etc/passwd and container.id != host' >t.json
	# what comes before the name is known is kept, lest a beginning be missed
	jq -es 'any(.[]; .container.name == "web1" and .container.image == "spoor/test:7") and
		all(.[]; .container.name == "web1" or .container.name == null)' t.json
}

@test "docker: one that was there before, by its name; killed for want of memory" {
	rt_docker_start || skip "$rt_why"
	docker run -d --network none --name there -v "$rt/shared:/mnt:ro" spoor/test:7 sh -c "$rt_busy" >id
	record_start t.spoor -c there
	seen t.spoor "container.name = there and $rt_opens"
	record_stop
	id=$(cat id)
	rt_is "there|spoor/test:7|" rt_fields t.spoor "$id" container.name container.image
	# the names are in the keyframe: a cut of the trace needs nothing else
	spoor-replay t.spoor --keyframes --internal -o json -f 'evt.type = state_container' |
		jq -es --arg id "${id:0:12}" 'any(.[]; .args.id == $id and .args.name == "there" and .args.cgroup)'
	docker rm -f there >/dev/null
	record_start m.spoor
	docker run --network none --name greedy -m 16m --memory-swap 16m spoor/test:7 sh -c 'x=aaaaaaaaaaaaaaaa; while :; do x=$x$x; done' >/dev/null 2>&1 || true
	[ "$(docker inspect -f '{{.State.OOMKilled}}' greedy)" = true ] || skip "no limit of memory is enforced here"
	id=$(docker inspect -f '{{.Id}}' greedy)
	seen m.spoor "evt.type = container_end and evt.arg.id = ${id:0:12}"
	record_stop
	events m.spoor 'evt.type = container_end' >c.json
	jq -es 'any(.[]; .args.exit_code == 137 and .args.oom == true)' c.json
}

@test "containerd: names and images of its own tool; names that are alike but for their end" {
	rt_containerd_start || skip "$rt_why"
	record_start t.spoor
	for n in 1 2; do
		timeout 100 ctr run --rm --label app=demo$n --mount "type=bind,src=$rt/shared,dst=/mnt,options=rbind:ro" \
			localhost/spoor/test:7 payments-backend-$n /bin/sh -c "$rt_busy; exit 3" >/dev/null 2>&1 3>&- &
	done
	for n in 1 2; do seen t.spoor "container.name = payments-backend-$n and $rt_opens"; done
	touch "$rt/shared/go"
	for n in 1 2; do seen t.spoor "evt.type = container_end and evt.arg.id = payments-backend-$n"; done
	record_stop
	for n in 1 2; do
		spoor-replay t.spoor -f "container.id = payments-backend-$n and $rt_opens" \
			-p '%container.name|%container.type|%container.image|%container.label[app]' | tail -n 1 >line
		rt_is "payments-backend-$n|containerd|localhost/spoor/test:7|demo$n" cat line
		events t.spoor 'evt.type = container_end' | jq -es --arg id payments-backend-$n 'any(.[]; .args.id == $id and .args.exit_code == 3)'
	done
	ctr image ls | grep -o 'sha256:[0-9a-f]*' | sort -u >digests
	spoor-replay t.spoor -f 'container.id startswith payments and container.image.digest exists' -p %container.image.digest | sort -u >got
	grep -qxFf digests got
}

@test "CRI: pod, namespace, uid, labels of pod and container, the pause container" {
	command -v python3 >/dev/null && command -v curl >/dev/null || skip "calling CRI takes python3 and curl"
	rt_containerd_start || skip "$rt_why"
	record_start t.spoor
	rt_pod
	id=$(cat id) sandbox=$(cat sandbox)
	seen t.spoor "container.id = ${id:0:12} and container.name = nginx and $rt_opens"
	touch "$rt/shared/go"
	seen t.spoor "evt.type = container_end and evt.arg.id = ${id:0:12}"
	rt_cri StopPodSandbox "{\"1\": \"$sandbox\"}" >/dev/null
	rt_cri RemovePodSandbox "{\"1\": \"$sandbox\"}" >/dev/null
	seen t.spoor "evt.type = container_end and evt.arg.id = ${sandbox:0:12}"
	record_stop
	rt_is "nginx|containerd|web-0|prod|$rt_uid_of_pod|front|canary|${sandbox:0:12}|true|" rt_fields t.spoor "$id" container.name container.type k8s.pod.name k8s.ns.name k8s.pod.uid k8s.pod.label[tier] \
		container.label[track] k8s.pod.sandbox_id container.host_network
	rt_fields t.spoor "$id" container.image container.image.digest container.image.id >line
	grep -qE '^localhost/spoor/test:7\|sha256:[0-9a-f]{64}\|[0-9a-f]{64}\|$' line
	events t.spoor 'evt.type in (container, container_end)' >c.json
	jq -es --arg id "${id:0:12}" --arg pod "${sandbox:0:12}" '
		any(.[]; .args.id == $id and .type == "container_end" and .args.exit_code == 9) and
		any(.[]; .args.id == $id and .args.json? and (.args.json | fromjson | .container.restart_count == 2)) and
		any(.[]; .args.id == $pod and .args.name == "POD" and (.args.json | fromjson | .container.is_pod_sandbox)) and
		any(.[]; .args.id == $pod and .type == "container_end")' c.json
}

@test "podman: names, labels, a pod" {
	rt_podman_start || skip "$rt_why"
	record_start t.spoor
	pm run -d --network none --name backend-of-shop -l app=demo -v "$rt/shared:/mnt:ro" localhost/spoor/test:7 sh -c "$rt_busy; exit 4" >id
	id=$(cat id)
	seen t.spoor "container.name = backend-of-shop and $rt_opens"
	touch "$rt/shared/go"
	seen t.spoor "evt.type = container_end and evt.arg.id = ${id:0:12}"
	record_stop
	rt_is "backend-of-shop|podman|localhost/spoor/test:7|demo|" rt_fields t.spoor "$id" container.name container.type container.image container.label[app]
	rt_fields t.spoor "$id" container.image.digest container.image.id | grep -qE '^sha256:[0-9a-f]{64}\|[0-9a-f]{64}\|$'
	events t.spoor 'evt.type = container_end' | jq -es --arg id "${id:0:12}" 'any(.[]; .args.id == $id and .args.exit_code == 4)'
}

@test "a runtime whose files nobody else sees: found by the process that watches over the container" {
	mkdir "$rt/hidden"
	rt_in=(unshare -m --propagation private sh -c 'mount -t tmpfs tmpfs "$0" && exec "$@"' "$rt/hidden")
	rt_state=$rt/hidden rt_containerd_start || skip "$rt_why"
	[ -z "$(ls "$rt/hidden")" ]
	record_start t.spoor
	timeout 100 nsenter -m -t "${rt_pids[0]}" ctr run --rm --label app=inner --mount "type=bind,src=$rt/shared,dst=/mnt,options=rbind:ro" \
		localhost/spoor/test:7 a-box-inside-of-another /bin/sh -c "$rt_busy" >/dev/null 2>&1 3>&- &
	seen t.spoor "container.name = a-box-inside-of-another and $rt_opens"
	record_stop
	rt_is "a-box-inside-of-another|containerd|localhost/spoor/test:7|inner|" \
		rt_fields t.spoor a-box-inside container.name container.type container.image container.label[app]
}

@test "docker: the ptrace driver in a container without privilege, under docker's own filter" {
	rt_docker_start || skip "$rt_why"
	mkdir -m 777 "$rt/out"
	docker run --rm --network none -u 65534:65534 -v /usr:/usr:ro -v /lib:/lib:ro -v /lib64:/lib64:ro -v "$SPOOR_BUILD:/build:ro" -v "$rt/out:/out" \
		spoor/test:7 /build/spoor-capture -w /out/t.spoor --driver ptrace -- /bin/sh -c '/bin/cat /etc/passwd >/dev/null; exit 6' 2>log || true
	cat log
	grep -q 'ended with status 6' log
	spoor-replay "$rt/out/t.spoor" -o json >t.json
	jq -es 'any(.[]; .type == "openat" and .args.path == "/etc/passwd" and .process.exepath == "/bin/busybox" and .process.uid == 65534)' t.json
	jq -es 'any(.[]; .type == "procexit" and .args.ret == 6)' t.json
}
