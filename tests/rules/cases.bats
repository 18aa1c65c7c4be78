#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# runner: alone
# The rules that ship: they load without a warning, and every rule reports what it must and is silent where it must.

setup() {
	PATH=$SPOOR_BUILD:$PATH
	source "$SPOOR_SRC/tests/rules/cases.bash"
	cd "$BATS_TEST_TMPDIR"
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
		any(test(\"^T[0-9]{4}\")) and any(. == \"container\" or . == \"host\" or . == \"k8s\") | not) or
		if .source == \"k8s_audit\" then (.output | contains(\"%ka.user.name\") and contains(\"%ka.sourceips\") and
		contains(\"%ka.target.name\") and contains(\"%ka.auditid\") | not) else
		(.output | contains(\"%container.id\") and contains(\"%proc.cmdline\") and contains(\"%proc.pname\") and
		contains(\"%user.name\") | not) end) | .name"' - "$rules"
	echo "not so: $output"
	[ -z "$output" ]
}

@test "the cases of the audit log: exactly the alerts of the table" {
	spoor-replay "$rules/k8s_cases.json" -r "$rules" --all-matches -o json |
		jq -r '[.output_fields["ka.auditid"], .rule] | @tsv' | sort | uniq -c | sed -E 's/^ *([0-9]+) (.*)/\2\t\1/' >got
	grep -v '^#' "$rules/k8s_cases.tsv" | awk -F '\t' '$3 > 0' | sort | diff - <(sort got)
	[ -z "$(comm -23 <(grep -v '^#' "$rules/k8s_cases.tsv" | cut -f 1 | sort -u) <(jq -r .auditID "$rules/k8s_cases.json" | sort -u))" ]
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
