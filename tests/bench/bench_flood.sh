# SPDX-License-Identifier: Apache-2.0
#
# bench_flood.sh - a program that makes twelve million system calls on one processor, the recorder on the other: what is
# lost, what the recorder's work on an event costs, what the recording costs the program. Half of the calls carry bytes or paths.

[ "$(id -u)" = 0 ] && command -v spoor-capture >/dev/null || { echo "recording needs root and spoor-capture"; exit 77; }
[ "$(nproc)" -gt 1 ] || { echo "needs two processors"; exit 77; }
flood=$SPOOR_BUILD/tests/capture/progs/flood
[ -x "$flood" ] || { echo "$flood is not built"; exit 77; }

run() {	# millions [rate]
	SPOOR_LOG=info taskset -c 1 spoor-capture -w trace --force -- "$flood" "$@" 2>log || { cat log; exit 1; }
	took=$(sed -n 's/^\([0-9.]*\) s$/\1/p' log)
	events=$(sed -n 's/^\([0-9,]*\) events, .*/\1/p' log | tr -d ,)
	lost=$(sed -n 's/.* events, \([0-9,]*\) lost.*/\1/p' log | tr -d ,)
	bytes=$(sed -n 's/.*, \([0-9.]*\) bytes\/event$/\1/p' log)
	cost=$(sed -n 's/.* \([0-9.]*\) us an event; .*/\1/p' log)
	memory=$(sed -n 's/.*; \([0-9]*\) KiB of memory.*/\1/p' log)
}

bare=$("$flood" 12.1 2>&1 | sed 's/ s$//')
run 12.1 605
echo "flood of 605 thousand calls a second: events lost | $lost | $events recorded | -"
echo "flood: recorder's processor time an event, compressed | $cost us | - | -"
echo "flood: bytes per event | $bytes B | - | -"
run 12.1
echo "flood as fast as it goes: events lost | $lost | $events recorded | -"
echo "flood as fast as it goes: the program's time | $took s | $bare s bare | $(awk "BEGIN { printf \"%.2f\", $took / $bare }")"
echo "the recorder used $memory KiB of memory"
