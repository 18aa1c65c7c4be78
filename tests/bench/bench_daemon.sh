# SPDX-License-Identifier: Apache-2.0
#
# bench_daemon.sh - the flight recorder on a machine with many busy containers: its processor time without rules, with the rules
# that ship, and while files are made, ten asked for at once; what it loses, beside a plain recording of the same length; its memory
# against its bound; how soon a file is complete; how long the recording thread has waited for a processor, and at which priority.
#
# BENCH_CONTAINERS (10), BENCH_SECONDS of files being made (20), BENCH_PLAIN of the plain recording (as long), BENCH_SHORT of each of the
# others (10), BENCH_RING (64MiB), BENCH_REALTIME (true; false: both at nice -10).

source "$SPOOR_SRC/tests/lib/container.bash"
[ "$(id -u)" = 0 ] && command -v spoor-capture >/dev/null || { echo "recording needs root and spoor-capture"; exit 77; }
why=$(container_missing) && { echo "$why"; exit 77; }

n=${BENCH_CONTAINERS:-10} seconds=${BENCH_SECONDS:-20} short=${BENCH_SHORT:-10} ring=${BENCH_RING:-64MiB}
plain=${BENCH_PLAIN:-$seconds}
realtime=${BENCH_REALTIME:-true}
here=$PWD daemon= ids=() dirs=()

end() {
	local i
	for ((i = 0; i < ${#ids[@]}; i++)); do container_remove "${dirs[i]}" "${ids[i]}"; done
	[ -z "$daemon" ] || kill -KILL "$daemon" 2>/dev/null
}
trap end EXIT

ctl() {
	local command=$1
	shift
	spoor-capture "$command" --socket "$here/sock" "$@"
}
status() { ctl status -o json | jq -r "[$1] | @tsv"; }
processor_ns() { awk '/^cpu / { printf "%.0f\n", ($2 + $3 + $4 + $7 + $8) * 10000000 }' /proc/stat; }
ratio() { awk "BEGIN { printf \"%.$3f\", ($1) / ($2) }"; }
ms() { awk "BEGIN { printf \"%.1f ms\", $1 / 1000000 }"; }
waited_ns() { cut -d ' ' -f 2 "/proc/$1/task/$1/schedstat"; }	# runnable, and on no processor: sched-stats of the kernel's documentation
wanting() { sed 's/.* \([0-9]*\)\/.*/\1/' /proc/loadavg; }	# threads that run or want to

plain() {
	local pid i began waited waited0 events lost
	spoor-capture -w plain.spoor -d "${plain}s" $([ "$realtime" = false ] || echo --realtime) 2>plain.log & pid=$!
	for ((i = 0; i < 600; i++)); do [ -s plain.spoor ] && break; sleep 0.1; done
	sleep 1
	began=$SECONDS waited0=$(waited_ns $pid) waited=0
	while [ $((SECONDS - began)) -lt $((plain - 2)) ] && [ -d /proc/$pid ]; do
		waited=$(waited_ns $pid 2>/dev/null || echo "$waited")
		sleep 1
	done
	wait $pid
	read -r lost events < <(spoor-trace info -o json plain.spoor | jq -r '[.lost, .events] | @tsv')
	echo "$n containers, plain recording, $plain s: events lost | $lost | $events recorded | $(ratio "$lost" "$events + $lost" 5)"
	echo "the same: waited for a processor | $(ms $((waited - waited0))) | - | -"
	rm plain.spoor
}

start() {	# rules
	cat >c.yaml <<-EOC
		capture: {realtime: $realtime}
		rules: {files: [$1]}
		ring: {size: $ring}
		control: {socket: $here/sock}
		triggers: {marked_rules: false}
		files: {directory: captures, per_source: off, max_bytes: 1GiB}
		outputs: [{name: log, type: file, path: alerts}]
	EOC
	spoor-capture --daemon c.yaml 2>>log >/dev/null & daemon=$!
	for ((i = 0; i < 600; i++)); do ctl status >/dev/null 2>&1 && break; sleep 0.1; done
	sleep 1
	read -r events0 lost0 cpu0 < <(status .events,.lost,.cpu_ns)
	all0=$(processor_ns) waited0=$(waited_ns "$daemon")
}

stop() {	# what it was doing: prints what it has cost since start
	local events lost cpu all waited pause round policy
	read -r events lost cpu pause round < <(status .events,.lost,.cpu_ns,.longest_pause_ns,.longest_round_ns)
	policy=$(ctl status -o json | jq -r '.priority | "\(.policy) \(.realtime), nice \(.nice)\(if .refused then "; " + .refused else "" end)"')
	events=$((events - events0)) lost=$((lost - lost0)) cpu=$((cpu - cpu0)) all=$(($(processor_ns) - all0))
	waited=$(($(waited_ns "$daemon") - waited0))
	ctl stop >/dev/null
	wait "$daemon"
	daemon=
	echo "$n containers, $1: events lost | $lost | $events recorded | $(ratio $lost "$events + $lost" 5)"
	echo "the same: processor time an event | $(ratio $cpu "$events * 1000" 2) us | - | -"
	echo "the same: processor time | $((cpu / 1000000)) ms | $(((all - cpu) / 1000000)) ms of all others | $(ratio $cpu "$all - $cpu" 3)"
	echo "the same: waited for a processor | $(ms $waited) | longest pause $(ms "$pause"), round $(ms "$round") | -"
	echo "$1: $policy"
}

ask() {	# container: how long it has taken, in ms, as who asks sees it and from trigger to last byte
	local t=$(date +%s%N) file made
	file=$(ctl trigger -c "$1" --before 10s --after 0 --wait --reason bench 2>>log) || return
	echo $((($(date +%s%N) - t) / 1000000)) >>asked
	# HOST--CONTAINER--RULE--20261128T140307.123Z-7.spoor
	made=$(date -d "$(sed -E 's/.*--(....)(..)(..)T(..)(..)([0-9.]*)Z-[0-9]*\.spoor$/\1-\2-\3T\4:\5:\6/' <<<"$file")Z" +%s%3N)
	echo $(($(date -r "captures/$file" +%s%3N) - made)) >>made
}

times() {	# file of ms: median, slowest
	sort -n "$1" >sorted
	echo "median $(sed -n "$(($(wc -l <sorted) / 2 + 1))p" sorted) ms | slowest $(tail -n 1 sorted) ms"
}

files() {
	local most=0 ring_most=0 ring_max=0 load=0 rounds=0 pids memory bytes parts
	start "$SPOOR_SRC/rules"
	began=$SECONDS
	while [ $((SECONDS - began)) -lt "$seconds" ]; do
		sleep 5
		pids=()
		for ((i = 0; i < 10; i++)); do
			ask "${ids[(i + SECONDS) % n]}" & pids+=($!)
		done
		load=$((load + $(wanting))) rounds=$((rounds + 1))
		wait "${pids[@]}"
		read -r memory bytes ring_max < <(status .memory_bytes,.ring.bytes,.ring.max_bytes)
		[ "$bytes" -le "$ring_most" ] || ring_most=$bytes
		[ "$memory" -le "$most" ] && continue
		most=$memory
		parts=$(ctl status -o json | jq -r '.memory | map_values(. / 1048576 | floor) | "ring \(.ring), buffers \(.buffers), else \(.process) MiB"')
	done
	stop "rules and files, $((SECONDS - began)) s"
	echo "the same: most memory of the recorder | $((most >> 20)) MiB | $parts | -"
	echo "the same: ring, most against its bound | $((ring_most >> 10)) KiB | $((ring_max >> 10)) KiB | $(ratio $ring_most $ring_max 3)"
	echo "$(wc -l <asked) files of $((rounds * 10)) asked for, ten at once: asked for to complete | $(times asked) | -"
	echo "the same: trigger to last byte | $(times made) | -"
	echo "threads that ran or wanted to: $((load / rounds)) on $(nproc) processors, mean of $rounds looks"
}

mkdir captures
# Each: files are read and written, programs started.
work='while :; do cat /etc/passwd /etc/hosts >/dev/null; ls -l / >/dev/null; echo x >>/tmp/x; rm /tmp/x; sleep 0.05; done'
for ((i = 0; i < n; i++)); do
	ids[i]=$(container_new_id) dirs[i]=$(mktemp -d /tmp/spoor-bench.XXXXXX)
	container_make "${dirs[i]}" "${ids[i]}" && container_run "${dirs[i]}" "${ids[i]}" /bin/sh -c "$work" >/dev/null 2>&1 &
done
for ((i = 0; i < 1200; i++)); do [ "$(runc list -q 2>/dev/null | wc -l)" -ge "$n" ] && break; sleep 0.1; done

plain
start ""
sleep "$short"
stop "no rules"
start "$SPOOR_SRC/rules"
sleep "$short"
stop "rules"
files
