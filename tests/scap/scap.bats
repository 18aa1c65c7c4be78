#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The tools on captures: several in one file, damaged ones, later ones; from a file, packed, through a pipe.

bats_require_minimum_version 1.5.0

setup() {
	PATH=$SPOOR_BUILD:$PATH
	f=$BATS_TEST_TMPDIR/f.scap
	make() { "$SPOOR_BUILD/tests/scap/make_capture" "$1" "$f"; }
}

format='%evt.num %evt.type %proc.name fd=%fd.name'

@test "a second capture in the file voids what the first one said" {
	make sections
	run -0 spoor-replay "$f" -p "$format"
	[ "$output" = "1 open bash fd=/etc/motd
2 close bash fd=/etc/hosts
3 open cron fd=/etc/motd
4 close cron fd=" ]
}

@test "the inspector's copy keeps that" {
	make sections
	run -0 spoor-inspect "$f" -f 'evt.type = close' --keys <(printf '7\n') --dump-screen
	[[ $output == *hosts* ]]
	[ "$(grep -c hosts <<<"$output")" = 1 ]
	[[ $output == *cron* ]]
}

@test "packed, and through a pipe: the same" {
	make sections
	want=$(spoor-replay "$f" -p "$format")
	gzip -k "$f"
	mv "$f.gz" "$BATS_TEST_TMPDIR/other-name"
	[ "$(spoor-replay "$BATS_TEST_TMPDIR/other-name" -p "$format")" = "$want" ]
	[ "$(spoor-replay - -p "$format" <"$BATS_TEST_TMPDIR/other-name")" = "$want" ]
	[ "$(cat "$f" | spoor-replay - -p "$format")" = "$want" ]
}

@test "damage is told with its place, what is around it is read, exit code 2" {
	make damaged
	run -2 --separate-stderr spoor-replay "$f" -p '%evt.num'
	[ "${#lines[@]}" = 3 ]
	[ "${#stderr_lines[@]}" = 1 ]
	[[ $stderr == *"f.scap"*"event close says it is 1 bytes long"*"at byte "* ]]
	at=$(grep -oE 'at byte [0-9]+' <<<"$stderr" | cut -d' ' -f3)
	# a block of an event is there
	[ "$(od -An -tx4 -j "$at" -N4 "$f" | tr -d ' ')" = 00000216 ]
}

@test "what no version knows yet is counted and told, and no error" {
	make later
	run -0 --separate-stderr spoor-replay "$f" -p '%evt.num'
	[ "${#lines[@]}" = 2 ]
	[[ $stderr == *"blocks of unknown kinds left out: 1 (the first of kind 0x333)"* ]]
	[[ $stderr == *"events of unknown kinds left out: 2 (the first with code 600)"* ]]
}

@test "all old forms in one capture" {
	make old
	run -0 --separate-stderr spoor-replay "$f" -p '%evt.type %evt.args'
	[ -z "$stderr" ]
	[[ $output == *'close res=0 fd=3(<f>/etc/hosts)'* ]]
	[[ $output == *'read res=3 data=abc fd=3(<f>/etc/hosts) size=1'* ]]
	[[ $output == *'wait4'* ]]
	[[ $output == *'execve res=0 exe=/bin/ls args=-l'* ]]
	[ "$(spoor-replay "$f" --keyframes | grep -c ' state_thread(')" = 9 ]
}

@test "what a filter left for the state only is applied, not listed, and stays so in a trace" {
	make filtered
	spoor-trace convert "$f" "$BATS_TEST_TMPDIR/f.spoor"
	for x in "$f" "$BATS_TEST_TMPDIR/f.spoor"; do
		run -0 spoor-replay "$x" -p '%evt.type %fd.name'
		[ "$output" = "close /etc/motd" ]
	done
	run -0 spoor-inspect "$f" --keys <(printf '7\n') --dump-screen
	[[ $output == *close*motd* ]]
	[[ $output != *open* ]]
}
