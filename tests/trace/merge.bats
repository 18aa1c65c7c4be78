#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# spoor-trace merge: nothing twice, nothing missing, nothing of one machine taken for another's.

bats_require_minimum_version 1.5.0

src=${SPOOR_SRC:-$BATS_TEST_DIRNAME/../..}
make_story=$SPOOR_BUILD/tests/inspect/make_story
fields='%evt.time %evt.type %evt.args %evt.hostname %thread.tid %proc.cmdline %proc.pname %proc.aname[2] %proc.cwd %user.name'
fields+=' %fd.num %fd.name %fd.type %container.id %container.name'

setup() {
	cd "$BATS_TEST_TMPDIR"
	"$make_story" story story.spoor
	"${make_story%story}busy" 6000 big.spoor
	cp "$src/rules/cases.spoor" cases.spoor
}

lines() {	# trace [condition]: alerts name their event by its number, which changes
	spoor-replay "$1" -p "$fields" -f "${2:-evt.type exists}" | sed '/ alert /s/ num=[0-9]* / /'
}

moment() {	# trace share: a time within it, ns
	spoor-trace info -o json "$1" | jq -r "((.first_ns + (.last_ns - .first_ns) * $2) / 1000 | floor | tostring) + \"000ns\""
}

rename() {	# trace name out: the same as if another machine had recorded it
	spoor-trace convert "$1" r.jsonl --keyframes --force
	sed -i "1s/\"hostname\":\"[^\"]*\"/\"hostname\":\"$2\"/" r.jsonl
	spoor-trace convert r.jsonl "$3" --force
}

@test "parts that overlap make the whole again" {
	for t in story big cases; do
		lines $t.spoor >want
		spoor-trace cut $t.spoor -w a.spoor --to "$(moment $t.spoor 0.6)" --force
		spoor-trace cut $t.spoor -w b.spoor --from "$(moment $t.spoor 0.3)" --to "$(moment $t.spoor 0.8)" --force
		spoor-trace cut $t.spoor -w c.spoor --from "$(moment $t.spoor 0.5)" --force
		run spoor-trace merge c.spoor a.spoor b.spoor -w m.spoor --force
		[ "$status" = 0 ]
		[[ $output == "m.spoor: "*" events of 1 recording, "*"; left out, for another file has them too: "[1-9]* ]]
		spoor-trace verify m.spoor
		lines m.spoor >got
		cmp want got
		for k in events lost alerts processes containers programs; do
			[ "$(spoor-trace info -o json m.spoor | jq -c .$k)" = "$(spoor-trace info -o json $t.spoor | jq -c .$k)" ]
		done
	done
}

@test "a file with itself is the file" {
	for t in story cases; do
		spoor-trace merge $t.spoor $t.spoor -w m.spoor --force
		lines $t.spoor >want
		lines m.spoor >got
		cmp want got
	done
}

@test "parts by container and condition" {
	f='evt.type in (openat, connect)'
	spoor-trace cut story.spoor -w a.spoor -f 'evt.type = openat'
	spoor-trace cut story.spoor -w b.spoor -f 'evt.type = connect'
	spoor-trace merge a.spoor b.spoor -w m.spoor
	lines story.spoor "$f" >want
	[ -s want ]
	lines m.spoor "$f" >got
	cmp want got
}

@test "two machines with the same process ids stay two" {
	rename story.spoor alpha a.spoor
	rename big.spoor beta b0.spoor
	# at the same time, so that they alternate
	spoor-trace convert b0.spoor b.jsonl --keyframes
	first=$(spoor-replay story.spoor -p '%evt.time.iso8601' | head -n 1 | cut -c 1-16)
	there=$(spoor-replay b0.spoor -p '%evt.time.iso8601' | head -n 1 | cut -c 1-16)
	sed -i "s/\"time\":\"$there/\"time\":\"$first/" b.jsonl
	spoor-trace convert b.jsonl b.spoor
	run spoor-trace merge a.spoor b.spoor -w m.spoor
	[ "$status" = 0 ]
	[[ $output == *" events of 2 recordings, "* ]]
	spoor-trace verify m.spoor
	for h in alpha beta; do
		[ $h = alpha ] && t=a.spoor || t=b.spoor
		lines $t >want
		[ -s want ]
		[ "$(grep -c " $h " want)" = "$(wc -l <want)" ]
		lines m.spoor "evt.hostname = $h" >got
		cmp want got
		spoor-replay -j 2 m.spoor -p "$fields" -f "evt.hostname = $h" | sed '/ alert /s/ num=[0-9]* / /' >got
		cmp want got
	done
	# in the order of time, and really mixed
	spoor-replay m.spoor -p '%evt.rawtime' | sort -nc
	[ "$(spoor-replay m.spoor -p '%evt.hostname' | uniq | wc -l)" -gt 4 ]
	# alerts say whose they are
	spoor-replay m.spoor -r "$src/rules" -o json | jq -r .hostname | sort | uniq -c >got
	for t in a.spoor b.spoor; do
		spoor-replay $t -r "$src/rules" -o json | jq -r .hostname
	done | sort | uniq -c >want
	cmp want got
	# and so through text, a cut, recovery
	spoor-trace convert m.spoor m.jsonl --keyframes
	spoor-trace convert m.jsonl back.spoor
	lines m.spoor >want
	lines back.spoor >got
	cmp want got
	spoor-trace cut m.spoor -w c.spoor -f 'evt.hostname = beta and evt.type = openat'
	lines b.spoor 'evt.type = openat' >want
	lines c.spoor 'evt.type = openat' >got
	cmp want got
	spoor-trace recover m.spoor -w rec.spoor
	lines m.spoor >want
	lines rec.spoor >got
	cmp want got
	spoor-trace info -o json m.spoor | jq -en 'input | .hostname == "alpha" and .more[0].hostname == "beta" and (.more | length) == 1'
}

@test "a merge of merges" {
	rename story.spoor alpha a.spoor
	rename cases.spoor beta b.spoor
	rename big.spoor gamma c.spoor
	spoor-trace merge a.spoor b.spoor -w ab.spoor
	spoor-trace merge ab.spoor c.spoor a.spoor -w m.spoor
	for h in alpha:a beta:b gamma:c; do
		lines ${h#*:}.spoor >want
		lines m.spoor "evt.hostname = ${h%:*}" >got
		cmp want got
	done
}

@test "recordings of one machine that do not overlap stay apart" {
	spoor-trace cut story.spoor -w a.spoor --to "$(moment story.spoor 0.3)"
	spoor-trace cut story.spoor -w b.spoor --from "$(moment story.spoor 0.6)"
	run spoor-trace merge a.spoor b.spoor -w m.spoor
	[[ $output == *" of 2 recordings"* ]]
	{ lines a.spoor; lines b.spoor; } >want
	lines m.spoor >got
	cmp want got
}

@test "the inspector opens it" {
	rename story.spoor alpha a.spoor
	rename cases.spoor beta b.spoor
	spoor-trace merge a.spoor b.spoor -w m.spoor
	echo 2 >keys
	TERM=xterm spoor-inspect m.spoor --keys keys --dump-screen >screen
	grep -q 'nginx' screen
}

@test "what cannot be merged" {
	run spoor-trace merge story.spoor - -w m.spoor
	[ "$status" = 1 ]
	[[ $output == *"files are merged, not pipes"* ]]
	run spoor-trace merge story.spoor none.spoor -w m.spoor
	[ "$status" = 1 ]
	[[ $output == *"none.spoor"* ]]
	rename story.spoor alpha a.spoor
	run spoor-trace merge a.spoor cases.spoor -w m.scap
	[ "$status" = 1 ]
	[[ $output == *"holds events of one machine"* ]]
	run spoor-trace merge a.spoor story.spoor -w a.spoor --force
	[ "$status" = 1 ]
	[[ $output == *"is the input itself"* ]]
	[ ! -e m.spoor ]
	[ ! -e m.scap ]
}

@test "a damaged input: what is readable, and exit 2" {
	printf '\xa5' | dd of=story.spoor bs=1 seek=20000 conv=notrunc status=none
	run spoor-trace merge story.spoor cases.spoor -w m.spoor
	[ "$status" = 2 ]
	spoor-trace verify m.spoor
}

@test "a file that holds several recordings" {
	# another recording of the same machine, with other processes under the same numbers
	spoor-trace convert story.spoor a.jsonl --keyframes
	sed -n '2,$p' a.jsonl | sed '0,/"keyframe":"begin"/s/"keyframe":"begin"/"keyframe":"begin","restart":true/; s/nginx/apache/g; s/2026-11-27/2026-11-28/g' >second
	cat a.jsonl second >both.jsonl
	spoor-trace convert both.jsonl both.spoor
	rename cases.spoor beta b.spoor
	spoor-trace merge both.spoor b.spoor -w m.spoor
	spoor-trace verify m.spoor
	host=$(spoor-trace info -o json story.spoor | jq -r .hostname)
	lines both.spoor >want
	lines m.spoor "evt.hostname = $host" >got
	grep -q nginx want
	grep -q apache want
	cmp want got
	lines b.spoor >want
	lines m.spoor 'evt.hostname = beta' >got
	cmp want got
}
