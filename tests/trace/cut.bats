#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# spoor-trace cut: what a cut says of its events is what the whole says of them.

bats_require_minimum_version 1.5.0

src=${SPOOR_SRC:-$BATS_TEST_DIRNAME/../..}
make_story=$SPOOR_BUILD/tests/inspect/make_story

# Fields that need what others did: ancestors, descriptors, users, containers, names of the machine.
fields='%evt.time %evt.type %evt.args %evt.hostname %thread.tid %proc.name %proc.cmdline %proc.cwd %proc.exepath %proc.sid'
fields+=' %proc.pname %proc.pcmdline %proc.aname[2] %proc.aname[3] %proc.acmdline[2] %proc.aexepath[2] %proc.sname %proc.vpgid.name'
fields+=' %proc.duration %proc.ppid.duration %user.name %user.uid %user.loginuid %group.name %thread.cap_effective'
fields+=' %fd.num %fd.name %fd.type %fd.cip %fd.sport %fd.l4proto %fd.dev %fd.ino %fd.nameraw'
fields+=' %container.id %container.name %container.image %container.start_ts'

setup() {
	cd "$BATS_TEST_TMPDIR"
	"$make_story" story story.spoor
	"${make_story%story}busy" 6000 big.spoor
	cp "$src/rules/cases.spoor" cases.spoor
}

all() {
	echo story.spoor big.spoor cases.spoor
}

# cut_is TRACE OPTIONS-OF-CUT...: the cut replays as the whole does with the same selection. $expect: conditions of the whole.
cut_is() {
	local trace=$1
	shift
	spoor-trace cut "$trace" -w cut.spoor --force "$@" >said 2>&1 || { cat said; return 1; }
	spoor-trace verify cut.spoor >verified
	sed -i '/ alert /s/ num=[0-9]* / /' want	# alerts name their event by its number, which is another one in the cut
	spoor-replay cut.spoor -p "$fields" -f "$expect" | sed '/ alert /s/ num=[0-9]* / /' >got
	cmp want got || { echo "$trace $*"; diff want got | head -n 6; return 1; }
	# in segments too: what begins at a later keyframe says the same
	spoor-replay -j 2 cut.spoor -p "$fields" -f "$expect" | sed '/ alert /s/ num=[0-9]* / /' >got
	cmp want got
}

moment() {	# trace share: a time within it, ns
	spoor-trace info -o json "$1" | jq -r "((.first_ns + (.last_ns - .first_ns) * $2) / 1000 | floor | tostring) + \"000ns\""
}

@test "by condition: the same lines" {
	for t in $(all); do
		n=0
		for f in 'evt.type in (read, write, close)' 'evt.type in (connect, execve)' 'fd.name startswith /etc' \
			 'proc.aname = sh and user.name != nobody' 'evt.type in (fchdir, dup, dup2, pipe2, clone, procexit)'; do
			expect=$f
			spoor-replay "$t" -p "$fields" -f "$f" >want
			n=$((n + $(wc -l <want)))
			cut_is "$t" -f "$f"
		done
		echo "$t: $n lines"
		[ "$n" -gt 50 ]
	done
}

@test "by container: the same lines" {
	for t in story.spoor big.spoor; do
		for c in $(spoor-trace info -o json "$t" | jq -r '.containers[] | select(.events > 0) | .id'); do
			expect="container.id = $c and not evt.type in (drop, alert)"
			spoor-replay "$t" -p "$fields" -f "$expect" >want
			[ -s want ]
			cut_is "$t" -c "$c"
			cut_is "$t" -c "$c" --from 1ns		# the option that seeks changes nothing
			expect="container.id = $c and evt.type = openat"
			spoor-replay "$t" -p "$fields" -f "$expect" >want
			cut_is "$t" -c "${c:0:8}" -f 'evt.type = openat'
		done
	done
}

@test "by container: what was done to it, and before its name was known" {
	local id=0123456789ab other=ba9876543210 ns=1000000 body
	row() {	# type tid pid args [result]
		ns=$((ns + 1000000))
		printf '{"time":"2026-11-27T10:00:00.%09dZ","type":"%s","tid":%s,"pid":%s,"args":%s,"res":%s}\n' $ns "$1" "$2" "$3" "$4" "${5-0}"
	}
	{
		echo '{"spoor":"events","version":1,"start":"2026-11-27T10:00:00.000000000Z"}'
		for c in "$id 100 web-1" "$other 200 db"; do
			set -- $c
			row execve $2 $2 "{\"exe\":\"/bin/$3\",\"ptid\":1,\"vtid\":1,\"vpid\":1,\"cgroups\":[\"cpu=/docker/$1$1$1$1$1aaaa\"]}"
			row kill 1 1 "{\"pid\":$2}"
			row ptrace 1 1 "{\"pid\":$2}"
			row pidfd_send_signal 1 1 "{\"pidfd\":3,\"target_pid\":$2}"
			row prlimit 1 1 "{\"pid\":$2}"
			row kcmp 1 1 "{\"pid1\":1,\"pid2\":$2}"
			row setpriority 1 1 "{\"which\":0,\"who\":$2}"
			row setpriority 1 1 "{\"which\":2,\"who\":$2}"	# of a user with that number
			row process_mrelease 1 1 "{\"pidfd\":3,\"target_pid\":$2}"
			row sched_getparam 1 1 "{\"pid\":$2}"	# this only asks
			row mount 1 1 "{\"dev\":\"none\",\"dir\":\"/run/$1/x\"}"
			row mount 1 1 "{\"dev\":\"none\",\"dir\":\"/proc/$2/root/x\"}"
			row openat 1 1 "{\"dirfd\":-100,\"name\":\"/proc/$2/status\",\"flags\":\"O_RDONLY\",\"path\":\"/proc/$2/status\"}"
			row openat 1 1 "{\"dirfd\":-100,\"name\":\"/proc/$2/task/$2/root/etc/motd\",\"flags\":\"O_RDONLY\",\"path\":\"/etc/motd\"}"
			row openat 1 1 "{\"dirfd\":-100,\"name\":\"/proc/$2/root/etc\",\"flags\":\"O_RDONLY\",\"path\":\"/etc\"}" 7
			row openat 1 1 "{\"dirfd\":7,\"name\":\"shadow\",\"flags\":\"O_RDONLY\",\"path\":\"/etc/shadow\"}"
			row mount_setattr 1 1 '{"dirfd":7,"path":"cron.d"}'
			row container 0 0 "{\"id\":\"$1\",\"full_id\":\"$1$1$1$1$1aaaa\",\"name\":\"$3\"}"
			row getppid $2 $2 '{}'
			row procexit $2 $2 '{"status":9}'
			row tgkill 1 1 "{\"pid\":$2,\"tid\":$2}"	# it has just gone
			row kill 1 1 '{"pid":-1}'
		done
	} >t.jsonl
	echo "execve kill ptrace pidfd_send_signal prlimit kcmp setpriority process_mrelease mount mount openat openat openat mount_setattr container getppid procexit tgkill" | tr ' ' '\n' >want
	for c in web-1 we $id ${id:0:6} $id$id$id; do
		spoor-trace cut t.jsonl -w c.spoor --force -c $c
		spoor-replay --internal c.spoor -p %evt.type >got
		diff want got || { echo "-c $c"; return 1; }
	done
	! spoor-replay --internal c.spoor | grep "$other" || false
	# a condition besides
	spoor-trace cut t.jsonl -w c.spoor --force -c web-1 -f 'evt.type in (kill, getppid)'
	[ "$(spoor-replay c.spoor -p %evt.type | tr '\n' ' ')" = "kill getppid " ]
	# its name is told behind the range
	spoor-trace convert t.jsonl t.spoor
	spoor-trace cut t.spoor -w c.spoor --force -c web-1 --from 2026-11-27T10:00:00.003Z --to 2026-11-27T10:00:00.005Z
	[ "$(spoor-replay c.spoor -p %evt.type | tr '\n' ' ')" = "kill ptrace pidfd_send_signal " ]
}

@test "by container: what is done by who has entered it, and by its children, until they leave" {
	local id=0123456789ab ns=0
	row() {	# type tid args
		ns=$((ns + 1000000))
		printf '{"time":"2026-11-27T10:00:00.%09dZ","type":"%s","tid":%s,"pid":%s,"res":0,"args":%s}\n' $ns "$1" "$2" "$2" "$3"
	}
	{
		echo '{"spoor":"events","version":1,"start":"2026-11-27T10:00:00.000000000Z"}'
		row execve 100 "{\"exe\":\"/bin/web\",\"ptid\":1,\"vtid\":1,\"vpid\":1,\"cgroups\":[\"cpu=/docker/$id$id$id$id${id}aaaa\"]}"
		row execve 200 '{"exe":"/usr/bin/nsenter","ptid":1,"vtid":200,"vpid":200,"cgroups":["cpu=/"]}'
		row getppid 200 '{}'
		row setns 200 '{"fd":3,"nstype":"CLONE_NEWNS|CLONE_NEWPID","target_pid":100}'	# in
		row getuid 200 '{}'
		row task_new 200 '{"tid":201,"pid":201,"ptid":200,"vtid":9,"vpid":9}'
		row getgid 201 '{}'
		row setns 200 '{"fd":4,"nstype":"CLONE_NEWNS|CLONE_NEWPID","target_pid":200}'	# and out
		row geteuid 200 '{}'
		row getegid 201 '{}'
		row procexit 201 '{}'
	} >t.jsonl
	want="execve 100,setns 200,getuid 200,task_new 200,getgid 201,setns 200,getegid 201,procexit 201"
	spoor-trace cut t.jsonl -w c.spoor --force -c $id
	[ "$(spoor-replay --internal c.spoor -p '%evt.type %thread.tid' | paste -sd,)" = "$want" ]
	# a cut of the cut; and one that begins when they are inside already
	spoor-trace cut c.spoor -w d.spoor --force -c $id
	[ "$(spoor-replay --internal d.spoor -p '%evt.type %thread.tid' | paste -sd,)" = "$want" ]
	spoor-trace convert t.jsonl t.spoor
	spoor-trace cut t.spoor -w c.spoor --force --from 2026-11-27T10:00:00.007Z
	spoor-trace cut c.spoor -w d.spoor --force -c $id
	[ "$(spoor-replay --internal d.spoor -p '%evt.type %thread.tid' | paste -sd,)" = "getgid 201,setns 200,getegid 201,procexit 201" ]
}

@test "by container: any number of them, and texts that name each" {
	{
		echo '{"spoor":"events","version":1,"start":"2026-11-27T10:00:00.000000000Z"}'
		awk 'BEGIN {
			row = "{\"time\":\"2026-11-27T10:00:%02d.%09dZ\",\"type\":\"%s\",\"tid\":%d,\"pid\":%d,\"res\":0,\"args\":{%s}}\n"
			for (i = 1; i <= 3000; i++)
				printf row, 1, i, "container", 0, 0, sprintf("\"id\":\"%06xabcdef\",\"name\":\"web-%d\"", i, i)
			for (i = 1; i <= 3010; i++)
				printf row, 2, i, "mount", 1, 1, sprintf("\"dev\":\"none\",\"dir\":\"/run/x%06xabcdef/%d\"", i, i)
		}'
	} >t.jsonl
	spoor-trace cut t.jsonl -w c.spoor --force -c web
	[ "$(spoor-replay c.spoor -f 'evt.type = mount' | wc -l)" = 3000 ]
	spoor-trace cut t.jsonl -w c.spoor --force -c web-2999
	[ "$(spoor-replay c.spoor -f 'evt.type = mount' -p %evt.arg.dir)" = /run/x000bb7abcdef/2999 ]
}

@test "by time, with and without a condition: the same lines" {
	RANDOM=7
	for t in $(all); do
		for _ in 1 2; do
			a=$((RANDOM % 700)) b=$((a + 1 + RANDOM % 300))
			from=$(moment "$t" "0.$(printf %03d $a)") to=$(moment "$t" "0.$(printf %03d $b)")
			expect='evt.type exists'
			spoor-replay "$t" -p "$fields" -f "$expect" --from "$from" --to "$to" >want
			cut_is "$t" --from "$from" --to "$to"
			expect='evt.type in (read, write, openat, connect, execve, close)'
			spoor-replay "$t" -p "$fields" -f "$expect" --from "$from" --to "$to" >want
			cut_is "$t" --from "$from" --to "$to" -f "$expect"
		done
	done
}

@test "a cut of a cut" {
	expect='evt.type in (read, openat) and proc.name != sh'
	for t in $(all); do
		spoor-trace cut "$t" -w first.spoor -f 'evt.type in (read, openat, connect)' --force
		spoor-replay "$t" -p "$fields" -f "$expect" >want
		cut_is first.spoor -f "$expect"
		# and through text
		spoor-trace convert cut.spoor cut.jsonl --keyframes --force
		spoor-replay cut.jsonl -p "$fields" -f "$expect" >got
		cmp want got
	done
}

@test "captures of others: the same lines" {
	load "$src/tests/lib/captures.bash"
	captures_missing && skip "no captures (SPOOR_CAPTURES)"
	for t in falco-24k curl_google; do
		f=$(capture_file $t)
		for expect in 'evt.type in (openat, close, connect)' 'proc.name = cat or proc.aname = sshd' 'evt.type = recvfrom'; do
			spoor-replay "$f" -p "$fields" -f "$expect" >want
			cut_is "$f" -f "$expect"
		done
	done
}

@test "what goes along is neither shown nor counted" {
	spoor-trace cut story.spoor -w cut.spoor -f 'evt.type = openat and proc.name = cat'
	n=$(spoor-replay cut.spoor | wc -l)
	[ "$n" -gt 0 ]
	[ "$(spoor-replay cut.spoor -f 'not evt.type in (openat, alert, drop)' | wc -l)" = 0 ]
	[ "$(spoor-replay --internal cut.spoor | wc -l)" = "$n" ]
	spoor-replay --stats cut.spoor 2>&1 >none | grep -q "^events: *$n in"
	spoor-trace info -o json cut.spoor | jq -en "input | .events == $n and .context > 0 and (.types | keys) == [\"alert\",\"drop\",\"openat\"]"
}

@test "alerts and losses stay, and alerts name the events that they are about" {
	spoor-trace cut story.spoor -w cut.spoor -f 'evt.type in (execve, openat)'
	[ "$(spoor-trace info -o json story.spoor | jq -c '[.lost, .alerts]')" = "$(spoor-trace info -o json cut.spoor | jq -c '[.lost, .alerts]')" ]
	spoor-trace convert cut.spoor cut.jsonl
	for n in $(jq -r 'select(.type == "alert") | .args.num // 0' cut.jsonl); do
		[ "$n" = 0 ] || [ "$(jq -r "select(.num == $n) | .context // false" cut.jsonl)" = false ]
	done
}

@test "the description says of what it was cut" {
	uuid=$(spoor-trace info -o json story.spoor | jq -r .uuid)
	spoor-trace cut story.spoor -w cut.spoor -f 'evt.type = openat' --from +0s
	[ "$(spoor-trace info -o json cut.spoor | jq -r .hostname)" = "$(spoor-trace info -o json story.spoor | jq -r .hostname)" ]
	spoor-trace info -o json cut.spoor | jq -r .made_from | grep -q "^cut of story.spoor ($uuid), from .*Z, -f evt.type = openat$"
}

@test "through pipes, to .jsonl, to .scap" {
	spoor-trace cut - -w - -f 'evt.type = openat' <story.spoor >cut.spoor 2>said
	spoor-trace verify cut.spoor
	spoor-trace cut story.spoor -w cut.jsonl -f 'evt.type = openat'
	spoor-replay cut.spoor >a
	spoor-replay cut.jsonl >b
	[ -s a ]
	cmp a b
	spoor-trace cut story.spoor -w cut.scap --from +0s
	spoor-replay cut.scap -f 'evt.type = openat' >b
	[ -s b ]
}

@test "nothing selected: an empty trace, and it is said" {
	run spoor-trace cut story.spoor -w cut.spoor -f 'evt.type = openat' --from +1h
	[ "$status" = 0 ]
	[[ $output == *"nothing was selected"* ]]
	spoor-trace verify cut.spoor
	[ "$(spoor-replay cut.spoor | wc -l)" = 0 ]
}

@test "wrong selections" {
	check() {	# message options...
		local want=$1
		shift
		run spoor-trace cut story.spoor -w none.spoor "$@"
		echo "$output"
		[ "$status" = 1 ]
		[[ $output == *"$want"* ]]
		[ ! -e none.spoor ]
	}
	check "-f:1:" -f 'evt.type ='
	check "-f:1:" -f 'evt.tipe = open'
	check "no id or name of a container" -c 'a b'
	check "no id or name of a container" -c ''
	check "--to is before --from" --from +10s --to +5s
	check "noon" --from noon
}
