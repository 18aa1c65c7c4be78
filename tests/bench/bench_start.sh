# SPDX-License-Identifier: Apache-2.0
#
# bench_start.sh - from the start of the recorder to its first event, with 50, 500 and 5,000 processes there: against an empty machine's.
# What is left out is the end of the process: the time is that of a recording of one event.

[ "$(id -u)" = 0 ] && command -v spoor-capture >/dev/null || { echo "recording needs root and spoor-capture"; exit 77; }
crowd=$SPOOR_BUILD/tests/capture/progs/crowd
[ -x "$crowd" ] || { echo "$crowd is not built"; exit 77; }

once() {	# ms
	local begin=$EPOCHREALTIME end
	spoor-capture -w trace --force -n 1 2>log || { cat log; exit 1; }
	end=$EPOCHREALTIME
	echo $(((${end/./} - ${begin/./}) / 1000))
}

median() {
	sort -n | sed -n 3p
}

run() {	# processes: the median of five, and the size of the trace
	coproc "$crowd" "$1"
	read -r _ <&"${COPROC[0]}"
	ms=$(for _ in 1 2 3 4 5; do once; done | median)
	bytes=$(stat -c %s trace)
	eval "exec ${COPROC[1]}>&-"
	wait "$COPROC_PID"
}

run 0
none=$ms
for n in 50 500 5000; do
	run $n
	echo "start to first event, $n processes more | $ms ms | $none ms | $(awk "BEGIN { printf \"%.2f\", $ms / $none }")"
	echo "the trace of one event with $n processes more takes $((bytes / 1024)) KiB"
done
