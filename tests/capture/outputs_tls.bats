#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Outputs over TLS, with certificates made here, and to a real nats-server: subjects, logins, restarts.

bats_require_minimum_version 1.5.0

# An authority, a server's certificate for 127.0.0.1, one for another name, a client's; and another authority.
setup_file() {
	cd "$BATS_FILE_TMPDIR"
	cert() {	# NAME AUTHORITY SUBJECT-ALTERNATIVE
		openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$1.key" -out "$1.csr" -subj "/CN=$1"
		openssl x509 -req -in "$1.csr" -CA "$2.pem" -CAkey "$2.key" -CAcreateserial -days 2 -out "$1.pem" \
			-extfile <(echo "subjectAltName=$3")
	} 2>/dev/null
	for ca in ca other; do
		openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -keyout $ca.key -out $ca.pem \
			-subj "/CN=$ca" 2>/dev/null
	done
	cert server ca IP:127.0.0.1
	cert elsewhere ca DNS:elsewhere.example
	cert client ca DNS:client
	cert stranger other DNS:client
}

setup() {
	cd "$BATS_TEST_TMPDIR"
	PATH=$SPOOR_BUILD/tests/capture:$PATH
	source "$SPOOR_SRC/tests/lib/until.bash"
	c=$BATS_FILE_TMPDIR
}

teardown() {
	local p
	for p in "$BATS_TEST_TMPDIR"/*.pid; do
		[ -e "$p" ] && kill -KILL "$(cat "$p")" 2>/dev/null || :
	done
}

config() {
	local e
	echo "outputs:"
	for e; do
		printf '  - %s\n' "${e//;/$'\n    '}"
	done
}

drive() {
	timeout -k 5 120 make_outputs conf.yaml || { cat log; return 1; }
}

receiver() {	# NAME [--tls ...] -> $port
	local name=$1
	shift
	mkdir -p "$name"
	python3 "$SPOOR_SRC/tests/capture/receiver.py" "$@" "$name" 2>"$name/log" 3>&- &
	echo $! >"$name.pid"
	until_true test -s "$name/port" || { cat "$name/log"; return 1; }
	port=$(cat "$name/port")
}

@test "https: certificates are checked, both sides' " {
	receiver good --tls "$c/server.pem" "$c/server.key"
	good=https://127.0.0.1:$port/ok
	receiver named --tls "$c/elsewhere.pem" "$c/elsewhere.key"
	named=https://127.0.0.1:$port/ok
	receiver both --tls "$c/server.pem" "$c/server.key" "$c/ca.pem"
	both=https://127.0.0.1:$port/ok
	fast="give_up: 1s;retry_min: 100ms;retry_max: 200ms"
	config "name: good;type: http;url: $good;ca: $c/ca.pem" \
	       "name: system;type: http;url: $good;$fast" \
	       "name: otherca;type: http;url: $good;ca: $c/other.pem;$fast" \
	       "name: wrongname;type: http;url: $named;ca: $c/ca.pem;$fast" \
	       "name: careless;type: http;url: $named;verify: no" \
	       "name: plain;type: http;url: ${good/https/http};$fast" \
	       "name: client;type: http;url: $both;ca: $c/ca.pem;certificate: $c/client.pem;key: $c/client.key" \
	       "name: nobody;type: http;url: $both;ca: $c/ca.pem;$fast" \
	       "name: stranger;type: http;url: $both;ca: $c/ca.pem;certificate: $c/stranger.pem;key: $c/stranger.key;$fast" >conf.yaml
	drive 2>log <<-E
		send 1
		wait good delivered 1 60
		wait careless delivered 1 60
		wait client delivered 1 60
		wait system given_up 1 60
		wait otherca given_up 1 60
		wait wrongname given_up 1 60
		wait plain given_up 1 60
		wait nobody given_up 1 60
		wait stranger given_up 1 60
	E
	for o in system otherca wrongname; do
		grep -q "output '$o': SSL" log
	done
	[ "$(cat good/got named/got both/got | wc -l)" = 3 ]
}

# --- NATS --------------------------------------------------------------------------------------------------

# A subscriber, by the text protocol: "SUBJECT<tab>header Nats-Msg-Id<tab>BODY" a line into a file.
subscriber() {	# PORT FILE [USER PASSWORD]
	cat >sub.py <<-'E'
		import json, signal, socket, sys
		signal.alarm(60)
		port, name, *login = sys.argv[1:]
		s = socket.create_connection(("127.0.0.1", int(port)))
		f = s.makefile("rwb")
		options = {"verbose": False, "pedantic": False, "headers": True}
		if login:
		    options.update(user=login[0], **{"pass": login[1]})
		f.readline()
		f.write(b"CONNECT " + json.dumps(options).encode() + b"\r\nSUB > 1\r\nPING\r\n")
		f.flush()
		out = open(name + ".got", "a", buffering=1)
		for line in f:
		    word = line.split()
		    if word[:1] == [b"PING"]:
		        f.write(b"PONG\r\n")
		        f.flush()
		    elif word[:1] == [b"PONG"]:
		        open(name + ".ready", "w").write("1")
		    elif word[:1] in ([b"MSG"], [b"HMSG"]):
		        n = int(word[-1])
		        data = f.read(n + 2)[:n]
		        head = b""
		        if word[0] == b"HMSG":
		            head, data = data[:int(word[-2])], data[int(word[-2]):]
		        ids = [h.split(b":", 1)[1].strip().decode() for h in head.split(b"\r\n") if h.startswith(b"Nats-Msg-Id")]
		        out.write("%s\t%s\t%s\n" % (word[1].decode(), "".join(ids), data.decode()))
	E
	rm -f "$2.ready"
	python3 sub.py "$@" 2>"$2.log" 3>&- &
	echo $! >"sub$2.pid"
	until_true test -s "$2.ready" || { cat "$2.log"; return 1; }
}

# A port that nobody has, and that nobody is given meanwhile: those that the kernel gives are others.
free_port() {
	python3 -c '
import random, socket
first = int(open("/proc/sys/net/ipv4/ip_local_port_range").read().split()[0])
while True:
    port = random.randrange(1024, max(first, 20000))
    try:
        socket.create_server(("127.0.0.1", port)).close()
    except OSError:
        continue
    print(port)
    break'
}

server() {	# NAME ARGS...: a nats-server; its port is $nport, which stays for the next of that name
	local name=$1
	shift
	[ -s "$name.nport" ] || free_port >"$name.nport"
	nport=$(cat "$name.nport")
	nats-server -a 127.0.0.1 -p "$nport" "$@" >"$name.nlog" 2>&1 3>&- &
	echo $! >"$name.pid"
	until_true grep -q "Server is ready" "$name.nlog" || { cat "$name.nlog"; return 1; }
}

need_nats() {
	command -v nats-server >/dev/null || skip "nats-server is not installed"
}

@test "nats: subjects by priority and rule, whatever the rule is called; an id" {
	need_nats
	server one
	subscriber "$nport" all
	config "name: nats;type: nats;url: nats://127.0.0.1:$nport" \
	       "name: mine;type: nats;url: nats://127.0.0.1:$nport;subject: SEC.{source}.{container}.{priority};priority: alert" >conf.yaml
	drive 2>log <<-'E'
		send 2 Notice Terminal shell in container
		send 1 Critical  Évil.> *rule* {{x}}
		send 1 Alert ///
		wait nats delivered 4 60
		wait mine delivered 1 60
	E
	until_true eval '[ "$(wc -l <all.got)" = 5 ]'
	[ "$(cut -f 1 all.got | sort)" = "SEC.syscall.3f2a9c1d7e55.alert
falco.alert.unknown
falco.critical.vil_rule_x
falco.notice.terminal_shell_in_container
falco.notice.terminal_shell_in_container" ]
	[ "$(cut -f 2 all.got | sort -u | wc -l)" = 4 ]
	cut -f 3 all.got | jq -se 'length == 5 and all(.output_fields["container.id"] == "3f2a9c1d7e55")'
}

@test "nats: a server that is not there, comes, goes and comes again" {
	need_nats
	server one
	kill -KILL "$(cat one.pid)"
	config "name: nats;type: nats;url: nats://127.0.0.1:$nport;retry_min: 50ms;retry_max: 200ms;timeout: 2s" >conf.yaml
	drive 2>log <<-E 3>&- &
		send 10
		wait nats errors 1 60
		touch down
		wait nats delivered 10 60
		touch up
		ready gone
		send 10
		wait nats errors 2 60
		touch down2
		wait nats delivered 20 60
	E
	pid=$!
	until_true test -e down
	server one
	until_true test -e up
	kill -KILL "$(cat one.pid)"
	wait "$(cat one.pid)" 2>/dev/null || :
	touch gone
	until_true test -e down2
	server one
	wait $pid || { cat log; return 1; }
	grep -q "^counts nats delivered=20 errors=" log
	grep -q "output 'nats': nats: .*; 10 alerts wait" log
}

@test "nats: the end waits neither for a server that says nothing nor for one that does not answer any more" {
	need_nats
	python3 -c 'import socket, time
s = socket.socket(); s.bind(("127.0.0.1", 0)); s.listen()
open("silent.tmp", "w").write(str(s.getsockname()[1]))
__import__("os").rename("silent.tmp", "silent.port")
c = s.accept(); open("accepted", "w"); time.sleep(600)' 3>&- &
	echo $! >silent.pid
	until_true test -s silent.port
	config "name: silent;type: nats;url: nats://127.0.0.1:$(cat silent.port);timeout: 10m" >conf.yaml
	drive 2>log <<-'E'
		send 1
		ready accepted
		stop 0
	E
	grep -q "^counts silent given_up=1" log
	server one
	config "name: stopped;type: nats;url: nats://127.0.0.1:$nport;timeout: 10m" >conf.yaml
	drive 2>log <<-'E' 3>&- &
		send 1
		wait stopped delivered 1 60
		touch delivered
		ready stopped
		send 1
		stop 1
	E
	pid=$!
	until_true test -e delivered
	kill -STOP "$(cat one.pid)"
	touch stopped
	wait $pid || { cat log; return 1; }
	grep -q "^counts stopped delivered=1 given_up=1" log
}

@test "nats: logins, rights, TLS with the server's name" {
	need_nats
	cat >auth.conf <<-E
		authorization { users: [
			{ user: spoor, password: secret }
			{ user: weak, password: secret, permissions: { publish: "other.>" } } ] }
	E
	server auth -c auth.conf
	auth=$nport
	server tls --tls --tlscert "$c/server.pem" --tlskey "$c/server.key"
	tls=$nport
	server wrong --tls --tlscert "$c/elsewhere.pem" --tlskey "$c/elsewhere.key"
	wrong=$nport
	subscriber "$auth" auth spoor secret
	(umask 077 && echo secret >good.pw && echo guess >bad.pw)
	fast="give_up: 1s;retry_min: 100ms;timeout: 2s"
	config "name: login;type: nats;url: nats://127.0.0.1:$auth;user: spoor;password_file: good.pw" \
	       "name: guess;type: nats;url: nats://127.0.0.1:$auth;user: spoor;password_file: bad.pw;$fast" \
	       "name: weak;type: nats;url: nats://127.0.0.1:$auth;user: weak;password_file: good.pw;$fast" \
	       "name: tls;type: nats;url: tls://127.0.0.1:$tls;ca: $c/ca.pem" \
	       "name: otherca;type: nats;url: tls://127.0.0.1:$tls;ca: $c/other.pem;$fast" \
	       "name: wrongname;type: nats;url: tls://127.0.0.1:$wrong;ca: $c/ca.pem;$fast" >conf.yaml
	drive 2>log <<-E
		send 1
		wait login delivered 1 60
		wait tls delivered 1 60
		wait guess given_up 1 60
		wait weak given_up 1 60
		wait otherca given_up 1 60
		wait wrongname given_up 1 60
	E
	until_true test -s auth.got
	grep -q "output 'guess': nats: .*uthori" log
	grep -q "output 'weak': nats: .*Permitted" log
	grep -q "output 'otherca': nats: SSL" log
	grep -q "output 'wrongname': nats: SSL" log
	! grep -qE "secret|guess:" log || false
}
