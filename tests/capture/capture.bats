# SPDX-License-Identifier: Apache-2.0
# runner: alone
#
# Real recordings of programs that know what they did.

setup_file() {
	source "$SPOOR_SRC/tests/capture/lib.bash"
	export CAPTURE_MISSING
	CAPTURE_MISSING=$(capture_missing) || CAPTURE_MISSING=
}

setup() {
	source "$SPOOR_SRC/tests/capture/lib.bash"
	[ -z "$CAPTURE_MISSING" ] || skip "$CAPTURE_MISSING"
	cd "$BATS_TEST_TMPDIR"
	rec_pid= pids=()
}

teardown() {
	[ -z "${rec_pid:-}" ] || kill -KILL "$rec_pid" 2>/dev/null || :
	for p in "${pids[@]}"; do
		kill "$p" 2>/dev/null || :
	done
	[ ! -d small ] || umount small 2>/dev/null || :
}

is_running() {	# pid name: it executes that by now
	[ "$(cat "/proc/$1/comm")" = "$2" ]
}

# What a command does while the recorder is stopped.
held_up() {
	local code=0
	kill -STOP "$rec_pid"
	"$@" || code=$?
	kill -CONT "$rec_pid"
	return $code
}

# The descriptors that a recording shows anew have that file among them.
read_again() {	# path
	spoor-replay t.spoor --internal -o json -f 'evt.type = state_fd' 2>/dev/null | jq -es --arg path "$1" 'any(.[]; .args.fd == 200 and .args.name == $path)'
}

# A process has had the processor for a tenth of a second more than when it was asked first.
has_worked() {	# pid
	local now
	now=$(awk '{ print $14 + $15 }' "/proc/$1/stat")
	: "${worked:=$now}"
	[ "$now" -ge $((worked + 10)) ] || return 1
	worked=
}

@test "calls of every family are recorded as the program made them" {
	mkdir work
	record t.spoor --only-command -- "$progs/calls" work >expected
	events t.spoor >t.json
	[ "$(wc -l <expected)" -gt 95 ]
	conditions expected t.json
}

@test "the same where the kernel's memory has to be read by helpers" {
	mkdir work
	record t.spoor --slow-reads --only-command -- "$progs/calls" work >expected
	events t.spoor >t.json
	conditions expected t.json
}

@test "executions: arguments, environment, truncation, memfd, directory, script, failure, a thread's" {
	mkdir work
	record t.spoor --only-command -- "$progs/execs" work >expected
	events t.spoor >t.json
	conditions expected t.json
	# The thread that executed was not the leader: said by an event of its own.
	jq -es 'any(.[]; .type == "exec" and .args.old_tid != .process.tid)' t.json
}

@test "--environment says how much of it is kept" {
	local env
	env=$(printf 'x%.0s' {1..20000})
	for n in 0 64k; do
		X=$env record "$n.spoor" --environment $n --only-command -- "$progs/execs" -
		events "$n.spoor" 'evt.type = execve and proc.name = execs' >"$n.json"
	done
	jq -es 'length == 1 and .[0].args.env == [] and .[0].cut.env > 20000' 0.json
	jq -es '.[0].cut.env == null and any(.[0].args.env[]; startswith("X=xxx") and length == 20002)' 64k.json
}

@test "the same executions, with helpers" {
	mkdir work
	record t.spoor --slow-reads --only-command -- "$progs/execs" work >expected
	events t.spoor >t.json
	conditions expected t.json
}

@test "the same executions without loops, as on kernels before 5.17" {
	mkdir work
	record t.spoor --slow-reads --slow-reads --only-command -- "$progs/execs" work >expected
	events t.spoor >t.json
	conditions expected t.json
	jq -es 'any(.[]; .type == "openat" and .args.path != null)' t.json
}

@test "every call that strace sees is there, and no other" {
	command -v strace >/dev/null || skip "strace is not installed"
	command -v busybox >/dev/null || skip "busybox is not installed"
	cp "$(command -v busybox)" busybox
	local cmd=(./busybox find /etc -maxdepth 1)
	strace -f -qq -o st "${cmd[@]}" >/dev/null 2>&1
	# strace's first line is the exec, its last the exit; the recorded names differ from the kernel's in a few.
	sed -n 's/^[0-9]* *\([a-z_0-9]*\)(.*/\1/p' st | sed 's/^pread64$/pread/; s/^pwrite64$/pwrite/; s/^prlimit64$/prlimit/' |
		sort | uniq -c >want
	record t.spoor --noise --only-command -- "${cmd[@]}" >/dev/null
	events t.spoor 'evt.type exists' |
		jq -r 'select(.process.exe == "./busybox" and .res != null and (.type | IN("signaldeliver", "procexit") | not) or
			(.type == "exit_group" and .process.exe == "./busybox")) | .type' | sort | uniq -c >got
	cat want got
	diff want got
}

@test "births, parents and deaths of a tree of processes" {
	record t.spoor --only-command -- sh -c 'sh -c "sh -c \"exit 5\"; exit 6"; exit 7' || true
	grep -q 'the command ended with status 7' t.spoor.log
	# Lives are recorded of the whole machine: these are the command's.
	events t.spoor >all.json
	jq -c 'select(.type == "procexit" and .process.name == "sh" and (.args.ret | IN(5, 6, 7)))' all.json >t.json
	# innermost first, and each one's parent is the one after it
	[ "$(jq -r .args.ret t.json | paste -sd' ')" = "5 6 7" ]
	jq -es '.[0].process.ppid == .[1].process.pid and .[1].process.ppid == .[2].process.pid' t.json
	pid=$(jq -r 'select(.args.ret == 5) | .process.pid' t.json)
	jq -es --argjson pid "$pid" 'any(.[]; .type == "task_new" and .args.pid == $pid and .args.tid == $pid)' all.json
}

@test "what was there before is known: descriptors, arguments, working directory, connections" {
	mkdir there
	echo old >there/file
	(cd there && exec 7<file 8>>file && exec sleep 100 >/dev/null 2>&1) 3>&- &
	local p=$!
	pids+=($p)
	until_true is_running $p sleep
	record t.spoor -d 100ms
	spoor-replay t.spoor --keyframes --internal -o json >t.json
	cat >expected <<-EOF
		.type == "state_thread" and .process.pid == $p and .args.exe == "sleep" and .args.args == ["100"] and .args.cwd == "$PWD/there" and .args.uid == $(id -u) and (.args.exepath | test("/sleep|coreutils|busybox")) and (.args.env | length) > 0 and (.args.cgroups | length) > 0
		.type == "state_fd" and .process.pid == $p and .args.fd == 7 and .args.name == "$PWD/there/file" and .args.ino == $(stat -c %i there/file) and (.args.open_flags | contains("O_RDONLY")) and .process.user == "root"
		.type == "state_fd" and .process.pid == $p and .args.fd == 8 and (.args.open_flags | contains("O_APPEND") and contains("O_WRONLY"))
		.type == "state_thread" and .process.pid == 1
	EOF
	conditions expected t.json
}

@test "sockets that were there before: addresses, roles, names" {
	"$progs/sockets" "$PWD/socket" >expected 3>&- & pids+=($!)
	until_true test -s expected
	record t.spoor -d 100ms
	spoor-replay t.spoor --keyframes --internal -o json >t.json
	conditions expected t.json
}

@test "a descriptor opened before recording has its name in later events" {
	echo content >old
	(exec 5<old; : >opened; until [ -e go ]; do sleep 0.05; done; read -r x <&5; read -r x <&5) 3>&- &
	local p=$!
	pids+=($p)
	until_true test -e opened
	record_start t.spoor
	touch go
	wait $p || true
	record_stop
	events t.spoor "evt.type = read and proc.pid = $p and fd.name = $PWD/old" >t.json
	[ -s t.json ]
}

@test "payload: none with -s 0, all with a larger -s" {
	record t.spoor -s 0 --only-command -- sh -c 'printf %0300d 1' >/dev/null
	events t.spoor 'evt.type = write' >t.json
	jq -es 'length == 1 and .[0].args.data == {size: 300, base64: ""}' t.json
	record u.spoor -s 1000 --only-command -- sh -c 'printf %0300d 1' >/dev/null
	events u.spoor 'evt.type = write' >u.json
	jq -es '.[0].args.data.size == 300 and (.[0].args.data.base64 | length) == 400' u.json
}

@test "noise is counted by thread, and recorded with --noise" {
	record t.spoor --only-command -- sleep 0.01
	events t.spoor >t.json
	jq -es '[.[] | select(.type == "noise" and .process.name == "sleep")] | any(.[]; .args.event == "clock_nanosleep" and .args.n == 1 and .args.time >= 10000000 and .args.errors == 0)
		and any(.[]; .args.event == "brk")' t.json
	jq -es 'any(.[]; .type == "clock_nanosleep") | not' t.json
	record u.spoor --noise --only-command -- sleep 0.01
	events u.spoor >u.json
	jq -es 'any(.[]; .type == "clock_nanosleep" and .args.interval == 10000000 and .duration >= 10000000)' u.json
	jq -es 'any(.[]; .type == "noise") | not' u.json
}

@test "-n and -d end the recording" {
	record t.spoor -n 50 -- sh -c 'for i in 1 2 3 4 5 6 7 8 9; do /bin/true; done'
	[ "$(events t.spoor | wc -l)" = 50 ]
	# A command that has not ended is left alone, and that is said.
	record v.spoor -d 300ms -- sh -c 'echo $$ >pid; exec sleep 60' 3>&-
	until_true test -s pid
	pids+=("$(cat pid)")
	grep -q "goes on as process $(cat pid)\$" v.spoor.log
	record u.spoor -d 300ms
	grep -Eq '^[0-9,]+ events, [0-9,]+ lost, .* bytes/event$' u.spoor.log
	spoor-trace verify u.spoor
}

@test "a signal ends it cleanly, and the trace is complete" {
	for s in INT TERM; do
		record_start $s.spoor
		record_stop $s
		[ "$rec_status" = 0 ]
		grep -q 'bytes/event' $s.spoor.log
		spoor-trace info $s.spoor | grep -q 'closed in order'
	done
}

@test "a signal is passed on to the command, whose end ends the recording" {
	record_start t.spoor -- sh -c 'trap "echo got it >got; exit 3" TERM; touch ready; while :; do sleep 0.05; done'
	until_true test -e ready
	record_stop TERM
	[ "$rec_status" = 0 ]
	[ "$(cat got)" = "got it" ]
	grep -q 'ended with status 3' t.spoor.log
}

@test "a command that cannot be executed" {
	run record t.spoor -- ./not-there
	[ "$status" = 1 ]
	grep -q "cannot execute './not-there': No such file" t.spoor.log
}

@test "a condition keeps what satisfies it, and the lives of processes as its context" {
	record t.spoor -f 'evt.type = openat and fd.name = /etc/hostname' -- sh -c 'cat /etc/hostname /etc/passwd >/dev/null'
	events t.spoor >t.json
	jq -es '[.[] | select(.type == "openat")] | length >= 1 and all(.[]; .args.path == "/etc/hostname")' t.json
	jq -es 'any(.[]; .type == "openat" and .process.name == "cat") and all(.[]; .type == "openat" or .type == "drop")' t.json
	spoor-trace convert t.spoor t.jsonl
	jq -es '[.[] | select(.context)] | any(.[]; .type == "execve") and all(.[]; .type != "read")' t.jsonl
	grep -q 'of other processes, without which these cannot be understood' t.spoor.log
	run record u.spoor -f 'evt.type = = x' -d 1s
	[ "$status" = 1 ]
	grep -q '\^' u.spoor.log
}

@test "calls that a condition can never match are left out in the kernel, and the result is the same" {
	records() { sed -n 's/.*; \([0-9]*\) records from the kernel.*/\1/p' "$1"; }
	local cond='evt.type = openat and proc.name = flood'
	SPOOR_LOG=info record t.spoor -f "$cond" --only-command -- "$progs/flood" 0.2 2>/dev/null
	# the same condition, in a form that asks for the place of the event: then nothing is left out
	SPOOR_LOG=info record u.spoor -f "$cond and evt.num > 0" --only-command -- "$progs/flood" 0.2 2>/dev/null
	grep -q ' 0 lost' t.spoor.log && grep -q ' 0 lost' u.spoor.log || skip "the machine is too busy"
	[ "$(records u.spoor.log)" -gt 190000 ]
	[ "$(records t.spoor.log)" -lt 150000 ]
	for f in t u; do spoor-replay $f.spoor -p '%evt.type %evt.rawres %fd.name %evt.arg.flags' >$f; done
	[ "$(wc -l <t)" -gt 20000 ]
	diff t u
}

@test "losses are stated: in the last line, and by events with processor and time" {
	[ "$(nproc)" -gt 1 ] || skip "needs two processors"
	record_start t.spoor --ring-size 512k
	"$progs/flood" 2 2>/dev/null 3>&- & local flood=$!
	pids+=($flood)
	held_up "$progs/flood" 0.1
	wait $flood
	record_stop
	lost=$(sed -n 's/.* events, \([0-9,]*\) lost.*/\1/p' t.spoor.log | tr -d ,)
	[ "$lost" -gt 0 ]
	events t.spoor 'evt.type = drop' >t.json
	jq -es --argjson lost "$lost" '([.[].args.n] | add) == $lost and all(.[]; .args.reason == "buffer_full" and .args.from <= .args.to)
		and any(.[]; .args.categories | test("file=[0-9]+"))
		and all(.[]; .args.categories // "" | [scan("[a-zA-Z]+=")] | length == (unique | length))' t.json
	# by category they are as many
	[ "$(jq -r .args.categories t.json | tr ' ' '\n' | sed 's/.*=//' | awk '{ n += $1 } END { print n }')" = "$lost" ]
	# nothing else is missing: recorded and lost make the calls of the floods
	n=$(spoor-replay t.spoor | wc -l)
	[ $((n + lost)) -ge 2100000 ]
}

@test "a flood by one process costs others none of their opens, connections, executions, ends" {
	[ "$(nproc)" -gt 1 ] || skip "needs two processors"
	# Both on one processor, its ring small, the recorder held up: much is lost, of the flood alone. An eighth of the ring is for lives,
	# which is enough for those of all others meanwhile.
	record_start t.spoor --ring-size 8M
	"$progs/flood" 1000 2>/dev/null 3>&- & local flood=$!
	"$progs/victim" 60 3>&- & local victim=$!
	pids+=($flood $victim)
	for ((i = 0; i < 4; i++)); do
		sleep 0.05
		held_up until_true has_worked $flood
	done
	wait $victim
	kill $flood
	wait $flood || :
	record_stop
	events t.spoor 'evt.type = drop' >drop.json
	jq -es 'map(.args.n) | add > 1000' drop.json
	jq -es --argjson pid "$flood" 'all(.[]; .args.lanes | test(" life=0$")) and (map(select(.args.top_pid == $pid) | .args.top_n) | add > 1000)' drop.json
	events t.spoor "proc.name = victim and (proc.pid = $victim or proc.ppid = $victim)" >victim.json
	jq -r 'select(.res == null or .res >= 0) | .type' victim.json | sort | uniq -c
	jq -es '[.[] | select(.type == "openat" and .res >= 0 and .args.name == "victim-file")] | length == 60' victim.json
	jq -es '[.[] | select(.type == "connect" and .res == 0)] | length == 60' victim.json
	jq -es '[.[] | select(.type == "execve" and .res == 0 and .args.args == ["-"])] | length == 60' victim.json
	jq -es '[.[] | select(.type == "procexit")] | length == 61' victim.json
}

@test "what a loss has left wrong is read again: descriptors, programs, ends" {
	mkdir work
	record_start t.spoor --ring-size 512k
	"$progs/blind" work >expected 3>&- & local blind=$!
	pids+=($blind)
	until_true test -e work/ready
	kill -STOP "$rec_pid"
	touch work/go
	until_true test -e work/done
	kill -CONT "$rec_pid"
	until_true read_again "$PWD/work/new"
	seen t.spoor "evt.type = procexit and proc.pid = $(sed -n 's/.*procexit.*pid == \([0-9]*\) .*/\1/p' expected)"
	touch work/more
	wait $blind
	record_stop
	events t.spoor >t.json
	jq -es 'any(.[]; .type == "drop" and (.args.lanes | test("life=0$") | not))' t.json
	jq -es 'any(.[]; .type == "state_thread" and .args.reread)' t.json
	conditions expected t.json
	# nothing afterwards is attributed to the file that was there before
	jq -es 'any(.[]; .type == "read" and .fd.num == 200 and (.fd.name | endswith("/old"))) | not' t.json
}

@test "time goes forward, over all processors" {
	record t.spoor -- sh -c 'for i in 1 2 3 4 5 6 7 8; do (for j in 1 2 3 4 5 6 7 8 9; do /bin/true; done) & done; wait'
	spoor-replay t.spoor --internal -p '%evt.rawtime' >times
	[ "$(wc -l <times)" -gt 1000 ]
	sort -nc times
}

@test "32-bit calls from a 64-bit program are told by what they are" {
	"$progs/int80" || skip "this kernel has no 32-bit calls"
	record t.spoor --only-command -- "$progs/int80"
	events t.spoor >t.json
	# 20 is getpid there and writev here; 5 is open there and fstat here
	jq -es 'any(.[]; .type == "getpid" and .res == .process.pid) and any(.[]; .type == "open" and .args.name == "/etc/hostname" and .args.path == "/etc/hostname" and .res > 0)
		and (any(.[]; .type == "writev" or .type == "fstat") | not)' t.json
}

@test "a pipe as output; its end ends the recording" {
	spoor-capture -w - -- /bin/true 2>log | spoor-replay - >out
	grep -q execve out
	(while sleep 0.1; do :; done) >/dev/null 2>&1 3>&- & pids+=($!)	# lest there be nothing to write
	spoor-capture -w - -d 60s 2>log | spoor-replay - -n 1 >/dev/null
	cat log
	grep -q 'bytes/event' log
	grep -q 'Broken pipe' log
}

@test "a full disk ends it, and says what was saved" {
	mkdir small
	mount -t tmpfs -o size=256k tmpfs small || skip "cannot mount"
	run spoor-capture -w small/t.spoor -s 4096 -- sh -c 'for i in $(seq 300); do head -c 4096 /dev/urandom >/dev/null; done'
	cp small/t.spoor copy.spoor
	umount small
	printf '%s\n' "$output" >log
	[ "$status" = 1 ]
	cat log
	grep -q 'bytes/event' log
	grep -q 'No space left' log
	run spoor-replay copy.spoor
	[ "$status" = 2 ]
	[[ "$output" == *"was read"* ]]
}

@test "wrong use is one line with the remedy" {
	run spoor-capture
	[ "$status" = 1 ]
	[[ "$output" == *"-w FILE"* ]]
	run spoor-capture -w x.spoor --only-command
	[ "$status" = 1 ]
	[[ "$output" == *"-- COMMAND"* ]]
	run spoor-capture -w x.spoor -d nonsense
	[ "$status" = 1 ]
	run spoor-capture -w x.spoor -s 1M
	[ "$status" = 1 ]
	echo precious >y.spoor
	run spoor-capture -w y.spoor -n 1
	[ "$status" = 1 ]
	[[ "$output" == *"--force"* ]]
	[ "$(cat y.spoor)" = precious ]
	run spoor-capture -w nowhere/x.spoor -n 1
	[ "$status" = 1 ]
	[[ "$output" == *"nowhere/x.spoor"* ]]
}

@test "without privilege the missing capabilities are named" {
	command -v setpriv >/dev/null || skip "setpriv is not installed"
	run setpriv --bounding-set -bpf,-perfmon,-sys_admin --inh-caps -bpf,-perfmon,-sys_admin spoor-capture -w x.spoor -n 1
	[ "$status" = 1 ]
	[[ "$output" == *"CAP_BPF and CAP_PERFMON"* ]]
	run setpriv --bounding-set -perfmon,-sys_admin --inh-caps -perfmon,-sys_admin spoor-capture -w x.spoor -n 1
	[ "$status" = 1 ]
	[[ "$output" == *"needs CAP_PERFMON"* ]]
	[ ! -s x.spoor ]
}

@test "CAP_BPF and CAP_PERFMON are enough to record" {
	command -v setpriv >/dev/null || skip "setpriv is not installed"
	local dir
	dir=$(mktemp -d /tmp/spoor-caps.XXXXXX)
	chmod 777 "$dir"
	run setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps +bpf,+perfmon --ambient-caps +bpf,+perfmon \
		spoor-capture -w "$dir/t.spoor" -- /bin/true
	mv "$dir/t.spoor" . || true
	rmdir "$dir"
	echo "$output"
	[ "$status" = 0 ]
	events t.spoor 'evt.type = execve and proc.name = true' | grep -q '"res":0'
}

@test "what is not needed after the start is given up" {
	# of all threads: cap_bpf, cap_perfmon, cap_sys_ptrace, cap_dac_read_search
	given_up() {
		local status caps
		for status in /proc/$rec_pid/task/*/status; do
			caps=$(sed -n 's/^Cap\(Prm\|Eff\):.//p' "$status" | sort -u)
			[[ $caps =~ ^[0-9a-f]+$ ]] || return 1
			[ "$((0x$caps & ~(1 << 39 | 1 << 38 | 1 << 19 | 1 << 2)))" = 0 ] || return 1
			[ "$((0x$caps & (1 << 39)))" != 0 ] || return 1
			grep -q '^NoNewPrivs:.1$' "$status" || return 1
			grep -q '^CapInh:.0*$' "$status" || return 1
		done
	}
	record_start t.spoor
	until_true given_up || { cat /proc/$rec_pid/task/*/status; false; }
	record_stop
	[ "$rec_status" = 0 ]
	# the command keeps what it was started with
	record u.spoor -- sh -c 'grep CapEff /proc/$$/status >caps'
	[ "$(cat caps)" = "$(grep CapEff /proc/self/status)" ]
}

@test "an ordinary user with the capabilities sees containers and other users' processes; without, it is said" {
	command -v setpriv >/dev/null || skip "setpriv is not installed"
	local dir as
	dir=$(mktemp -d /tmp/spoor-caps.XXXXXX)
	chmod 777 "$dir"
	X_MARK=secret sleep 300 3>&- & sleeper=$!
	pids+=($sleeper)
	until_true is_running $sleeper sleep
	as=(setpriv --reuid 65534 --regid 65534 --clear-groups)
	"${as[@]}" --inh-caps +bpf,+perfmon,+sys_ptrace,+dac_read_search --ambient-caps +bpf,+perfmon,+sys_ptrace,+dac_read_search \
		spoor-capture -w "$dir/t.spoor" -n 1 2>t.log
	"${as[@]}" --inh-caps +bpf,+perfmon --ambient-caps +bpf,+perfmon spoor-capture -w "$dir/u.spoor" -n 1 2>u.log
	mv "$dir"/*.spoor .
	rmdir "$dir"
	! grep CAP_ t.log || false
	grep -q CAP_SYS_PTRACE u.log && grep -q CAP_DAC_READ_SEARCH u.log
	for f in t u; do
		spoor-replay $f.spoor --keyframes --internal -o json -f "evt.type = state_thread and proc.pid = $sleeper" >$f.json
	done
	jq -es 'any(.[]; .args.env | index("X_MARK=secret"))' t.json
	jq -es 'length > 0 and all(.[]; .args.env == null or (.args.env | index("X_MARK=secret") | not))' u.json
}

@test "rules run while recording: alerts as replay gives them, and in the trace" {
	record t.spoor -r "$SPOOR_SRC/rules" --only-command -- sh -c 'cat /etc/shadow >/dev/null' >alerts
	spoor-replay t.spoor -r "$SPOOR_SRC/rules" >again
	cat alerts again
	[ -s again ]
	diff again alerts
	events t.spoor 'evt.type = alert' >t.json
	[ "$(wc -l <t.json)" = "$(wc -l <again)" ]
	jq -es 'all(.[]; .args.rule != "" and .args.priority != null and .args.num > 0 and (.args.fields | fromjson | type) == "object")' t.json
	run spoor-capture -w u.spoor -r /etc/hostname -n 1
	[ "$status" = 1 ]
	[ ! -e u.spoor ]
	# the machine's name and the time since the start, too
	printf '%s\n' '- rule: where and when' '  desc: says so' '  condition: evt.type = openat and fd.name = /etc/shadow' \
		'  output: "on %evt.hostname after %evt.reltime.s s"' '  priority: NOTICE' >r.yaml
	record v.spoor -r r.yaml --only-command -- sh -c 'cat /etc/shadow >/dev/null' >alerts
	spoor-replay v.spoor -r r.yaml >again
	diff again alerts
	grep -q "on $(hostname) after [0-9]* s" alerts
}

@test "the name of a process that has ended when the kill returns" {
	local own="evt.type = kill and evt.arg.sig = SIGKILL and proc.pid = $BASHPID" n=0
	record_start t.spoor
	for i in 1 2 3 4 5; do
		sleep 100 3>&- &
		until_true is_running $! sleep
		kill -9 $!
		wait $! || n=$((n + 1))
	done
	record_stop
	[ $n = 5 ]
	spoor-replay t.spoor -f "$own" -p '%evt.arg.pid' | sort | uniq -c | grep -q '^ *5 sleep$'
}

@test "questions and answers of name servers, and the name of what is connected to then" {
	record t.spoor --only-command -- "$progs/dns" >expected
	! grep -q 'status 77' t.spoor.log || skip "no network of one's own here"
	events t.spoor >t.json
	conditions expected t.json
	# what is kept of payload is what was asked for all the same
	jq -es 'all(.[] | select(.args.data.base64 != null); (.args.data.base64 | length) <= 108)' t.json
	[ "$(spoor-replay t.spoor -f 'evt.type = connect and fd.sip.name = write.example' -p '%fd.sip %fd.rip.name')" = "127.0.0.31 write.example" ]
	! spoor-replay t.spoor -f 'evt.type = dns' -p '%evt.arg.name' | grep -v example || false
}

@test "a kernel that does not describe its types" {
	run unshare -m sh -c 'mount -t tmpfs none /sys/kernel/btf && exec spoor-capture -w x.spoor -n 1'
	[[ "$output" != *"permission denied"* ]] || skip "cannot mount"
	echo "$output"
	[ "$status" = 1 ]
	[[ "$output" == *"CONFIG_DEBUG_INFO_BTF"* ]]
}

@test "io_uring: what is done without system calls is recorded too" {
	mkdir try work
	"$progs/uring" try >/dev/null || skip "no io_uring here"
	record t.spoor --only-command -- "$progs/uring" work >expected
	events t.spoor >t.json
	[ "$(wc -l <expected)" = 7 ]
	conditions expected t.json
	jq -es 'all(.[]; .type != "openat" or .args.name != "link")' t.json
}
