# SPDX-License-Identifier: Apache-2.0
# runner: alone
#
# The unit that is installed, under a real systemd: what it promises to the service manager, what it is forbidden, and that all it
# has to do works nevertheless.

setup_file() {
	source "$SPOOR_SRC/tests/lib/machine.bash"
	source "$SPOOR_SRC/tests/capture/lib.bash"
	export MISSING m=$BATS_FILE_TMPDIR/m
	MISSING=$(machine_missing) || MISSING=$(capture_missing) || MISSING=
	[ -z "${SPOOR_SANITIZER:-}" ] || MISSING="sanitizers and the unit's MemoryDenyWriteExecute= do not go together"
	[ -z "$MISSING" ] || return 0
	mkdir "$m"
	make -s -o all -C "$SPOOR_SRC" install DESTDIR="$m/inst" PREFIX=/usr/local >"$m/install" 2>&1 || { cat "$m/install"; return 1; }
	machine_boot "$m" || MISSING=$machine_why
}

teardown_file() {
	source "$SPOOR_SRC/tests/lib/machine.bash"
	machine_end "$m"
}

setup() {
	source "$SPOOR_SRC/tests/lib/machine.bash"
	source "$SPOOR_SRC/tests/capture/lib.bash"
	[ -z "$MISSING" ] || skip "$MISSING"
	cd "$BATS_TEST_TMPDIR"
}

teardown() {
	[ -z "$MISSING" ] || return 0
	service stop || :
	machine "$m" sh -c 'rm -rf /etc/systemd/user/spoor-capture.service.d /var/lib/spoor/*/*'
	machine "$m" journalctl --no-pager -o cat -n 40 | cut -c1-200
}

service() {	# COMMAND OPTION...
	machine "$m" systemctl --user "$@" spoor-capture
}

show() {
	service show -P "$1"
}

is() {	# PROPERTY VALUE
	[ "$(show "$1")" = "$2" ]
}

# Lines of the recorder that runs in the journal, as "severity text".
log() {
	machine "$m" journalctl --no-pager -o json "_PID=$(show MainPID)" | jq -r '"\(.PRIORITY) \(.MESSAGE)"'
}

logged() {
	log | grep -q -- "$@"
}

# conf YAML...: the configuration, with a rule for whoever opens a secret of the tests
conf() {
	cat >"$m/rules.yaml" <<-'EOC'
		- rule: Secret read
		  desc: A secret of the tests has been read.
		  condition: evt.type in (open, openat) and fd.name contains /secret-of-systemd and proc.name in (cat, tail)
		  output: secret read (file=%fd.name by=%proc.name user=%user.name container=%container.name)
		  priority: CRITICAL
	EOC
	printf '%s\n' 'rules: {files: [/share/rules.yaml]}' 'control: {socket: /run/spoor/control.sock}' \
		'files: {directory: /var/lib/spoor/captures}' "$@" >"$m/conf"
	machine "$m" cp /share/conf /etc/spoor/spoor-capture.conf
}

secret() {
	machine "$m" sh -c ': >/tmp/secret-of-systemd; cat /tmp/secret-of-systemd'
}

drop_in() {
	local dir=/etc/systemd/user/spoor-capture.service.d
	cat >"$m/drop-in"
	machine "$m" sh -c "mkdir -p $dir && cp /share/drop-in $dir/test.conf"
	machine "$m" systemctl --user daemon-reload
}

@test "as it is installed: it starts, and says so when it records; what the unit forbids is forbidden" {
	machine "$m" env SYSTEMD_UNIT_PATH=/usr/local/lib/systemd/system: systemd-analyze verify --man=no spoor-capture.service >said 2>&1 || { cat said; false; }
	! grep spoor-capture said || false
	machine "$m" systemd-analyze --user security --threshold=35 spoor-capture.service >said || { tail -n 1 said; false; }
	service start
	is ActiveState active
	is StatusText Recording.
	machine "$m" spoor-capture status >status
	! chrt -r 1 true || grep '^priority *real-time' status
	pid=$(show MainPID)
	machine "$m" grep -E '^(NoNewPrivs|Seccomp|CapEff|CapBnd):' "/proc/$pid/status" | tr -d '\t' >facts
	printf '%s\n' CapEff:000000c000080004 CapBnd:000000c000880025 NoNewPrivs:1 Seccomp:2 | diff - facts
	machine "$m" stat -c '%a %n' /run/spoor /run/spoor/control.sock /var/lib/spoor{,/captures,/ring,/spool} /var/log/spoor | diff - <(cat <<-EOF
		755 /run/spoor
		600 /run/spoor/control.sock
		750 /var/lib/spoor
		750 /var/lib/spoor/captures
		750 /var/lib/spoor/ring
		750 /var/lib/spoor/spool
		750 /var/log/spoor
	EOF
	)
	[ "$(machine "$m" awk '$5 == "/" { print substr($6, 1, 2) }' "/proc/$pid/mountinfo")" = ro ]
	service stop
	is Result success
	is ActiveState inactive
	machine "$m" test ! -e /run/spoor
}

@test "alerts go out: journal with severities, log files, syslog, programs, HTTP; files are made; what was read when it ends is complete" {
	cat >"$m/program" <<-'EOF'
		#!/bin/sh
		trap 'echo TERM >>/var/lib/spoor/program' TERM
		while read -r line; do echo "$line" >>/var/lib/spoor/program; done
	EOF
	chmod +x "$m/program"
	conf "triggers: {min_priority: critical, after: 10m, scope: host}" "http: {listen: 127.0.0.1:9376}" "outputs:" \
		"- {name: stdout, type: stdout, format: text}" "- {name: file, type: file, path: /var/log/spoor/alerts}" \
		"- {name: syslog, type: syslog}" "- {name: program, type: program, command: [/share/program]}"
	service start
	secret
	until_true logged '^2 .*secret read'
	until_true machine "$m" grep -q 'secret read' /var/log/spoor/alerts
	until_true machine "$m" grep -q 'secret read' /var/lib/spoor/program
	until_true machine "$m" sh -c 'journalctl -q SYSLOG_IDENTIFIER=spoor | grep "secret read"'
	! command -v curl >/dev/null || machine "$m" curl -m 60 -sf http://127.0.0.1:9376/healthz
	until_true machine "$m" sh -c 'ls /var/lib/spoor/captures/*.spoor.part'
	service stop
	is Result success
	! machine "$m" grep TERM /var/lib/spoor/program || false
	machine "$m" sh -c 'spoor trace verify /var/lib/spoor/captures/*Secret-read*.spoor'
	! machine "$m" sh -c 'ls /var/lib/spoor/captures/*.part' || false
}

@test "reload: done when it is done; one that is refused says why and changes nothing" {
	conf
	service start
	pid=$(show MainPID)
	service reload
	until_true is StatusText Recording.
	conf "tyop: 1"
	! service reload || false
	is ActiveState active
	until_true is StatusText 'Recording. The last reload failed.'
	until_true logged "^3 .*no key 'tyop' here"
	conf
	service kill -s HUP --kill-who=main
	until_true is StatusText Recording.
	is MainPID "$pid"
}

@test "a start that fails says why to systemctl, and is tried again until it can" {
	conf "tyop: 1"
	! service start || false
	says_why() { [[ $(show StatusText) == "/etc/spoor/spoor-capture.conf: 1 error"*"no key 'tyop' here" ]]; }
	until_true says_why		# while it is tried again it says nothing
	is StartLimitIntervalUSec 0
	conf
	until_true is ActiveState active
	is StatusText Recording.
}

@test "after a crash it is there again, with the ring that it had; so it is when it does nothing any more" {
	conf "ring: {size: 8MiB, directory: /var/lib/spoor/ring}"
	drop_in <<-EOF
		[Service]
		WatchdogSec=3
		RestartSec=100ms
	EOF
	service start
	until_true machine "$m" sh -c '[ -s /var/lib/spoor/ring/ring-0000000000000001.spoor ]'
	pid=$(show MainPID)
	service kill -s SEGV --kill-who=main
	until_true eval '! is MainPID $pid && is ActiveState active'
	machine "$m" sh -c 'spoor trace info /var/lib/spoor/ring/ring-0000000000000001.spoor 2>&1; ls /var/lib/spoor/ring/*2.spoor' >said
	grep -q 'what is there so far was read' said
	pid=$(show MainPID)
	service kill -s STOP --kill-who=main
	until_true eval '! is MainPID $pid && is ActiveState active'
	is StatusText Recording.
}

# box: a container whose processes read the secret that is named in /tmp/go, with a user of its own
box() {
	command -v runc >/dev/null && ! ldd "$(command -v busybox)" >/dev/null 2>&1 || skip "runc or a static busybox is not installed"
	mkdir -p rootfs/{bin,etc,proc,sys,dev,tmp}
	cp "$(command -v busybox)" rootfs/bin/busybox
	for a in sh cat tail sleep rm; do ln -s busybox rootfs/bin/$a; done
	echo 'alice:x:1234:1234::/:/bin/sh' >rootfs/etc/passwd
	chmod 1777 rootfs/tmp
	runc spec
	box=$(printf 'a1b2%.0s' {1..16})
	jq --arg p "/docker/$box" '.process.terminal = false | .root.readonly = false | .linux.cgroupsPath = $p | .process.user = {uid: 1234, gid: 1234} |
		.process.args = ["/bin/sh", "-c", "while :; do for f in /tmp/*go; do [ -e $f ] && rm $f && tail -f /tmp/secret-of-systemd & done; sleep 0.1; done"]' \
		config.json >"$m/config.json"
	rm -rf "$m/rootfs"
	mv rootfs "$m/"
	machine "$m" sh -c "echo 0 >/sys/fs/cgroup/else/cgroup.procs; cd /share && runc --root /run/runc run -d $box </dev/null >runc.log 2>&1" ||
		skip "runc does not work here: $(tail -n 1 "$m/runc.log")"
}

unbox() {
	machine "$m" runc --root /run/runc delete -f "$box" 2>/dev/null || :
}

# act ACTION...: a playbook with these for the secret, and somebody who reads it
act() {
	cat >"$m/playbooks.yaml" <<-EOF
		cool_down: 100ms
		limits: {disturbing: 1000/1h, per_object: 1000/1h}
		playbooks:
		- {name: test, rules: ['Secret read'], actions: [$(printf '{do: %s},' "$@" | sed 's/,$//')]}
	EOF
	service is-active >/dev/null && service reload || service start
	: >"$m/rootfs/tmp/secret-of-systemd"
	chmod 666 "$m/rootfs/tmp/secret-of-systemd"
	install -m 666 -o 1234 /dev/null "$m/rootfs/tmp/go"
}

@test "containers and their users have names; playbooks: the log says what the unit forbids, with the drop-in of the manual it works" {
	box
	conf "playbooks: /share/playbooks.yaml"
	act freeze cut_network kill_container
	until_true logged "secret read .*by=tail user=alice container=a1b2a1b2a1b2"
	logged '^4 .*playbooks: cut_network will fail: it takes CAP_NET_ADMIN'
	logged '^4 .*playbooks: freeze, thaw and kill_container will fail: control groups are read-only'
	until_true logged '^4 .*freeze container a1b2a1b2a1b2: failed: .*control groups are read-only here'
	until_true logged '^4 .*cut_network container a1b2a1b2a1b2: failed: .*it takes CAP_NET_ADMIN'
	until_true logged '^4 .*kill_container container a1b2a1b2a1b2: failed: .*control groups are read-only here'
	act kill_process
	until_true logged 'kill_process process .*: done: killed'

	service stop
	sed -n '/^    \[Service\]$/,/^$/s/^    //p' "$SPOOR_SRC/docs/PLAYBOOKS.md" | drop_in
	act freeze
	until_true logged 'freeze container a1b2a1b2a1b2: done: frozen by cgroup v2'
	! logged 'will fail' || false
	[ "$(machine "$m" cat "/sys/fs/cgroup/docker/$box/cgroup.freeze")" = 1 ]
	machine "$m" sh -c "echo 0 >/sys/fs/cgroup/docker/$box/cgroup.freeze"
	act cut_network restore_network kill_container
	until_true logged 'cut_network container a1b2a1b2a1b2: done: network cut, 0 networks stay reachable ('
	until_true logged 'restore_network container a1b2a1b2a1b2: done: network restored'
	until_true logged 'kill_container container a1b2a1b2a1b2: done: killed'
	unbox
}
