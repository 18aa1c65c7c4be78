#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# --playbooks: what would have been done, and that nothing is.

setup_file() {
	export trace=$BATS_FILE_TMPDIR/story.spoor rules=$BATS_FILE_TMPDIR/rules.yaml pb=$BATS_FILE_TMPDIR/playbooks.yaml
	"$SPOOR_BUILD/tests/replay/make_trace" story "$trace"
	cat >"$rules" <<-'YAML'
	- rule: Secret read
	  desc: d
	  condition: evt.type = openat and fd.name = /etc/shadow
	  output: Secret %fd.name read by %proc.name
	  priority: WARNING
	  tags: [files]
	- rule: Program
	  desc: d
	  condition: evt.type = execve and evt.dir = <
	  output: Program %proc.cmdline
	  priority: NOTICE
	YAML
	cat >"$pb" <<-YAML
	protect: {images: ['registry.example/db*']}
	limits: {per_object: 5/1h}
	playbooks:
	- name: contain
	  rules: [Secret*]
	  condition: container.id != host
	  actions:
	  - do: capture
	    reason: '%proc.name read %fd.name'
	  - do: freeze
	  - do: cut_network
	    reachable: [10.0.0.5]
	  - do: isolate_pod
	  - do: run
	    program: $BATS_FILE_TMPDIR/never
	    args: ['--command=%proc.cmdline']
	- name: watch
	  dry_run: true
	  cool_down: 0
	  actions:
	  - do: kill_process
	  - do: webhook
	    url: http://127.0.0.1:1/
	    body: '{"text": "%evt.type in %container.name"}'
	YAML
	printf '#!/bin/sh\n: >"%s/done"\n' "$BATS_FILE_TMPDIR" >"$BATS_FILE_TMPDIR/never"
	chmod +x "$BATS_FILE_TMPDIR/never"
}

# Bash ignores "! command" in the middle of a test.
no() { if "$@"; then return 1; fi; }

setup() {
	source "$SPOOR_SRC/tests/lib/golden.bash"
	want=$SPOOR_SRC/tests/replay/golden
	PATH=$SPOOR_BUILD:$PATH
}

plans() {
	spoor-replay "$trace" -r "$rules" --playbooks "$pb" --all-matches "$@" 2>"$BATS_TEST_TMPDIR/err" | sed "s,$BATS_FILE_TMPDIR,DIR,"
}

@test "what would have been done, as text and as JSON" {
	golden "$want/playbooks" plans
	cat "$BATS_TEST_TMPDIR/err"
	grep -q '^[0-9]* actions would have been done, [0-9]* would not: .*no_object' "$BATS_TEST_TMPDIR/err"
	golden "$want/playbooks-json" plans -o json
	[ "$(plans -o json | jq -r '.alert | keys_unsorted | join(",")' | sort -u)" = \
		hostname,output,output_fields,priority,rule,source,tags,time ]
	[ "$(plans -o json | jq -r '.playbooks[].actions[] | select(.verdict == "do") | .action' | sort -u | tr '\n' ' ')" = \
		"capture cut_network freeze run " ]
	[ ! -e "$BATS_FILE_TMPDIR/done" ]
}

@test "the same with threads" {
	plans >"$BATS_TEST_TMPDIR/one"
	plans -j 4 | cmp - "$BATS_TEST_TMPDIR/one"
}

@test "what is wrong with the file, and with the command" {
	sed 's/do: freeze/do: freez/' "$pb" >"$BATS_TEST_TMPDIR/wrong.yaml"
	no spoor-replay "$trace" -r "$rules" --playbooks "$BATS_TEST_TMPDIR/wrong.yaml" 2>"$BATS_TEST_TMPDIR/err"
	cat "$BATS_TEST_TMPDIR/err"
	grep -q "wrong.yaml:10:.*did you mean 'freeze'" "$BATS_TEST_TMPDIR/err"
	grep -q '^ *^' "$BATS_TEST_TMPDIR/err"
	no spoor-replay "$trace" --playbooks "$pb" 2>"$BATS_TEST_TMPDIR/err"
	grep -q 'give rules with -r' "$BATS_TEST_TMPDIR/err"
}
