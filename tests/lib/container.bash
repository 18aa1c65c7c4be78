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
# The image: busybox with all applets, and the tests' programs act and kernel_act under many names.

CONTAINER_ACTORS='bin/act bin/idle bin/consul opt/tool opt/.tool opt/xmrig opt/stress-ng opt/chisel opt/peirates opt/john
	opt/python3 lib/ld-linux-x86-64.so.2 usr/bin/apk usr/bin/dpkg usr/bin/chage usr/bin/service usr/bin/sort usr/bin/gdb
	usr/bin/cheese usr/bin/curl usr/bin/ssh usr/bin/ssh-add usr/bin/kubectl usr/bin/gcc usr/bin/pip3 usr/bin/sudo usr/bin/pkexec
	usr/bin/pkill bin/service bin/losetup usr/bin/redis-server usr/bin/mongod usr/bin/ceph-osd usr/sbin/useradd usr/sbin/visudo
	usr/sbin/chpasswd usr/sbin/logrotate usr/sbin/auditd usr/sbin/auditctl usr/sbin/setenforce usr/sbin/iptables
	usr/sbin/sshd usr/sbin/nginx usr/sbin/apache2 usr/sbin/haproxy usr/sbin/mysqld usr/local/bin/traefik usr/local/bin/etcd
	usr/local/sbin/php-fpm usr/lib/postgresql/15/bin/postgres usr/share/elasticsearch/jdk/bin/java opt/fluent/bin/ruby'
CONTAINER_KERNEL_ACTORS='bin/kernel_act usr/bin/ring'

# Prints why containers cannot be run here, and succeeds then.
container_missing() {
	[ "$(id -u)" = 0 ] || { echo "needs root to run a container"; return 0; }
	command -v runc >/dev/null || { echo "runc is not installed"; return 0; }
	command -v jq >/dev/null || { echo "jq is not installed"; return 0; }
	busybox --list >/dev/null 2>&1 || { echo "busybox is not installed"; return 0; }
	[ -d /sys/fs/cgroup ] && grep -q ' /sys/fs/cgroup' /proc/mounts || { echo "no cgroups are mounted"; return 0; }
	[ -x "$SPOOR_BUILD/tests/rules/progs/act" ] && [ -x "$SPOOR_BUILD/tests/rules/progs/kernel_act" ] ||
		{ echo "tests/rules/progs are not built"; return 0; }
	return 1
}

# One program under many paths: the rules go by the path, and hard links are files of the image like any other.
container_actors() {	# root program path...
	local root=$1 program=$2 f
	shift 2
	cp "$SPOOR_BUILD/tests/rules/progs/$program" "$root/.program"
	for f; do
		mkdir -p "$root/${f%/*}"
		rm -f "$root/bin/${f##*/}"	# an applet of that name
		ln "$root/.program" "$root/$f"
	done
	rm "$root/.program"
}

container_image() {	# dir: what the image holds
	local root=$1 f
	mkdir -p "$root"/{bin,sbin,lib,dev,proc,sys,tmp,run,mnt,opt,boot,data,srv,etc/cron.d,usr/bin,usr/sbin,usr/lib,var/log,var/www} \
		"$root"/{root/.ssh,root/.aws,run/secrets/kubernetes.io/serviceaccount,etc/ssh,etc/kubernetes,etc/ssl/private} \
		"$root"/{consul/data,data/db,usr/share/elasticsearch/data,var/cache/apache2,var/cache/nginx,var/log/fluent} \
		"$root"/var/lib/{ceph,etcd,haproxy,mysql,php,postgresql}
	cp "$(command -v busybox)" "$root/bin/busybox"
	for f in $(busybox --list); do
		[ "$f" = busybox ] || ln -s busybox "$root/bin/$f"
	done
	container_actors "$root" act $CONTAINER_ACTORS
	container_actors "$root" kernel_act $CONTAINER_KERNEL_ACTORS
	printf '%s\n' root:x:0:0:root:/root:/bin/sh app:x:1000:1000:app:/:/bin/false >"$root/etc/passwd"
	printf '%s\n' root:x:0: app:x:1000: >"$root/etc/group"
	echo 'root:!:20000:0:99999:7:::' >"$root/etc/shadow"
	echo '127.0.0.1 localhost' >"$root/etc/hosts"
	for f in root/.ssh/id_ed25519 root/.ssh/id_ed25519.pub root/.ssh/known_hosts root/.aws/credentials \
		root/.profile root/.bash_history root/.ash_history var/log/app.log etc/krb5.keytab etc/ssh/ssh_host_rsa_key \
		etc/ssh/sshd_config etc/kubernetes/admin.conf etc/kubernetes/version etc/ssl/private/server.key \
		var/lib/mysql/users.ibd run/secrets/db-password run/secrets/kubernetes.io/serviceaccount/token opt/note; do
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
			"CAP_SETUID", "CAP_SETGID", "CAP_SETFCAP"] | unique
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
	timeout -k 5 120 runc run --bundle "$dir/bundle" "$id" </dev/null
}

container_remove() {	# dir id
	local dir=$1 id=$2 d
	timeout -k 5 30 runc delete -f "$id" >/dev/null 2>&1 || :
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
