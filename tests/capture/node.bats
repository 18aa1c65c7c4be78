# SPDX-License-Identifier: Apache-2.0
# runner: alone
#
# The flight recorder in a container, as capture/dist/kubernetes/daemonset.yaml has it run: its capabilities, mounts, namespaces and
# configuration are read from there, so that what is tested is what is shipped.

setup_file() {
	source "$SPOOR_SRC/tests/capture/containers.bash"
	containers_setup_file
}

setup() {
	source "$SPOOR_SRC/tests/capture/containers.bash"
	source "$SPOOR_SRC/tests/lib/runtimes.bash"
	source "$SPOOR_SRC/tests/lib/kubernetes.bash"
	cd "$BATS_TEST_TMPDIR"
	id= box= box_pid= rt=
	"$SPOOR_BUILD/tests/capture/make_json" "$SPOOR_SRC/capture/dist/kubernetes/daemonset.yaml" >docs
}

teardown() {
	[ -z "$id" ] || runc delete -f "$id" >/dev/null 2>&1 || :
	if [ -n "$box" ]; then
		mkdir -p box/image/mnt && touch box/go
		container_remove "$PWD/box" "$box"
	fi
	find /sys/fs/cgroup/*/kubepods/spoor-test /sys/fs/cgroup/kubepods/spoor-test -depth -type d -exec rmdir {} \; 2>/dev/null || :
	rmdir /sys/fs/cgroup/*/kubepods /sys/fs/cgroup/kubepods 2>/dev/null || :
	rt_end
}

needs() {
	[ -z "$CAPTURE_MISSING" ] || skip "$CAPTURE_MISSING"
}

# The document of a kind; FILTER on it.
of() {	# KIND FILTER
	jq -r --arg kind "$1" "select(.kind == \$kind) | $2" docs
}

configuration() {	# the ConfigMap's files, in etc
	local f
	mkdir -p etc
	for f in $(of ConfigMap '.data | keys[]'); do
		of ConfigMap ".data[\"$f\"]" >"etc/$f"
	done
}

image() {	# DIR: what the Containerfile makes, from what is built here
	local f
	mkdir -p "$1"/{usr/bin,usr/share/spoor,etc/spoor,run/spoor,var/lib/spoor,host,proc,sys,dev,tmp}
	cp "$SPOOR_BUILD"/spoor-{capture,replay} "$1/usr/bin/"
	cp -r "$SPOOR_SRC/rules" "$1/usr/share/spoor/"
	for f in $(ldd "$SPOOR_BUILD"/spoor-{capture,replay} | grep -o '/[^ :]*' | sort -u); do
		mkdir -p "$1${f%/*}"
		[ -e "$1$f" ] || cp -L "$f" "$1$f"
	done
}

# The runtime's configuration, as a kubelet would have it made, but for the folder of the files.
spec() {	# DIR ID
	mkdir -p run var
	(cd "$1" && runc spec) &&
	jq -s --slurpfile runc "$1/config.json" --arg id "$2" --arg here "$PWD" '
		(.[] | select(.kind == "DaemonSet").spec.template.spec) as $pod | $pod.containers[0] as $c | $c.securityContext as $s
		| ($s.capabilities.add | map("CAP_" + .)) as $caps
		| ($pod.volumes | map({key: .name, value: (if .configMap then $here + "/etc" elif .emptyDir then $here + "/run"
			elif .hostPath.path == "/" then "/" else $here + "/var" end)}) | from_entries) as $from
		| $runc[0] | .process.terminal = false | .process.args = ["/usr/bin/spoor-capture"] + $c.args
		| .process.user = {uid: $s.runAsUser, gid: 0} | .process.noNewPrivileges = ($s.allowPrivilegeEscalation | not)
		| .process.env += ["NODE_NAME=node-7", "POD_NAME=spoor-capture-x", "POD_NAMESPACE=spoor"]
		| .process.capabilities = {bounding: $caps, effective: $caps, permitted: $caps}
		| .root.readonly = $s.readOnlyRootFilesystem
		| .linux.namespaces = [{type: "mount"}, {type: "ipc"}, {type: "cgroup"}, (if $pod.hostPID then empty else {type: "pid"} end),
			(if $pod.hostNetwork then empty else {type: "network"}, {type: "uts"} end)]
		| if $pod.hostNetwork then del(.hostname) else . end
		| .linux.cgroupsPath = "/kubepods/spoor-test/pod11111111-2222-3333-4444-555555555555/" + $id
		| .mounts += [$c.volumeMounts[] | {destination: .mountPath, type: "bind", source: $from[.name],
			options: ["rbind", (if .readOnly then "ro" else "rw" end),
				  (if .mountPropagation == "HostToContainer" then "rslave" else "rprivate" end)]}]' docs >spec.json &&
	mv spec.json "$1/config.json"
}

recorder() {	# COMMAND...
	spoor-capture "$1" --socket "$PWD/run/control.sock" "${@:2}"
}

recorder_answers() {
	recorder status || [ -s rc ]
}

recorder_start() {
	id=$(container_new_id)
	mkdir -p bundle/rootfs
	image bundle/rootfs
	configuration
	sed -i 's/127.0.0.1:9376/127.0.0.1:0/' etc/spoor-capture.conf	# of this machine's network, where others may test, too
	spec bundle "$id"
	{ runc run --bundle bundle "$id" >out 2>log </dev/null 3>&- && echo 0 >rc || echo $? >rc; } 3>&- &
	until_true recorder_answers || { cat log; return 1; }
	[ ! -s rc ] || { cat log; return 1; }
}

# A container that reads a secret file again and again until it is told to stop.
box_start() {
	box=$(container_new_id)
	container_make "$PWD/box" "$box"
	mkdir -p box/image/mnt
	jq --arg from "$PWD/box" '.annotations = {"io.kubernetes.cri.image-name": "shop/web:7"}
		| .mounts += [{destination: "/mnt", type: "bind", source: $from, options: ["bind", "ro"]}]' box/bundle/config.json >box/config
	mv box/config box/bundle/config.json
	container_run "$PWD/box" "$box" sh -c 'until [ -e /mnt/go ]; do cat /etc/shadow >/dev/null; sleep 0.2; done' >box.log 2>&1 3>&- &
	box_pid=$!
}

@test "in a container with what the DaemonSet gives it: an alert of another container makes a file, by its name and image" {
	needs
	box_start
	up() { runc state "$box" | jq -e '.status == "running"'; }
	until_true up
	recorder_start
	recorder status -o json | jq -e --arg id "$id" '.host == "node-7" and .container == $id and .refused_calls == 0'
	# its own namespace of cgroups hides where it is
	runc exec "$id" /usr/bin/spoor-capture status >inside
	grep 'on node-7' inside
	port=$(recorder status -o json | jq .http.port)
	for path in healthz readyz; do
		curl -m 60 -sf "http://127.0.0.1:$port/$path" || { [ $? = 127 ] && break; false; }
	done
	until_true grep -F '"container.image.repository":"shop/web"' out
	until_true eval 'ls var/captures/node-7--"${box:0:12}"*.spoor.part'
	touch box/go
	wait "$box_pid"
	recorder trigger --before 1h --after 0 --wait --reason all >host_file
	runc kill "$id" TERM
	until_true test -s rc
	[ "$(cat rc)" = 0 ]
	cat log
	! grep -E 'was refused to|capture.host_root' log || false
	grep -F '"rule":"Sensitive file read"' out | tail -n 1 | jq -e --arg id "${box:0:12}" \
		'.hostname == "node-7" and .output_fields["container.id"] == $id and .output_fields["container.image.repository"] == "shop/web"'
	f=$(ls var/captures/node-7--"${box:0:12}"*--Sensitive-file-read--*.spoor)	# other containers on this machine may be read, too
	! ls var/captures/*.part || false
	spoor-trace verify "$f"
	[ "$(spoor-replay "$f" -f 'proc.name = cat and evt.type in (open, openat) and fd.name = /etc/shadow' \
		-p '%container.id|%container.image|%user.name' | tail -n 1)" = "${box:0:12}|shop/web:7|root" ]
	# of a container that was there before: the path of its cgroup is the machine's, not as a namespace of cgroups shows it
	spoor-replay "$f" -f 'proc.name = cat' -p %thread.cgroups -n 1 >cgroups
	grep -F "=/docker/$box" cgroups
	! grep -F /.. cgroups || false
	spoor-trace info -o json "$f" | jq -e '.hostname == "node-7"'
	# of the whole machine: nothing of the recorder itself, everything of what others have done in its container
	all=var/captures/$(basename "$(cat host_file)")
	spoor-replay "$all" --internal -f "container.id = ${id:0:12}" -p '%proc.name' | sort | uniq -c
	own=$(sed -n 's/^recorder *process \([0-9]*\) .*/\1/p' inside)
	[ -z "$(spoor-replay "$all" -f "proc.pid = $own and evt.type != container" -n 1)" ]	# that says what its container is
	spoor-replay "$all" -f "container.id = ${id:0:12} and proc.exepath = /usr/bin/spoor-capture and evt.type = connect" -n 1 | grep .
	# users are the machine's: our image has none
	[ "$(spoor-replay "$all" -f 'container.id = host and user.uid = 0' -p %user.name -n 1)" = root ]
}

@test "with podman, by the command of the page: a container of podman's is called as that calls it" {
	needs
	local page=$SPOOR_SRC/docs/HOWTO_EVERY_NODE.md flags
	rt_begin
	mkdir -p "$rt/node" && image "$rt/node"
	rt_podman_start || skip "$rt_why"
	tar -C "$rt/node" -c . | pm import -q --change 'ENTRYPOINT ["/usr/bin/spoor-capture"]' \
		--change 'CMD ["--daemon","/etc/spoor/spoor-capture.conf"]' - spoor >/dev/null
	configuration
	sed -i 's/127.0.0.1:9376/127.0.0.1:0/' etc/spoor-capture.conf
	mkdir -p var run
	# from "podman run" to the line that ends without a backslash; its folders are ours, and we want the socket
	flags=$(sed -n '/^    podman run /,/[^\\]$/p' "$page" | tr -d '\\' | tr '\n' ' ' |
		sed "s|podman run||; s|-d||; s|/etc/spoor:|$PWD/etc:|; s|/var/lib/spoor:|$PWD/var:|; s|--tmpfs /run/spoor|-v $PWD/run:/run/spoor|; s|\\\$(hostname)|node-8|")
	[[ $flags == *--cap-add* ]]
	eval "pm run -d $flags" >recorder_id || { cat recorder_id; false; }
	up() { recorder status || [ "$(pm inspect spoor --format '{{.State.Status}}')" = exited ]; }
	until_true up
	recorder status || { pm logs spoor; false; }
	recorder status -o json | jq -e --arg id "$(cat recorder_id)" '.host == "node-8" and .container == $id'
	pm run -d --network none --name "$rt_box" -v "$rt/shared:/mnt:ro" localhost/spoor/test:7 sh -c \
		'echo x >/etc/shadow; until [ -e /mnt/go ]; do cat /etc/shadow >/dev/null; sleep 0.2; done' >box_id
	alerted() { pm logs spoor 2>/dev/null | grep -F "\"container.name\":\"$rt_box\""; }
	until_true alerted
	touch "$rt/shared/go"
	pm stop spoor
	[ "$(pm inspect spoor --format '{{.State.ExitCode}}')" = 0 ]
	alerted | tail -n 1 | jq -e --arg id "$(head -c 12 box_id)" '.hostname == "node-8" and .output_fields["container.id"] == $id
		and .output_fields["container.image.repository"] == "localhost/spoor/test" and .output_fields["container.image.tag"] == "7"'
	f=$(ls var/captures/node-8--"$(head -c 12 box_id)"*--Sensitive-file-read--*.spoor)
	spoor-trace verify "$f"
}

@test "namespaces in which nothing could be right are refused, with the remedy" {
	needs
	run unshare --pid --fork --mount-proc spoor-capture -w x.spoor -n 1
	[ "$status" = 1 ]
	[[ $output == *"in a pid namespace of its own"*"hostPID: true"* ]]
	run unshare --user --map-root-user spoor-capture -w x.spoor -n 1
	[ "$status" = 1 ]
	[[ $output == *"in a user namespace of its own"*"hostUsers: true"* ]]
}

@test "the machine's root has to be there" {
	run spoor-capture -w x.spoor --host-root "$PWD/none" -- true
	[ "$status" = 1 ]
	[[ $output == *"$PWD/none: the machine's root: No such file or directory"* ]]
	echo "capture: {host_root: none}" >c.yaml
	echo "control: {socket: $PWD/sock}" >>c.yaml
	run spoor-capture --check-config c.yaml
	[ "$status" = 1 ]
	[[ $output == *"none: the machine's root: No such file or directory"* ]]
}

@test "the configuration in the ConfigMap is right, and its rules fit those that ship" {
	configuration
	mkdir -p host var
	sed "s|/usr/share/spoor/|$SPOOR_SRC/|; s|/host|$PWD/host|; s|/var/lib/spoor|$PWD/var|" etc/spoor-capture.conf >etc/here.conf
	echo "control: {socket: $PWD/sock}" >>etc/here.conf
	spoor-capture --check-config etc/here.conf
	# what is mounted is what is named
	for place in $(of DaemonSet '.spec.template.spec.containers[0].volumeMounts[] | select(.name != "run" and .name != "config") | .mountPath'); do
		grep -F " $place" etc/spoor-capture.conf
	done
	port=$(sed -n 's/^ *listen: .*:\([0-9]*\)$/\1/p' etc/spoor-capture.conf)
	of DaemonSet '.spec.template.spec.containers[0] | [.startupProbe, .livenessProbe, .readinessProbe] | map(.httpGet)' |
		jq -e --argjson port "$port" 'length == 3 and all(.host == "127.0.0.1" and .port == $port and (.path == "/healthz" or .path == "/readyz"))'
}

@test "the page and the unit name the capabilities that the DaemonSet gives" {
	caps=$(of DaemonSet '.spec.template.spec.containers[0].securityContext.capabilities.add | sort | join(",")')
	page=$SPOOR_SRC/docs/HOWTO_EVERY_NODE.md
	[ "$(sed -n '/^    podman run /,/[^\\]$/p' "$page" | grep -o -- '--cap-add [A-Z_]*' | cut -d ' ' -f 2 | sort | paste -sd,)" = "$caps" ]
	[ "$(sed -n 's/^| `\([A-Z_]*\)` .*/\1/p' "$page" | sort | paste -sd,)" = "$caps" ]
	for c in ${caps//,/ }; do
		grep -q "^CapabilityBoundingSet=.*CAP_$c" "$SPOOR_SRC/capture/dist/spoor-capture.service.in"
	done
}

@test "the image has the packages of what the tools are linked with, and no others" {
	command -v dpkg >/dev/null && command -v readelf >/dev/null || skip "dpkg or readelf is not installed"
	[ -x "$SPOOR_BUILD/spoor-capture" ] || skip "spoor-capture is not built"
	grep -q '^VERSION_ID="12"' /etc/os-release || skip "not Debian 12: packages have other names"
	[ "$(basename "$SPOOR_BUILD")" = build ] || skip "built with sanitizers"
	for lib in $(readelf -d "$SPOOR_BUILD"/spoor{,-capture,-replay,-inspect,-trace} | sed -n 's/.*NEEDED.*\[\(.*\)\]/\1/p' | sort -u); do
		dpkg -S "*/$lib" | grep -v diversion | cut -d: -f1 | head -n 1
	done | grep -vx libc6 | sort -u >linked
	sed -n 's/^\t\([a-z0-9.-]*\) \\$/\1/p' "$SPOOR_SRC/capture/dist/Containerfile" | grep -vx ca-certificates | sort -u >listed
	diff linked listed
}

@test "every object of the manifest is as the Kubernetes API describes it" {
	why=$(kubernetes_missing) && skip "$why"
	kubernetes_missing || :
	python3 - "$kubernetes_api" docs <<-'X'
		import gzip, json, sys
		defs = json.load(gzip.open(sys.argv[1]))["definitions"]
		bad = []
		def look(v, s, at):
		    if "$ref" in s:
		        name = s["$ref"].split("/")[-1]
		        if name.split(".")[-1] in ("IntOrString", "Quantity"):
		            return
		        return look(v, defs[name], at)
		    t = s.get("type")
		    want = {"string": str, "integer": int, "boolean": bool, "array": list, "object": dict}.get(t)
		    if want and (not isinstance(v, want) or want is int and isinstance(v, bool)):
		        bad.append(f"{at}: {v!r} is no {t}")
		    elif isinstance(v, list):
		        for i, x in enumerate(v):
		            look(x, s["items"], f"{at}[{i}]")
		    elif isinstance(v, dict) and "properties" in s:
		        bad.extend(f"{at}: there is no {k}" for k in v if k not in s["properties"])
		        bad.extend(f"{at}: {k} is missing" for k in s.get("required", []) if k not in v)
		        for k in v:
		            if k in s["properties"]:
		                look(v[k], s["properties"][k], f"{at}.{k}")
		    elif isinstance(v, dict) and isinstance(s.get("additionalProperties"), dict):
		        for k in v:
		            look(v[k], s["additionalProperties"], f"{at}.{k}")
		n = 0
		for line in open(sys.argv[2]):
		    o = json.loads(line)
		    group, _, version = o["apiVersion"].rpartition("/")
		    kind = {"group": group, "version": version, "kind": o["kind"]}
		    found = [d for d in defs.values() if kind in d.get("x-kubernetes-group-version-kind", [])]
		    assert len(found) == 1, kind
		    look(o, found[0], o["kind"])
		    n += 1
		print("\n".join(bad))
		sys.exit(bool(bad) or n != 5)
	X
	of DaemonSet '.spec as $s | .spec.template.metadata.labels == $s.selector.matchLabels' | grep -x true
	of DaemonSet '.spec.template.spec | [.serviceAccountName, .priorityClassName, (.volumes[].configMap.name // empty)] | unique[]' | grep -qx spoor-capture
}
