# SPDX-License-Identifier: Apache-2.0
#
# bench_daemon.sh - the flight recorder on a machine with many busy containers and the rules that ship: memory, losses, its
# processor time against theirs, and how soon a file is complete that was asked for, ten at once.
#
# BENCH_CONTAINERS (10), BENCH_SECONDS (20), BENCH_RING (64MiB).

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
status() { ctl status -o json | jq -r "$1"; }

mkdir captures
cat >c.yaml <<-EOC
	rules: {files: $SPOOR_SRC/rules}
	ring: {size: $ring}
	control: {socket: $here/sock}
	files: {directory: captures, per_source: off}
	outputs: [{name: log, type: file, path: alerts}]
EOC
spoor-capture --daemon c.yaml 2>log >/dev/null & daemon=$!
for ((i = 0; i < 600; i++)); do ctl status >/dev/null 2>&1 && break; sleep 0.1; done

# Each: files are read and written, programs started, connections tried.
work='while :; do cat /etc/passwd /etc/hosts >/dev/null; ls -l / >/dev/null; echo x >>/tmp/x; rm /tmp/x; sleep 0.05; done'
for ((i = 0; i < n; i++)); do
	ids[i]=$(container_new_id) dirs[i]=$(mktemp -d /tmp/spoor-bench.XXXXXX)
	container_make "${dirs[i]}" "${ids[i]}" && container_run "${dirs[i]}" "${ids[i]}" /bin/sh -c "$work" >/dev/null 2>&1 &
done
for ((i = 0; i < 600; i++)); do [ "$(runc list -q | wc -l)" -ge "$n" ] && break; sleep 0.1; done

processor_ns() { awk '/^cpu / { printf "%.0f\n", ($2 + $3 + $4 + $7 + $8) * 10000000 }' /proc/stat; }

events0=$(status .events) lost0=$(status .lost) cpu0=$(status .cpu_ns) all0=$(processor_ns) most=0 slowest=0 files=0
began=$SECONDS
while [ $((SECONDS - began)) -lt "$seconds" ]; do
	sleep 5
	pids=()
	for ((i = 0; i < 10; i++)); do
		(t=$(date +%s%N); ctl trigger -c "${ids[i % n]}" --before 10s --after 0 --wait --reason bench >/dev/null 2>>log &&
			echo $((($(date +%s%N) - t) / 1000000)) >>times) & pids+=($!)
	done
	wait "${pids[@]}"
	memory=$(status .memory_bytes)
	[ "$memory" -le "$most" ] || most=$memory
done
events=$(($(status .events) - events0)) lost=$(($(status .lost) - lost0))
cpu=$(($(status .cpu_ns) - cpu0)) all=$(($(processor_ns) - all0)) took=$((SECONDS - began))
ctl stop >/dev/null
wait "$daemon"
daemon=
sort -n times >sorted
files=$(wc -l <sorted) slowest=$(tail -n 1 sorted) median=$(sed -n "$((files / 2 + 1))p" sorted)
echo "$n containers, $took s: events lost | $lost | $events recorded | -"
echo "$n containers: recorder's processor time | $((cpu / 1000000)) ms | $((all / 1000000)) ms of the machine | $(awk "BEGIN { printf \"%.3f\", $cpu / $all }")"
echo "$n containers: recorder's processor time an event | $(awk "BEGIN { printf \"%.2f\", $cpu / 1000 / $events }") us | - | -"
echo "$n containers: most memory of the recorder | $((most >> 20)) MiB | ring of $ring | -"
echo "$files files, ten at once: asked for to complete | median $median ms | slowest $slowest ms | -"
