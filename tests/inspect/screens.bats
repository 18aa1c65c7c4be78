#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What is on the screen after the keys of screens/NAME.keys: golden/NAME has it all.
# After a change that is meant: make bless T=tests/inspect/screens.bats, then look at git diff.

setup_file() {
	export story=$BATS_FILE_TMPDIR/story.spoor hostile=$BATS_FILE_TMPDIR/hostile.spoor
	export empty=$BATS_FILE_TMPDIR/empty.spoor session=$BATS_FILE_TMPDIR/session.spoor
	for t in story session twin kept kept-hostile hostile empty; do
		"$SPOOR_BUILD/tests/inspect/make_story" $t "$BATS_FILE_TMPDIR/$t.spoor"
	done
	export kept=$BATS_FILE_TMPDIR/kept.spoor merged=$BATS_FILE_TMPDIR/merged.spoor
	spoor-trace merge "$story" "$BATS_FILE_TMPDIR/twin.spoor" -w "$merged"
}

setup() {
	source "$SPOOR_SRC/tests/lib/golden.bash"
	here=$SPOOR_SRC/tests/inspect
}

# The size of a file depends on the version of zstd.
press() {	# keys-file trace [option...]
	spoor-inspect "$2" --keys "$here/screens/$1.keys" --dump-screen "${@:3}" |
		sed -E 's/[0-9.]+ KiB  ([0-9.]+ bytes each|[0-9. a-z]*…)/SIZE/'
	return "${PIPESTATUS[0]}"
}

screens() {	# name [trace [option...]]
	golden "$here/golden/$1" press "$1" "${2:-$story}" "${@:3}"
}

@test "overview" { screens overview; }
@test "processes" { screens processes; }
@test "processes alive at a time" { screens alive; }
@test "files by folder" { screens folders; }

@test "drill down and back" { screens drill; }

@test "a container with its tiles" { screens container; }
@test "files" { screens files; }
@test "connections" { screens connections; }
@test "commands" { screens commands; }
@test "events" { screens events; }
@test "bytes" { screens bytes; }
@test "a terminal session" { screens terminal "$session"; }
@test "names" { screens names "$session"; }
@test "views without a number" { screens views; }
@test "the letters of the menu" { screens letters; }
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

@test "several machines" { screens machines "$merged"; }

@test "who asked, and what was done" {
	screens kept "$kept"
	spoor-inspect "$BATS_FILE_TMPDIR/kept-hostile.spoor" --keys "$here/screens/kept.keys" --dump-screen >"$BATS_TEST_TMPDIR/out"
	grep -q owned "$BATS_TEST_TMPDIR/out"
	! LC_ALL=C grep -q -P '[\x00-\x09\x0b-\x1f\x7f]' "$BATS_TEST_TMPDIR/out" || false
}

# A request to run "sh -c id" in the pod of make_kube, as the audit log has it.
request() {	# user as in JSON, id, second
	echo "{\"kind\":\"Event\",\"apiVersion\":\"audit.k8s.io/v1\",\"auditID\":\"id-$2\",\"stage\":\"ResponseStarted\",\"verb\":\"create\"," \
		"\"user\":{\"username\":\"$1\",\"groups\":[\"dev\"]},\"sourceIPs\":[\"10.0.0.9\"],\"userAgent\":\"kubectl/v1.30\"," \
		"\"requestURI\":\"/api/v1/namespaces/shop/pods/web-0/exec?command=sh&command=-c&command=id&container=c\"," \
		"\"objectRef\":{\"resource\":\"pods\",\"subresource\":\"exec\",\"namespace\":\"shop\",\"name\":\"web-0\"},\"responseStatus\":{\"code\":101}," \
		"\"requestReceivedTimestamp\":\"2025-11-27T14:03:$3Z\",\"stageTimestamp\":\"2025-11-27T14:03:$3Z\"}"
}

@test "who came in by the API server, and the audit log; names there are hostile, too" {
	local dir=$BATS_TEST_TMPDIR
	"$SPOOR_BUILD/tests/replay/make_kube" "$dir/node.spoor"
	{ request alice 1 06.900000; request 'bob\u001b[2J' 2 06.950000; } >"$dir/log.json"
	spoor-trace merge "$dir/node.spoor" "$dir/log.json" -w "$dir/both.spoor"
	screens came_in "$dir/both.spoor" --size 100x44
	! LC_ALL=C grep -q -P '\x1b' "$here/golden/came_in" || false
}

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

@test "columns are chosen, and kept" {
	export XDG_CONFIG_HOME=$BATS_TEST_TMPDIR/config
	mkdir "$XDG_CONFIG_HOME"
	golden "$here/golden/columns" press columns "$story"
	grep -qx 'processes: pid exit command' "$XDG_CONFIG_HOME/spoor/columns"
	golden "$here/golden/columns-kept" press columns_kept "$story"
	# nonsense in that file does no harm
	printf 'processes: nonsense\nfiles: file\n: x\n\001\377\n' >"$XDG_CONFIG_HOME/spoor/columns"
	golden "$here/golden/columns-nonsense" press columns_kept "$story"
}

@test "themes" {
	for theme in dark light safe mono; do
		golden "$here/golden/theme-$theme" press themes "$story" --theme $theme --color always --size 80x24
	done
	SPOOR_THEME=light golden "$here/golden/theme-light" press themes "$story" --color always --size 80x24
	run spoor-inspect --theme pink "$story"
	[ "$status" = 1 ]
	[[ $output == *"write dark, light, safe or mono"* ]]
}

@test "why an alert is one" {
	cat >"$BATS_TEST_TMPDIR/r.yaml" <<-E
	- rule: Program from /tmp
	  desc: what runs from there was brought along
	  condition: evt.type in (execve, execveat) and proc.exepath startswith /tmp/ and not proc.pname = make
	  output: "%proc.exepath was run (user=%user.name)"
	  priority: ERROR
	E
	golden "$here/golden/why" press why "$story" -r "$BATS_TEST_TMPDIR/r.yaml"
}

@test "notes are kept beside the trace and travel with it" {
	cp "$story" "$BATS_TEST_TMPDIR/t.spoor"
	cd "$BATS_TEST_TMPDIR"
	golden "$here/golden/notes" press notes t.spoor
	[ "$(grep -c . t.spoor.notes)" = 2 ]
	jq -es '.[0].note == "the way in" and .[0].event == "301" and (.[1].about | startswith("/tmp/.x of "))' t.spoor.notes
	[ "$(stat -c %a t.spoor.notes)" = 600 ]
	# what cannot be read is not overwritten
	echo 'nonsense' >>t.spoor.notes
	printf 'inew<Enter>\ndump\nI\ndump\n' >keys
	spoor-inspect t.spoor --keys keys --dump-screen >screen
	grep -q '1 lines of the notes cannot be read' screen
	[ "$(grep -c . t.spoor.notes)" = 3 ]
}

is_harmless() {	# file: it is there and has no control characters, nor those that turn the direction
	[ -s "$1" ] && ! LC_ALL=C grep -q -P '[\x00-\x08\x0b-\x1f\x7f]|\xc2[\x80-\x9f]|\xe2\x80[\xaa-\xae]' "$1"
}

@test "a report of a selection" {
	cd "$BATS_TEST_TMPDIR"
	printf 'X%s/all.md<Enter>\ndump\n3<Enter>X%s/web.md<Enter>\nt14:03:11 14:03:12<Enter>X%s/range.md<Enter>\n' $PWD $PWD $PWD >keys
	cp "$story" story.spoor
	spoor-inspect story.spoor --keys keys --dump-screen | grep -q "all.md: "
	for r in all web range; do golden "$here/golden/report-$r.md" cat $r.md; done
	spoor-inspect "$kept" --keys <(printf 'X%s/kept.md<Enter>\n' $PWD) --dump-screen >/dev/null
	golden "$here/golden/report-kept.md" cat kept.md
	for t in "$hostile" "$BATS_FILE_TMPDIR/kept-hostile.spoor"; do
		rm -f hostile.md
		spoor-inspect "$t" --keys <(printf 'X%s/hostile.md<Enter>\n' $PWD) --dump-screen >/dev/null
		is_harmless hostile.md
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
