#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# spoor-inspect's options, inputs that are not what they should be, and exit codes.

setup_file() {
	export trace=$BATS_FILE_TMPDIR/story.spoor
	"$SPOOR_BUILD/tests/inspect/make_story" story "$trace"
}

setup() {
	dir=$BATS_TEST_TMPDIR
}

first_screen() { spoor-inspect "$@" --dump-screen; }

# One line that names the file and says something; exit code 1.
refused() {	# file pattern
	run first_screen "$1"
	echo "$output"
	[ "$status" = 1 ]
	[ "${#lines[@]}" = 1 ]
	[[ $output == spoor-inspect:*"$1"*$2* ]]
}

@test "what is not a trace" {
	printf 'hello\n' >"$dir/text"
	refused "$dir/text" trace
	head -c 100000 /dev/urandom >"$dir/noise"
	refused "$dir/noise" trace
	: >"$dir/empty"
	refused "$dir/empty" ""
	refused "$dir" directory
	refused "$dir/nothere" "No such file"
}

@test "one trace, no less and no more" {
	run spoor-inspect
	[ "$status" = 1 ]
	[[ $output == *"which trace?"* ]]
	run spoor-inspect "$trace" "$trace"
	[ "$status" = 1 ]
}

@test "a trace that was cut off is opened as far as it goes" {
	size=$(stat -c %s "$trace")
	head -c $((size * 3 / 4)) "$trace" >"$dir/cut.spoor"
	run first_screen "$dir/cut.spoor"
	[ "$status" = 2 ]
	[[ ${lines[0]} == *unfinished* || ${lines[0]} == *damaged* ]]
	[[ $output == *"Findings"* ]]
}

@test "a damaged trace is opened around its damage" {
	size=$(stat -c %s "$trace")
	cp "$trace" "$dir/bad.spoor"
	head -c 64 /dev/urandom |
		dd of="$dir/bad.spoor" bs=1 seek=$((size / 2)) conv=notrunc status=none
	run first_screen "$dir/bad.spoor"
	[ "$status" = 2 ]
	[[ ${lines[0]} == *damaged* ]]
	[[ $output == *"cannot be read; the first:"* ]]
	printf '7G\ndump\n2\ndump\n' >"$dir/keys"
	run spoor-inspect "$dir/bad.spoor" --keys "$dir/keys" --dump-screen
	[ "$status" = 2 ]
}

@test "never a crash, wherever a trace is cut or changed" {
	size=$(stat -c %s "$trace")
	printf '2G<Enter>7G<PgUp><Enter>4j<Enter>5j<Enter>1\n' >"$dir/keys"
	for i in $(seq 40); do
		head -c $((size * i / 41)) "$trace" >"$dir/t"
		run spoor-inspect "$dir/t" --keys "$dir/keys" --dump-screen
		[ "$status" -le 2 ]
		cp "$trace" "$dir/t"
		printf '\x%x' $((i * 37 % 256)) |
			dd of="$dir/t" bs=1 seek=$((size * i / 41)) conv=notrunc status=none
		run spoor-inspect "$dir/t" --keys "$dir/keys" --dump-screen
		[ "$status" -le 2 ]
	done
}

@test "no keys in whatever order bring it down" {
	keys=(1 2 3 4 5 6 7 8 j k h l g G s S z Z d a e p P n N F T t 0 '[' ']' , . '?' '<Enter>' '<Enter>'
		'<Enter>' '<Backspace>' '<Tab>' '<S-Tab>' '<PgDn>' '<PgUp>' '<Left>' '<Right>' '<Esc>'
		'/sh<Enter>' '@#300<Enter>' '@+3s<Enter>' 't+1s +3s<Enter>' 'f<C-u>bad (<Enter><Esc>'
		'f<C-u>proc.name != x<Enter>' 'f<C-u>fd.name contains tmp<Enter>')
	"$SPOOR_BUILD/tests/inspect/make_story" hostile "$dir/hostile.spoor"
	RANDOM=7
	for run in $(seq 30); do
		: >"$dir/keys"
		for i in $(seq 60); do
			case $((RANDOM % 16)) in
			0) printf '\nresize %dx%d\n' $((10 + RANDOM % 150)) $((4 + RANDOM % 50)) ;;
			1) printf '\nclick %d,%d\n' $((RANDOM % 90)) $((RANDOM % 30)) ;;
			2) printf '\ndouble %d,%d\n' $((RANDOM % 90)) $((RANDOM % 30)) ;;
			*) printf '%s' "${keys[RANDOM % ${#keys[@]}]}" ;;
			esac
		done >"$dir/keys"
		for t in "$trace" "$dir/hostile.spoor"; do
			run spoor-inspect "$t" --keys "$dir/keys" --dump-screen
			[ "$status" = 0 ] || cat "$dir/keys"
			[ "$status" = 0 ]
		done
	done
}

@test "a pipe" {
	first_screen "$trace" | tail -n +2 |
		sed -E 's/  [0-9.]+ KiB  [0-9.]+ bytes each//' >"$dir/file"
	cat "$trace" | spoor-inspect - --dump-screen | tail -n +2 >"$dir/pipe"
	diff "$dir/file" "$dir/pipe"
	run bash -c "printf hello | spoor-inspect - --dump-screen"
	[ "$status" = 1 ]
}

@test "a filter, a moment, rules" {
	first_screen "$trace" -f 'proc.name = curl' | grep -q 'filter: proc.name = curl'
	first_screen "$trace" --at 14:03:11.3 | grep -q '▌14:03:11.3'
	first_screen "$trace" --at +4s | grep -q '▌14:03:11.0'
	cat >"$dir/rules.yaml" <<-'END'
		- rule: Anything with curl
		  desc: a test
		  condition: proc.name = curl and evt.type = execve
		  output: curl ran (%proc.cmdline)
		  priority: NOTICE
	END
	printf '8\n' >"$dir/keys"
	spoor-inspect "$trace" -r "$dir/rules.yaml" --keys "$dir/keys" --size 160x24 --dump-screen |
		grep -q 'Anything with curl  *now  *curl ran (curl -so'
}

@test "the rules that came with it" {
	mkdir -p "$dir/bin" "$dir/share/spoor/rules"
	cp "$SPOOR_BUILD/spoor-inspect" "$dir/bin/"
	cp "$SPOOR_SRC"/rules/*.yaml "$dir/share/spoor/rules/"
	printf '8\n' >"$dir/keys"
	cd "$dir"
	bin/spoor-inspect "$trace" -r shipped --keys keys --dump-screen --size 132x24 >with
	[ "$(grep -c ' live ' with)" -ge 3 ]
	[ "$(grep -c ' now ' with)" -gt 3 ]
	rm -r share
	run bin/spoor-inspect "$trace" -r shipped --dump-screen
	[ "$status" = 1 ]
	[[ $output == *"no rules came with this program"* ]]
}

@test "wrong filters, times, sizes, rules and key scripts say where" {
	run first_screen "$trace" -f 'proc.nosuch = 1'
	[ "$status" = 1 ]
	[[ $output == *proc.nosuch* && $output == *^* ]]
	run first_screen "$trace" --at nonsense
	[ "$status" = 1 ]
	[[ $output == *nonsense* ]]
	run first_screen "$trace" --size 3x4
	[ "$status" = 1 ]
	[[ $output == *3x4* ]]
	run first_screen "$trace" -r "$dir/nothere.yaml"
	[ "$status" = 1 ]
	[[ $output == *nothere.yaml* ]]
	printf 'ab\nc<Nope>\n' >"$dir/keys"
	run spoor-inspect "$trace" --keys "$dir/keys" --dump-screen
	[ "$status" = 1 ]
	[[ $output == *"$dir/keys:2:2:"* ]]
	run spoor-inspect "$trace" --keys "$dir/nothere" --dump-screen
	[ "$status" = 1 ]
}

@test "the list of keys has every group, and the help says the same" {
	spoor-inspect --list-keys >"$dir/list"
	for group in Moving 'Going somewhere' Finding 'What is shown' 'How it is shown' Other; do
		grep -qx "$group" "$dir/list"
	done
	printf '?\ndump\n' >"$dir/keys"
	spoor-inspect "$trace" --keys "$dir/keys" --size 200x200 --dump-screen >"$dir/help"
	while IFS=$'\t' read -r keys what; do
		[ -n "$what" ] || continue
		echo "$keys: $what"
		grep -qF -- "$what" "$dir/help"
	done <"$dir/list"
}

@test "colour only when asked for" {
	run first_screen "$trace"
	[[ $output != *$'\e'* ]]
	first_screen "$trace" --color always | grep -q $'\e\[0;1'
}

@test "a path that is long enough: no step, and no filter either" {
	{ printf 'vn'; for i in $(seq 31); do printf 'vcvu'; done; printf '<Enter>\ndump\n'; } >"$dir/keys"
	spoor-inspect "$trace" --keys "$dir/keys" --dump-screen --size 80x24 >"$dir/screen"
	grep -q 'this path is long enough' "$dir/screen"
	grep -q ' UID ' "$dir/screen"
	! grep -q 'filter:' "$dir/screen" || false
	# one step shorter it goes
	{ for i in $(seq 31); do printf 'vcvu'; done; printf '<Enter>\ndump\n'; } >"$dir/keys"
	spoor-inspect "$trace" --keys "$dir/keys" --dump-screen --size 80x24 | grep -q 'filter: user.uid='
}

@test "a search in a long list says that it goes on only while it does" {
	"$SPOOR_BUILD/tests/inspect/make_busy" 200000 "$dir/busy"
	printf '4\n/jobs.*nothing<Enter>\ndump\n/jobs/0/198.out<Enter>\ndump\n' >"$dir/keys"
	spoor-inspect "$dir/busy" --keys "$dir/keys" --dump-screen --size 80x24 >"$dir/screen"
	grep -q 'not found: jobs.\*nothing' "$dir/screen"
	grep -q '▌.*/var/spool/jobs/0/198.out' "$dir/screen"
	! grep -q 'searching; Esc stops' "$dir/screen" || false
}
