#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Outputs against real receivers: files, programs, a syslog socket, an HTTP server that behaves badly, TLS, nats-server.

bats_require_minimum_version 1.5.0

setup() {
	cd "$BATS_TEST_TMPDIR"
	PATH=$SPOOR_BUILD/tests/capture:$PATH
	source "$SPOOR_SRC/tests/lib/until.bash"
}

teardown() {
	local p
	for p in "$BATS_TEST_TMPDIR"/*.pid; do
		[ -e "$p" ] && kill "$(cat "$p")" 2>/dev/null || :	# timeout hands TERM on, it cannot KILL
	done
}

# config ENTRY...: each entry the keys of one output, with ';' between lines
config() {
	local e
	echo "outputs:"
	for e; do
		printf '  - %s\n' "${e//;/$'\n    '}"
	done
} 2>&1

drive() {	# commands on standard input
	timeout -k 5 120 make_outputs conf.yaml
}

started() {	# file: it is there and not empty
	until_true test -s "$1"
}

receiver() {	# [--tls ...]
	mkdir -p r
	rm -f r/port
	python3 "$SPOOR_SRC/tests/capture/receiver.py" "$@" r 2>r/log 3>&- &
	echo $! >receiver.pid
	started r/port || { cat r/log; return 1; }
	port=$(cat r/port)
}

# The numbers of the alerts in bodies (or lines) of JSON, in order of arrival.
numbers() {
	jq -r '(.body // .) | if type == "string" then fromjson else . end | .output_fields.n' "$@" | tr '\n' ' '
}

up_to() {	# "0 1 2 ... n-1 "
	seq 0 $(($1 - 1)) | tr '\n' ' '
}

@test "file: a line each; what is wanted: priority, tags, rule, source, limit" {
	config "name: all;type: file;path: all.log" \
	       "name: text;type: file;path: text.log;format: text;mode: \"0600\"" \
	       "name: severe;type: file;path: severe.log;priority: error" \
	       "name: tagged;type: file;path: tagged.log;tags: [shell, other]" \
	       "name: untagged;type: file;path: untagged.log;tags: [other]" \
	       "name: ruled;type: file;path: ruled.log;rule: \"Web*\"" \
	       "name: audit;type: file;path: audit.log;source: k8s_audit" \
	       "name: few;type: file;path: few.log;limit: 5;limit_time: 1h" >conf.yaml
	drive <<-E
		send 10 Warning Some rule
		send 2 Critical Web server starts a shell
		wait all delivered 12 60
		wait text delivered 12 60
		wait severe delivered 2 60
		wait tagged delivered 12 60
		wait ruled delivered 2 60
		wait few delivered 5 60
	E
	[ "$(numbers all.log)" = "$(up_to 12)" ]
	[ "$(head -n 1 text.log)" = "10:00:00.000: Warning alert 0" ]
	[ "$(stat -c %a text.log)" = 600 ]
	[ "$(stat -c %a all.log)" = 640 ]
	[ "$(numbers severe.log)" = "10 11 " ]
	[ "$(numbers tagged.log)" = "$(up_to 12)" ]
	[ ! -s untagged.log ]
	[ "$(numbers ruled.log)" = "10 11 " ]
	[ ! -s audit.log ]
	[ "$(numbers few.log)" = "$(up_to 5)" ]
}

@test "stdout: alerts; what a limit holds back is counted" {
	config "name: out;type: stdout;limit: 3;limit_time: 1h" >conf.yaml
	drive >out 2>log <<-E
		send 5
		wait out delivered 3 60
	E
	[ "$(numbers out)" = "0 1 2 " ]
	grep -q '^counts out delivered=3 limited=2$' log
}

@test "stdout: a reader that goes away or does not read holds up nobody else" {
	config "name: out;type: stdout;timeout: 500ms;give_up: 1s;retry_min: 50ms;queue: 1000" \
	       "name: file;type: file;path: all.log" >conf.yaml
	mkfifo pipe
	sleep 30 <pipe 3>&- &
	echo $! >sleeper.pid
	drive >pipe 2>log <<-E
		send 2000
		wait file delivered 2000 60
		wait out given_up 1 60
		stop 0
	E
	[ "$(wc -l <all.log)" = 2000 ]
	grep -q "output 'out': cannot write to standard output" log
	# Every alert is somewhere in the counts.
	grep '^counts out' log | tail -n 1 | tr ' ' '\n' |
		awk -F= '/delivered|dropped|given_up/ { n += $2 } END { exit n != 2000 }'
}

@test "file: opened anew when asked; a folder that is not there yet; a full disk" {
	config "name: file;type: file;path: all.log;retry_min: 20ms;retry_max: 50ms" "name: full;type: file;path: /dev/full;give_up: 1s;retry_min: 50ms" >conf.yaml
	drive 2>log 3>&- <<-E &
		send 3
		wait file delivered 3 60
		touch first
		ready rotated
		reopen
		send 2
		wait file delivered 5 60
		touch second
		ready gone
		reopen
		send 2
		wait file errors 1 60
		touch third
		ready back
		wait file delivered 7 60
		wait full given_up 1 60
		stop 0
	E
	pid=$!
	started_file first && mv all.log old.log && touch rotated
	started_file second && mv all.log new.log && mkdir all.log && touch gone
	started_file third && rmdir all.log && touch back
	wait $pid
	[ "$(numbers old.log)" = "0 1 2 " ]
	[ "$(numbers new.log)" = "3 4 " ]
	[ "$(numbers all.log)" = "5 6 " ]
	grep -q "output 'file': cannot open .*all.log: Is a directory" log
	grep -q "output 'file': delivers again after" log
	grep -q "output 'full': cannot write to /dev/full: No space left" log
}

started_file() {
	until_true test -e "$1"
}

@test "program: started once, one alert a line; again when it dies; nothing of an alert is in its arguments" {
	cat >prog <<-'E'
		#!/bin/sh
		echo "start $*" >>starts
		n=0
		while read -r line; do
			printf '%s\n' "$line" >>got
			n=$((n + 1))
			[ "$1.$n" != dies.3 ] || { echo $$ >dead; exit 7; }
		done
		echo end >>starts
	E
	chmod +x prog
	config "name: prog;type: program;command: [$PWD/prog, lives]" >conf.yaml
	drive <<-E
		send 100
		wait prog delivered 100 60
		stop 60
	E
	[ "$(numbers got)" = "$(up_to 100)" ]
	[ "$(cat starts)" = $'start lives\nend' ]

	rm got starts
	config "name: prog;type: program;command: [$PWD/prog, dies];retry_min: 50ms;retry_max: 50ms" >conf.yaml
	drive 2>log 3>&- <<-E &
		send 3
		wait prog delivered 3 60
		ready ended
		send 2
		wait prog delivered 5 60
	E
	pid=$!
	started dead
	until_true has_ended "$(cat dead)"
	touch ended
	wait $pid
	[ "$(numbers got)" = "$(up_to 5)" ]
	[ "$(grep -c start starts)" = 2 ]
	grep -q "ended with status 7" log
}

@test "program: what is in its pipe when all ends it may read, though it is slow" {
	printf '%s\n' '#!/bin/sh' 'sleep 2' 'cat >got' >late
	chmod +x late
	config "name: late;type: program;command: [$PWD/late];timeout: 30s" >conf.yaml
	drive <<-E
		send 100
		wait late delivered 100 60
		stop 60
	E
	[ "$(numbers got)" = "$(up_to 100)" ]
}

has_ended() {	# pid: it is gone, or waits for its parent to see that
	! kill -0 "$1" || grep -q '^State:.Z' "/proc/$1/status"
}

@test "program: one that never reads is killed and started again, and the others do not wait" {
	cat >deaf <<-'E'
		#!/bin/sh
		echo $$ >>starts
		exec sleep 1000
	E
	chmod +x deaf
	config "name: deaf;type: program;command: [$PWD/deaf];timeout: 300ms;retry_min: 50ms;give_up: 100s" \
	       "name: file;type: file;path: all.log" >conf.yaml
	drive 2>log 3>&- <<-E &
		send 1000
		wait file delivered 1000 60
		wait deaf errors 2 60
		ready enough
		stop 0
	E
	pid=$!
	until_true eval '[ "$(wc -l <starts)" -ge 2 ]'
	touch enough
	wait $pid
	grep -q "does not read its input and was killed" log
	while read -r pid; do
		until_true has_ended "$pid"
	done <starts
}

@test "program: for each alert; time limit, status, through a shell only when asked" {
	cat >once <<-'E'
		#!/bin/sh
		cat >>got
		case $1 in
		hang) exec sleep 1000 ;;
		bad) exit 3 ;;
		esac
	E
	chmod +x once
	config "name: good;type: program;command: [$PWD/once];per_alert: yes" \
	       "name: hang;type: program;command: [$PWD/once, hang];per_alert: yes;timeout: 4s;priority: alert" \
	       "name: bad;type: program;command: [$PWD/once, bad];per_alert: yes;priority: alert" \
	       "name: shell;type: program;command: 'cat >>shell.got && echo \$((1 + 1)) >>shell.out';shell: yes;per_alert: yes;priority: alert" \
	       "name: blind;type: program;command: [/bin/true];per_alert: yes;priority: alert" >conf.yaml
	drive 2>log <<-'E'
		send 5 Warning $(touch pwned)
		send 2 Alert `touch pwned`; touch pwned
		wait good delivered 7 60
		wait bad refused 2 60
		wait shell delivered 2 60
		wait blind delivered 2 60
		wait hang refused 2 60
	E
	[ ! -e pwned ]
	[ "$(wc -l <got)" = 11 ]
	grep -q '^counts good delivered=7$' log
	grep -q '^counts bad refused=2$' log
	grep -q '^counts hang refused=2$' log
	grep -q '^counts blind delivered=2$' log
	[ "$(numbers shell.got)" = "5 6 " ]
	[ "$(cat shell.out)" = $'2\n2' ]
}

@test "syslog: the local socket, UDP and TCP; a daemon that is not there and comes" {
	cat >syslogd.py <<-'E'
		import os, signal, socket, sys
		signal.alarm(60)
		what, name = sys.argv[1:]
		out = open(name + ".got", "ab", buffering=0)
		if what == "unix":
		    s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
		    s.bind(name + ".sock")
		elif what == "udp":
		    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
		    s.bind(("127.0.0.1", 0))
		else:
		    s = socket.socket()
		    s.bind(("127.0.0.1", 0))
		    s.listen()
		if what != "unix":
		    open(name + ".new", "w").write(str(s.getsockname()[1]))
		    os.rename(name + ".new", name + ".port")
		if what == "tcp":
		    s, _ = s.accept()
		while True:
		    data = s.recv(65536)
		    if not data:
		        break
		    out.write(data + (b"\n" if what != "tcp" else b""))
	E
	for what in udp tcp; do
		python3 syslogd.py $what $what 3>&- &
		echo $! >$what.pid
		started $what.port
	done
	config "name: local;type: syslog;path: unix.sock;facility: auth;format: text;retry_min: 50ms;retry_max: 100ms" \
	       "name: udp;type: syslog;address: \"udp://127.0.0.1:$(cat udp.port)\"" \
	       "name: tcp;type: syslog;address: \"tcp://127.0.0.1:$(cat tcp.port)\";format: text" >conf.yaml
	drive 2>log 3>&- <<-E &
		send 2 Error
		wait local errors 1 60
		touch waits
		wait local delivered 2 60
		wait udp delivered 2 60
		wait tcp delivered 2 60
	E
	pid=$!
	started_file waits
	python3 syslogd.py unix unix 3>&- &
	echo $! >unix.pid
	wait $pid
	grep -q "output 'local': syslog at .*unix.sock: No such file" log
	for f in unix tcp udp; do
		started $f.got
	done
	# auth (4) and error (3): 35; daemon (3): 27. Local as syslog(3) writes it, RFC 5424 to others.
	grep -qE '^<35>[A-Z][a-z]{2} [ 0-9][0-9] [0-9:]{8} spoor\[[0-9]+\]: 10:00:00.000: Error alert 0$' unix.got
	grep -qE '^<27>1 2026-11-27T10:00:00.000000Z [^ ]+ spoor [0-9]+ alert - \{"hostname":"node-1".*"n":0' udp.got
	grep -qE '^[0-9]+ <27>1 2026-11-27T10:00:00.000000Z [^ ]+ spoor [0-9]+ alert - 10:00:00.000: Error alert 0' tcp.got
	n=$(sed 's/ .*//;q' tcp.got)
	[ "$(head -c $((n + ${#n} + 1)) tcp.got | tail -c 7)" = "alert 0" ]
}

@test "syslog: a server that hangs up loses nothing that is sent later" {
	cat >hangs_up.py <<-'E'
		import os, signal, socket
		signal.alarm(60)
		s = socket.socket()
		s.bind(("127.0.0.1", 0))
		s.listen()
		open("port.new", "w").write(str(s.getsockname()[1]))
		os.rename("port.new", "port")
		for i in range(3):
		    c, _ = s.accept()
		    open("got", "ab").write(c.recv(65536) + b"\n")
		    c.close()
		    open("closed%d" % i, "w").close()
	E
	python3 hangs_up.py 3>&- &
	echo $! >hangs_up.pid
	started port
	config "name: tcp;type: syslog;address: \"tcp://127.0.0.1:$(cat port)\";format: text" >conf.yaml
	drive 2>log <<-E
		send 1
		ready closed0
		send 1
		ready closed1
		send 1
		ready closed2
	E
	[ "$(grep -o 'alert [0-9]$' got | tr '\n' ' ')" = "alert 0 alert 1 alert 2 " ]
}

@test "http: what Falcosidekick takes, with an id; headers; a token that changes" {
	receiver
	config "name: ok;type: http;url: http://127.0.0.1:$port/ok;headers: {X-Extra: from spoor}" \
	       "name: token;type: http;url: http://127.0.0.1:$port/token/two;token_file: token;retry_min: 50ms;retry_max: 100ms" >conf.yaml
	(umask 077; echo one >token)
	http_proxy=http://127.0.0.1:1 no_proxy= drive 2>log 3>&- <<-E &	# which nobody has asked us to use
		send 3
		wait ok delivered 3 60
		wait token errors 1 60
		touch refused
		wait token delivered 3 60
	E
	pid=$!
	started_file refused
	(umask 077; echo two >token.new) && mv token.new token
	wait $pid
	jq 'select(.path == "/ok")' r/got >ok
	[ "$(numbers ok)" = "0 1 2 " ]
	jq -se 'all(.type == "application/json" and .extra == "from spoor")' ok
	[ "$(jq -r .id ok | sort -u | wc -l)" = 3 ]
	jq -se 'all(.body | fromjson | (.output | length > 0) and .priority == "Warning" and .rule == "Test rule")' ok
	grep -q "output 'token': the server answers 401" log
	! grep -q "two" log || false
}

@test "http: 500, 429 with Retry-After, 400, a redirect, no answer, nonsense, too much, too slow" {
	receiver
	u=http://127.0.0.1:$port
	fast="retry_min: 20ms;retry_max: 50ms"
	config "name: flaky;type: http;url: $u/flaky/3;$fast" \
	       "name: busy;type: http;url: $u/busy/1;$fast" \
	       "name: refuse;type: http;url: $u/refuse;$fast" \
	       "name: moved;type: http;url: $u/moved;give_up: 1s;$fast" \
	       "name: broken;type: http;url: $u/broken;give_up: 1s;$fast" \
	       "name: close;type: http;url: $u/close;give_up: 1s;$fast" \
	       "name: endless;type: http;url: $u/endless;$fast" \
	       "name: slow;type: http;url: $u/slow/30;timeout: 300ms;give_up: 1s;$fast" \
	       "name: dead;type: http;url: http://127.0.0.1:1/;give_up: 1s;$fast" >conf.yaml
	drive 2>log <<-E
		send 2
		wait flaky delivered 2 60
		wait busy delivered 2 60
		wait refuse refused 2 60
		wait endless delivered 2 60
		wait moved given_up 2 60
		wait broken given_up 2 60
		wait close given_up 2 60
		wait slow given_up 2 60
		wait dead given_up 2 60
	E
	grep -q '^counts flaky delivered=2 errors=3$' log
	[ "$(numbers <(jq 'select(.path == "/flaky/3" and .status == 204)' r/got))" = "0 1 " ]
	grep -q '^counts busy delivered=2 errors=1$' log
	grep -q '^counts refuse refused=2$' log
	grep -q "output 'moved': the server answers 302 (a redirect, which is not followed)" log
	! grep -q '"path": "/ok"' r/got || false
	grep -q "output 'slow': .*timed out" log
	grep -q "output 'dead': [12] alerts not delivered" log
}

@test "http: a pause that the server asks for is kept" {
	receiver
	config "name: busy;type: http;url: http://127.0.0.1:$port/busy/1;retry_min: 10ms;retry_max: 10ms" >conf.yaml
	begin=$(date +%s%N)
	drive <<-E
		send 1
		wait busy delivered 1 60
	E
	[ $((($(date +%s%N) - begin) / 1000000)) -ge 1000 ]
	[ "$(wc -l <r/got)" = 2 ]
}

@test "spool: a dead collector, SIGKILL, and nothing is lost" {
	config "name: siem;type: http;url: http://127.0.0.1:1/ok;spool: q;retry_min: 20ms;retry_max: 50ms" >conf.yaml
	for n in 500 1; do
		rm -f spooled
		drive 2>>log 3>&- <<-E &
			send $n
			wait siem waiting 1 60
			ready spooled
			kill
		E
		pid=$!
		until_true eval '[ "$(cat q/*.spool | grep -ao "\"n\":$((n - 1))," | wc -l)" = $((n == 1 ? 2 : 1)) ]'
		touch spooled
		! wait $pid || false
	done
	receiver
	config "name: siem;type: http;url: http://127.0.0.1:$port/ok;spool: q;retry_min: 20ms;retry_max: 50ms" >conf.yaml
	! drive 2>>log <<-E || false
		wait siem delivered 100 60
		kill
	E
	drive 2>>log <<-E
		quiet siem 60
	E
	# Each at least once: those that were on the way when it was killed, twice.
	[ "$(numbers r/got | tr ' ' '\n' | sed /^$/d | sort -nu | wc -l)" = 500 ]
	[ "$(wc -l <r/got)" -le 520 ]
	[ "$(jq -r .id r/got | sort -u | wc -l)" = 501 ]
}

@test "spool: its bound holds, what has no room is counted; an end without collector leaves it for the next start" {
	config "name: siem;type: http;url: http://127.0.0.1:1/ok;spool: q;spool_bytes: 128KiB;retry_min: 20ms" >conf.yaml
	drive 2>log <<-E
		send 2000
		wait siem dropped 100 60
	E
	n=$(sed -n "s/.*output 'siem': \([0-9]*\) alerts stay in .*q until the next start/\1/p" log)
	dropped=$(sed -n 's/^counts siem .*dropped=\([0-9]*\).*/\1/p' log)
	[ "$((n + dropped))" = 2000 ]
	[ "$(du -bs --exclude=cursor q/*.spool | awk '{ n += $1 } END { print n }')" -le 131072 ]
	receiver
	sed -i "s,127.0.0.1:1/,127.0.0.1:$port/," conf.yaml
	drive <<<"quiet siem 60"
	[ "$(numbers r/got)" = "$(up_to "$n")" ]
}

@test "spool: a folder that cannot be written to: alerts are delivered from memory" {
	[ "$(id -u)" = 0 ] || skip "mounting needs root"
	mkdir q
	mount -t tmpfs -o size=16k none q 2>/dev/null || skip "nothing can be mounted here"
	receiver
	config "name: siem;type: http;url: http://127.0.0.1:$port/ok;spool: q" >conf.yaml
	drive 2>log <<-E || { umount -l q; cat log; return 1; }
		send 500
		wait siem delivered 500 60
	E
	umount -l q
	[ "$(numbers r/got | tr ' ' '\n' | sed /^$/d | sort -nu | wc -l)" = 500 ]
}

@test "configuration: what is wrong is named with its place" {
	wrong() {
		printf '%s\n' "outputs:" "  - name: x" "$@" >conf.yaml
		run -1 drive </dev/null
		echo "$output"
	}
	wrong "    type: http" | grep -q "http needs a url"
	wrong "    type: http" "    url: ftp://x/" | grep -q "no URL that begins with"
	wrong "    type: file" "    path: a" "    url: http://x/" | grep -q "conf.yaml:5:10: 'url' is no key of an output of type file"
	wrong "    type: syslog" "    facility: kitchen" | grep -q "'kitchen' is no facility"
	wrong "    type: syslog" "    address: x:1" | grep -q "no address of a syslog"
	wrong "    type: program" "    command: [ls]" | grep -q "whole path"
	wrong "    type: program" "    command: [/no/such]" | grep -q "cannot run '/no/such'"
	wrong "    type: nats" "    url: nats://x:1" "    subject: 'a.{pid}'" | grep -q "no subject"
	wrong "    type: http" "    url: https://x/" "    ca: nowhere.pem" | grep -q "nowhere.pem.*cannot read"
	wrong "    type: http" "    url: https://x/" "    token_file: nowhere" | grep -q "nowhere.*cannot read the token"
	echo open >open-token
	chmod 644 open-token
	wrong "    type: http" "    url: https://x/" "    token_file: open-token" | grep -q "open-token.*everybody can read this token"
	wrong "    type: file" "    path: a" "    mode: rw" | grep -q "no mode of a file"
	printf '%s\n' "outputs:" "  - {name: x, type: stdout}" "  - {name: x, type: stdout}" >conf.yaml
	run -1 drive </dev/null
	[[ $output == *"two outputs of the name 'x'"* ]]
}

@test "the reference of the keys in the document is that of the tables (make bless writes it)" {
	doc=$SPOOR_SRC/docs/OUTPUTS.md
	make_outputs --reference >reference
	sed '/^<!-- keys -->$/q' "$doc" >want
	cat reference >>want
	if [ -n "${SPOOR_BLESS:-}" ]; then
		cp want "$doc"
	fi
	diff want "$doc"
}

@test "others in their place: what is unchanged stays, a spool goes over, what waits is delivered, a mistake changes nothing" {
	receiver
	config "name: same;type: file;path: same.log" "name: gone;type: file;path: gone.log" \
	       "name: out;type: http;url: 'http://127.0.0.1:1/';spool: spool;retry_min: 50ms;retry_max: 50ms" >conf.yaml
	config "name: same;type: file;path: same.log" "name: new;type: file;path: new.log" \
	       "name: renamed;type: http;url: 'http://127.0.0.1:$port/ok';spool: spool;retry_min: 50ms;retry_max: 50ms" >second.yaml
	config "name: same;type: file;path: same.log" "name: a;type: file;path: a.log;spool: spool2" \
	       "name: b;type: file;path: no/such/folder/b.log" >wrong.yaml
	config "name: a;type: file;path: a.log;spool: spool" "name: b;type: file;path: b.log;spool: spool" >twice.yaml
	drive 2>log <<-E
		send 10
		wait out errors 1 60
		reload wrong.yaml
		reload twice.yaml
		send 10
		wait gone delivered 20 60
		reload second.yaml
		send 10
		wait same delivered 30 60
		wait new delivered 10 60
		wait renamed delivered 30 60
		reload conf.yaml
		reload second.yaml
		send 10
		wait renamed delivered 40 60
		wait same delivered 40 60
		reload second.yaml
		send 1
	E
	[ "$(numbers same.log)" = "$(up_to 41)" ]
	[ "$(numbers gone.log)" = "$(up_to 20)" ]
	[ "$(numbers new.log | wc -w)" = 21 ]
	[ "$(numbers r/got | tr ' ' '\n' | sort -nu | tr '\n' ' ')" = "$(up_to 41)" ]
	[ ! -s a.log ]
	grep -q 'not reloaded: .*no/such/folder' log
	grep -q "not reloaded: .*two outputs have this spool: 'a' and 'b'" log
	grep -q '^counts renamed delivered=41' log
	! grep -q 'until the next start' log || false
}

@test "spool: what the other side never takes is given up in time, counted and said, and what is behind it delivered" {
	receiver
	config "name: out;type: http;url: 'http://127.0.0.1:$port/fail';spool: spool;give_up: 1s;retry_min: 50ms;retry_max: 50ms" >conf.yaml
	config "name: out;type: http;url: 'http://127.0.0.1:$port/ok';spool: spool;give_up: 1h" >next.yaml
	drive 2>log <<-E
		send 2
		wait out given_up 2 60
	E
	grep -q '^counts out given_up=2' log
	grep -q "output 'out': .* alerts not delivered (so far: .* given up" log
	drive 2>log <<-E
		send 2
		wait out errors 1 60
		reload next.yaml
		wait out delivered 2 60
	E
	grep -q '^counts out delivered=2' log
}
