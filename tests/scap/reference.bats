#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Real captures: what is read from them equals upstream's listings, but for the differences in docs/SCAP.md, and
# there are as many events of each type as their blocks hold.

setup() {
	source "$SPOOR_SRC/tests/lib/captures.bash"
	captures_missing && skip "no captures (SPOOR_CAPTURES)"
	PATH=$SPOOR_BUILD:$PATH
}

# The rows of the table of differences that are about this capture: "field TAB reason TAB events".
documented() {
	awk -F ' *[|] *' -v name="$1" '/<!-- differences -->/ { on = 1 } /<!-- end of differences -->/ { on = 0 }
		on && $2 == name { print $3 "\t" $4 "\t" $5 }' "$SPOOR_SRC/docs/SCAP.md" | sort
}

compare() {
	local format
	format=$(sed 's/\t/|@|%/g; s/^/%/' "$captures/reference/COLUMNS.tsv")
	awk -v columns="$captures/reference/COLUMNS.tsv" -f "$SPOOR_SRC/tests/scap/reference.awk" \
		<(zcat "$captures/reference/$1.events.tsv.gz") \
		<(spoor-replay --internal "$(capture_file "$1")" -p "$format") >"$BATS_TEST_TMPDIR/got"
	grep '^#' "$BATS_TEST_TMPDIR/got" || :
	[ -n "$(documented "$1")" ]
	diff -u <(documented "$1") <(grep -v '^#' "$BATS_TEST_TMPDIR/got" | sort)
}

# Types with their events. Containers have events of their own kind here, whatever the capture told them with.
counts() {
	diff -u <(capture_plain "$1" | "$SPOOR_BUILD/tests/scap/make_counts" |
			awk '{ sub(/^asyncevent$/, "container", $1); n[$1] += $2 } END { for (t in n) print t, n[t] }' | sort) \
		<(spoor-replay "$(capture_file "$1")" -f 'evt.num < 0' --stats 2>&1 |
			awk '/^  [a-z_0-9]+ +[0-9,]+ +[0-9.]+ %$/ { gsub(/,/, "", $2); print $1, $2 }' | sort)
}

@test "test_ipv6_client: values" { compare test_ipv6_client; }
@test "test_ipv6_client: events" { counts test_ipv6_client; }
@test "curl_google: values" { compare curl_google; }
@test "curl_google: events" { counts curl_google; }
@test "502Error: values" { compare 502Error; }
@test "502Error: events" { counts 502Error; }
@test "falco-24k: values" { compare falco-24k; }
@test "falco-24k: events" { counts falco-24k; }
@test "mix-500k: values" { compare mix-500k; }
@test "mix-500k: events" { counts mix-500k; }
@test "mix-enter-exit-300k: values" { compare mix-enter-exit-300k; }
@test "mix-enter-exit-300k: events" { counts mix-enter-exit-300k; }
