# SPDX-License-Identifier: Apache-2.0
# runner: alone
#
# Containers that a user starts without root: their files are in a home, and they may have no cgroup of their own.

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

@test "podman of a user: name, image, labels, user, and the end with its exit code, though no cgroup goes; by its name" {
	rt_user_start || skip "$rt_why"
	record_start t.spoor
	um run -d --network none --name own-box -l app=demo -v "$rt/shared:/mnt:ro" localhost/spoor/test:7 sh -c "$rt_busy; exit 4" >id
	id=$(cat id)
	seen t.spoor "container.name = own-box and $rt_opens"
	# another recording finds it in the home
	rt_found own-box
	touch "$rt/shared/go"
	seen t.spoor "evt.type = container_end and evt.arg.id = ${id:0:12}"
	record_stop
	rt_is "$id|own-box|podman|localhost/spoor/test:7|demo|false|$rt/shared|false|" rt_fields t.spoor "$id" container.full_id container.name \
		container.type container.image container.label[app] container.privileged container.mount.source[/mnt] container.host_pid
	rt_fields t.spoor "$id" container.image.digest container.image.id | grep -qE '^sha256:[0-9a-f]{64}\|[0-9a-f]{64}\|$'
	events t.spoor 'evt.type = container_end' | jq -es --arg id "${id:0:12}" '[.[] | select(.args.id == $id)] | length == 1 and .[0].args.exit_code == 4'
}

@test "docker of a user: name, image, labels, mounts, user, and the end with its exit code, though no cgroup goes; one that ends at once; by its name" {
	rt_user_docker_start || skip "$rt_why"
	record_start t.spoor --container-env
	ud run --network none --name short-box spoor/test:7 true
	ud run -d --network none --name own-box -l app=demo -v "$rt/shared:/mnt:ro" -u 0:0 -e SECRET=x spoor/test:7 sh -c "$rt_busy; exit 4" >id
	id=$(cat id) short=$(ud inspect -f '{{.Id}}' short-box)
	seen t.spoor "container.name = own-box and $rt_opens"
	# another recording finds it in the home
	rt_found own-box
	touch "$rt/shared/go"
	for i in "$id" "$short"; do seen t.spoor "evt.type = container_end and evt.arg.id = ${i:0:12}"; done
	record_stop
	for t in t u; do
		rt_is "$id|own-box|docker|spoor/test|7|demo|yes|false|$rt/shared|false|false|" rt_fields $t.spoor "$id" container.full_id container.name container.type \
			container.image.repository container.image.tag container.label[app] container.label[image.label] container.privileged \
			container.mount.source[/mnt] container.mount.rdwr[0] container.host_network
	done
	rt_is "$(ud inspect -f '{{.Image}}' own-box | cut -d: -f2)|" rt_fields t.spoor "$id" container.image.id
	events t.spoor 'evt.type in (container, container_end)' >c.json
	jq -es --arg id "${id:0:12}" --arg short "${short:0:12}" '
		([.[] | select(.type == "container_end" and .args.id == $id)] | length == 1 and .[0].args.exit_code == 4) and
		([.[] | select(.type == "container_end" and .args.id == $short)] | length == 1 and .[0].args.exit_code == 0) and
		any(.[]; .args.id == $short and .args.name == "short-box" and .args.image == "spoor/test:7") and
		any(.[]; .args.id == $id and .args.json? and (.args.json | fromjson | .container | .User == "0:0" and (.env | index("SECRET=x"))))' c.json
	# nothing of the host is taken to be in it, and nothing of what watches over it
	[ -z "$(spoor-replay u.spoor -f "container.id = host and $rt_opens" -p %evt.num)" ]
	[ -z "$(spoor-replay t.spoor -f "container.id = ${id:0:12} and proc.name in (dockerd, containerd, containerd-shim, rootlesskit)" -p %evt.num)" ]
}
