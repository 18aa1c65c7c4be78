#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The test runner counts what it must: failures, skips, crashes in the middle, files that run nothing.

setup() {
	cd "$BATS_TEST_TMPDIR"
	tree=$BATS_TEST_TMPDIR/tree
	mkdir -p "$tree/tests/x" "$tree/build/tests/x"
	cp "${SPOOR_SRC:-$BATS_TEST_DIRNAME/../..}/tests/run" "$tree/tests/run"
}

bats_file() {	# name line...
	printf '%s\n' "${@:2}" >"$tree/tests/x/$1.bats"
}

program() {	# name line...: stands for a cmocka program
	: >"$tree/tests/x/$1.c"
	printf '%s\n' '#!/bin/sh' "${@:2}" >"$tree/build/tests/x/$1"
	chmod +x "$tree/build/tests/x/$1"
}

sum() {	# the last line and the status
	SPOOR_BUILD=$tree/build run "$tree/tests/run" "${@:3}"
	echo "$output"
	[ "${lines[-1]}" = "$1" ]
	[ "$status" = "$2" ]
}

@test "all is well" {
	bats_file a '@test "one" { true; }' '@test "two" { true; }'
	program test_b 'echo 1..1; echo ok 1 - b'
	sum '3 passed, 0 failed, 0 skipped' 0
}

@test "failures and skips of both kinds" {
	bats_file a '@test "one" { false; }' '@test "two" { skip "no BPF here"; }'
	program test_b 'echo 1..2; echo not ok 1 - b; echo "not ok 2 # SKIP c"; exit 1'
	sum '0 passed, 2 failed, 2 skipped' 1
	[[ $output == *'FAIL x/a.bats: 1 one'* ]]
	[[ $output == *'skipped: no BPF here'* ]]
}

@test "what a failed case has left is shown" {
	bats_file a '@test "one" { cd "$BATS_TEST_TMPDIR"; echo it broke >log; printf "\0\1" >binary; seq 100 >numbers; false; }' \
		'@test "two" { cd "$BATS_TEST_TMPDIR"; echo fine >log; }'
	mkdir tmp
	TMPDIR=$PWD/tmp sum '1 passed, 1 failed, 0 skipped' 1
	[[ $output == *'case 1 left log, which ends:'*'| it broke'*'case 1 left numbers, which ends:'*'| 100'* ]]
	[[ $output != *'| fine'* ]]
	[[ $output != *'left binary'* ]]
	[ -z "$(ls tmp)" ]
}

@test "a program that ends in the middle" {
	program test_b 'echo 1..4; echo ok 1 - a; exit 0'
	sum '1 passed, 3 failed, 0 skipped' 1
}

@test "a program that fails after its last case, as leak checkers do" {
	program test_b 'echo 1..1; echo ok 1 - a; echo leak >&2; exit 23'
	sum '1 passed, 1 failed, 0 skipped' 1
	[[ $output == *leak* ]]
}

@test "a program that says nothing" {
	program test_b 'exit 0'
	sum '0 passed, 1 failed, 0 skipped' 1
}

@test "a file that takes too long" {
	bats_file a '@test "one" { sleep 20; }'
	SPOOR_TEST_TIMEOUT=1 sum '0 passed, 1 failed, 0 skipped' 1
}

@test "a program that is not built is skipped" {
	program test_b 'echo 1..1; echo ok 1 - a'
	rm "$tree/build/tests/x/test_b"
	sum '0 passed, 0 failed, 1 skipped' 0
}

@test "parts of paths select; a part that selects nothing is an error" {
	program test_b 'echo 1..1; echo ok 1 - a'
	bats_file a '@test "one" { false; }'
	sum '1 passed, 0 failed, 0 skipped' 0 x/test_b
	sum '0 passed, 0 failed, 0 skipped' 1 nothing
}

# Under set -e bash passes over "! command" and over all but the last of "a && b".
@test "no check in a script is of a kind that fails no case" {
	cd "${SPOOR_SRC:-$BATS_TEST_DIRNAME/../..}"
	find tests -name '*.bats' -exec awk '/^[ \t]+! / && !/\|\|/ || /^[ \t]+\[.*\] && \[/ && !/\|\|/ {
		print FILENAME ":" FNR ": " $0; bad = 1 } END { exit bad }' {} +
}
