#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Whatever is wrong with the input: one line that names the file, the place and the remedy, and the right exit code.

setup_file() {
	export trace=$BATS_FILE_TMPDIR/story.spoor many=$BATS_FILE_TMPDIR/many.spoor
	"$SPOOR_BUILD/tests/replay/make_trace" story "$trace"
	"$SPOOR_BUILD/tests/replay/make_trace" many "$many" 200000
}

teardown() {
	[ -z "${writer:-}" ] || kill "$writer" 2>/dev/null || :
}

setup() {
	source "$SPOOR_SRC/tests/lib/until.bash"
	PATH=$SPOOR_BUILD:$PATH
	cd "$BATS_TEST_TMPDIR"
}

# code pattern command...: exit code, and stderr is one line that matches.
refuses() {
	local code=$1 pattern=$2
	shift 2
	rc=0
	"$@" >out 2>err || rc=$?
	echo "exit $rc"
	cat err
	[ $rc = "$code" ]
	[ "$(wc -l <err)" = 1 ]
	grep -qE "$pattern" err
}

@test "no trace, two modes, a wrong option" {
	refuses 1 'which trace' spoor-replay
	refuses 1 "unknown option '--filtre', did you mean '--filter'" spoor-replay --filtre x
	refuses 1 'one of --validate' spoor-replay --validate --list events
	refuses 1 "leave out" spoor-replay "$trace" -p x -o json
}

@test "not there, a directory, unreadable" {
	refuses 1 'nothere\.spoor.*No such file' spoor-replay nothere.spoor
	mkdir d
	refuses 1 'd.*directory' spoor-replay d
	cp "$trace" secret.spoor
	chmod 000 secret.spoor
	as_owner=()		# root reads everything, unless it lets go of the capabilities for that
	[ "$(id -u)" != 0 ] || as_owner=(setpriv --inh-caps=-all --bounding-set=-dac_override,-dac_read_search)
	refuses 1 'secret\.spoor.*Permission denied' "${as_owner[@]}" spoor-replay secret.spoor
}

@test "every kind of damage and of newer version that the reader knows" {
	for f in "$SPOOR_SRC"/tests/format/golden/*.error; do
		name=$(basename "$f" .error)
		case $name in
		empty | magic | text_mode | version_* | preamble_cut) code=1 ;;	# nothing of it can be read
		end_lies | index_lies) continue ;;		# harmless to who reads from the beginning
		*) code=2 ;;
		esac
		echo "$name"
		refuses $code "^spoor-replay: .*/$name\.spoor: " spoor-replay "${f%.error}.spoor"
	done
	refuses 1 'version 2\.0.*use a newer spoor' spoor-replay "$SPOOR_SRC/tests/format/golden/version_major.spoor"
}

@test "a trace that is still being written" {
	mkfifo pipe
	size=$(stat -c %s "$many")
	{ head -c $((size / 2)) "$many"; exec cat pipe; } >growing.spoor 3>&- & writer=$!
	until_true eval '[ "$(stat -c %s growing.spoor)" -ge $((size / 2)) ]'
	refuses 2 'still be(ing)? .*written|still being written' spoor-replay growing.spoor
	[ "$(wc -l <out)" -gt 50000 ]
	tail -c +$((size / 2 + 1)) "$many" >pipe
	wait $writer
	writer=
	spoor-replay growing.spoor >out
	[ "$(wc -l <out)" = 200000 ]
}

@test "not a trace" {
	echo hello >text
	refuses 1 '^spoor-replay: text.*not a trace.*text' spoor-replay text
	: >empty
	refuses 1 '^spoor-replay: empty.*empty' spoor-replay empty
	head -c 100000 /dev/zero >zeros
	refuses 1 '^spoor-replay: zeros.*not a trace' spoor-replay zeros
	refuses 1 'not a trace' bash -c 'echo hello | spoor-replay -'
}

@test "cut short: what is readable is printed, exit 2" {
	head -c $(($(stat -c %s "$many") * 7 / 10)) "$many" >cut.spoor
	refuses 2 '^spoor-replay: cut\.spoor: .*ends.*byte [0-9]+' spoor-replay cut.spoor
	lines=$(wc -l <out)
	[ "$lines" -gt 60000 ]
	[ "$lines" -lt 200000 ]
	refuses 2 'ends' bash -c 'spoor-replay - <cut.spoor'
}

@test "damaged in the middle: the rest is printed, exit 2" {
	cp "$many" bad.spoor
	size=$(stat -c %s bad.spoor)
	printf '\377\377\377\377\377\377\377\377' | dd of=bad.spoor bs=1 seek=$((size * 45 / 100)) conv=notrunc status=none
	refuses 2 '^spoor-replay: bad\.spoor.*byte [0-9]+' spoor-replay bad.spoor
	lines=$(wc -l <out)
	[ "$lines" -gt 120000 ]
	[ "$lines" -lt 200000 ]
	tail -n 1 out | cmp - <(spoor-replay "$many" | tail -n 1)
}

@test "a trace among good ones: the good ones before it are printed" {
	echo hello >text
	refuses 1 '^spoor-replay: text' spoor-replay "$trace" text
	[ "$(wc -l <out)" = "$(spoor-replay "$trace" | wc -l)" ]
}

# With a caret below it, an error of text takes three lines.
@test "conditions and formats" {
	run spoor-replay "$trace" -f 'fd.nam = x'
	echo "$output"
	[ "$status" = 1 ]
	[[ ${lines[0]} == *"-f:1:"*fd.nam* ]]
	run spoor-replay "$trace" -f 'fd.name = "x'
	echo "$output"
	[ "$status" = 1 ]
	[[ ${lines[0]} == *"-f:1:"* ]]
	[[ ${lines[-1]} == *^* ]]
	run spoor-replay "$trace" -p '%nothing'
	echo "$output"
	[ "$status" = 1 ]
	[[ $output == *nothing* ]]
	run spoor-replay "$trace" --from yesterday
	[ "$status" = 1 ]
	[[ $output == *yesterday* ]]
}

@test "rules: not there, not YAML, YAML that is not rules, an empty directory" {
	refuses 1 'nothere\.yaml' spoor-replay "$trace" -r nothere.yaml
	printf 'a: [\n' >broken.yaml
	run spoor-replay "$trace" -r broken.yaml
	echo "$output"
	[ "$status" = 1 ]
	[[ $output == *broken.yaml* ]]
	echo 'just: a map' >map.yaml
	run spoor-replay "$trace" -r map.yaml
	echo "$output"
	[ "$status" = 1 ]
	[[ $output == *map.yaml*"not yaml array"* ]]
	mkdir none
	run spoor-replay "$trace" -r none
	echo "$output"
	[ "$status" = 1 ]
	[[ $output == *none* ]]
}
