#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Tools that read traces hold themselves in a sandbox while they do.

setup() {
	[ -z "$SPOOR_SANITIZER" ] || skip "sanitizers need more than the sandbox gives"
	source "$SPOOR_SRC/tests/lib/until.bash"
	cd "$BATS_TEST_TMPDIR"
	story=$BATS_TEST_TMPDIR/story.spoor
	"$SPOOR_BUILD/tests/inspect/make_story" story "$story"
}

# What /proc says of a tool that waits for its input: seccomp filters and no_new_privs.
status_of() {	# tool [option...]
	mkfifo "$BATS_TEST_TMPDIR/in"
	"$@" <"$BATS_TEST_TMPDIR/in" >/dev/null 2>&1 3>&- &
	pid=$!
	exec 9>"$BATS_TEST_TMPDIR/in"
	until_true grep -q '^Seccomp:.2$' /proc/$pid/status
	cat /proc/$pid/status
	exec 9>&-
	wait $pid || true
}

@test "spoor-replay reads under seccomp, without new privileges" {
	status_of spoor-replay - | tee status
	grep -q '^Seccomp:.2$' status
	grep -q '^NoNewPrivs:.1$' status
}

@test "spoor-inspect reads under seccomp, without new privileges" {
	status_of spoor-inspect - --dump-screen | tee status
	grep -q '^Seccomp:.2$' status
	grep -q '^NoNewPrivs:.1$' status
}

@test "the inspector writes only where it may, and says so" {
	cd "$BATS_TEST_TMPDIR"
	TMPDIR=$BATS_TEST_TMPDIR/none spoor-inspect "$story" \
		--keys <(printf '9w/var/lib/spoor-not-here<Enter>\ndump\n') --dump-screen --size 200x24 >screen
	grep -q 'spoor-not-here: no permission; with a trace open' screen || grep -q 'spoor-not-here: .*B' screen
	if [ ! -e /var/lib/spoor-not-here ]; then return; fi
	rm /var/lib/spoor-not-here
	skip "this kernel has no Landlock"
}
