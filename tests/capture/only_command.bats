# SPDX-License-Identifier: Apache-2.0
# runner: alone
#
# --only-command where numbers of processes are used again: by a stranger after a child of the command, and by a child of the
# command after a stranger.

setup_file() {
	source "$SPOOR_SRC/tests/capture/lib.bash"
	export CAPTURE_MISSING
	CAPTURE_MISSING=$(capture_missing) || CAPTURE_MISSING=
}

setup() {
	source "$SPOOR_SRC/tests/capture/lib.bash"
	[ -z "$CAPTURE_MISSING" ] || skip "$CAPTURE_MISSING"
	cd "$BATS_TEST_TMPDIR"
	rec_pid=
	(exec true) & free=$!
	wait $free
	"$progs/reuse" $free try 2>why || skip "no number of one's choice: $(cat why)"
}

teardown() {
	touch "$BATS_TEST_TMPDIR"/{go,turn{1..8},last}	# what the command may wait for
	[ -z "${rec_pid:-}" ] || kill -KILL "$rec_pid" 2>/dev/null || :
}

# command SCRIPT: what the command does until it waits for `go`, and then
command_script() {
	cat >command.sh <<-EOF
		$1
		touch ready
		while [ ! -e go ]; do sleep 0.05; done
		$2
	EOF
	record_start t.spoor --only-command -- sh command.sh
	until_true test -e ready
}

finish() {
	touch go
	record_ended
	[ "$rec_status" = 0 ]
	grep -q ' 0 lost' t.spoor.log || skip "events were lost: $(cat t.spoor.log)"
}

opened() {	# which of these files were opened, as often as they were
	events t.spoor 'evt.type in (open, openat)' | jq -r --arg names "$1" '.args.name | select(IN($names | split(" ")[]))' | sort | uniq -c |
		tr -s ' \n' ' '
}

@test "a stranger with the number of a child that has ended is a stranger" {
	command_script "sh -c 'echo \$\$ >child; : > own1'; $progs/threads_end thread"
	read -r child <child
	read -r leader <thread
	"$progs/reuse" "$child" stranger1
	"$progs/reuse" "$leader" stranger2
	finish
	[ "$(opened 'own1 stranger1 stranger2')" = " 1 own1 " ]
	# lives of strangers are context, which is not shown
	[ "$(spoor-replay t.spoor --internal -f "proc.pid = $child and evt.type = procexit" | wc -l)" = 1 ]
	[ "$(spoor-replay t.spoor --internal -f "proc.pid = $leader and evt.type = procexit" | wc -l)" = 2 ]
}

@test "a child with the number of a stranger that has ended is the command's, and so are its children" {
	command_script "" "$progs/reuse \$(cat number) own1; sh -c ': > own2'; (sh -c ': > own3; : > last' &); while [ ! -e last ]; do sleep 0.05; done"
	"$progs/reuse" "$free" stranger1
	echo "$free" >number
	finish
	[ "$(opened 'own1 own2 own3 stranger1')" = " 1 own1 1 own2 1 own3 " ]
}

@test "many times over" {
	command_script "" 'for i in 1 2 3 4 5 6 7 8; do while [ ! -e turn$i ]; do sleep 0.01; done; '"$progs/reuse"' $(cat number) own; touch done$i; done'
	echo "$free" >number
	touch go
	for i in 1 2 3 4 5 6 7 8; do
		"$progs/reuse" "$free" stranger
		touch turn$i
		until_true test -e done$i
	done
	finish
	[ "$(opened 'own stranger')" = " 8 own " ]
}
