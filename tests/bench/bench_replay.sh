#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Whole runs of spoor-replay over a million made events of programs that come and go, beside zcat of the same events as
# a .scap.gz: processor time, start and loading of the rules included. Then two threads beside one: time on the clock.

set -eu
rounds=5
make=$SPOOR_BUILD/tests/replay
"$make/make_trace" mix whole.spoor 1000000
"$make/make_segments" whole.spoor mix.spoor 100000
"$make/make_segments" mix.spoor long.spoor 200000 10
spoor-trace convert mix.spoor mix.scap.gz >/dev/null 2>&1
events=$(spoor-replay mix.spoor --stats -f 'evt.num = 0' 2>&1 | sed -n 's/^events: \([0-9,]*\) .*/\1/p' | tr -d ,)

TIMEFORMAT='%R %U %S'

# once NAME COMMAND...: the least processor time and time on the clock (ms) of a name so far are kept.
declare -A cpu wall
once() {
	local name=$1 r u s
	shift
	read -r r u s < <({ time "$@" >/dev/null 2>&1; } 2>&1)
	u=$(awk "BEGIN { print int(($u + $s) * 1000) }") r=$(awk "BEGIN { print int($r * 1000) }")
	[ "${cpu[$name]:-999999}" -le "$u" ] || cpu[$name]=$u
	[ "${wall[$name]:-999999}" -le "$r" ] || wall[$name]=$r
}
for ((i = 0; i < rounds; i++)); do
	once zcat zcat mix.scap.gz
	once none spoor-replay mix.spoor -f 'evt.num = 0' -p '%evt.num'
	once rules spoor-replay mix.spoor -r "$SPOOR_SRC/rules"
	once one spoor-replay long.spoor -r "$SPOOR_SRC/rules"
	once two spoor-replay long.spoor -r "$SPOOR_SRC/rules" -j 2
done

# row WHAT NAME TIMES: events a second of NAME over TIMES the events, against zcat.
row() {
	awk -v what="$1" -v ms="${cpu[$2]}" -v n="$events" -v k="$3" -v z="${cpu[zcat]}" 'BEGIN {
		printf "%s | %.1f million/s | %.1f million/s zcat of .scap.gz | %.2f\n", what, n * k / ms / 1000, n / z / 1000, ms / k / z }'
}
row "replay, no rules: processor time" none 1
row "replay, the shipped rules: processor time" rules 1
row "replay, the shipped rules, ten times as long" one 10
awk -v a="${wall[one]}" -v b="${wall[two]}" 'BEGIN {
	printf "replay with 2 threads: time on the clock | %d ms | %d ms with 1 | %.2f\n", b, a, b / a }'
mem() { /usr/bin/time -f %M spoor-replay "$@" -r "$SPOOR_SRC/rules" 2>&1 >/dev/null | tail -n 1; }
if [ -x /usr/bin/time ]; then
	awk -v a="$(mem mix.spoor)" -v b="$(mem long.spoor)" 'BEGIN {
		printf "memory of a replay, ten times as long | %.1f MiB | %.1f MiB | %.2f\n", b / 1024, a / 1024, b / a }'
fi
echo "$events events; of the times the least of $rounds"
