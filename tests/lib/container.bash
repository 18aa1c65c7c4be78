# SPDX-License-Identifier: Apache-2.0
#
# container.bash - containers for tests, with runc and the static busybox, without images or registries.
#
#   source tests/lib/container.bash
#   why=$(container_missing) && skip "$why"
#   container_make DIR ID		root file system (an overlay: its writable layer is told from the image) and bundle
#   container_run DIR ID COMMAND...	run it to its end; its exit status. No capability, file or call is denied to it
#   container_remove DIR ID
#
# The image: busybox with all applets, /bin/act, and act under the names in CONTAINER_ACTORS. Needs the tests' programs
# ($SPOOR_BUILD/tests/rules/progs/act).

CONTAINER_ACTORS='bin/act bin/idle opt/tool opt/.tool usr/bin/apk usr/bin/dpkg usr/bin/chage usr/bin/service
	usr/bin/find usr/bin/gdb usr/bin/cheese usr/sbin/useradd usr/sbin/logrotate usr/sbin/auditd'

# Prints why containers cannot be run here, and succeeds then.
container_missing() {
	[ "$(id -u)" = 0 ] || { echo "needs root to run a container"; return 0; }
	command -v runc >/dev/null || { echo "runc is not installed"; return 0; }
	command -v jq >/dev/null || { echo "jq is not installed"; return 0; }
	busybox --list >/dev/null 2>&1 || { echo "busybox is not installed"; return 0; }
	[ -d /sys/fs/cgroup ] && grep -q ' /sys/fs/cgroup' /proc/mounts || { echo "no cgroups are mounted"; return 0; }
	[ -x "$SPOOR_BUILD/tests/rules/progs/act" ] || { echo "tests/rules/progs/act is not built"; return 0; }
	return 1
}

container_image() {	# dir: what the image holds
	local root=$1 f
	mkdir -p "$root"/{bin,sbin,dev,proc,sys,tmp,run,mnt,opt,etc/cron.d,usr/bin,usr/sbin,usr/lib,var/log,root/.ssh,root/.aws} \
		"$root/run/secrets/kubernetes.io/serviceaccount"
	cp "$(command -v busybox)" "$root/bin/busybox"
	for f in $(busybox --list); do
		[ "$f" = busybox ] || ln -s busybox "$root/bin/$f"
	done
	cp "$SPOOR_BUILD/tests/rules/progs/act" "$root/bin/.act"
	for f in $CONTAINER_ACTORS; do
		rm -f "$root/bin/${f##*/}"	# an applet of that name
		ln "$root/bin/.act" "$root/$f"
	done
	rm "$root/bin/.act"
	printf '%s\n' root:x:0:0:root:/root:/bin/sh app:x:1000:1000:app:/:/bin/false >"$root/etc/passwd"
	printf '%s\n' root:x:0: app:x:1000: >"$root/etc/group"
	echo 'root:!:20000:0:99999:7:::' >"$root/etc/shadow"
	echo '127.0.0.1 localhost' >"$root/etc/hosts"
	for f in root/.ssh/id_ed25519 root/.ssh/id_ed25519.pub root/.ssh/known_hosts root/.aws/credentials \
		root/.profile root/.bash_history root/.ash_history var/log/app.log \
		run/secrets/kubernetes.io/serviceaccount/token; do
		echo "nothing secret" >"$root/$f"
	done
	: >"$root/root/.profile"
}

container_make() {	# dir id
	local dir=$1 id=$2
	mkdir -p "$dir"/{image,layer,bundle/rootfs} || return 1
	container_image "$dir/image" || return 1
	mount -t tmpfs tmpfs "$dir/layer" && mkdir "$dir"/layer/{upper,work} || return 1
	mount -t overlay overlay -o "lowerdir=$dir/image,upperdir=$dir/layer/upper,workdir=$dir/layer/work" \
		"$dir/bundle/rootfs" || return 1
	(cd "$dir/bundle" && runc spec) || return 1
	jq --arg id "$id" '.process.terminal = false | .root.readonly = false | .hostname = "case"
		| .process.capabilities = ([.process.capabilities[][]] + ["CAP_SYS_ADMIN", "CAP_SYS_PTRACE",
			"CAP_SYS_MODULE", "CAP_NET_ADMIN", "CAP_NET_RAW", "CAP_MKNOD", "CAP_SYS_CHROOT", "CAP_BPF",
			"CAP_PERFMON", "CAP_DAC_READ_SEARCH", "CAP_DAC_OVERRIDE", "CAP_CHOWN", "CAP_FOWNER", "CAP_FSETID",
			"CAP_SETUID", "CAP_SETGID"] | unique
			| {bounding: ., effective: ., permitted: .})
		| .linux.maskedPaths = [] | .linux.readonlyPaths = []
		| .linux.resources.devices = [{allow: true, access: "rwm"}]
		| .linux.cgroupsPath = "/docker/" + $id' "$dir/bundle/config.json" >"$dir/config" &&
	mv "$dir/config" "$dir/bundle/config.json"
}

container_run() {	# dir id command...
	local dir=$1 id=$2 args
	shift 2
	args=$(printf '%s\n' "$@" | jq -Rn '[inputs]') &&
	jq --argjson args "$args" '.process.args = $args' "$dir/bundle/config.json" >"$dir/config" &&
	mv "$dir/config" "$dir/bundle/config.json" &&
	runc run --bundle "$dir/bundle" "$id" </dev/null
}

container_remove() {	# dir id
	local dir=$1 id=$2 d
	runc delete -f "$id" >/dev/null 2>&1 || :
	for d in /sys/fs/cgroup/*/docker /sys/fs/cgroup/docker; do	# ours if it is empty
		rmdir "$d" 2>/dev/null || :
	done
	umount "$dir/bundle/rootfs" 2>/dev/null || :
	umount "$dir/layer" 2>/dev/null || :
	rm -rf --one-file-system "$dir"
	return 0
}

container_new_id() {
	head -c 32 /dev/urandom | od -An -tx1 | tr -d ' \n'
}
