#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Attacks, recorded in a container that is gone afterwards, and the questions that an investigation asks: each is answered
# by the keys that NAME.questions gives. runner: alone. docs/INVESTIGATION.md shows them; it is checked to be up to date.

setup_file() {
	source "$SPOOR_SRC/tests/lib/container.bash"
	source "$SPOOR_SRC/tests/investigations/attack.bash"
	why=$(container_missing) && skip "$why"
	[ -x "$SPOOR_BUILD/spoor-capture" ] || skip "spoor-capture is not built"
	for a in webshell miner escape theft insider; do
		attack_record "$BATS_FILE_TMPDIR" $a || { cat "$BATS_FILE_TMPDIR/$a".{log,out}; return 1; }
	done
}

setup() {
	here=$SPOOR_SRC/tests/investigations
	cd "$BATS_TEST_TMPDIR"
}

# Ask all questions of an attack; say which are not answered.
answers() {	# name
	local question keys want bad=0
	while IFS=$'\t' read -r question keys want; do
		[[ $question != \#* ]] || continue
		printf '%s\ndump\n' "$keys" >keys
		spoor-inspect "$BATS_FILE_TMPDIR/$1.spoor" --keys keys --dump-screen --size 120x40 >screen
		grep -Eq -e "$want" screen && continue
		echo "$1: $question ($keys): no $want in"
		cat screen
		bad=1
	done <"$here/$1.questions"
	return $bad
}

@test "a web shell" { answers webshell; }
@test "a miner" { answers miner; }
@test "an escape attempt" { answers escape; }
@test "a theft of data" { answers theft; }
@test "an insider in a shell" { answers insider; }

@test "the tutorial has these questions and keys" {
	for a in webshell miner escape theft insider; do
		while IFS=$'\t' read -r question keys want; do
			[[ $question != \#* ]] || continue
			n=$(sed -E 's/<[A-Za-z-]+>/x/g' <<<"$keys" | tr -d '\n' | wc -m)
			grep -qF "| $question | \`$keys\` | $n |" "$SPOOR_SRC/docs/INVESTIGATION.md" ||
				{ echo "$a: | $question | \`$keys\` | $n | is not in docs/INVESTIGATION.md"; return 1; }
		done <"$here/$a.questions"
	done
}
