# SPDX-License-Identifier: Apache-2.0
# runner: alone
#
# What the host does to a container: -c while recording, -c of a cut, and a file of the flight recorder mean the same.

setup_file() {
	source "$SPOOR_SRC/tests/capture/containers.bash"
	containers_setup_file
}

setup() {
	source "$SPOOR_SRC/tests/capture/containers.bash"
	containers_setup
	rec_pid= daemon_pid= other_pid= early_pid=
	dir=$(mktemp -d /tmp/spoor-test.XXXXXX)
	id=$(container_new_id)
	short=${id:0:12}
	container_make "$dir" "$id"
	jq '.process.args = ["/bin/sh", "-c", "while :; do sleep 1; done"]' "$dir/bundle/config.json" >"$dir/c"
	mv "$dir/c" "$dir/bundle/config.json"
	runc run -d --pid-file "$dir/pid" --bundle "$dir/bundle" "$id" </dev/null >/dev/null 2>&1 3>&-
	pid=$(cat "$dir/pid")
	sleep 1000 </dev/null >/dev/null 2>&1 3>&- & other_pid=$!
}

teardown() {
	daemon_kill
	for p in $rec_pid $other_pid $early_pid; do kill -KILL "$p" 2>/dev/null || :; done
	[ -z "${dir:-}" ] || container_remove "$dir" "$id"
}

# The same to the container and to a process that is in none; then in, by the runtime.
meddle() {
	local cgroup
	for cgroup in /sys/fs/cgroup/{unified,freezer,}/docker/$id; do
		[ -d "$cgroup" ] && break
	done
	"$progs/meddle" "$other_pid" >log || { cat log; return 1; }
	"$progs/meddle" "$pid" "$cgroup" >log || { cat log; return 1; }
	timeout 20 nsenter -t "$pid" -n head -c 1 /etc/passwd >/dev/null
	# who goes in acts there: by the mount and pid namespace, by one of them, in a copy of it
	timeout 20 nsenter -t "$pid" -m -p /bin/sh -c '/bin/head -c 1 /etc/shadow; (/bin/tail -c 1 /etc/group)' >/dev/null
	timeout 20 nsenter -t "$pid" -m /bin/unshare -m /bin/head -c 1 /etc/hosts >/dev/null
	timeout 20 nsenter -t "$pid" -p head -c 1 /etc/hostname >/dev/null
	# by io_uring, where there is one
	"$SPOOR_BUILD/tests/rules/progs/kernel_act" ring-open "/proc/$pid/root/dev/null" w >/dev/null 2>&1 || :
	echo >own
	timeout 20 runc exec "$id" /bin/hostname </dev/null >/dev/null
}

files_are_there() { [ "$(ls captures | grep -c '\.spoor$')" = 2 ]; }

# What was done from outside, without the lives of processes and what the recorders do.
from_outside() {
	spoor-replay "$1" -f "container.id = host and not proc.name startswith spoor and not evt.type in (execve, execveat, clone, clone3, fork,
		vfork, exit, exit_group, procexit, signaldeliver, container, useradded, groupadded)" -p "$2%evt.type %thread.tid %evt.rawres"
}

early_is_inside() {
	local child
	child=$(pgrep -P "$early_pid" sh) && [ "$(readlink "/proc/$child/ns/mnt")" = "$(readlink "/proc/$pid/ns/mnt")" ]
}

# The files of these names that were read from outside of a container.
inside() {
	spoor-replay "$1" -f "container.id = host and proc.name in (head, tail) and evt.is_open_read = true and
		fd.name in (/etc/passwd, /etc/shadow, /etc/group, /etc/hosts, /etc/hostname, /etc/ssh/sshd_config)" -p '%proc.name %fd.name' | sort
}

@test "the same is in a recording of a container, in a cut of one, and in the flight recorder's file" {
	sed 's/^\t*//' >rules.yaml <<-EOR	# none that others on this machine may match: that would make a file, too
		- {rule: Nothing, desc: Never., condition: evt.type = open and fd.name = /nowhere/at/all, output: none, priority: DEBUG}
	EOR
	daemon_config "capture: {buffer: 32MiB}"
	# somebody has been inside since before
	mkfifo begin
	nsenter -t "$pid" -m -p /bin/sh -c 'read -r _; exec /bin/head -c 1 /etc/ssh/sshd_config' <begin >/dev/null 2>&1 3>&- & early_pid=$!
	exec 4>begin
	until_true early_is_inside
	daemon_start
	record_start one.spoor -c "$id" --ring-size 32M
	echo >&4
	exec 4>&-
	wait "$early_pid"
	early_pid=
	meddle
	seen one.spoor "container.id = $short and proc.name = hostname and evt.type = procexit"
	record_stop
	ctl trigger -c "$id" --before 5m --after 0s >/dev/null
	ctl trigger --before 5m --after 0s >/dev/null
	until_true files_are_there
	daemon_stop
	spoor-trace cut captures/*--host--*.spoor -w cut.spoor -c "$short"
	from_outside one.spoor '%proc.name ' >one
	for f in kill tkill tgkill rt_sigqueueinfo rt_tgsigqueueinfo pidfd_send_signal process_vm_readv process_vm_writev pidfd_getfd ptrace \
		 pidfd_open prlimit sched_setaffinity sched_setparam sched_setscheduler sched_setattr setpriority ioprio_set kcmp \
		 get_robust_list migrate_pages move_pages process_madvise process_mrelease perf_event_open \
		 mount mount_setattr fspick open_tree openat; do
		grep -q "^meddle $f " one || { echo "no $f"; cat one; return 1; }
	done
	# by a file and by a process; to its root, in two steps and in one, its memory, its cgroup
	[ "$(grep -c '^meddle setns .* 0$' one)" = 2 ]
	[ "$(grep -c '^meddle openat .* [0-9]*$' one)" = 5 ]
	[ "$(grep -c '^meddle open_tree .* [0-9]*$' one)" = 2 ]
	grep -q '^nsenter setns' one
	inside one.spoor >inside
	diff - inside <<-EOI
		head /etc/hostname
		head /etc/hosts
		head /etc/shadow
		head /etc/ssh/sshd_config
		tail /etc/group
	EOI
	grep -q '^runc.* setns' one
	grep -q '^runc.* openat2\? ' one
	# names apart, which processes outside may have given themselves without being recorded
	from_outside one.spoor >one
	from_outside cut.spoor >cut
	from_outside captures/*"--$short"*.spoor >file
	diff one cut
	diff one file
	[ "$(spoor-replay cut.spoor -f "container.id = $short" | wc -l)" -gt 50 ]
}
