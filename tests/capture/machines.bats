# SPDX-License-Identifier: Apache-2.0
# runner: alone
#
# Whole systems in containers: LXC and systemd-nspawn.

setup_file() {
	source "$SPOOR_SRC/tests/lib/runtimes.bash"
	rt_setup_file
}

setup() {
	source "$SPOOR_SRC/tests/lib/runtimes.bash"
	lxc_name=
	rt_setup
}

teardown() {
	[ -z "${rec_pid:-}" ] || kill -KILL "$rec_pid" 2>/dev/null || :
	[ -z "${lxc_name:-}" ] || { lxc-stop -k -P /var/lib/lxc -n "$lxc_name" 2>/dev/null || :; rm -rf "/var/lib/lxc/$lxc_name"; }
	rt_end
}

# What both have: a machine called $1, of type $2, that ended with 6.
same_facts() {
	rt_is "$1|$2|$rt/shared|/mnt|false|false|false|false|" rt_fields t.spoor "$1" container.name container.type \
		container.mount.source[0] container.mount.dest[0] container.mount.rdwr[0] container.host_pid container.host_network container.host_ipc
	events t.spoor 'evt.type in (container, container_end)' >c.json
	jq -es --arg id "$1" --arg root "$rt/image" '
		any(.[]; .args.id == $id and .args.json? and (.args.json | fromjson | .container | .rootfs == $root and (.env | index("SECRET=x")))) and
		([.[] | select(.type == "container_end" and .args.id == $id)] | length == 1 and .[0].args.exit_code == 6)' c.json
}

@test "LXC: name, root, mounts, environment, privilege, namespaces, end with its exit code" {
	record_start t.spoor --container-env
	rt_lxc_start "$rt_box" "$rt_busy; exit 6" || skip "$rt_why"
	seen t.spoor "container.name = $rt_box and container.privileged = true and container.host_network exists and $rt_opens"
	touch "$rt/shared/go"
	seen t.spoor "evt.type = container_end and evt.arg.id = $rt_box"
	record_stop
	same_facts "$rt_box" lxc
	# its monitor is not in it
	[ "$(spoor-replay t.spoor --internal -f "container.id = $rt_box and proc.name startswith lxc-start and evt.type = procexit" -p %proc.pid | wc -l)" = 0 ]
}

@test "LXC: one that was there before, by its name, where LXC keeps them" {
	lxc_name=$rt_box
	rt_lxc=/var/lib/lxc rt_lxc_start "$rt_box" "$rt_busy" || skip "$rt_why"
	record_start t.spoor -c "$rt_box"
	seen t.spoor "container.name = $rt_box and $rt_opens"
	record_stop
	spoor-replay t.spoor -f "container.id = $rt_box and $rt_opens" -p '%container.name|%container.type|%container.privileged' | tail -n 1 >line
	rt_is "$rt_box|lxc|true" cat line
	# nothing else: what is decided in the kernel is only that
	[ -z "$(spoor-replay t.spoor -f "container.id != $rt_box and $rt_opens" -p %evt.num)" ]
}

@test "systemd-nspawn: name, root, mounts, environment, end with its exit code, though it has no cgroup of its own name" {
	record_start t.spoor --container-env
	rt_nspawn_start "$rt_box" "$rt_busy; exit 6" || skip "$rt_why"
	# its namespaces are told once its program runs: it leaves the machine's network late
	seen t.spoor "container.name = $rt_box and container.host_network exists and $rt_opens"
	touch "$rt/shared/go"
	seen t.spoor "evt.type = container_end and evt.arg.id = $rt_box"
	record_stop
	same_facts "$rt_box" systemd-nspawn
	rt_is "false|" rt_fields t.spoor "$rt_box" container.privileged
}
