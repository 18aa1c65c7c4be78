#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Conditions from talks mean what they say, on top of the rules that ship.

setup() {
	PATH=$SPOOR_BUILD:$PATH
	rules=$SPOOR_SRC/rules
	cases=$SPOOR_SRC/rules/cases.spoor
	talks=$SPOOR_SRC/tests/rules/talks.yaml
}

# rule -> the alerts of the recorded cases, "output" each
alerts() {
	spoor-replay "$cases" -r "$rules" -r "$talks" --rule "$1" -o json --all-matches 2>/dev/null | jq -r .output
}

@test "a shell in a container" {
	story=$BATS_TEST_TMPDIR/story.spoor
	"$SPOOR_BUILD/tests/replay/make_trace" story "$story"
	[ "$(spoor-replay "$story" -r "$rules" -r "$talks" --rule 'a shell is run in a container' 2>/dev/null | wc -l)" -gt 5 ]
	[ "$(alerts 'a shell is run in a container' | wc -l)" = 0 ]
}

@test "overwriting system binaries: write is bytes written" {
	alerts 'overwriting system binaries' | grep -qF '/usr/bin/evil'
	[ "$(alerts 'overwriting system binaries' | grep -cv '/usr/bin/\(evil\|installed\)')" = 0 ]
}

@test "namespace change" {
	[ "$(alerts 'container namespace change' | grep -cF '(act)')" = 1 ]
}

@test "files in /dev" {
	[ "$(alerts 'non-device files written in /dev' | grep -cF '/dev/.hidden')" = 1 ]
	[ "$(alerts 'non-device files written in /dev' | grep -cF '/dev/null')" = 0 ]
}

@test "create is no event; creat is suggested" {
	run spoor-replay --check '(evt.type = create or evt.arg.flags contains O_CREAT) and fd.directory = /dev'
	echo "$output"
	[ "$status" = 1 ]
	[[ $output == *"unknown event type create"*creat* ]]
}

@test "the camera, by one call and by any" {
	[ "$(alerts 'a process opens the camera by any call' | wc -l)" = 2 ]
	[ "$(alerts 'a process opens the camera' | wc -l)" -le 2 ]
}

@test "the example of a whole rule" {
	[ "$(alerts write_binary_dir | wc -l)" = 2 ]
	alerts write_binary_dir | grep -qF 'user=root command=cp /bin/act /usr/bin/evil file=/usr/bin/evil'
	alerts write_binary_dir | grep -qF 'command=ring ring-open /usr/bin/evil4 w file=/usr/bin/evil4'
}
