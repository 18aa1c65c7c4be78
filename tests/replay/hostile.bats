#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Traces that make no sense on purpose, whole and damaged: nothing crashes, the exit codes are right, and no
# byte of what is printed can tell a terminal anything.

setup_file() {
	for seed in 1 2 3 4; do
		"$SPOOR_BUILD/tests/replay/make_hostile" $seed "$BATS_FILE_TMPDIR/$seed.spoor" 3000
	done
}

setup() {
	PATH=$SPOOR_BUILD:$PATH
	cd "$BATS_FILE_TMPDIR"
}

# codes command...: one of these exit codes, and nothing below 0x20 but newlines, nor DEL, in what it prints.
quiet() {
	local codes=$1
	shift
	rc=0
	"$@" >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" </dev/null || rc=$?
	[[ " $codes " == *" $rc "* ]] || { echo "exit $rc: $*"; head -n 20 "$BATS_TEST_TMPDIR/err"; return 1; }
	if LC_ALL=C grep -q -a '[[:cntrl:]]' "$BATS_TEST_TMPDIR/out" "$BATS_TEST_TMPDIR/err"; then
		echo "control bytes: $*"
		LC_ALL=C grep -n -a -m 3 '[[:cntrl:]]' "$BATS_TEST_TMPDIR/out" "$BATS_TEST_TMPDIR/err" | cat -v
		return 1
	fi
}

formats='%evt.num %evt.time %evt.args %proc.name %proc.cmdline %proc.aname %proc.acmdline %proc.env %fd.name %fd.sip
%container.id %container.name %container.labels %container.mounts %user.name %thread.cgroups %evt.hostname %fdlist.names'

@test "lines, JSON, formats, keyframes, statistics" {
	for t in [1-4].spoor; do
		quiet 0 spoor-replay "$t" --stats
		quiet 0 spoor-replay "$t" --keyframes --internal
		quiet 0 spoor-replay "$t" --keyframes --internal -o json
		jq -es 'length > 0 and all(.type)' <"$BATS_TEST_TMPDIR/out" >/dev/null
		quiet 0 spoor-replay "$t" -p "${formats//$'\n'/ }"
		quiet 0 spoor-replay "$t" -f 'proc.aname contains s and not fd.name startswith /etc and container.id != host'
	done
}

@test "rules" {
	for t in [1-4].spoor; do
		quiet 0 spoor-replay "$t" -r "$SPOOR_SRC/rules" --all-matches
		quiet 0 spoor-replay "$t" -r "$SPOOR_SRC/rules" -o json
	done
}

@test "about the trace" {
	for t in [1-4].spoor; do
		quiet 0 spoor-trace info "$t"
		quiet 0 spoor-trace verify "$t"
	done
}

@test "every view" {
	for t in [1-4].spoor; do
		for view in 1 2 3 4 5 6 7 8 9; do
			printf '%sG\ndump\n<Enter>\ndump\n<Enter>\ndump\n<Left>T?\n' $view >keys
			quiet 0 spoor-inspect "$t" --keys keys --dump-screen --size 160x50
		done
		printf '2Z\ndump\ns\ndump\nd\ne\ndump\nfproc.name=sh<Enter>\ndump\nF/s<Enter>n\ndump\n@+1s<Enter>\n' >keys
		quiet 0 spoor-inspect "$t" --keys keys --dump-screen -r "$SPOOR_SRC/rules"
	done
}

@test "damaged" {
	size=$(stat -c %s 1.spoor)
	for k in $(seq 12); do
		cp 1.spoor bad.spoor
		printf '\xa5\x00\xff' | dd of=bad.spoor bs=1 seek=$((size * k / 13)) conv=notrunc status=none
		quiet '0 2' spoor-replay bad.spoor --keyframes --internal
		quiet '0 2' spoor-replay bad.spoor -r "$SPOOR_SRC/rules"
		quiet '0 2' spoor-inspect bad.spoor --dump-screen
		head -c $((size * k / 13)) 1.spoor >cut.spoor
		quiet '0 2' spoor-replay cut.spoor
		quiet '0 2' spoor-inspect cut.spoor --dump-screen
	done
}
