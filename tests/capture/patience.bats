# SPDX-License-Identifier: Apache-2.0
# runner: alone
#
# File systems that never answer, where names of containers are looked for: in a user's home.

setup_file() {
	source "$SPOOR_SRC/tests/capture/containers.bash"
	containers_setup_file
}

setup() {
	source "$SPOOR_SRC/tests/capture/containers.bash"
	containers_setup
	rec_pid= dir= unknown=
	# a search for leaks would stop all threads first, and wait for those that hang
	export ASAN_OPTIONS="${ASAN_OPTIONS:-}:detect_leaks=0"
	mkdir home
	# mounts of its own: nothing of this is seen by anybody else
	cat >with-home <<-EOF
		mount --bind "$PWD/passwd" /etc/passwd && mount -t tmpfs none /run/user && mkdir /run/user/4711 || exit 1
		"$progs/mute_fs" "$PWD/home" >mute 2>&1 </dev/null & echo \$! >mute.pid
		while [ ! -s mute ]; do sleep 0.05; done
		grep -q mounted mute || exit 1
		exec "\$@"
	EOF
	{ cat /etc/passwd; echo "mute:x:4711:4711::$PWD/home:/bin/sh"; } >passwd
	mkdir -p /run/user
	unshare -m --propagation private sh with-home true || skip "no file system of one's own: $(cat mute)"
	kill -KILL "$(cat mute.pid)"
	rm mute
}

teardown() {
	[ -z "${rec_pid:-}" ] || kill -KILL "$rec_pid" 2>/dev/null || :
	[ ! -s mute.pid ] || kill -KILL "$(cat mute.pid)" 2>/dev/null || :
	[ -z "${dir:-}" ] || container_remove "$dir" "$id"
	[ -z "${unknown:-}" ] || rmdir "$unknown" || :
}

cgroup_root() {
	local d
	for d in /sys/fs/cgroup/{unified,freezer,}; do
		[ ! -e "$d/cgroup.procs" ] || { echo "$d"; return; }
	done
}

@test "a home that does not answer: other containers get their names, and the recording ends" {
	spoor_capture=$(command -v spoor-capture)
	spoor-capture() { exec unshare -m --propagation private sh with-home "$spoor_capture" "$@"; }
	record_start t.spoor
	unset -f spoor-capture
	unknown=$(cgroup_root)/docker/$(container_new_id)
	mkdir -p "$unknown"
	sh -c "echo \$\$ >$unknown/cgroup.procs; exec true"	# nobody knows it: homes are asked
	until_true grep -q "home: its files do not answer" t.spoor.log
	dir=$(mktemp -d /tmp/spoor-test.XXXXXX)
	id=$(container_new_id)
	container_make "$dir" "$id"
	container_run "$dir" "$id" /bin/sh -c 'until [ -e /go ]; do sleep 0.05; done' >log 2>&1 3>&- &
	seen t.spoor "evt.type = container and evt.arg.id = ${id:0:12} and evt.arg.name = ${id:0:12} and evt.arg.runtime = runc"
	touch "$dir/bundle/rootfs/go"
	record_stop
	[ "$rec_status" = 0 ]
	[ "$(grep -c 'do not answer' t.spoor.log)" = 1 ]
}

# Whoever may mount in a container may put such a file system where its users are looked for.
@test "a container whose /etc does not answer: recordings begin and go on, and end" {
	dir=$(mktemp -d /tmp/spoor-test.XXXXXX)
	id=$(container_new_id)
	container_make "$dir" "$id"
	jq '.process.args = ["/bin/sh", "-c", "while :; do sleep 0.1; done"]' "$dir/bundle/config.json" >"$dir/c"
	mv "$dir/c" "$dir/bundle/config.json"
	runc run -d --pid-file "$dir/pid" --bundle "$dir/bundle" "$id" </dev/null >/dev/null 2>&1 3>&-
	cp "$progs/mute_fs" "$dir/bundle/rootfs/bin/mute_fs"
	nsenter -t "$(cat "$dir/pid")" -m sh -c 'mknod /dev/fuse c 10 229; exec /bin/mute_fs /etc' >mute 2>&1 </dev/null 3>&- &
	echo $! >mute.pid
	until_true test -s mute
	grep -q mounted mute || skip "$(cat mute)"
	record_start t.spoor
	until_true grep -q "container ${id:0:12}, its users: its files do not answer" t.spoor.log
	seen t.spoor "container.id = ${id:0:12} and evt.type = execve"
	record_stop
	[ "$rec_status" = 0 ]
}

@test "a home that does not answer: a container can be asked for by a name" {
	spoor_capture=$(command -v spoor-capture)
	spoor-capture() { exec unshare -m --propagation private sh with-home "$spoor_capture" "$@"; }
	record_start t.spoor -c nobody-is-called-so
	unset -f spoor-capture
	record_stop
	[ "$rec_status" = 0 ]
	grep -q 'home: its files do not answer' t.spoor.log
}
