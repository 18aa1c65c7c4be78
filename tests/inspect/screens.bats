#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What is on the screen after the keys of screens/NAME.keys: golden/NAME has it all.
# After a change that is meant: make bless T=tests/inspect/screens.bats, then look at git diff.

setup_file() {
	export story=$BATS_FILE_TMPDIR/story.spoor hostile=$BATS_FILE_TMPDIR/hostile.spoor
	export empty=$BATS_FILE_TMPDIR/empty.spoor session=$BATS_FILE_TMPDIR/session.spoor
	for t in story session hostile empty; do
		"$SPOOR_BUILD/tests/inspect/make_story" $t "$BATS_FILE_TMPDIR/$t.spoor"
	done
}

setup() {
	source "$SPOOR_SRC/tests/lib/golden.bash"
	here=$SPOOR_SRC/tests/inspect
}

# The size of a file depends on the version of zstd.
press() {	# keys-file trace [option...]
	spoor-inspect "$2" --keys "$here/screens/$1.keys" --dump-screen "${@:3}" |
		sed -E 's/[0-9.]+ KiB  [0-9.]+ bytes each/SIZE/'
	return "${PIPESTATUS[0]}"
}

screens() {	# name [trace [option...]]
	golden "$here/golden/$1" press "$1" "${2:-$story}" "${@:3}"
}

@test "overview" { screens overview; }
@test "processes" { screens processes; }
@test "processes alive at a time" { screens alive; }
@test "drill down and back" { screens drill; }
@test "files" { screens files; }
@test "connections" { screens connections; }
@test "commands" { screens commands; }
@test "events" { screens events; }
@test "bytes" { screens bytes; }
@test "a terminal session" { screens terminal "$session"; }
@test "views without a number" { screens views; }
@test "time line" { screens timeline; }
@test "search" { screens search; }
@test "filter" { screens filter; }
@test "time" { screens time; }
@test "mouse" { screens mouse; }
@test "alerts" { screens alerts; }
@test "help" { screens help; }
@test "keys that mean nothing" { screens keys_say_no; }
@test "a trace without events" { screens empty "$empty"; }
@test "where the locale has ASCII only" { LC_ALL=C screens ascii; }
@test "hostile names and data" { screens hostile "$hostile"; }

@test "no byte of a trace reaches the terminal as a control sequence" {
	for keys in "$here"/screens/*.keys; do
		for size in 80x24 31x9 200x50; do
			run bash -c "spoor-inspect '$hostile' --keys '$keys' --size $size \
				--dump-screen | LC_ALL=C grep -c -P '[\x00-\x09\x0b-\x1f\x7f]'"
			echo "$keys $size: $output"
			[ "$output" = 0 ]
		done
	done
}

@test "bytes are saved to a new file, never over another" {
	cd "$BATS_TEST_TMPDIR"
	printf '9w%s/got<Enter>\ndump\nw%s/got<Enter>\ndump\n<Esc>bbw%s/sent<Enter>\ndump\n' $PWD $PWD $PWD >keys
	spoor-inspect "$session" --keys keys --dump-screen --size 200x24 >screens
	grep -q 'got: [0-9]* B; not all bytes were recorded' screens
	grep -q 'got exists: give another name' screens
	grep -q 'sent: ' screens
	printf 'sudo cat /etc/shadwo\b \bow\rhunter2\rvi notes\r:q\r' >typed
	grep -q 'root:$y$j9T' got
	grep -q 'root:$y$j9T' sent
	[ "$(stat -c %s got)" = $(($(stat -c %s sent) + $(stat -c %s typed))) ]
	[ "$(stat -c %a got)" = 600 ]
}

@test "every screen is as wide and as high as it says" {
	for keys in "$here"/screens/*.keys; do
		grep -v ^resize "$keys" >"$BATS_TEST_TMPDIR/keys"
		for size in 80x24 31x9 133x40; do
			spoor-inspect "$hostile" --keys "$BATS_TEST_TMPDIR/keys" --size $size \
				--dump-screen >"$BATS_TEST_TMPDIR/out"
			echo "$keys $size: $(wc -L <"$BATS_TEST_TMPDIR/out") columns"
			[ "$(grep -v ^--- "$BATS_TEST_TMPDIR/out" | wc -L)" -le ${size%x*} ]
			awk -v want=${size#*x} '
				/^--- .*[0-9]+x[0-9]+ ---$/ { check(); rows = 0; n++; next }
				{ rows++ }
				function check() {
					if (n && rows != want) { print rows " rows"; bad = 1 }
				}
				END { check(); exit bad }' "$BATS_TEST_TMPDIR/out"
		done
	done
}
