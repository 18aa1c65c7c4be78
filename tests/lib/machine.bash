# SPDX-License-Identifier: Apache-2.0
#
# machine.bash - a real systemd in tests: its own tree (an overlay over this machine's), mounts, control groups and network; nothing
# of it is left when it has ended. Its units are those that a test puts there, and what is in DIR/inst is laid over its tree.
#
# It is root's manager of services (systemd --user), which makes of a unit what process 1 does, and whose folders are told to be the
# system's. Process 1 would need a pid namespace of its own, where nothing can be recorded.
#
#   machine_boot DIR		fails with the reason in $machine_why. Below /share there is DIR
#   machine DIR COMMAND...	a command in it
#   machine_end DIR		it is fine if there is none

machine_missing() {
	[ "$(id -u)" = 0 ] || { echo "a systemd of one's own needs root"; return 0; }
	[ -x /lib/systemd/systemd ] || { echo "systemd is not installed"; return 0; }
	for c in unshare nsenter findmnt pgrep ip; do
		command -v $c >/dev/null || { echo "$c is not installed"; return 0; }
	done
	[ -n "$(findmnt -nt cgroup2 -o TARGET)" ] || { echo "there is no cgroup v2"; return 0; }
	return 1
}

machine_tree() {	# DIR: what it will see as its root
	local dir=$1 root=$1/tree/root d
	mount --make-rprivate /
	mount -t tmpfs machine "$dir/tree"
	mkdir "$dir"/tree/{upper,work,root}
	mount -t overlay machine -o "lowerdir=/,upperdir=$dir/tree/upper,workdir=$dir/tree/work" "$root"
	rm -rf "$root"/etc/spoor "$root"/var/lib/{spoor,log} "$root"/var/log/{spoor,journal} "$root/etc/systemd/user"
	ln -s ../log "$root/var/lib/log"	# where this manager has folders of logs
	mount --rbind /proc "$root/proc"
	mount --bind /proc/sys "$root/proc/sys"
	mount -o remount,ro,bind "$root/proc/sys"	# the kernel's settings stay what they are
	mount --rbind /sys "$root/sys"
	umount -R "$root/sys/fs/cgroup"
	mount -t cgroup2 machine "$root/sys/fs/cgroup"
	mount -t bpf machine "$root/sys/fs/bpf"
	for d in run tmp dev; do mount -t tmpfs machine "$root/$d"; done
	for d in null zero full random urandom tty; do
		: >"$root/dev/$d"
		mount --bind "/dev/$d" "$root/dev/$d"
	done
	mkdir -p "$root"/dev/{shm,pts} "$root"/run/{log,systemd/system} "$root/share" "$root/etc/systemd/user"
	mount -t devpts -o newinstance,ptmxmode=666 machine "$root/dev/pts"
	ln -s pts/ptmx "$root/dev/ptmx"
	ln -s /proc/self/fd "$root/dev/fd"
	ln -s /run/systemd/journal/dev-log "$root/dev/log"
	mount --bind "$dir" "$root/share"
	[ ! -d "$dir/inst" ] || cp -a "$dir/inst/." "$root/"
	for d in basic shutdown local-fs network machine; do
		printf '[Unit]\nDefaultDependencies=no\n' >"$root/etc/systemd/user/$d.target"
	done
	cd "$root"
	mkdir old
	pivot_root . old
	umount -l old
}

machine_inside() {	# DIR
	set -e
	machine_tree "$1"
	ip link set lo up
	mkdir /sys/fs/cgroup/manager /sys/fs/cgroup/else
	echo 0 >/sys/fs/cgroup/else/cgroup.procs
	/lib/systemd/systemd-journald &
	echo 0 >/sys/fs/cgroup/manager/cgroup.procs
	exec env -i container=machine HOME=/root XDG_RUNTIME_DIR=/run XDG_CONFIG_HOME=/var/lib PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
		SYSTEMD_UNIT_PATH=/etc/systemd/user:/run/systemd/user:/usr/local/lib/systemd/system \
		/lib/systemd/systemd --user --unit=machine.target --log-target=console --show-status=no
}

# Groups of its own: in the unified hierarchy, and in others in which this shell is not in the root's. What that one's are called
# says nothing of the machine then.
machine_groups() {
	findmnt -nt cgroup2 -o TARGET | head -n 1
	while IFS=: read -r _ names path; do
		[ -z "$names" ] || [ "$path" = / ] || findmnt -nt cgroup -O "$names" -o TARGET | head -n 1
	done </proc/self/cgroup
}

machine_boot() {
	local dir=$1 group pid
	machine_why=$(machine_missing) && return 1
	mkdir -p "$dir/tree"
	for group in $(machine_groups); do
		mkdir "$group/spoor-machine.$$" || { machine_why="no cgroup can be made"; return 1; }
		echo "$group/spoor-machine.$$" >>"$dir/groups"
	done
	export -f machine_tree machine_inside
	bash -c 'for g in $(cat "$1/groups"); do echo 0 >"$g/cgroup.procs"; done
		exec timeout -k 5 280 unshare -m -C -u -i -n --fork --kill-child bash -c "machine_inside $1"' \
		boot "$dir" </dev/null >"$dir/console" 2>&1 3>&- & pid=$!
	until_true 60 machine_first "$dir" $pid && until_true 60 machine_answers "$dir" $pid && kill -0 $pid 2>/dev/null && return 0
	machine_why="no systemd runs here: $(tail -n 1 "$dir/console")"
	return 1
}

machine_first() {	# DIR PID: the process that is in it, below timeout and unshare; or all is over
	kill -0 "$2" 2>/dev/null || return 0
	pgrep -P "$(pgrep -P "$2")" >"$1/pid"
}

machine_answers() {
	kill -0 "$2" 2>/dev/null || return 0
	machine "$1" systemctl --user is-active machine.target && machine "$1" test -S /run/systemd/journal/stdout
}

machine() {
	local pid
	pid=$(cat "$1/pid")
	shift
	timeout -k 5 100 nsenter -t "$pid" -m -C -u -i -n -- env -i XDG_RUNTIME_DIR=/run LC_ALL=C.UTF-8 \
		PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$@" 3>&-
}

machine_end() {
	local groups pids
	mapfile -t groups < <(cat "$1/groups" 2>/dev/null)
	[ ${#groups[@]} -gt 0 ] || return 0
	for _ in {1..600}; do
		mapfile -t pids < <(find "${groups[@]}" -name cgroup.procs -exec cat {} + 2>/dev/null)
		[ ${#pids[@]} -gt 0 ] || break
		kill -KILL "${pids[@]}" 2>/dev/null || :
		sleep 0.05
	done
	find "${groups[@]}" -depth -type d -exec rmdir {} + 2>/dev/null
	rm -f "$1/groups"
}
