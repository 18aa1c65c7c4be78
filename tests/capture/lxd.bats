# SPDX-License-Identifier: Apache-2.0
# runner: alone
#
# LXD and Incus: whole systems with and without privilege, and projects.

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

systems() {
	rt_lxd_start "$1" || skip "$rt_why"
	fingerprint=$(lx image info spoor-test | sed -n 's/^Fingerprint: //p')
	[ -n "$fingerprint" ]
	record_start t.spoor --container-env
	lx project create shop -c features.images=false -c features.profiles=false >/dev/null
	lx init spoor-test "$rt_box" -c user.team=blue -c environment.SECRET=x >/dev/null 2>&1
	lx init spoor-test "$rt_box" --project shop -c security.privileged=true >/dev/null 2>&1
	for p in default shop; do
		lx config device add "$rt_box" shared disk source="$rt/shared" path=/mnt readonly=true --project $p >/dev/null
		lx start "$rt_box" --project $p >start.log 2>&1 || skip "$1 starts nothing here: $(lx info "$rt_box" --project $p --show-log | grep -m 1 ERROR)"
	done
	for i in "$rt_box" "shop_$rt_box"; do seen t.spoor "container.name = $i and container.privileged exists and container.host_network exists and $rt_opens"; done
	# another recording finds it
	rt_found "shop_$rt_box"
	touch "$rt/shared/go"
	for i in "$rt_box" "shop_$rt_box"; do seen t.spoor "evt.type = container_end and evt.arg.id = $i"; done
	record_stop
	rt_is "$rt_box|$rt_box|lxc|spoor|7|blue|false|$rt/shared|false|false|" rt_fields t.spoor "$rt_box" container.id container.name container.type container.image.repository \
		container.image.tag container.label[user.team] container.privileged container.mount.source[/mnt] "container.mount.rdwr[$rt/shared]" container.host_network
	for t in t u; do
		spoor-replay $t.spoor -f "container.id = shop_$rt_box and $rt_opens" \
			-p '%container.name|%container.type|%container.image|%container.privileged|%container.mount.source[/mnt]' | tail -n 1 >line
		rt_is "shop_$rt_box|lxc|spoor:7|true|$rt/shared" cat line
	done
	[ -z "$(spoor-replay u.spoor -f "container.id = $rt_box and $rt_opens" -p %evt.num)" ]
	rt_is "$fingerprint|" rt_fields t.spoor "$rt_box" container.image.id
	events t.spoor 'evt.type in (container, container_end)' >c.json
	jq -es --arg id "$rt_box" --arg root "$rt/lxd/storage-pools/default/containers/$rt_box/rootfs" '
		any(.[]; .args.id == $id and .args.json? and (.args.json | fromjson | .container | .rootfs == $root and (.env | index("SECRET=x")))) and
		([.[] | select(.type == "container_end" and (.args.id | endswith($id))) | .args.exit_code] == [6, 6])' c.json
}

@test "LXD: name with project, image, labels, mounts, environment, privilege, end with its exit code; by its name" {
	systems lxd
}

@test "Incus: the same" {
	systems incus
}
