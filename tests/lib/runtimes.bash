# SPDX-License-Identifier: Apache-2.0
#
# runtimes.bash - docker, containerd with CRI, CRI-O, podman and others for tests: daemons of our own, with everything they
# keep in one folder, images made on the spot, no registry.
#
#   source tests/lib/runtimes.bash
#   rt_setup_file, rt_setup		what a file whose tests all start containers has in its functions of these names
#   rt_begin			a folder, in $rt; an image's root file system in $rt/image, a pause image in $rt/pause, and
#					$rt/shared, to be mounted as /mnt: a container that runs $rt_busy opens /etc/passwd
#					again and again until there is a file "go"
#					$rt_box: a name that no other container on this machine has
#   rt_docker_start			$DOCKER_HOST; image spoor/test:7
#   rt_containerd_start			$CONTAINERD_ADDRESS; image localhost/spoor/test:7 in namespaces default and k8s.io.
#					${rt_in[@]} goes in front of the daemon's command; $rt_state is where it keeps things
#   rt_podman_start			podman is pm; image localhost/spoor/test:7
#   rt_crio_start			CRI-O; image localhost/spoor/test:7
#   rt_user_start			a user, who runs podman by um; image localhost/spoor/test:7
#   rt_user_docker_start		a user, whose own docker it is that ud calls; image spoor/test:7
#   rt_lxc_start NAME COMMAND		a container of LXC, in the background; the image and the shared folder are its own;
#					below $rt_lxc, which is $rt/lxc if it is not set
#   rt_lxd_start lxd|incus		LXD or Incus, which is called by lx; image spoor-test, whose first program runs $rt_busy and ends with 6
#   rt_nspawn_start NAME COMMAND	a machine of systemd-nspawn, likewise
#   rt_cri METHOD JSON			a call of CRI, to containerd or CRI-O; prints the first string of the answer
#   rt_pod				the pod web-0 of namespace prod and uid $rt_uid_of_pod, in the files sandbox and id; its container
#					nginx runs $rt_busy and ends with 9
#   rt_fields TRACE ID FIELDS...		what the fields say of a container that runs $rt_busy; $rt_opens is the condition
#   rt_is WANTED COMMAND...		the output of a command
#   rt_found NAME			another recording, u.spoor, that asks for the container of this name has it, too
#   rt_end				stop what was started, remove everything. To be called in teardown, always
#
# Each _start returns 1, with the reason in $rt_why, where that runtime is not there or does not start.

rt_setup_file() {
	source "$SPOOR_SRC/tests/capture/lib.bash"
	export CAPTURE_MISSING
	CAPTURE_MISSING=$(capture_missing) || CAPTURE_MISSING=
	busybox --list >/dev/null 2>&1 || CAPTURE_MISSING="busybox is not installed"
}

rt_setup() {
	source "$SPOOR_SRC/tests/capture/lib.bash"
	[ -z "$CAPTURE_MISSING" ] || skip "$CAPTURE_MISSING"
	cd "$BATS_TEST_TMPDIR"
	rec_pid= rt=
	rt_begin
}

rt_begin() {
	rt=$(mktemp -d /tmp/spoor-rt.XXXXXX)
	rt_box=box-${rt##*.}
	rt_pids=() rt_why= rt_in=() rt_state= rt_lxc= rt_user=
	mkdir -p "$rt"/image/{bin,etc,proc,sys,dev,tmp,root,mnt,usr} "$rt/pause" "$rt/logs" "$rt/shared"
	rt_busy='until [ -e /mnt/go ]; do cat /etc/passwd >/dev/null; sleep 0.05; done'
	cp "$(command -v busybox)" "$rt/image/bin/busybox"
	for a in sh cat sleep true; do ln -s busybox "$rt/image/bin/$a"; done
	echo root:x:0:0:root:/root:/bin/sh >"$rt/image/etc/passwd"
	echo root:x:0: >"$rt/image/etc/group"
	cp "$SPOOR_BUILD/tests/capture/progs/pause" "$rt/pause/pause"
}

rt_opens='evt.type = openat and fd.name = /etc/passwd'

# What the fields say when a container does that: one line, from a copy of the trace and nothing else.
rt_fields() {	# trace id fields...
	local trace=$1 id=$2 format='' f
	shift 2
	for f in "$@"; do format+="%$f|"; done
	spoor-replay "$trace" -f "container.id startswith ${id:0:12} and $rt_opens" -p "$format" | tail -n 1
}

rt_is() {	# wanted command...
	local want=$1 got
	shift
	got=$("$@")
	[ "$got" = "$want" ] || { echo "wanted $want"; echo "got    $got"; return 1; }
}

rt_found() {	# name
	local rec_pid rec_file
	record_start u.spoor -c "$1"
	rt_pids+=("$rec_pid")
	seen u.spoor "container.name = $1 and $rt_opens"
	record_stop
	unset 'rt_pids[-1]'
}

rt_wait() {	# pid command...: until the command succeeds
	local pid=$1 i
	shift
	for ((i = 0; i < 600; i++)); do
		"$@" >/dev/null 2>&1 && return 0
		kill -0 "$pid" 2>/dev/null || return 1
		sleep 0.1
	done
	return 1
}

# A tar that `docker load` and `ctr image import` take: a layer, a configuration, a manifest.
rt_image() {	# root name out command-json
	local w layer config
	w=$(mktemp -d "$rt/img.XXXXXX")
	mkdir "$w/layer"
	tar --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner -C "$1" -cf "$w/layer/layer.tar" .
	layer=$(sha256sum <"$w/layer/layer.tar")
	jq -nc --argjson cmd "$4" --arg l "sha256:${layer%% *}" '{architecture: "amd64", os: "linux", created: "2020-01-01T00:00:00Z",
		config: {Cmd: $cmd, Env: ["PATH=/bin"], Labels: {"image.label": "yes"}},
		rootfs: {type: "layers", diff_ids: [$l]}, history: [{created: "2020-01-01T00:00:00Z"}]}' >"$w/config"
	config=$(sha256sum <"$w/config")
	mv "$w/config" "$w/${config%% *}.json"
	jq -nc --arg c "${config%% *}.json" --arg t "$2" '[{Config: $c, RepoTags: [$t], Layers: ["layer/layer.tar"]}]' >"$w/manifest.json"
	tar -C "$w" -cf "$3" manifest.json "${config%% *}.json" layer
	rm -rf "$w"
}

rt_docker_start() {
	command -v dockerd >/dev/null && command -v docker >/dev/null || { rt_why="docker is not installed"; return 1; }
	export DOCKER_HOST=unix://$rt/docker.sock
	dockerd --iptables=false --ip6tables=false --bridge=none --data-root "$rt/docker" --exec-root "$rt/docker-run" \
		--pidfile "$rt/docker.pid" -H "$DOCKER_HOST" >"$rt/docker.log" 2>&1 3>&- & rt_pids+=($!)
	rt_wait $! timeout 30 docker version || { rt_why="dockerd does not start here: $(tail -n 1 "$rt/docker.log")"; return 1; }
	rt_image "$rt/image" spoor/test:7 "$rt/i.tar" '["/bin/sh"]' && docker load -qi "$rt/i.tar" >/dev/null
}

rt_containerd_start() {
	local c=containerd
	command -v containerd >/dev/null && command -v ctr >/dev/null || { rt_why="containerd is not installed"; return 1; }
	export CONTAINERD_ADDRESS=$rt/containerd.sock
	rt_cri_socket=$CONTAINERD_ADDRESS
	mkdir -p "$rt/cni"
	cat >"$rt/c.toml" <<-X
		version = 2
		root = "${rt_state:-$rt/$c}/root"
		state = "${rt_state:-$rt/$c-run}"
		[grpc]
		  address = "$CONTAINERD_ADDRESS"
		[plugins."io.containerd.grpc.v1.cri"]
		  sandbox_image = "localhost/pause:1"
		  restrict_oom_score_adj = true
		  [plugins."io.containerd.grpc.v1.cri".cni]
		    bin_dir = "$rt/cni"
		    conf_dir = "$rt/cni"
		[plugins."io.containerd.internal.v1.opt"]
		  path = "$rt/opt"
	X
	"${rt_in[@]}" containerd -c "$rt/c.toml" >"$rt/containerd.log" 2>&1 3>&- & rt_pids+=($!)
	rt_wait $! timeout 30 ctr version || { rt_why="containerd does not start here: $(tail -n 1 "$rt/containerd.log")"; return 1; }
	rt_image "$rt/image" localhost/spoor/test:7 "$rt/i.tar" '["/bin/sh"]'
	rt_image "$rt/pause" localhost/pause:1 "$rt/p.tar" '["/pause"]'
	for n in default k8s.io; do
		for i in i p; do ctr -n $n image import "$rt/$i.tar" >/dev/null || return 1; done
	done
}

# CRI speaks gRPC. That is protocol buffers over HTTP/2: curl and some twenty lines of Python.
rt_cri() {
	python3 "$SPOOR_SRC/tests/lib/cri_call.py" "$rt_cri_socket" "$1" "$2"
}

rt_uid_of_pod=11111111-2222-3333-4444-555555555555

rt_pod() {
	local k8s pod
	k8s='"io.kubernetes.pod.name": "web-0", "io.kubernetes.pod.namespace": "prod", "io.kubernetes.pod.uid": "'$rt_uid_of_pod'"'
	pod='{"1": {"1": "web-0", "2": "'$rt_uid_of_pod'", "3": "prod"}, "3": "'$rt/logs'", "6": {"map": {"tier": "front", '$k8s'}},
		"8": {"1": "/kubepods/burstable/pod'$rt_uid_of_pod'", "2": {"1": {"1": 2, "2": 1}}}}'
	rt_cri RunPodSandbox "{\"1\": $pod}" >sandbox
	rt_cri CreateContainer '{"1": "'$(cat sandbox)'", "2": {"1": {"1": "nginx"}, "2": {"1": "localhost/spoor/test:7"},
		"3": ["/bin/sh", "-c", "'"$rt_busy"'; exit 9"], "7": [{"1": "/mnt", "2": "'"$rt/shared"'"}],
		"9": {"map": {"io.kubernetes.container.name": "nginx", "track": "canary", '"$k8s"'}},
		"10": {"map": {"io.kubernetes.container.restartCount": "2"}}, "11": "n.log", "15": {"2": {"3": {"1": 2, "2": 1}}}}, "3": '"$pod"'}' >id
	rt_cri StartContainer '{"1": "'$(cat id)'"}' >/dev/null
}

rt_crio_start() {
	local i
	command -v crio >/dev/null && command -v pinns >/dev/null && command -v conmon >/dev/null || { rt_why="CRI-O is not installed"; return 1; }
	command -v podman >/dev/null || { rt_why="podman, which is to load an image for CRI-O, is not installed"; return 1; }
	mkdir -p "$rt/cni" "$rt/hooks"
	echo '{"default": [{"type": "insecureAcceptAnything"}]}' >"$rt/policy.json"
	cat >"$rt/crio.conf" <<-X
		[crio]
		root = "$rt/crio"
		runroot = "$rt/crio-run"
		storage_driver = "overlay"
		log_dir = "$rt/logs"
		version_file = "$rt/crio.version"
		version_file_persist = "$rt/crio.version-persist"
		clean_shutdown_file = "$rt/crio.clean"
		[crio.api]
		listen = "$rt/crio.sock"
		stream_port = "0"
		[crio.runtime]
		cgroup_manager = "cgroupfs"
		conmon_cgroup = "pod"
		namespaces_dir = "$rt/crio-ns"
		container_exits_dir = "$rt/crio-exits"
		container_attach_socket_dir = "$rt/crio-attach"
		hooks_dir = ["$rt/hooks"]
		pinns_path = "$(command -v pinns)"
		default_runtime = "runc"
		apparmor_profile = "unconfined"
		[crio.runtime.runtimes.runc]
		runtime_path = "$(command -v runc)"
		runtime_type = "oci"
		runtime_root = "$rt/crio-runc"
		monitor_path = "$(command -v conmon)"
		[crio.image]
		pause_image = "localhost/pause:1"
		pause_command = "/pause"
		signature_policy = "$rt/policy.json"
		[crio.network]
		network_dir = "$rt/cni"
		plugin_dirs = ["$rt/cni"]
	X
	rt_cri_socket=$rt/crio.sock
	crio -c "$rt/crio.conf" -d "$rt/cni" >"$rt/crio.log" 2>&1 3>&- & rt_pids+=($!)
	rt_wait $! rt_cri Version '{}' || { rt_why="CRI-O does not start here: $(tail -n 1 "$rt/crio.log")"; return 1; }
	rt_image "$rt/image" localhost/spoor/test:7 "$rt/i.tar" '["/bin/sh"]'
	rt_image "$rt/pause" localhost/pause:1 "$rt/p.tar" '["/pause"]'
	for i in i p; do
		podman --root "$rt/crio" --runroot "$rt/crio-run" --tmpdir "$rt/podman-tmp" --storage-driver overlay load -qi "$rt/$i.tar" >/dev/null 2>&1 || return 1
	done
}

pm() {
	timeout -k 5 100 podman --root "$rt/storage" --runroot "$rt/storage-run" --tmpdir "$rt/podman-tmp" --storage-driver overlay "$@"
}

rt_podman_start() {
	command -v podman >/dev/null && command -v conmon >/dev/null || { rt_why="podman is not installed"; return 1; }
	# Limits that may be set without CAP_SYS_RESOURCE, and no service that a test machine lacks.
	cat >"$rt/containers.conf" <<-X
		[containers]
		default_ulimits = ["nofile=1024:1024", "nproc=4096:4096"]
		[engine]
		runtime = "runc"
		cgroup_manager = "cgroupfs"
		events_logger = "file"
		infra_image = "localhost/pause:1"
		infra_command = "/pause"
	X
	export CONTAINERS_CONF=$rt/containers.conf
	tar -C "$rt/image" -c . | pm import -q --change 'LABEL image.label=yes' - localhost/spoor/test:7 >/dev/null 2>"$rt/podman.log" ||
		{ rt_why="podman does not work here: $(tail -n 1 "$rt/podman.log")"; return 1; }
}

# As a user who logs in: a home, a range of ids, /run/user/UID.
as_user() {
	setpriv --reuid="$rt_user" --regid="$rt_user" --init-groups env -C "$rt/home" -i HOME="$rt/home" PATH="$PATH" XDG_RUNTIME_DIR="/run/user/$rt_uid" \
		DOCKER_HOST="unix:///run/user/$rt_uid/docker.sock" CONTAINERS_CONF="$rt/containers.conf" "$@"
}

um() {
	as_user timeout 100 podman --storage-driver vfs "$@"
}

ud() {
	as_user timeout 100 docker "$@"
}

rt_user_make() {
	command -v useradd >/dev/null && command -v newuidmap >/dev/null || { rt_why="useradd or newuidmap is not installed"; return 1; }
	chmod 711 "$rt"
	rt_user=spoor-${rt##*.}
	rt_user=${rt_user,,}
	useradd -m -d "$rt/home" -s /bin/sh "$rt_user" 2>"$rt/user.log" || { rt_why="no user can be made: $(cat "$rt/user.log")"; rt_user=; return 1; }
	rt_uid=$(id -u "$rt_user")
	install -d -m 700 -o "$rt_user" "/run/user/$rt_uid"
}

rt_user_start() {
	command -v podman >/dev/null || { rt_why="podman is not installed"; return 1; }
	rt_user_make || return 1
	cat >"$rt/containers.conf" <<-X
		[containers]
		default_ulimits = ["nofile=1024:1024", "nproc=4096:4096"]
		[engine]
		runtime = "runc"
		cgroup_manager = "cgroupfs"
		events_logger = "file"
	X
	tar -C "$rt/image" -c . | um import -q - localhost/spoor/test:7 >/dev/null 2>"$rt/podman.log" ||
		{ rt_why="podman does not work here without root: $(tail -n 1 "$rt/podman.log")"; return 1; }
}

# As dockerd-rootless.sh does, but without a network of its own, for which not every machine lets users at /dev/net/tun.
rt_user_docker_start() {
	command -v dockerd >/dev/null && command -v docker >/dev/null && command -v rootlesskit >/dev/null ||
		{ rt_why="docker or rootlesskit is not installed"; return 1; }
	rt_user_make || return 1
	as_user rootlesskit --net=host --copy-up=/etc --copy-up=/run --propagation=rslave --state-dir="$rt/home/rootlesskit" sh -c \
		'rm -f /run/docker /run/containerd /run/xtables.lock; exec dockerd --rootless --iptables=false --ip6tables=false --bridge=none' \
		>"$rt/docker.log" 2>&1 3>&- & rt_pids+=($!)
	rt_wait $! ud version || { rt_why="dockerd does not start here without root: $(tail -n 1 "$rt/docker.log")"; return 1; }
	rt_image "$rt/image" spoor/test:7 "$rt/i.tar" '["/bin/sh"]'
	chmod 644 "$rt/i.tar"
	ud load -qi "$rt/i.tar" >/dev/null
}

rt_user_end() {
	[ -n "$rt_user" ] || return 0
	pgrep -U "$rt_uid" | xargs -r kill -KILL 2>/dev/null
	for ((i = 0; i < 100; i++)); do
		pgrep -U "$rt_uid" >/dev/null || break
		sleep 0.1
	done
	userdel "$rt_user" >/dev/null 2>&1
	rm -rf "/run/user/$rt_uid"
	rt_user=
}

rt_lxc_start() {
	command -v lxc-start >/dev/null || { rt_why="LXC is not installed"; return 1; }
	rt_lxc=${rt_lxc:-$rt/lxc}
	mkdir -p "$rt_lxc/$1"
	cat >"$rt_lxc/$1/config" <<-X
		lxc.uts.name = $1
		lxc.rootfs.path = dir:$rt/image
		lxc.net.0.type = empty
		lxc.apparmor.profile = unconfined
		lxc.mount.auto = proc
		lxc.mount.entry = $rt/shared mnt none bind,ro 0 0
		lxc.environment = SECRET=x
		lxc.hook.mount = /bin/true
	X
	lxc-start -P "$rt_lxc" -n "$1" -l INFO -o "$rt/lxc.log" -d -- /bin/sh -c "$2" 3>&- || {
		rt_why="LXC does not work here: $(grep -E 'ERROR|WARN' "$rt/lxc.log" | tail -n 1)"
		return 1
	}
}

lx() {
	LXD_DIR=$rt/lxd LXD_CONF=$rt/lxd-conf INCUS_DIR=$rt/lxd INCUS_CONF=$rt/lxd-conf timeout 60 "$rt_lx" "$@" </dev/null
}

rt_lxd_start() {
	local daemon=lxd
	rt_lx=lxc
	[ "$1" = lxd ] || { daemon=incusd rt_lx=incus; }
	PATH=$PATH:/usr/libexec/incus
	command -v $daemon >/dev/null && $rt_lx --version >/dev/null 2>&1 || { rt_why="$1 is not installed"; return 1; }
	chmod 711 "$rt"			# root of a container without privilege is another user
	mkdir -p "$rt/lxd" "$rt/lxd-image/rootfs/sbin"
	cp -a "$rt"/image/. "$rt/lxd-image/rootfs"
	printf '#!/bin/sh\n%s\nexit 6\n' "$rt_busy" >"$rt/lxd-image/rootfs/sbin/init"
	chmod 755 "$rt/lxd-image/rootfs/sbin/init"
	printf '%s\n' "architecture: $(uname -m)" 'creation_date: 1577836800' 'properties: {os: spoor, release: "7"}' >"$rt/lxd-image/metadata.yaml"
	tar -C "$rt/lxd-image" -cf "$rt/l.tar" metadata.yaml rootfs
	LXD_DIR=$rt/lxd INCUS_DIR=$rt/lxd $daemon --group root >"$rt/lxd.log" 2>&1 3>&- & rt_pids+=($!)
	rt_wait $! lx query /1.0 || { rt_why="$1 does not start here: $(tail -n 1 "$rt/lxd.log")"; return 1; }
	{
		lx storage create default dir && lx profile device add default root disk path=/ pool=default &&
			lx image import "$rt/l.tar" --alias spoor-test
	} >"$rt/lx.log" 2>&1 || { rt_why="$1 does not work here: $(tail -n 1 "$rt/lx.log")"; return 1; }
}

# Without systemd as the machine's init nothing can be registered, and the caller's cgroup is divided.
rt_nspawn_start() {
	command -v systemd-nspawn >/dev/null || { rt_why="systemd-nspawn is not installed"; return 1; }
	systemd-nspawn -q --register=no --keep-unit -D "$rt/image" -M "$1" --as-pid2 --pipe --private-network --setenv=SECRET=x \
		--bind-ro="$rt/shared:/mnt" /bin/sh -c "echo begun; $2" </dev/null >"$rt/nspawn.$1" 2>"$rt/nspawn.log" 3>&- & rt_pids+=($!)
	rt_wait $! grep -q begun "$rt/nspawn.$1" || { rt_why="systemd-nspawn does not work here: $(tail -n 1 "$rt/nspawn.log")"; return 1; }
}

rt_end() {
	local pid i d
	[ -n "${rt:-}" ] || return 0
	[ ! -S "$rt/docker.sock" ] || timeout 30 docker ps -qa 2>/dev/null | xargs -r timeout 60 docker rm -f >/dev/null 2>&1
	[ ! -d "$rt/storage" ] || { pm pod rm -t 0 -fa; pm rm -t 0 -fa; } >/dev/null 2>&1
	if [ -S "$rt/containerd.sock" ]; then
		for n in default k8s.io; do
			for i in $(timeout 10 ctr -n $n task ls -q 2>/dev/null); do
				timeout 10 ctr -n $n task rm -f "$i" >/dev/null 2>&1
			done
		done
	fi
	[ ! -d "$rt/crio-runc" ] || ls "$rt/crio-runc" | xargs -r -n1 timeout 30 runc --root "$rt/crio-runc" delete -f >/dev/null 2>&1
	for i in default shop; do
		[ ! -S "$rt/lxd/unix.socket" ] || lx stop --force --all --project $i >/dev/null 2>&1
	done
	for pid in "${rt_pids[@]}"; do
		kill "$pid" 2>/dev/null
		for ((i = 0; i < 200; i++)); do
			kill -0 "$pid" 2>/dev/null || break
			sleep 0.1
		done
		kill -KILL "$pid" 2>/dev/null
		wait "$pid" 2>/dev/null
	done
	for d in "$rt"/lxc/*/; do
		[ ! -d "$d" ] || timeout 30 lxc-stop -k -P "$rt/lxc" -n "$(basename "$d")" >/dev/null 2>&1
	done
	rt_user_end
	# what outlives its daemon: shims, conmon, what they started
	for d in /proc/[0-9]*; do
		tr '\0' ' ' 2>/dev/null <"$d/cmdline" | grep -qF -- "$rt/" && kill -KILL "${d#/proc/}" 2>/dev/null
	done
	for ((i = 0; i < 50; i++)); do
		grep -o "$rt[^ ]*" /proc/mounts | sort -r | xargs -r -n1 umount -l 2>/dev/null
		rm -rf --one-file-system "$rt" 2>/dev/null && break
		sleep 0.1
	done
	for d in docker default k8s.io libpod_parent kubepods lxc.pivot lxc.monitor."$rt_box" lxc.payload."$rt_box" lxc.monitor.shop_"$rt_box" lxc.payload.shop_"$rt_box" payload supervisor; do
		find /sys/fs/cgroup/*/$d /sys/fs/cgroup/$d -depth -type d -exec rmdir {} \; 2>/dev/null
	done
	rt=
	return 0
}
