#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# spoor-trace on good, damaged and wrong input: what it says, and how it exits.

bats_require_minimum_version 1.5.0

commands='info verify recover cut merge convert'
golden=${SPOOR_SRC:-$BATS_TEST_DIRNAME/../..}/tests/format/golden

setup() {
	cd "$BATS_TEST_TMPDIR"
	cp "$golden"/version_1_0.spoor t.spoor
}

damage() {	# file offset: one byte changed
	printf '\xa5' | dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}

last_hash() {	# file: by other means than ours, of the header of its last chunk
	local at
	at=$(LC_ALL=C grep -aboP '\xc5SPCHUN\xe9' "$1" | tail -n 1)
	tail -c "+$((${at%%:*} + 1))" "$1" | head -c 192 | b2sum -l 256 | cut -d ' ' -f 1
}

@test "info says what was recorded" {
	run --separate-stderr spoor-trace info t.spoor
	[ "$status" = 0 ]
	[ -z "$stderr" ]
	[[ $output == *"t.spoor: version 1.0, closed in order"* ]]
	[[ $output == *"host        host"* ]]
	[[ $output == *"kernel      6.1.0, x86_64, 2 processors"* ]]
	[[ $output == *"events      600 in "* ]]
	[[ $output == *"processes   4"* ]]
	[[ $output =~ KEYFRAME\ +2\  ]]
	[[ $output =~ EVENTS\ +4\  ]]
	[[ $output =~ openat\ +[0-9]+ ]]
}

@test "info -o json is one object" {
	run spoor-trace info -o json t.spoor
	[ "$status" = 0 ]
	[ "${#lines[@]}" = 1 ]
	[ "$(jq -r '[.version, .complete, .events, .processes, .lost, .damaged, .hostname] | join(" ")' <<<"$output")" = \
		"1.0 true 600 4 0 0 host" ]
	[ "$(jq '[.types[].n] | add' <<<"$output")" = 600 ]
	[ "$(jq '.bytes' <<<"$output")" = "$(stat -c %s t.spoor)" ]
	[ "$(jq '[.chunks[].stored] | add + 64' <<<"$output")" = "$(stat -c %s t.spoor)" ]
	[ "$(jq 'has("columns")' <<<"$output")" = false ]
}

@test "info --columns shows columns" {
	run spoor-trace info --columns t.spoor
	[ "$status" = 0 ]
	[[ $output == *"columns, each compressed alone"* ]]
	[[ $output == *"times"* ]]
	[[ $output == *"durations"* ]]
	[[ $output == *"openat.name"* ]]
	run spoor-trace info --columns -o json t.spoor
	[ "$(jq -r '.columns[] | select(.name == "durations") | .rows' <<<"$output")" = 600 ]
}

@test "info of a damaged trace: what is readable, and exit 2" {
	head -c 15000 t.spoor >cut.spoor
	touch -d '1 hour ago' cut.spoor
	run --separate-stderr spoor-trace info cut.spoor
	[ "$status" = 2 ]
	[[ $output == *"not closed"* ]]
	[[ $stderr == *"cut.spoor: the trace ends within chunk"* ]]
	[[ $stderr == *"'spoor-trace recover cut.spoor -w OUT'"* ]]
	[ "$(wc -l <<<"$stderr")" = 1 ]
}

@test "verify" {
	run spoor-trace verify t.spoor
	[ "$status" = 0 ]
	[ "$output" = "t.spoor: all 10 chunks are as they were written
hash of the last header: $(last_hash t.spoor)" ]
	damage t.spoor 15000
	run --separate-stderr spoor-trace verify t.spoor
	[ "$status" = 2 ]
	[ -z "$output" ]
	[[ $stderr == "spoor-trace: t.spoor: chunk "*"(at byte "*")" ]]
}

@test "verify: the hash to be kept elsewhere" {
	run spoor-trace verify -o json t.spoor
	[ "$status" = 0 ]
	[ "$output" = "{\"file\":\"t.spoor\",\"chunks\":10,\"hash\":\"$(last_hash t.spoor)\"}" ]
	# written anew as a whole: it fits itself, and has another hash
	spoor-trace cut t.spoor -w other.spoor
	spoor-trace verify -o json other.spoor | jq -e --arg kept "$(last_hash t.spoor)" '.hash != $kept'
	damage t.spoor 15000
	run --separate-stderr spoor-trace verify -o json t.spoor
	[ "$status" = 2 ]
	[ -z "$output" ]
}

@test "verify from a pipe" {
	run bash -c 'cat t.spoor | spoor-trace verify -'
	[ "$status" = 0 ]
	[ "${lines[0]}" = "stdin: all 10 chunks are as they were written" ]
	run bash -c 'head -c 15000 t.spoor | spoor-trace verify -'
	[ "$status" = 2 ]
}

@test "recover: nothing left out" {
	run spoor-trace recover t.spoor -w out.spoor
	[ "$status" = 0 ]
	[ "$output" = "out.spoor: 600 events in 8 chunks" ]
	cmp t.spoor out.spoor
}

@test "recover: a trace that was cut" {
	head -c -3000 t.spoor >cut.spoor
	run spoor-trace recover cut.spoor -w out.spoor
	[ "$status" = 2 ]
	[[ $output == "out.spoor: "*" events in "*" chunks; left out: "* ]]
	spoor-trace verify out.spoor
	spoor-trace info -o json out.spoor | jq -en 'input | .complete and .lost > 0 and .events < 600'
}

@test "recover to stdout" {
	spoor-trace recover t.spoor -w - >out.spoor 2>err
	cmp t.spoor out.spoor
	grep -q '600 events' err
}

@test "recover replaces only with --force, and never its input" {
	echo precious >out.spoor
	run spoor-trace recover t.spoor -w out.spoor
	[ "$status" = 1 ]
	[ "$output" = "spoor-trace: out.spoor: the file exists; '--force' replaces it" ]
	[ "$(cat out.spoor)" = precious ]
	spoor-trace recover t.spoor -w out.spoor --force
	cmp t.spoor out.spoor
	run spoor-trace recover t.spoor -w t.spoor --force
	[ "$status" = 1 ]
	cmp t.spoor "$golden"/version_1_0.spoor
}

@test "what is no trace" {
	check() {	# text
		for c in info verify; do
			run spoor-trace $c x
			[ "$status" = 1 ]
			[ "${#lines[@]}" = 1 ]
			[[ $output == "spoor-trace: x: "*"$1"* ]] || { echo "$output"; false; }
		done
		run spoor-trace recover x -w y
		[ "$status" = 1 ]
		[[ $output == *"$1"* ]]
		[ ! -e y ]
	}
	: >x; check "the file is empty"
	echo hello >x; check "it looks like a text file"
	printf '\x7fELF\2\1\1' >x; check "it looks like an ELF binary"
	printf '\xd4\xc3\xb2\xa1\2\0\4\0' >x; check "it looks like a packet capture (pcap)"
	echo hello | gzip >x; check "it looks like a gzip'd file that holds no capture"
	printf '{"a":1}' >x; check "it looks like JSON text"
	printf '\x00\x01\x02\x03' >x; check "not a trace"
	sed 's/\r//' t.spoor >x; check "begins like a trace but was changed on the way"
	cp "$golden"/version_major.spoor x; check "trace of version 2.0; this spoor reads up to 1.x: use a newer spoor"
	rm x; check "No such file or directory"
	mkdir x; check "is a directory"
}

@test "no permission" {
	[ "$(id -u)" != 0 ] || skip "root may read everything"
	chmod 0 t.spoor
	run spoor-trace info t.spoor
	[ "$status" = 1 ]
	[[ $output == *"Permission denied"* ]]
}

@test "a pipe where a file is needed" {
	mkfifo f
	for c in "recover f -w y"; do
		cat t.spoor >f 3>&- &
		writer=$!
		run spoor-trace $c
		kill $writer 2>/dev/null || :
		wait $writer || :
		[ "$status" = 1 ]
		[[ $output == *"is a pipe or device"* ]]
	done
}

@test "wrong command lines" {
	run spoor-trace
	[ "$status" = 1 ]
	[[ $output == *"what to do?"* ]]
	run spoor-trace inof t.spoor
	[ "$status" = 1 ]
	[[ $output == *"no such command: inof"* ]]
	run spoor-trace info
	[ "$status" = 1 ]
	[[ $output == *"which file?"* ]]
	run spoor-trace info a b
	[ "$status" = 1 ]
	[[ $output == *"too many files: it takes one file"* ]]
	run spoor-trace recover -o json t.spoor
	[ "$status" = 1 ]
	[[ $output == *"unknown option '-o'"*"spoor-trace recover --help"* ]]
	run spoor-trace convert t.spoor x.txt
	[ "$status" = 1 ]
	[[ $output == *"x.txt: in which format? Its name does not say so: end it with .spoor"* ]]
	run spoor-trace convert t.spoor - --to mp3
	[ "$status" = 1 ]
	[[ $output == *"--to mp3: write spoor, jsonl, scap or scap.gz"* ]]
	run spoor-trace recover t.spoor
	[ "$status" = 1 ]
	[[ $output == *"needs an output file: -w OUT"* ]]
	run spoor-trace info -o xml t.spoor
	[ "$status" = 1 ]
	[[ $output == *"text or json"* ]]
}

@test "help names every command" {
	run spoor-trace --help
	[ "$status" = 0 ]
	for c in $commands; do
		[[ $output == *" $c "* ]]
	done
}

@test "every command has help with options and an example" {
	for c in $commands; do
		run spoor-trace "$c" --help
		[ "$status" = 0 ]
		[[ $output == "Usage: spoor-trace $c "* ]]
		[[ $output == *"Examples:"*"  spoor-trace $c "* ]]
	done
}

# R-136
@test "no escape sequence from a trace reaches the terminal" {
	cp "$golden"/hostile_names.spoor x.spoor
	for o in text json; do
		run spoor-trace info -o $o x.spoor
		[ "$status" = 0 ]
		[[ $output == *"[31mred"* ]]
		! LC_ALL=C grep -q $'[\x01-\x08\x0b-\x1f\x7f]' <<<"$output" || false
		! LC_ALL=C grep -q $'\xc2\x9b' <<<"$output" || false
	done
	jq -en 'input | .command | startswith("sh\r")' <<<"$output"
	"$SPOOR_BUILD/tests/inspect/make_story" hostile h.spoor
	for o in text json; do
		run spoor-trace info -o $o h.spoor
		[ "$status" = 0 ]
		! LC_ALL=C grep -q $'[\x01-\x08\x0b-\x1f\x7f]' <<<"$output" || false
		! LC_ALL=C grep -q $'\xc2\x9b' <<<"$output" || false
	done
	spoor-trace convert h.spoor h.jsonl --keyframes
	! LC_ALL=C grep -q $'[\x01-\x08\x0b-\x1f\x7f]' h.jsonl || false
	! LC_ALL=C grep -q $'\xc2\x9b' h.jsonl || false
	mv x.spoor $'x\x1b[m.spoor'
	run spoor-trace info $'x\x1b[m.spoor'
	[[ $output != *$'\x1b'* ]]
	run spoor-trace verify $'x\x1b[m.spoor'
	[[ $output != *$'\x1b'* ]]
	run spoor-trace recover $'x\x1b[m.spoor' -w $'y\x1b[m'
	[[ $output != *$'\x1b'* ]]
}

@test "a full stdout is an error" {
	[ -w /dev/full ] || skip "no /dev/full here"
	run bash -c 'spoor-trace info t.spoor >/dev/full'
	[ "$status" = 1 ]
}

@test "info: containers with names and images, programs, and where they ran" {
	"$SPOOR_BUILD/tests/inspect/make_story" story s.spoor
	run spoor-trace info s.spoor
	[ "$status" = 0 ]
	[[ $output =~ 3f2a9c41d07b\ +[0-9,]+\ +[0-9]+\ \ web-1,\ registry.example/shop/web:4.2 ]]
	[[ $output =~ [0-9]\ \ /tmp/.x\ \(3f2a9c41d07b\) ]]
	spoor-trace info -o json s.spoor >a
	# the same, counted otherwise
	spoor-replay --internal s.spoor -p '%container.id' | grep -v '<NA>\|host' | sort | uniq -c | awk '{ print $2, $1 }' | sort >want
	jq -r '.containers[] | select(.events > 0) | "\(.id) \(.events)"' a | sort | diff - want
	spoor-replay s.spoor -f 'evt.type in (execve, execveat) and evt.res = SUCCESS' -p '%proc.exepath' | sort | uniq -c |
		awk '{ print $2, $1 }' | sort >want
	jq -r '.programs[] | "\(.path) \(.n)"' a | sort | diff - want
	[ "$(jq .processes a)" = "$(spoor-replay --internal s.spoor -f 'proc.pid > 0' -p '%proc.pid' | sort -u | wc -l)" ]
}

@test "info says the same of a trace, of .jsonl and of a pipe" {
	"$SPOOR_BUILD/tests/inspect/make_story" story s.spoor
	spoor-trace convert s.spoor s.jsonl --keyframes
	keep='{events, lost, alerts, processes, containers, programs, first_ns, last_ns, hostname, types: (.types | map_values(.n))}'
	spoor-trace info -o json s.spoor | jq -c "$keep" >a
	spoor-trace info -o json s.jsonl | jq -c "$keep" >b
	spoor-trace info -o json - <s.spoor | jq -c "$keep" >c
	[ -s a ]
	cmp a b
	cmp a c
}
