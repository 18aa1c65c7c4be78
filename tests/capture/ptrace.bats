# SPDX-License-Identifier: Apache-2.0
#
# The ptrace driver: the programs that the BPF driver is tested with, and what is ptrace's own. No privilege, no BPF.

setup() {
	source "$SPOOR_SRC/tests/capture/lib.bash"
	command -v spoor-capture >/dev/null || skip "spoor-capture is not built"
	command -v jq >/dev/null || skip "jq is not installed"
	cd "$BATS_TEST_TMPDIR"
	timeout -k 5 60 spoor-capture -w try.spoor --driver ptrace -- true 2>try.log || skip "$(tail -n 1 try.log)"
	rec_pid= pids=()
}

teardown() {
	for p in ${rec_pid:-} "${pids[@]}"; do
		kill -KILL "$p" 2>/dev/null || :
	done
}

traced() {	# file args...
	local file=$1
	shift
	timeout -k 5 100 spoor-capture -w "$file" --driver ptrace "$@" 2>"$file.log"
}

@test "calls of every family are recorded as the program made them" {
	[ "$(id -u)" = 0 ] || skip "what the program does needs root"
	mkdir work
	traced t.spoor -- "$progs/calls" work >expected
	events t.spoor >t.json
	[ "$(wc -l <expected)" -gt 95 ]
	conditions expected t.json
}

@test "the same when every call stops, with a limit of time" {
	[ "$(id -u)" = 0 ] || skip "what the program does needs root"
	mkdir work
	traced t.spoor -d 5m -- "$progs/calls" work >expected
	events t.spoor >t.json
	conditions expected t.json
}

@test "executions: arguments, environment, memfd, directory, script, failure, a thread's" {
	mkdir work
	traced t.spoor -- "$progs/execs" work >expected
	events t.spoor >t.json
	conditions expected t.json
	jq -es 'any(.[]; .type == "exec" and .args.old_tid != .process.tid)' t.json
}

@test "ways to deceive a recorder" {
	[ "$(id -u)" = 0 ] || skip "what the program does needs root"
	mkdir work
	traced t.spoor -- "$progs/bypass" work
	events t.spoor >t.json
	# In `change` some ways lead through /proc/self, which is somebody else's for whoever follows it from outside.
	sed -i '/"truncate"\|\/real\/g/d' work/change.expected
	for f in work/*.expected; do
		sed '/^ALL /d' "$f" >"$f.any"
		sed -n 's/^ALL \(.*\) => \(.*\)/[.[] | select(\1)] | length > 0 and all(.[]; \2)/p' "$f" >"$f.all"
		[ ! -s "$f.any" ] || conditions "$f.any" t.json
		while read -r cond; do
			jq -es "$cond" t.json >/dev/null || { echo "${f##*/}: not for all: $cond"; return 1; }
		done <"$f.all"
	done
}

@test "every call that strace sees is there, and no other" {
	command -v strace >/dev/null || skip "strace is not installed"
	command -v busybox >/dev/null || skip "busybox is not installed"
	cp "$(command -v busybox)" busybox
	cmd=(./busybox sh -c './busybox find /etc -maxdepth 1; ./busybox ls /')
	strace -f -qq -o st "${cmd[@]}" >/dev/null 2>&1
	# The first line is the exec. Lines of calls that end later, and of ends and signals, are no calls of their own.
	sed -n '/resumed>/d; s/^[0-9]* *\([a-z_0-9]*\)(.*/\1/p' st |
		sed 's/^pread64$/pread/; s/^pwrite64$/pwrite/; s/^prlimit64$/prlimit/' | sort | uniq -c >want
	traced t.spoor --noise -- "${cmd[@]}" >/dev/null
	events t.spoor 'proc.exepath endswith /busybox' | jq -r 'select(.type | IN("procexit", "task_new", "signaldeliver", "exec") | not).type' |
		sort | uniq -c >got
	diff want got
}

@test "an ordinary user" {
	[ "$(id -u)" = 0 ] || skip "needs root to become an ordinary user"
	chmod 755 . .. ../..
	mkdir -m 777 out
	setpriv --reuid=65534 --regid=65534 --clear-groups --bounding-set=-all \
		spoor-capture -w out/t.spoor --driver ptrace -- sh -c 'cat /etc/shadow; id -u >/dev/null; exit 7' 2>log || true
	grep -q 'ended with status 7' log
	spoor-replay out/t.spoor -o json -s 200 >t.json
	cat >expected <<-EOF
		.type == "openat" and .args.name == "/etc/shadow" and .error == "EACCES" and .process.name == "cat" and .process.uid == 65534
		.type == "execve" and .res == 0 and .process.name == "id" and .process.parent == "sh"
		.type == "procexit" and .process.name == "sh" and .args.ret == 7
		.type == "write" and .fd.name != null and .process.name == "cat"
	EOF
	conditions expected t.json
}

@test "stopped and continued, from inside" {
	mkfifo fifo
	traced t.spoor -- sh -c 'cat fifo & p=$!
		until grep -q "^Name:.cat$" /proc/$p/status; do sleep 0.01; done
		kill -STOP $p
		until grep -q "^State:.[tT]" /proc/$p/status; do sleep 0.01; done
		kill -CONT $p; : >fifo; wait $p; exit $?'
	spoor-replay t.spoor -o json >t.json
	cat >expected <<-EOF
		.type == "signaldeliver" and .args.sig == "SIGSTOP"
		.type == "signaldeliver" and .args.sig == "SIGCONT"
		.type == "procexit" and .process.name == "cat" and .args.ret == 0
	EOF
	conditions expected t.json
}

@test "killed by a signal, and orphans: parents and deaths as they were" {
	traced t.spoor -- sh -c '(sleep 0.3; true) & kill -KILL $$' || true
	grep -q 'ended by signal 9' t.spoor.log
	spoor-replay t.spoor -o json >t.json
	cat >expected <<-EOF
		.type == "procexit" and .args.sig == "SIGKILL" and .process.name == "sh"
		.type == "procexit" and .process.name == "sleep" and .args.ret == 0
	EOF
	conditions expected t.json
	# recorded until the last has ended
	spoor-replay t.spoor -f 'evt.type = procexit' | grep -c exited | grep -qx 2
}

@test "who is killed while it forks leaves no child that waits for ever" {
	timeout -s KILL 60 spoor-capture -w t.spoor --driver ptrace -- "$progs/births" 200 2>log
	spoor-trace verify t.spoor
}

@test "a rule's pattern that would take too long on a text is given up, and that is said at the end" {
	local a
	a=$(head -c 60000 /dev/zero | tr '\0' a)
	cat >slow.yaml <<-'YAML'
	- rule: Slow
	  desc: follows many paths
	  condition: evt.type = execve and proc.args regex '(a|aa|aaa|b){1,90}((a|aa){1,90}[cd])+'
	  output: never
	  priority: ERROR
	YAML
	traced t.spoor -r slow.yaml -- true "$a" "$a"
	grep -q 'rule Slow: 1 texts were too long for a pattern' t.spoor.log
	traced t2.spoor -r slow.yaml -- true short
	! grep 'too long' t2.spoor.log || false
}

@test "32-bit calls are told by what they are" {
	[ "$(uname -m)" = x86_64 ] || skip "only on x86-64"
	"$progs/int80" >/dev/null 2>&1 || skip "the kernel runs no 32-bit calls"
	traced t.spoor -- "$progs/int80"
	events t.spoor >t.json
	jq -es 'any(.[]; .type == "open" and .args.path == "/etc/hostname" and .res >= 0)' t.json
}

@test "a running process, with its threads; it goes on afterwards" {
	sh -c 'while :; do cat /etc/hostname >/dev/null; done' 3>&- & pids+=($!)
	traced t.spoor -p "${pids[0]}" -n 500
	kill -0 "${pids[0]}"
	grep -q "^TracerPid:	0$" "/proc/${pids[0]}/status"
	spoor-replay t.spoor -f 'evt.type = openat and fd.name = /etc/hostname and proc.name = cat and proc.pname = sh' | grep -q hostname
}

@test "a limit ends the recording, not the command" {
	traced t.spoor -n 30 -- sh -c 'true; true; echo goes on >out'
	until_true grep -q "goes on" out
}

@test "a command dies with its recorder: its calls would fail without one" {
	sh -c 'echo $$ >pid; exec spoor-capture -w t.spoor --driver ptrace -- sh -c "echo \$\$ >child; while :; do sleep 0.05; done"' 2>/dev/null 3>&- & pids+=($!)
	until_true test -s child
	pids+=("$(cat child)")
	kill -KILL "$(cat pid)"
	until_true eval '! kill -0 "$(cat child)"'
}

@test "a signal is passed on to the command" {
	record_start t.spoor --driver ptrace -- sh -c 'trap "exit 9" TERM; touch ready; while :; do sleep 0.05; done'
	until_true test -e ready
	record_stop TERM
	[ "$rec_status" = 0 ]
	grep -q 'ended with status 9' t.spoor.log
	spoor-trace verify t.spoor
}

@test "wrong use is one line with the remedy" {
	run traced t.spoor
	[ "$status" = 1 ]
	grep -q -- "-p PID" t.spoor.log
	run traced t.spoor -- /no/such
	[ "$status" = 1 ]
	grep -q "cannot execute '/no/such'" t.spoor.log
	run spoor-capture -w t.spoor -p 1
	[ "$status" = 1 ]
	[[ $output == *"-p needs --driver ptrace"* ]]
	run traced u.spoor -p 4194300
	[ "$status" = 1 ]
	grep -q "there is no process 4194300" u.spoor.log
}
