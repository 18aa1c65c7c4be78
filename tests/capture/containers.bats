# SPDX-License-Identifier: Apache-2.0
# runner: alone
#
# Containers that are started while the machine is recorded.

setup_file() {
	source "$SPOOR_SRC/tests/capture/containers.bash"
	containers_setup_file
}

setup() {
	source "$SPOOR_SRC/tests/capture/containers.bash"
	containers_setup
	rec_pid= dirs=()
}

teardown() {
	[ -z "${rec_pid:-}" ] || kill -KILL "$rec_pid" 2>/dev/null || :
	for d in "${dirs[@]}"; do container_remove "$d" "$(cat "$d/id")"; done
}

new_container() {	# -> $dir, $id, $short
	dir=$(mktemp -d /tmp/spoor-test.XXXXXX)
	id=$(container_new_id)
	short=${id:0:12}
	echo "$id" >"$dir/id"
	dirs+=("$dir")
	container_make "$dir" "$id"
}

# What is read of a container while it lives is there a moment later: the container waits for it.
go() {
	touch "$dir/bundle/rootfs/go"
}
until_go='until [ -e /go ]; do sleep 0.05; done'

@test "a container that begins and ends: id, name, end with its exit code, paths as it sees them" {
	new_container
	record_start t.spoor
	container_run "$dir" "$id" /bin/sh -c "cat /etc/shadow >/dev/null; $until_go; exit 7" >log 2>&1 3>&- &
	seen t.spoor "evt.type = container and evt.arg.id = $short and evt.arg.runtime = runc"
	go
	seen t.spoor "evt.type = container_end and evt.arg.id = $short"
	record_stop
	events t.spoor "container.id = $short" >t.json
	cat >expected <<-EOF
		.type == "openat" and .process.name == "cat" and .args.path == "/etc/shadow" and (.args.flags | contains("FD_LOWER_LAYER"))
		.type == "execve" and .res == 0 and .args.trusted_exepath == "/bin/busybox" and (.args.flags | contains("EXE_LOWER_LAYER"))
		.type == "procexit" and .args.ret == 7
	EOF
	conditions expected t.json
	events t.spoor 'evt.type in (container, container_end)' >c.json
	cat >expected <<-EOF
		.type == "container" and .args.id == "$short" and .args.full_id == "$id" and .args.name == "$short" and .args.runtime == "runc" and (.args.json | fromjson | .container | .id == "$short" and .full_id == "$id")
		.type == "container_end" and .args.id == "$short" and .args.exit_code == 7
	EOF
	conditions expected c.json
	spoor-trace info t.spoor | grep -q "$short"
}

# The kernel kills what takes the memory, which mostly is not the first process; a container may get over it.
@test "a container that fails after a process of it was killed for want of memory says so, one that ends well does not" {
	greedy='x=aaaaaaaaaaaaaaaa i=0; while [ $i -lt 23 ]; do x=$x$x i=$((i + 1)); done'	# 128 MiB
	record_start t.spoor
	for code in 3 0; do
		new_container
		jq '.linux.resources.memory = {limit: 67108864, swap: 67108864}' "$dir/bundle/config.json" >config.json
		cp config.json "$dir/bundle/config.json"
		container_run "$dir" "$id" /bin/sh -c "/bin/sh -c '$greedy'; echo status \$?; exit $code" >>log 2>&1 3>&- || true
		seen t.spoor "evt.type = container_end and evt.arg.id = $short"
		echo ".type == \"container_end\" and .args.id == \"$short\" and .args.exit_code == $code and .args.oom == $([ $code = 0 ] && echo false || echo true)" >>expected
	done
	record_stop
	[ "$(grep -c '^status 137' log)" = 2 ] || skip "no limit of memory is enforced here"
	events t.spoor 'evt.type = container_end' >c.json
	conditions expected c.json
}

@test "what a container writes is told from its image, and so is what it runs" {
	new_container
	record_start t.spoor
	container_run "$dir" "$id" /bin/sh -c "cp /bin/busybox /tmp/sh; /tmp/sh true; ln -s /etc/passwd /tmp/l; cat /tmp/l; rm /tmp/sh; $until_go" >log 2>&1 3>&- &
	seen t.spoor "evt.type = useradded and evt.arg.name = app and evt.arg.container_id = $short"
	seen t.spoor "container.id = $short and evt.type = unlink"
	record_stop
	events t.spoor "container.id = $short" >t.json
	cat >expected <<-EOF
		.type == "openat" and .args.path == "/tmp/sh" and (.args.flags | contains("FD_UPPER_LAYER") and contains("O_F_CREATED"))
		.type == "execve" and .res == 0 and .args.trusted_exepath == "/tmp/sh" and (.args.flags | contains("EXE_UPPER_LAYER"))
		.type == "openat" and .args.name == "/tmp/l" and .args.path == "/etc/passwd"
		.type == "unlink" and .args.path == "/tmp/sh"
	EOF
	conditions expected t.json
	# its own users, not the machine's
	events t.spoor 'evt.type = useradded' >u.json
	jq -es --arg id "$short" 'any(.[]; .args.name == "app" and .args.uid == 1000 and .args.container_id == $id)' u.json
}

@test "-c records one container and nothing else, though it starts later" {
	new_container
	record_start t.spoor -c "$short"
	cat /etc/hostname >/dev/null
	echo own:x:4711:4711:own:/:/bin/sh >>"$dir/bundle/rootfs/etc/passwd"
	echo crew:x:4711: >>"$dir/bundle/rootfs/etc/group"
	jq '.process.user = {uid: 4711, gid: 4711}' "$dir/bundle/config.json" >config && cp config "$dir/bundle/config.json"
	container_run "$dir" "$id" /bin/sh -c "$until_go; cat /etc/hosts >/dev/null" >log 2>&1 3>&- &
	seen t.spoor "evt.type = useradded and evt.arg.name = own and evt.arg.container_id = $short"
	go
	seen t.spoor "evt.type = container_end and evt.arg.id = $short"
	record_stop
	# its own users, not the machine's
	[ "$(spoor-replay t.spoor -f "container.id = $short and proc.name = cat" -p '%user.name %group.name' | sort -u)" = "own crew" ]
	events t.spoor 'evt.type in (useradded, groupadded)' >u.json
	jq -es --arg id "$short" 'length > 0 and all(.[]; .args.container_id == $id)' u.json
	events t.spoor "container.id = $short and evt.type = openat" | grep -q '"path":"/etc/hosts"'
	# of the host there are only lives of processes, and what the runtime does to the container; another recorder on this machine may
	# make a file of its name
	events t.spoor 'container.id = host and not proc.name startswith runc and not proc.name startswith spoor and proc.name != exe' | jq -r .type | sort -u >types
	! grep -vxE 'task_new|exec|execve|execveat|procexit|cgroup_[a-z]*|container|container_end|useradded|groupadded|drop' types || false
	spoor-capture -w u.spoor -c "" 2>log || [ $? = 1 ]
	grep -q "name is empty" log
}

@test "a container that was there before" {
	new_container
	jq '.process.args = ["/bin/sh", "-c", "exec 9</etc/passwd; while :; do sleep 0.05; done"]' "$dir/bundle/config.json" >"$dir/c"
	mv "$dir/c" "$dir/bundle/config.json"
	runc run -d --bundle "$dir/bundle" "$id" </dev/null >/dev/null 2>&1
	record_start t.spoor -c "${id:0:8}"
	seen t.spoor "evt.type = execve and container.id = $short and proc.exe = sleep"
	record_stop
	spoor-replay t.spoor --keyframes --internal -o json >t.json
	cat >expected <<-EOF
		.type == "state_thread" and .container.id == "$short" and .args.exe == "/bin/sh" and .args.vpid == 1 and .args.root == "/"
		.type == "state_fd" and .container.id == "$short" and .args.fd == 9 and .args.name == "/etc/passwd" and (.args.open_flags | contains("FD_LOWER_LAYER"))
		.type == "execve" and .container.id == "$short" and .args.exe == "sleep"
	EOF
	conditions expected t.json
	# entered from outside
	record_start u.spoor
	runc exec "$id" /bin/cat /etc/shadow </dev/null >/dev/null
	record_stop
	events u.spoor "container.id = $short and proc.name = cat and evt.type = openat" | grep -q '"path":"/etc/shadow"'
}

@test "whoever comes to the cgroup of a container that has ended, as runc exec may, makes no second one of it" {
	new_container
	jq --arg sh "$until_go; exit 7" '.process.args = ["/bin/sh", "-c", $sh]' "$dir/bundle/config.json" >"$dir/c"
	mv "$dir/c" "$dir/bundle/config.json"
	record_start t.spoor
	runc run -d --bundle "$dir/bundle" "$id" </dev/null >/dev/null 2>&1
	seen t.spoor "container.id = $short and proc.name = sleep"
	go
	# the cgroup stays until it is deleted
	seen t.spoor "evt.type = container_end and evt.arg.id = $short"
	mapfile -t groups < <(find /sys/fs/cgroup -type d -name "$id")
	[ ${#groups[@]} -gt 0 ]
	sh -c 'for g; do echo $$ >"$g/cgroup.procs"; done' - "${groups[@]}"
	seen t.spoor "container.id = $short and proc.name = sh and evt.type = procexit and evt.num > $seen_num"
	runc delete "$id"
	record_stop
	events t.spoor 'evt.type in (container, container_end)' | jq -es --arg id "$short" '[.[] | select(.args.id == $id)] |
		.[-1].type == "container_end" and ([.[] | select(.type == "container_end") | .args.exit_code] == [7])'
}

@test "the layouts of cgroups that runtimes and systemd use" {
	local ids=() paths=(/kubepods/burstable/pod11111111-2222-3333-4444-555555555555/ID
		/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod1111_2222.slice/cri-containerd-ID.scope
		/system.slice/docker-ID.scope /libpod_parent/libpod-ID /k8s.io/ID)
	record_start t.spoor
	for path in "${paths[@]}"; do
		new_container
		ids+=("$short")
		jq --arg p "${path/ID/$id}" '.linux.cgroupsPath = $p' "$dir/bundle/config.json" >"$dir/c"
		mv "$dir/c" "$dir/bundle/config.json"
		container_run "$dir" "$id" /bin/true
	done
	record_stop
	find /sys/fs/cgroup/*/{kubepods,kubepods.slice,system.slice,libpod_parent,k8s.io} -depth -type d -exec rmdir {} \; 2>/dev/null || true
	for i in "${!ids[@]}"; do
		n=$(events t.spoor "container.id = ${ids[i]} and evt.type = execve and proc.name = true" | grep -c '"res":0') || true
		echo "${paths[i]}: $n"
		[ "$n" = 1 ]
	done
}
