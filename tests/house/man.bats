#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The manual pages: every tool has one, options are those of --help, nothing in them makes man complain.

setup() {
	src=${SPOOR_SRC:-$BATS_TEST_DIRNAME/../..}
	build=${SPOOR_BUILD:-$src/build}
	command -v man >/dev/null || skip "man is not installed"
}

@test "man renders every page without a warning" {
	for page in "$src"/man/*.[15]; do
		run man --warnings -E UTF-8 -l -Tutf8 -Z "$page"
		[ "$status" = 0 ]
		run bash -c 'man --warnings -E UTF-8 -l -Tutf8 -Z "$1" 2>&1 >/dev/null' - "$page"
		echo "$page: $output"
		[ -z "$output" ]
	done
}

@test "every tool has a page, and it is the tool's --help" {
	for tool in "$build"/spoor "$build"/spoor-*; do
		[ -f "$tool" ] && [ -x "$tool" ] || continue
		echo "$tool"
		[ -f "$src/man/$(basename "$tool").1" ]
	done
	run "$src/scripts/man-options" --check "$build"
	echo "$output"
	[ "$status" = 0 ]
}

@test "every option of --help is on the page" {
	for tool in "$build"/spoor "$build"/spoor-*; do
		[ -f "$tool" ] && [ -x "$tool" ] || continue
		page=$(man -l -Tascii "$src/man/$(basename "$tool").1" 2>/dev/null | col -bx)
		for option in $("$tool" --help | grep -oE '^ +(-., )?--[a-z-]+' | grep -oE -- '--[a-z-]+'); do
			echo "$tool $option"
			[[ $page == *"$option"* ]]
		done
	done
}
