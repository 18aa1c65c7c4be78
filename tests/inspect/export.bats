#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# A selection is written as a recording that stands alone; whole or not at all, and nowhere else.

setup_file() {
	export story=$BATS_FILE_TMPDIR/story.spoor session=$BATS_FILE_TMPDIR/session.spoor
	"$SPOOR_BUILD/tests/inspect/make_story" story "$story"
	"$SPOOR_BUILD/tests/inspect/make_story" session "$session"
}

setup() {
	cd "$BATS_TEST_TMPDIR"
}

press() {	# trace keys...
	printf '%s\n' "${@:2}" >keys
	spoor-inspect "$1" --keys keys --dump-screen --size 140x24 >screen
}

# The same events as replay selects, whatever their numbers are now.
events_of() { spoor-replay "$@" -p '%evt.rawtime %proc.pid %evt.type %evt.args' | sed 's/ num=[0-9]*//'; }

same_events() {	# written condition
	events_of "$1" | grep -v ' drop ' >written	# a loss is of everybody
	events_of "$story" -f "$2" | grep -v ' drop ' >selected
	[ -s written ]
	diff written selected
}

@test "a container, a process, a file, a connection, each alone" {
	press "$story" '3<Enter>' 'Xweb.spoor<Enter>'
	grep -q 'web.spoor: 1,016 events, and [0-9]* that they cannot be understood without, ' screen
	same_events web.spoor 'container.id = 3f2a9c41d07b'
	spoor-trace verify web.spoor
	spoor-trace info web.spoor | grep -q 'made from *cut of story.spoor (.*), of web-1'

	press "$story" '2/curl<Enter><Enter>' 'Xcurl.spoor<Enter>'
	same_events curl.spoor "proc.pid = $(events_of curl.spoor | head -n 1 | cut -d' ' -f2)"
	press "$story" '4/shadow<Enter><Enter>' 'Xshadow.spoor<Enter>'
	same_events shadow.spoor 'fd.name = /etc/shadow'
	press "$story" '5/203.0.113.66<Enter><Enter>' 'Xconn.spoor<Enter>'
	events_of conn.spoor | grep -q accept4
	[ "$(spoor-replay conn.spoor -p '%fd.name' -f 'fd.name exists' | sort -u | wc -l)" = 1 ]
}

@test "a filter and a range, as cut would" {
	press "$story" 'f<C-u>proc.name = sh<Enter>' 't+1s +5s<Enter>' 'Xa.spoor<Enter>'
	spoor-trace cut "$story" -w b.spoor -f 'proc.name = sh' --from +1s --to +5s
	events_of a.spoor >a
	events_of b.spoor >b
	[ -s a ]
	diff a b
	press "$story" 'Xwhole.spoor<Enter>'
	events_of whole.spoor >a
	events_of "$story" >b
	diff a b
	press "$session" '7' 'f<C-u>evt.type = read<Enter>' 'Xreads.jsonl<Enter>'
	grep -c '"read"' reads.jsonl
}

@test "a kind of events" {
	press "$story" 'v/rights<Enter><Enter>' 'Xrights.spoor<Enter>'
	events_of rights.spoor >written
	[ -s written ]
	! grep -v -E ' (setuid|setgid|setre|setres|capset|unshare|setns|chroot|drop) ' written || false
}

@test "other formats, which open again" {
	press "$story" '3<Enter>' 'Xweb.jsonl<Enter>' 'Xweb.scap<Enter>' 'Xweb.scap.gz<Enter>'
	for f in web.jsonl web.scap web.scap.gz; do
		spoor-inspect "$f" --dump-screen | grep -q web-1
	done
}

@test "what cannot be written says so" {
	echo mine >there.spoor
	press "$story" 'Xthere.spoor<Enter>'
	grep -q 'there.spoor exists: give another name' screen
	[ "$(cat there.spoor)" = mine ]
	press "$story" 'Xout.txt<Enter>'
	grep -q 'a report is .md; a recording .spoor, .jsonl, .scap or .scap.gz' screen
	press "$story" 'Xno/such/out.spoor<Enter>'
	grep -q 'No such file' screen
	[ "$(ls)" = "$(printf '%s\n' keys screen there.spoor)" ]
}

@test "a folder of its own for what is written" {
	mkdir out
	printf 'Xa.spoor<Enter>\nXa.md<Enter>\n' >keys
	spoor-inspect "$story" --keys keys --dump-screen --out out >screen
	[ "$(ls out)" = "$(printf 'a.md\na.spoor')" ]
	run spoor-inspect "$story" --dump-screen --out nowhere
	[ "$status" = 1 ]
	[[ $output == *"nowhere is no folder"* ]]
}

@test "nothing is written outside of the folders that are named" {
	[ -z "${SPOOR_SANITIZER:-}" ] || skip "there is no sandbox in builds with sanitizers"
	grep -q landlock /sys/kernel/security/lsm 2>/dev/null || skip "no Landlock in this kernel"
	mkdir here elsewhere tmp
	cp "$story" here/t.spoor
	printf 'X%s/elsewhere/out.spoor<Enter>\n' "$PWD" >keys
	(cd here && TMPDIR=$BATS_TEST_TMPDIR/tmp spoor-inspect t.spoor --keys ../keys --dump-screen --size 140x24 >../screen)
	grep -q 'Permission denied' screen
	[ -z "$(ls elsewhere)" ]
}
