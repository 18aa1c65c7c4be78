# SPDX-License-Identifier: Apache-2.0
#
# bench_mixed.sh - what machines do: C files are compiled, pages are served on the loopback, archives and packages are packed
# and unpacked. Without recording, with it, and with the flight recorder and the rules that ship in turn: what the workload
# pays, what the recorder takes, what is lost.
#
# BENCH_PAIRS (5).

[ "$(id -u)" = 0 ] && command -v spoor-capture >/dev/null || { echo "recording needs root and spoor-capture"; exit 77; }
for p in gcc busybox curl tar dpkg-deb; do command -v $p >/dev/null || { echo "$p is not installed"; exit 77; }; done
busybox --list | grep -qx httpd || { echo "this busybox has no httpd"; exit 77; }
pairs=${BENCH_PAIRS:-5}

mkdir -p www package/DEBIAN package/usr
for ((i = 0; i < 100; i++)); do head -c $((i * 400)) /dev/zero >www/$i; done
cp -r "$SPOOR_SRC"/{format,engine} package/usr
printf '%s\n' 'Package: bench' 'Version: 1' 'Architecture: all' 'Maintainer: bench <bench@localhost>' 'Description: bench' >package/DEBIAN/control

# Its processor time and its time on the clock go to the file "took". Fails if a part of it does.
cat >work <<'EOW'
set -e
server=
trap '[ -z "$server" ] || kill $server 2>/dev/null || :' EXIT
work() {
	for f in "$SPOOR_SRC"/format/base/*.c; do gcc -O1 -D_GNU_SOURCE -I "$SPOOR_SRC" -c "$f" -o out.o; done
	for ((try = 0; try < 50; try++)); do
		port=$((20000 + RANDOM % 10000))
		busybox httpd -f -p 127.0.0.1:$port -h www 2>/dev/null & server=$!
		curl -sf --retry 100 --retry-connrefused --retry-delay 1 --max-time 20 -o /dev/null http://127.0.0.1:$port/1 &&
			kill -0 $server 2>/dev/null && break
		wait $server || :	# another has the port
	done
	for i in 1 2 3 4 5; do curl -sf -o '#1.got' "http://127.0.0.1:$port/[0-99]"; done
	kill $server
	wait $server || :
	server=
	cmp -s 99.got www/99
	for i in 1 2 3; do
		dpkg-deb -Zgzip -b package p.deb >/dev/null
		dpkg-deb -x p.deb unpacked
		tar -czf p.tar.gz package
		tar -xzf p.tar.gz -C unpacked
		rm -r unpacked
	done
}
TIMEFORMAT='%U %S %R'
{ time work 2>&3; } 3>&2 2>took
EOW

sum() { awk '{ printf "%.3f %.3f\n", $1 + $2, $3 }' took; }
median() { sort -n | awk '{ v[NR] = $1 } END { printf "%.3f", v[int((NR + 1) / 2)] }'; }

# What the flight recorder takes (ns, from the moment that it is there until all is recorded), its events, losses and alerts.
daemon=
trap '[ -z "$daemon" ] || kill -KILL $daemon' EXIT
status() { spoor-capture status --socket "$PWD/sock" -o json 2>/dev/null | jq -r '[.cpu_ns, .events, .lost, .alerts] | @tsv'; }
cat >c.yaml <<EOC
rules: {files: [$SPOOR_SRC/rules]}
ring: {size: 64MiB}
control: {socket: $PWD/sock}
triggers: {marked_rules: false}
files: {directory: $PWD/captures}
outputs: [{name: log, type: file, path: alerts}]
EOC
with_daemon() {
	local before i
	spoor-capture --daemon c.yaml 2>daemon.log >/dev/null & daemon=$!
	for ((i = 0; i < 600; i++)); do before=$(status) && [ -n "$before" ] && break; sleep 0.1; done
	sleep 1
	before=$(status)
	bash work || return
	sleep 2			# a round, and the flush after it
	echo "$before $(status)" | awk '{ print $5 - $1, $6 - $2, $7 - $3, $8 - $4 }' >daemon_took
	spoor-capture stop --socket "$PWD/sock" >/dev/null
	wait $daemon
	daemon=
}

bash work || { echo "the workload fails"; exit 1; }	# what it reads is in memory afterwards
events=0 lost=0
for ((n = 0; n < pairs; n++)); do
	bash work || exit 1
	read -r cpu wall < <(sum)
	SPOOR_LOG=info spoor-capture -w trace --force -- bash work 2>log || { cat log; exit 1; }
	read -r cpu_with wall_with < <(sum)
	e=$(sed -n 's/^\([0-9,]*\) events, .*/\1/p' log | tr -d ,)
	l=$(sed -n 's/.* events, \([0-9,]*\) lost.*/\1/p' log | tr -d ,)
	us=$(sed -n 's/.* \([0-9.]*\) us an event; .*/\1/p' log)
	bytes=$(sed -n 's/.*, \([0-9.]*\) bytes\/event$/\1/p' log)
	events=$((events + e)) lost=$((lost + l))
	with_daemon || { cat daemon.log; exit 1; }
	read -r cpu_beside _ < <(sum)
	echo "$cpu $cpu_with $wall $wall_with $us $e $bytes $cpu_beside $(cat daemon_took)" >>runs
done
of() { awk "{ printf \"%.4f\\n\", $1 }" runs | median; }
echo "mixed: events lost | $lost | $events recorded | -"
echo "mixed: the workload's processor time | $(of '$2') s | $(of '$1') s bare | $(of '$2 / $1')"
echo "mixed: the workload's time on the clock | $(of '$4') s | $(of '$3') s bare | $(of '$4 / $3')"
echo "mixed: the recorder's processor time after its start | $(of '$5 * $6 / 1000') ms | $(of '$1 * 1000') ms of the bare workload | $(of '$5 * $6 / 1e6 / $1')"
echo "mixed: the recorder's processor time an event | $(of '$5') us | $(of '$7') bytes an event | -"
sum_of() { awk "{ n += $1 } END { print n }" runs; }
echo "mixed, flight recorder with rules: events lost | $(sum_of '$11') | $(sum_of '$10') recorded | -"
echo "mixed, flight recorder with rules: the workload's processor time | $(of '$8') s | $(of '$1') s bare | $(of '$8 / $1')"
echo "mixed, flight recorder with rules: its processor time | $(of '$9 / 1e6') ms | $(of '$1 * 1000') ms of the bare workload | $(of '$9 / 1e9 / $1')"
echo "mixed, flight recorder with rules: its processor time an event | $(of '$9 / $10 / 1000') us | - | -"
echo "the flight recorder has raised $(sum_of '$12') alerts in all$(sed -E 's/^[^ ]+ [A-Za-z]+ ([^(]*) \(.*/\1/' alerts 2>/dev/null | sort | uniq -c | sort -rn | head -5 | awk '{ n = $1; $1 = ""; printf "%s%s (%d)", (NR > 1 ? "," : ", of:"), $0, n }')"
echo "$pairs pairs; medians, of ratios that of the pairs' (least and most of the processor time's: $(awk '{ r = $2 / $1; if (NR == 1 || r < a) a = r; if (r > b) b = r } END { printf "%.3f, %.3f", a, b }' runs))"
