# SPDX-License-Identifier: Apache-2.0
#
# Rule files of upstream load unmodified, and over the captures they give the alerts that upstream gave.

source "$SPOOR_SRC/tests/lib/captures.bash"
source "$SPOOR_SRC/tests/lib/upstream.bash"

setup() {
	upstream_missing && skip "no rule files of upstream (SPOOR_UPSTREAM_RULES)"
	[ "$(levels 3 | wc -l)" -eq 3 ] || skip "not all of ${stock[*]} are below $SPOOR_UPSTREAM_RULES"
	cd "$BATS_TEST_TMPDIR"
}

stock=(falco_rules.yaml falco-incubating_rules.yaml falco-sandbox_rules.yaml)

levels() {	# n: the rule files of the first n maturity levels
	local f
	for f in "${stock[@]:0:$1}"; do
		upstream_file "$f"
	done
}

# The files are fine and nothing is said of them.
expect_ok() {
	run spoor-replay --validate --no-lint "$@"
	[ "$status" -eq 0 ] || { echo "$output"; return 1; }
	[ "$(grep -cv ': Ok$' <<<"$output")" -eq 0 ] || { echo "$output"; return 1; }
}

@test "the three maturity levels load, and nothing is said of them" {
	expect_ok $(levels 3)
	[ "$(spoor-replay --list rules -r "$(levels 1)" | wc -l)" -eq 25 ]
	[ "$(spoor-replay --list rules $(levels 3 | sed 's/^/-r /') | wc -l)" -eq 93 ]
}

@test "each level loads with those before it" {
	expect_ok $(levels 1)
	expect_ok $(levels 2)
}

@test "the rules for the Kubernetes audit log load, alone and beside the others" {
	local k8s
	k8s=$(upstream_file k8s_audit_rules.yaml) || skip "no k8s_audit_rules.yaml"
	expect_ok "$k8s"
	expect_ok $(levels 3) "$k8s"
	spoor-replay --list rules -o json -r "$k8s" | jq -se 'length > 20 and all(.source == "k8s_audit")'
}

# Each of these has been looked at, and is so: names of more than 15 bytes, a result that no call has, a special rule that
# stands behind a general one.
@test "what lint says of them is true, and it says no more" {
	spoor-replay --validate -o json $(levels 3) >result
	jq -r '.falco_load_results[].warnings[] | .code + " " + (.context.locations | map(.item_name) | map(select(. != "")) | last)' \
		result | sort >got
	sort >want <<-EOF
	LINT_IMPOSSIBLE_VALUE azure_scripts_writing_conf
	LINT_IMPOSSIBLE_VALUE etckeeper
	LINT_IMPOSSIBLE_VALUE rpm_procs
	LINT_IMPOSSIBLE_VALUE Unprivileged Delegation of Page Faults Handling to a Userspace Process
	LINT_SHADOWED Network Tool Executed During NPM Package Install
	EOF
	diff -u want got
}

# They need macros of the stock files, and %container.info has been given up since: no more is said than that.
@test "the rules for single applications of 2019 load beside the others" {
	local f n=0
	for f in $(upstream_extras); do
		n=$((n + 1))
		spoor-replay --validate --no-lint -o json $(levels 3) "$f" >result || { cat result; return 1; }
		jq -en 'input | [.falco_load_results[].warnings[].code] - ["LOAD_DEPRECATED_ITEM", "LOAD_UNUSED_LIST",
			"LOAD_UNUSED_MACRO"] == []' result || { echo "$f"; return 1; }
	done
	[ "$n" -ge 1 ] || skip "no rules-*.yaml"
}

# Alerts in one shape. The name of the machine is that of the recording here, and that of the machine that replays there.
shape() {
	jq -cS 'del(.hostname)'
}

compare() {	# capture level rules...
	local name=$1 level=$2 capture f args=()
	shift 2
	for f; do
		args+=(-r "$f")
	done
	capture=$(capture_file "$name") || return 0
	TZ=UTC spoor-replay "$capture" -o json "${args[@]}" | shape >got
	: >want
	[ -e "$captures/reference/$name.alerts-$level.jsonl" ] && shape <"$captures/reference/$name.alerts-$level.jsonl" >want
	diff -u want got || { echo "$name, $level"; return 1; }
}

@test "the alerts of the captures are upstream's: rule, time, text and every field" {
	local name
	captures_missing && skip "no captures (SPOOR_CAPTURES)"
	for name in falco-24k mix-500k mix-enter-exit-300k test_ipv6_client curl_google 502Error; do
		compare $name stable $(levels 1)
		compare $name all3 $(levels 3)
	done
	[ -s "$captures/reference/mix-500k.alerts-all3.jsonl" ]
}
