#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The front command: `spoor NAME ...` is `spoor-NAME ...`, the one beside it first.

setup() {
	build=${SPOOR_BUILD:-$BATS_TEST_DIRNAME/../../build}
	cd "$BATS_TEST_TMPDIR"
	mkdir -p own path
	cp "$build/spoor" own/
	PATH=$PWD/path:/usr/bin:/bin
	fake path/spoor-replay
}

fake() {
	printf '#!/bin/sh\necho "%s" "$#" "$@"\nexit 3\n' "$1" >"$1"
	chmod +x "$1"
}

@test "passes arguments and exit status on, untouched" {
	run own/spoor replay --color never 'a b' -- -x
	[ "$output" = 'path/spoor-replay 5 --color never a b -- -x' ]
	[ "$status" = 3 ]
}

@test "the tool beside it is preferred to that in PATH" {
	fake own/spoor-replay
	run own/spoor replay
	[ "$output" = 'own/spoor-replay 0 ' ] || [ "$output" = 'own/spoor-replay 0' ]
}

@test "help COMMAND asks the tool" {
	run own/spoor help replay
	[ "$output" = 'path/spoor-replay 1 --help' ]
}

@test "an unknown command, a missing one and a missing tool: one line, status 1" {
	for args in 'relpay' '' 'inspect' '--bogus'; do
		run own/spoor $args
		echo "$output"
		[ "$status" = 1 ]
		[ "${#lines[@]}" = 1 ]
		[[ $output == spoor:* ]]
	done
}

@test "--help and --version" {
	run own/spoor --version
	[ "$output" = "spoor $(cat "${SPOOR_SRC:-$BATS_TEST_DIRNAME/../..}/VERSION")" ]
	run own/spoor --help
	[ "$status" = 0 ]
	[[ $output == Usage:* ]]
	run own/spoor help
	[[ $output == Usage:* ]]
}
