# SPDX-License-Identifier: Apache-2.0
#
# bench_daemon.sh - the flight recorder on a machine with many busy containers: its processor time without rules, with the rules
# that ship, and while files are made, ten at once; losses beside those of a plain recording, memory, and how soon a file is
# complete that was asked for.
#
# BENCH_CONTAINERS (10), BENCH_SECONDS of files being made (20), of each of the others (10), BENCH_RING (64MiB).

source "$SPOOR_SRC/tests/lib/container.bash"
[ "$(id -u)" = 0 ] && command -v spoor-capture >/dev/null || { echo "recording needs root and spoor-capture"; exit 77; }
why=$(container_missing) && { echo "$why"; exit 77; }

n=${BENCH_CONTAINERS:-10} seconds=${BENCH_SECONDS:-20} ring=${BENCH_RING:-64MiB}
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

start() {	# rules
	cat >c.yaml <<-EOC
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
	all0=$(processor_ns)
}

stop() {	# what it was doing: prints what it has cost since start
	local events lost cpu all
	read -r events lost cpu < <(status .events,.lost,.cpu_ns)
	events=$((events - events0)) lost=$((lost - lost0)) cpu=$((cpu - cpu0)) all=$(($(processor_ns) - all0))
	ctl stop >/dev/null
	wait "$daemon"
	daemon=
	echo "$n containers, $1: events lost | $lost | $events recorded | -"
	echo "$n containers, $1: processor time an event | $(ratio $cpu "$events * 1000" 2) us | - | -"
	echo "$n containers, $1: processor time | $((cpu / 1000000)) ms | $(((all - cpu) / 1000000)) ms of all others | $(ratio $cpu "$all - $cpu" 3)"
}

mkdir captures
# Each: files are read and written, programs started.
work='while :; do cat /etc/passwd /etc/hosts >/dev/null; ls -l / >/dev/null; echo x >>/tmp/x; rm /tmp/x; sleep 0.05; done'
for ((i = 0; i < n; i++)); do
	ids[i]=$(container_new_id) dirs[i]=$(mktemp -d /tmp/spoor-bench.XXXXXX)
	container_make "${dirs[i]}" "${ids[i]}" && container_run "${dirs[i]}" "${ids[i]}" /bin/sh -c "$work" >/dev/null 2>&1 &
done
for ((i = 0; i < 1200; i++)); do [ "$(runc list -q 2>/dev/null | wc -l)" -ge "$n" ] && break; sleep 0.1; done

spoor-capture -w plain.spoor -d 10s 2>plain.log
plain=$(spoor-trace info -o json plain.spoor | jq -r '[.lost, .events] | @tsv')
echo "$n containers, plain recording, 10 s: events lost | ${plain%%	*} | ${plain##*	} recorded | -"
rm plain.spoor

start ""
sleep 10
stop "no rules"
start "$SPOOR_SRC/rules"
sleep 10
stop "rules"

start "$SPOOR_SRC/rules"
most=0 began=$SECONDS
while [ $((SECONDS - began)) -lt "$seconds" ]; do
	sleep 5
	pids=()
	for ((i = 0; i < 10; i++)); do
		(t=$(date +%s%N); ctl trigger -c "${ids[(i + SECONDS) % n]}" --before 10s --after 0 --wait --reason bench >/dev/null 2>>log &&
			echo $((($(date +%s%N) - t) / 1000000)) >>times) & pids+=($!)
	done
	wait "${pids[@]}"
	memory=$(status .memory_bytes)
	[ "$memory" -le "$most" ] || most=$memory
done
took=$((SECONDS - began))
stop "rules and files, $took s"
sort -n times >sorted
files=$(wc -l <sorted) slowest=$(tail -n 1 sorted) median=$(sed -n "$((files / 2 + 1))p" sorted)
echo "$n containers: most memory of the recorder | $((most >> 20)) MiB | ring of $ring | -"
echo "$files files, ten at once: asked for to complete | median $median ms | slowest $slowest ms | -"
