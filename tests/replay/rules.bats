#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# spoor-replay runs rules: alerts, selection, exit codes, validation, listings, explanations.

setup_file() {
	export trace=$BATS_FILE_TMPDIR/story.spoor rules=$BATS_FILE_TMPDIR/rules.yaml
	"$SPOOR_BUILD/tests/replay/make_trace" story "$trace"
	cat >"$rules" <<-'YAML'
	- list: secrets
	  items: [/etc/shadow, /etc/gshadow]
	- macro: spawned
	  condition: (evt.type in (execve, execveat) and evt.rawres = 0)
	- rule: Secret read
	  desc: a secret file is opened
	  condition: evt.type in (open, openat, openat2) and evt.rawres >= 0 and fd.name in (secrets)
	  output: Secret opened (file=%fd.name process=%proc.name container=%container.id)
	  priority: WARNING
	  tags: [files, host]
	- rule: Hidden program
	  desc: a program whose name begins with a dot
	  condition: spawned and proc.name startswith .
	  output: Hidden program (command=%proc.cmdline parent=%proc.pname)
	  priority: CRITICAL
	  tags: [processes]
	- rule: Any program
	  desc: any program
	  condition: spawned
	  output: Program (command=%proc.cmdline)
	  priority: DEBUG
	  tags: [processes]
	- rule: Sleeping
	  desc: switched off
	  condition: evt.type = close
	  output: Closed (file=%fd.name)
	  priority: NOTICE
	  enabled: false
	  tags: [off]
	YAML
}

setup() {
	source "$SPOOR_SRC/tests/lib/golden.bash"
	want=$SPOOR_SRC/tests/replay/golden
	PATH=$SPOOR_BUILD:$PATH
}

@test "alerts as text and as JSON in Falco's shape" {
	golden "$want/alerts" spoor-replay "$trace" -r "$rules"
	golden "$want/alerts-json" spoor-replay "$trace" -r "$rules" -o json
	[ "$(spoor-replay "$trace" -r "$rules" -o json | jq -r 'keys_unsorted | join(",")' | sort -u)" = \
		hostname,output,output_fields,priority,rule,source,tags,time ]
}

@test "the first rule that matches, or all" {
	[ "$(spoor-replay "$trace" -r "$rules" | wc -l)" = 2 ]
	[ "$(spoor-replay "$trace" -r "$rules" --all-matches | wc -l)" = 3 ]
}

@test "selection by priority, tag and name" {
	[ "$(spoor-replay "$trace" -r "$rules" --priority critical | wc -l)" = 1 ]
	[ "$(spoor-replay "$trace" -r "$rules" --tag files | wc -l)" = 1 ]
	[ "$(spoor-replay "$trace" -r "$rules" --tag off | wc -l)" = 2 ]
	[ "$(spoor-replay "$trace" -r "$rules" --rule 'Any*' | wc -l)" = 1 ]
	[ "$(spoor-replay "$trace" -r "$rules" --rule 'Any*' --rule 'Secret read' | wc -l)" = 2 ]
	run spoor-replay "$trace" -r "$rules" --rule 'No such*'
	[ "$status" = 1 ]
	[[ $output == *"no rule has the name 'No such*'"* ]]
	run spoor-replay "$trace" -r "$rules" --tag files --priority critical
	[ "$status" = 1 ]
	[[ $output == *"no rule is left"* ]]
}

@test "-f narrows alerts, -p prints them in other words" {
	[ "$(spoor-replay "$trace" -r "$rules" -f 'proc.name = bash' | wc -l)" = 1 ]
	[ "$(spoor-replay "$trace" -r "$rules" -p '%evt.num %evt.type')" = $'2 openat\n10 execve' ]
}

@test "--fail-on" {
	run spoor-replay "$trace" -r "$rules" --fail-on warning
	[ "$status" = 3 ]
	run spoor-replay "$trace" -r "$rules" --fail-on emergency
	[ "$status" = 0 ]
	run spoor-replay "$trace" --fail-on warning
	[ "$status" = 1 ]
	run spoor-replay "$trace" -r "$rules" --fail-on loud
	[ "$status" = 1 ]
}

@test "--stats counts per rule" {
	spoor-replay "$trace" -r "$rules" --stats 2>&1 >/dev/null | grep -E '^ +1  Critical      Hidden program$'
	spoor-replay "$trace" -r "$rules" --stats 2>&1 >/dev/null | grep -F 'rules matched: 2 of 4, alerts: 2'
}

@test "a window of time" {
	[ "$(spoor-replay "$trace" -r "$rules" --from +5ms | wc -l)" = 1 ]
	[ "$(spoor-replay "$trace" -r "$rules" --to +5ms | wc -l)" = 1 ]
}

@test "directory of rules, later files change earlier ones" {
	mkdir "$BATS_TEST_TMPDIR/d"
	cp "$rules" "$BATS_TEST_TMPDIR/d/10.yaml"
	printf '%s\n' '- rule: Secret read' '  enabled: false' '  override: {enabled: replace}' >"$BATS_TEST_TMPDIR/d/20.yaml"
	[ "$(spoor-replay "$trace" -r "$BATS_TEST_TMPDIR/d" | wc -l)" = 1 ]
	[ "$(spoor-replay "$trace" -r "$rules" -r "$BATS_TEST_TMPDIR/d/20.yaml" | wc -l)" = 1 ]
}

@test "--explain" {
	golden "$want/explain" spoor-replay "$trace" -r "$rules" --explain 'Secret read@1'
	golden "$want/explain-hit" spoor-replay "$trace" -r "$rules" --explain 'Secret read@2'
	run spoor-replay "$trace" -r "$rules" --explain 'Secret read@4711'
	[ "$status" = 1 ]
	[[ $output == *"no event number 4711"* ]]
	run spoor-replay "$trace" -r "$rules" --explain 'Nothing@1'
	[ "$status" = 1 ]
	run spoor-replay "$trace" --explain 'Nothing@1'
	[ "$status" = 1 ]
}

@test "--validate: good, with warnings, wrong" {
	golden "$want/validate" bash -c 'cd "${1%/*}" && spoor-replay --validate "${1##*/}"' - "$rules"
	cat >"$BATS_TEST_TMPDIR/wrong.yaml" <<-'YAML'
	- rule: Wrong
	  desc: x
	  condition: evt.type = openat and fd.nam = /etc/shadow
	  output: x
	  priority: INFO
	YAML
	golden "$want/validate-wrong" bash -c 'cd "$1" && spoor-replay --validate wrong.yaml' - "$BATS_TEST_TMPDIR"
	run spoor-replay --validate -o json "$BATS_TEST_TMPDIR/wrong.yaml"
	[ "$status" = 1 ]
	[ "$(jq -r '.falco_load_results[0].errors[0].code' <<<"$output")" = LOAD_ERR_COMPILE_CONDITION ]
	run spoor-replay --validate
	[ "$status" = 1 ]
}

@test "--check: canonical form, place of an error" {
	golden "$want/check" spoor-replay --check 'evt.type=openat and (not (not fd.name in ("/a b", c)) or proc.name startswith x)'
	golden "$want/check-wrong" spoor-replay --check 'evt.type = openat and and fd.name = x'
	golden "$want/check-unknown" spoor-replay --check 'evt.typ = openat'
	run spoor-replay --check 'evt.typ = openat' --syntax-only
	[ "$status" = 0 ]
}

@test "--list" {
	spoor-replay --list fields | grep -q '^proc\.name '
	spoor-replay --list fields -o json | jq -es 'map(select(.name == "fd.name")) | length == 1' >/dev/null
	spoor-replay --list events | grep -q '^openat(fd, dirfd, name, flags, mode, dev, ino, path)  file: '
	[ "$(spoor-replay --list events -o json | jq -r 'select(.name == "openat") | .id')" = 257 ]
	golden "$want/list-rules" spoor-replay --list rules -r "$rules"
	spoor-replay --list rules -r "$rules" -o json | jq -es 'length == 4' >/dev/null
	run spoor-replay --list rules
	[ "$status" = 1 ]
	run spoor-replay --list nothing
	[ "$status" = 1 ]
}

@test "--dump-prog" {
	spoor-replay --dump-prog -r "$rules" | grep -q 'fd.name'
	run spoor-replay --dump-prog
	[ "$status" = 1 ]
}

@test "--profile: what rules and predicates cost, as a table and as JSON" {
	run -0 --separate-stderr spoor-replay "$trace" -r "$rules" --profile
	[[ $stderr == *"worked out"*"matches  rule"* ]]
	[[ $stderr == *"Secret read"* ]]
	[[ $stderr == *"fd.name in (/etc/shadow, /etc/gshadow)"* ]]
	spoor-replay "$trace" -r "$rules" --profile -o json 2>"$BATS_TEST_TMPDIR/p" >/dev/null
	jq -en 'input | any(.rules[]; .rule == "Secret read" and .events == 4 and .hits == 1 and .evals > 0 and .evals <= 4)' \
		"$BATS_TEST_TMPDIR/p"
	jq -en 'input | [.rules[].rule] | index("Sleeping") == null' "$BATS_TEST_TMPDIR/p"
	jq -en 'input | [.rules[].ns] | . == (sort | reverse)' "$BATS_TEST_TMPDIR/p"
	jq -en 'input | any(.predicates[]; (.predicate | startswith("fd.name in")) and .hits == 1)' "$BATS_TEST_TMPDIR/p"
	run -1 spoor-replay "$trace" --profile
	[[ $output == *"-r FILE"* ]]
}

@test "a pattern that would take too long is given up, and that is said once for each rule" {
	"$SPOOR_BUILD/tests/replay/make_trace" long "$BATS_TEST_TMPDIR/long.spoor" 300000
	cat >"$BATS_TEST_TMPDIR/slow.yaml" <<-'YAML'
	- rule: Slow
	  desc: follows many paths
	  condition: evt.type = execve and proc.args regex '(a|aa|aaa|b){1,90}((a|aa){1,90}[cd])+'
	  output: never
	  priority: ERROR
	- rule: Hard
	  desc: backtracking would run for years
	  condition: evt.type = execve and proc.args regex '(a+)+b'
	  output: never
	  priority: ERROR
	- rule: Easy
	  desc: an ordinary pattern
	  condition: evt.type = execve and proc.args regex 'a{39}'
	  output: Easy %evt.num
	  priority: ERROR
	YAML
	for j in 1 2; do
		run -0 --separate-stderr spoor-replay -j $j "$BATS_TEST_TMPDIR/long.spoor" -r "$BATS_TEST_TMPDIR/slow.yaml"
		[ "${#lines[@]}" = 2 ]
		[ "$(grep -c 'taken for no match' <<<"$stderr")" = 1 ]
		[[ $stderr == *"rule Slow: 1 texts were too long for a pattern"* ]]
	done
	run -0 --separate-stderr spoor-replay "$BATS_TEST_TMPDIR/long.spoor" -f "proc.args regex '(a|aa|aaa|b){1,90}((a|aa){1,90}[cd])+'"
	[[ $stderr == *"-f: 1 texts were too long"* ]]
}

@test "a field that only JSON shows is decoded as well, payload too" {
	cat >"$BATS_TEST_TMPDIR/write.yaml" <<-'YAML'
	- {rule: w, desc: d, condition: evt.type = read and evt.rawres > 0, output: w, priority: INFO}
	YAML
	run -0 --separate-stderr spoor-replay "$SPOOR_SRC/rules/cases.spoor" -r "$BATS_TEST_TMPDIR/write.yaml" -n 1 -o json \
		--append-output '{extra_fields: [evt.buffer, {data: "%evt.arg.data"}], suggested_output: false}'
	jq -en 'input | .output_fields | (."evt.buffer" | startswith(".ELF")) and (.data | startswith(".ELF"))' <<<"$output"
}

@test "files of one set, given together, use what the earlier ones define: no warnings of unused ones" {
	cat >"$BATS_TEST_TMPDIR/a.yaml" <<-'YAML'
	- {list: names, items: [sh, bash]}
	- {macro: shell, condition: proc.name in (names)}
	YAML
	cat >"$BATS_TEST_TMPDIR/b.yaml" <<-'YAML'
	- {rule: r, desc: d, condition: evt.type = execve and shell, output: o, priority: INFO}
	YAML
	run -0 spoor-replay --validate "$BATS_TEST_TMPDIR/a.yaml" "$BATS_TEST_TMPDIR/b.yaml"
	[[ $output != *UNUSED* ]]
	run -0 spoor-replay --validate "$BATS_TEST_TMPDIR/a.yaml"
	[[ $output == *LOAD_UNUSED_MACRO* ]]
}

@test "spoor_threshold: when it has been so often, within a time, for the same; besides the first match, and unknown to no one" {
	local t=$BATS_TEST_TMPDIR second=0 user
	for user in a b a a a b a a b b; do
		echo "{\"kind\":\"Event\",\"apiVersion\":\"audit.k8s.io/v1\",\"auditID\":\"$second\",\"stage\":\"ResponseComplete\",\"verb\":\"get\",\"user\":{\"username\":\"$user\"},"\
			"\"responseStatus\":{\"code\":403},\"stageTimestamp\":\"2026-11-27T22:00:0${second}Z\"}"
		second=$((second + 1))
	done >"$t/log.json"
	cat >"$t/r.yaml" <<-'YAML'
	- rule: many
	  desc: d
	  condition: ka.response.code = 403
	  output: many by %ka.user.name at %ka.auditid
	  priority: WARNING
	  source: k8s_audit
	  spoor_threshold: {count: 3, within: 5s, by: [ka.user.name]}
	- rule: each
	  desc: d
	  condition: ka.response.code = 403
	  output: each %ka.auditid
	  priority: NOTICE
	  source: k8s_audit
	YAML
	spoor-replay "$t/log.json" -r "$t/r.yaml" >"$t/out"
	[ "$(grep -c each "$t/out")" = 10 ]
	# of a 0 2 3, then 4 6 7; of b 1 5 8 are 7 s, 5 8 9 are 4 s
	[ "$(grep -o 'many.*' "$t/out" | paste -sd ,)" = "many by a at 3,many by a at 7,many by b at 9" ]
	spoor-replay --validate "$t/r.yaml" | grep -qx "$t/r.yaml: Ok"
	spoor-replay --list rules -r "$t/r.yaml" | grep -qx 'Warning       many (3 within 5.00 s)'
	[ "$(spoor-replay --list rules -r "$t/r.yaml" -o json | jq -c 'select(.name == "many").threshold')" = '{"count":3,"within_ns":5000000000}' ]
	# another file may change it
	cat >"$t/more.yaml" <<-'YAML'
	- rule: many
	  spoor_threshold: {count: 10, within: 1m}
	  override: {spoor_threshold: replace}
	YAML
	[ "$(spoor-replay "$t/log.json" -r "$t/r.yaml" -r "$t/more.yaml" | grep -o 'many.*')" = "many by b at 9" ]
	# each trace is counted by itself; what is before the window does not count
	[ "$(spoor-replay "$t/log.json" "$t/log.json" -r "$t/r.yaml" -r "$t/more.yaml" | grep -c many)" = 2 ]
	[ "$(spoor-replay "$t/log.json" --from +1s -r "$t/r.yaml" -r "$t/more.yaml" | grep -c many)" = 0 ]
}
