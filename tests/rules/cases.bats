#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# runner: alone
# The rules that ship: they load without a warning, and every rule reports what it must and is silent where it must.

setup() {
	PATH=$SPOOR_BUILD:$PATH
	source "$SPOOR_SRC/tests/rules/cases.bash"
	rules=$SPOOR_SRC/rules
}

@test "the rules load without errors or warnings" {
	run spoor-replay --validate "$rules" "$rules/profiles"
	echo "$output"
	[ "$status" = 0 ]
	[ "$(grep -vc ': Ok$' <<<"$output")" = 0 ]
}

@test "every profile loads by itself" {
	for profile in "$rules"/profiles/*.yaml; do
		run spoor-replay --validate "$profile"
		echo "$output"
		[ "$output" = "$profile: Ok" ]
	done
}

@test "a folder of rules is not searched for folders" {
	run spoor-replay --list rules -r "$rules" -o json
	[ "$status" = 0 ]
	[ "$(jq -r .file <<<"$output" | grep -c profiles)" = 0 ]
}

@test "every rule has a case that it reports and one that it does not, and the document says so" {
	run "$SPOOR_SRC/scripts/rules-coverage" --check
	echo "$output"
	[ "$status" = 0 ]
}

@test "every rule has tags of where it applies and of MITRE ATT&CK, and says who, what and where" {
	run bash -c 'spoor-replay --list rules -r "$1" -r "$1/profiles" -o json | jq -r "select((.tags | any(test(\"^mitre_\")) and
		any(test(\"^T[0-9]{4}\")) and any(. == \"container\" or . == \"host\") | not) or
		(.output | contains(\"%container.id\") and contains(\"%proc.cmdline\") and contains(\"%proc.pname\") and
		contains(\"%user.name\") | not)) | .name"' - "$rules"
	echo "not so: $output"
	[ -z "$output" ]
}

@test "the recorded cases: exactly the alerts of the table" {
	run cases_check "$rules/cases.spoor"
	echo "$output"
	[ "$status" = 0 ]
}

@test "the cases, run now in a container: exactly the alerts of the table" {
	why=$(cases_missing) && skip "$why"
	cases_record "$BATS_TEST_TMPDIR/cases.spoor"
	[ -z "$CASES_CANNOT" ] || echo "# this kernel cannot do: $CASES_CANNOT" >&3
	run cases_check "$BATS_TEST_TMPDIR/cases.spoor" "$CASES_CANNOT"
	echo "$output"
	[ "$status" = 0 ]
}
