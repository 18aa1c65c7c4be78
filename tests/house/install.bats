#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# runner: alone
# What install puts there, uninstall takes away, and nothing else.

setup() {
	src=${SPOOR_SRC:-$BATS_TEST_DIRNAME/../..}
	dest=$BATS_TEST_TMPDIR/dest
}

mk() {
	make -s -C "$src" SANITIZER="${SPOOR_SANITIZER:-}" PREFIX=/opt/spoor DESTDIR="$dest" "$@"
}

@test "install, use, uninstall" {
	[ -z "${SPOOR_SANITIZER:-}" ] || skip "the plain build is installed, not one with sanitizers"
	mk install
	for f in bin/spoor bin/spoor-replay bin/spoor-trace bin/spoor-inspect share/man/man1/spoor-replay.1 \
		share/doc/spoor/README.md share/doc/spoor/TRACE-FORMAT.md; do
		echo "$f"
		[ -f "$dest/opt/spoor/$f" ]
	done
	[ -n "$(ls "$dest"/opt/spoor/share/spoor/rules/*.yaml)" ]
	[ -n "$(ls "$dest"/opt/spoor/share/spoor/rules/profiles/*.yaml)" ]
	run "$dest/opt/spoor/bin/spoor" replay --version
	[ "$output" = "spoor-replay $(cat "$src/VERSION")" ]
	: >"$dest/opt/spoor/bin/other"
	mk uninstall
	run find "$dest" -type f
	[ "$output" = "$dest/opt/spoor/bin/other" ]
}

@test "wrong values of SANITIZER are refused" {
	run make -s -C "$src" SANITIZER=adress help
	[ "$status" != 0 ]
	[[ $output == *"'adress' is not"* ]]
}

@test "help names every public target" {
	run make -s -C "$src" help
	for t in all demo test bench fuzz install uninstall deps check help clean bless events-md rules-coverage; do
		echo "$t"
		[[ $output == *"  $t "* ]]
	done
}
