# SPDX-License-Identifier: Apache-2.0
#
# docs/FALCO-COMPATIBILITY.md says what the tools do.

doc() {	# heading: the lines of that section
	sed -n "/^## $1\$/,/^## /p" "$SPOOR_SRC/docs/FALCO-COMPATIBILITY.md"
}

setup() {
	cd "$BATS_TEST_TMPDIR"
}

# Each in backquotes, * standing for any rest.
@test "the fields without a value are those of the table, and no others" {
	local pattern field
	doc "Fields without a value" | grep '^- \|^  `' | grep -o '`[^`]*`' | tr -d '`' >patterns
	spoor-replay --list fields -o json | jq -r 'select(.flags | index("not in traces")) | .name' >never
	spoor-replay --list fields -o json | jq -r 'select(.flags | index("not in traces") | not) | .name' >others
	[ -s never ]
	[ -s patterns ]
	while read -r field; do
		while read -r pattern; do
			# shellcheck disable=SC2053
			[[ $field == $pattern ]] && continue 2
		done <patterns
		echo "not in the document: $field"
		return 1
	done <never
	while read -r field; do
		while read -r pattern; do
			# shellcheck disable=SC2053
			[[ $field != $pattern ]] || { echo "has a value: $field ($pattern)"; return 1; }
		done <patterns
	done <others
}

@test "every code of lint is in the document, and every one in it there is" {
	grep -o 'X(LINT_[A-Z_]*' "$SPOOR_SRC/engine/rules/ruleset.h" | cut -c3- | sort -u >codes
	doc Lint | grep -o '`LINT_[A-Z_]*`' | tr -d '`' | sort -u >told
	diff -u codes told
}

# The conditions of that table, and whether they load here: all do.
@test "what was meant is taken" {
	spoor-replay --check 'fd.ip in (1.2.3.4) and fd.net in (10.0.0.0/8, 11.0.0.0/8) and fd.port intersects (1, 2)'
	spoor-replay --check 'proc.apid in (1, 2) and evt.rawarg.fd in (1, 2) and proc.aname = allof (a, b)'
	spoor-replay --check 'evt.type in ("<unknown>", open)'
}
