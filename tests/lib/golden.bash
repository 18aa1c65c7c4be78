# SPDX-License-Identifier: Apache-2.0
#
# golden.bash - compares what a tool prints with a file that holds what it should.
#
#   source tests/lib/golden.bash
#   golden DIR/NAME COMMAND...	stdout and stderr of the command, and its exit status if it is not 0
#
# With SPOOR_BLESS=1 (make bless T=...) the file is rewritten; look at git diff then.

golden() {
	local file=$1 got rc=0
	shift
	got=$("$@" 2>&1) || rc=$?
	[ $rc = 0 ] || got+=$'\n'"[exit $rc]"
	if [ -n "${SPOOR_BLESS:-}" ]; then
		mkdir -p "$(dirname "$file")"
		printf '%s\n' "$got" >"$file"
		return 0
	fi
	diff -u "$file" <(printf '%s\n' "$got") && return 0
	echo "if this is meant: make bless T=${BATS_TEST_FILENAME#"$SPOOR_SRC/"}, then look at git diff"
	return 1
}
