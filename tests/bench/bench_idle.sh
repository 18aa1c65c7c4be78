# SPDX-License-Identifier: Apache-2.0
#
# bench_idle.sh - the flight recorder with the rules that ship, a ring and a server, where little happens: what it takes
# a second, how often its threads wake, and its memory. What else runs on the machine is recorded, and said.
#
# BENCH_SECONDS (10).

[ "$(id -u)" = 0 ] && command -v spoor-capture >/dev/null || { echo "recording needs root and spoor-capture"; exit 77; }
seconds=${BENCH_SECONDS:-10}

cat >c.yaml <<EOC
rules: {files: [$SPOOR_SRC/rules]}
ring: {size: 64MiB}
control: {socket: $PWD/sock}
http: {listen: "unix:$PWD/http"}
files: {directory: $PWD/captures}
outputs: [{name: log, type: file, path: alerts}]
EOC
daemon=
trap '[ -z "$daemon" ] || kill -KILL $daemon' EXIT
spoor-capture --daemon c.yaml 2>daemon.log >/dev/null & daemon=$!
status() { spoor-capture status --socket "$PWD/sock" -o json 2>/dev/null; }
for ((i = 0; i < 600; i++)); do [ -n "$(status)" ] && break; sleep 0.1; done
[ -n "$(status)" ] || { cat daemon.log; exit 1; }
sleep 3				# what the start has left to be written

# Processor time in ns, wake-ups, of all threads: reading that makes no calls of the daemon's.
take() {
	cat /proc/$daemon/task/*/schedstat | awk '{ cpu += $1 } END { printf "%.0f ", cpu }'
	cat /proc/$daemon/task/*/status | awk '/^voluntary_ctxt_switches/ { n += $2 } END { print n }'
}
events=$(status | jq .events)
before=$(take)
sleep "$seconds"
after=$(take)
read -r events process buffers ring < <(status | jq -r "[.events - $events, .memory.process, .memory.buffers, .memory.ring] | @tsv")
echo "$before $after" | awk -v s="$seconds" '{
	printf "idle: processor time of the flight recorder, a second | %.2f ms | 1000 ms | %.5f\n", ($3 - $1) / 1e6 / s, ($3 - $1) / 1e9 / s
	printf "idle: wake-ups of all its threads, a second | %.1f | - | -\n", ($4 - $2) / s }'
awk -v p="$process" -v b="$buffers" -v r="$ring" 'BEGIN {
	printf "idle: its memory | %.0f MiB | of its own %.0f, the kernel'\''s buffers %.0f, ring %.1f | -\n", (p + b + r) / 1048576, p / 1048576, b / 1048576, r / 1048576 }'
awk -v n="$events" -v s="$seconds" 'BEGIN { printf "what else ran here made %.0f events a second, the two looks at the daemon among them\n", n / s }'
spoor-capture stop --socket "$PWD/sock" >/dev/null
wait $daemon
daemon=
