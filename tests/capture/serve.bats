#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# The HTTP server: metrics, health, triggers; who may ask; what is hostile.

bats_require_minimum_version 1.5.0

setup() {
	cd "$BATS_TEST_TMPDIR"
	PATH=$SPOOR_BUILD/tests/capture:$PATH
	source "$SPOOR_SRC/tests/lib/until.bash"
}

teardown() {
	exec 9>&- || :
	[ -z "${pid:-}" ] || { kill -KILL "$pid" 2>/dev/null; wait "$pid" 2>/dev/null; } || :
}

# serve LINE...: keys of the section; $port then, and the driver reads commands from descriptor 9
serve() {
	printf '%s\n' 'outputs: [{name: file, type: file, path: "all.log"}]' "http:" >conf.yaml
	printf '  %s\n' "$@" >>conf.yaml
	mkfifo commands
	timeout -k 5 100 make_outputs conf.yaml <commands >out 2>log 3>&- &
	pid=$!
	exec 9>commands
	echo "port $PWD/port" >&9
	until_true test -s port || { cat log; return 1; }
	port=$(cat port)
}

ask() {
	timeout 30 python3 "$SPOOR_SRC/tests/capture/ask.py" "$@"
}

refused() {	# LINE...: the configuration does not start; prints why
	printf '%s\n' "http:" >conf.yaml
	printf '  %s\n' "$@" >>conf.yaml
	run -1 timeout 20 make_outputs conf.yaml </dev/null
	echo "$output"
}

@test "metrics, health, triggers of all forms" {
	serve "listen: 127.0.0.1:0"
	printf '%s\n' "send 7" "wait file delivered 7 60" >&9
	delivered() { ask GET "$port" /metrics >metrics && grep -q 'result="delivered"} 7$' metrics; }
	until_true delivered
	ask GET "$port" /metrics >metrics
	[ "$(head -n 1 metrics)" = "200 " ]
	grep -q '^spoor_output_alerts_total{output="file",result="delivered"} 7$' metrics
	grep -q '^# TYPE spoor_output_waiting gauge$' metrics
	grep -q '^spoor_http_requests_total{path="/metrics",status="200"} ' metrics
	[ "$(ask GET "$port" /healthz)" = $'200 \n{"status": "ok"}' ]
	touch conf.yaml.sick
	[ "$(ask GET "$port" /healthz)" = $'503 \n{"error": "unwell"}' ]

	ask -d '{"container": "web-1", "reason": "ticket", "before": "5m", "after": 30}' POST "$port" /trigger >plain
	[ "$(head -n 1 plain)" = "202 " ]
	jq -es '.[1] | .form == "plain" and .container == "web-1" and .before == "5m00s" and .after == "30.00 s" and (.host | not)' plain
	ask -d '{"output":"o","priority":"Error","rule":"R","time":"2026-11-27T10:00:00Z","output_fields":{"container.id":"abc"}}' \
		POST "$port" /trigger | jq -es '.[1] | .form == "falco" and .container == "abc" and .rule == "R"'
	ask -d '{"process_exec":{"process":{"binary":"/bin/id","pod":{"namespace":"n","name":"p"}}},"time":"x"}' \
		POST "$port" /trigger | jq -es '.[1] | .form == "tetragon" and .pod == "p"'
	ask -d '{}' POST "$port" /trigger | jq -es '.[1].host'
	[ "$(ask -d '{"container": "unknown"}' POST "$port" /trigger | head -n 1)" = "404 " ]
	[ "$(ask -d '{"container": "busy"}' POST "$port" /trigger | head -n 1)" = "429 7" ]
	[ "$(ask -d '{"container": ' POST "$port" /trigger | head -n 1)" = "400 " ]
	[ "$(ask -d '' POST "$port" /trigger | head -n 1)" = "400 " ]
	[ "$(ask GET "$port" /trigger | head -n 1)" = "405 " ]
	[ "$(ask GET "$port" /nothing | head -n 1)" = "404 " ]
}

@test "a body or a header too large, a browser, nonsense" {
	serve "listen: 127.0.0.1:0"
	head -c 300000 /dev/zero | tr '\0' ' ' >large
	[[ "$(ask -D large POST "$port" /trigger | head -n 1)" =~ ^(413|closed) ]]
	# Without a length, in pieces.
	python3 - "$port" >answer <<-'E'
		import socket, sys
		s = socket.create_connection(("127.0.0.1", int(sys.argv[1])), 20)
		s.sendall(b"POST /trigger HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n")
		try:
		    for _ in range(40):
		        s.sendall(b"2000\r\n" + b" " * 0x2000 + b"\r\n")
		    s.sendall(b"0\r\n\r\n")
		except OSError:
		    pass
		try:
		    print(s.recv(100).split(b"\r\n")[0].decode())
		except OSError:
		    print("closed")
	E
	grep -qE "413|closed" answer
	[ "$(ask -H "Origin: https://evil.example" -d '{}' POST "$port" /trigger | head -n 1)" = "403 " ]
	# a name that leads here, as a page of a browser would have it
	for name in evil.example "evil.example:$port" localhost.evil.example 127.0.0.1.evil.example 10.0.0.1 ""; do
		[ "$(ask -H "Host: $name" GET "$port" /metrics | head -n 1)" = "403 " ]
	done
	for name in localhost "localhost:$port" 127.0.0.1 "127.1.2.3:$port" '[::1]' "[::1]:$port"; do
		[ "$(ask -H "Host: $name" GET "$port" /metrics | head -n 1)" = "200 " ]
	done
	[[ "$(ask -H "X-Long: $(head -c 60000 /dev/zero | tr '\0' x)" GET "$port" /metrics | head -n 1)" =~ ^(4|closed) ]]
	python3 - "$port" <<-'E'
		import os, socket, sys
		for i in range(200):
		    s = socket.create_connection(("127.0.0.1", int(sys.argv[1])), 20)
		    try:
		        s.sendall(os.urandom(300) + b"\r\n\r\n")
		    except OSError:
		        pass
		    s.close()
	E
	[ "$(ask GET "$port" /healthz | head -n 1)" = "200 " ]
}

@test "a token: without it nothing but health; in a unix socket's file mode" {
	(umask 077 && echo "s3cret-token" >token)
	serve "listen: 127.0.0.1:0" "token_file: token"
	[ "$(ask GET "$port" /metrics | head -n 1)" = "401 " ]
	[ "$(ask -t wrong GET "$port" /metrics | head -n 1)" = "401 " ]
	[ "$(ask -t s3cret-toke GET "$port" /metrics | head -n 1)" = "401 " ]
	[ "$(ask -t s3cret-token1 GET "$port" /metrics | head -n 1)" = "401 " ]
	[ "$(ask -d '{}' POST "$port" /trigger | head -n 1)" = "401 " ]
	[ "$(ask GET "$port" /nothing | head -n 1)" = "401 " ]
	[ "$(ask -t s3cret-token GET "$port" /metrics | head -n 1)" = "200 " ]
	[ "$(ask -H "Authorization: bearer s3cret-token" GET "$port" /metrics | head -n 1)" = "200 " ]
	[ "$(ask GET "$port" /healthz | head -n 1)" = "200 " ]
}

@test "a unix socket: its mode, one that was left behind, one that is in use" {
	python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind("http.sock")'
	serve "listen: unix:$PWD/http.sock" 'socket_mode: "0600"'
	[ "$port" = 0 ]
	[ "$(stat -c %a http.sock)" = 600 ]
	[ "$(ask GET "$PWD/http.sock" /metrics | head -n 1)" = "200 " ]
	refused "listen: unix:$PWD/http.sock" | grep -q "in use"
	exec 9>&-
	wait $pid
	pid=
	[ ! -e http.sock ]
	touch file
	refused "listen: unix:$PWD/file" | grep -q "File exists"
	[ -f file ]
}

@test "not open to the world: refused without token or certificates" {
	refused "listen: 0.0.0.0:0" | grep -q "can be reached from other machines"
	refused 'listen: "[::]:0"' | grep -q "can be reached from other machines"
	refused "listen: 127.0.0.1" | grep -q "no address to listen on"
	refused "listen: unix:relative" | grep -q "no socket to listen on"
	refused "listen: 127.0.0.1:0" "certificate: a.pem" | grep -q "both"
	refused "listen: 127.0.0.1:0" "client_ca: a.pem" | grep -q "need TLS"
	echo open >token
	chmod 644 token
	refused "listen: 127.0.0.1:0" "token_file: token" | grep -q "token"
	chmod 600 token
	serve "listen: 0.0.0.0:0" "token_file: token"
	[ "$(ask GET "$port" /metrics | head -n 1)" = "401 " ]
	[ "$(ask -t open GET "$port" /metrics | head -n 1)" = "200 " ]
	grep -q "without TLS the token can be read" log
}

@test "TLS: a client's certificate instead of the token" {
	for ca in ca other; do
		openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -keyout $ca.key -out $ca.pem -subj "/CN=$ca" 2>/dev/null
	done
	for n in "server ca IP:127.0.0.1" "client ca DNS:client" "stranger other DNS:client"; do
		set -- $n
		openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout $1.key -out $1.csr -subj "/CN=$1" 2>/dev/null
		openssl x509 -req -in $1.csr -CA $2.pem -CAkey $2.key -CAcreateserial -days 2 -out $1.pem -extfile <(echo "subjectAltName=$3") 2>/dev/null
	done
	(umask 077 && echo open >token)
	serve "listen: 0.0.0.0:0" "token_file: token" "certificate: server.pem" "key: server.key" "client_ca: ca.pem"
	[ "$(ask --ca ca.pem GET "$port" /metrics | head -n 1)" = "401 " ]
	[ "$(ask --ca ca.pem -t open GET "$port" /metrics | head -n 1)" = "200 " ]
	[ "$(ask --ca ca.pem --cert client.pem --key client.key GET "$port" /metrics | head -n 1)" = "200 " ]
	[[ "$(ask --ca ca.pem --cert stranger.pem --key stranger.key GET "$port" /metrics | head -n 1)" =~ ^(401|closed) ]]
	[[ "$(ask GET "$port" /metrics | head -n 1)" =~ ^(4|closed) ]]	# not in clear
	[ "$(ask --ca ca.pem GET "$port" /healthz | head -n 1)" = "200 " ]
	exec 9>&-
	wait $pid
	pid=
	refused "listen: 127.0.0.1:0" "certificate: server.pem" "key: other.key" | grep -q "is the key that of the certificate"
}

@test "who sends slowly is cut off, and who opens many connections holds up nobody on another address" {
	serve "listen: 127.0.0.1:0" "request_time: 6s" "connections: 20"
	cat >slow.py <<-'E'
		import socket, sys, time
		port = int(sys.argv[1])
		socks = [socket.create_connection(("127.0.0.1", port), 20) for _ in range(8)]
		body = socket.create_connection(("127.0.0.1", port), 20)
		body.sendall(b"POST /trigger HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n")
		for s in socks:
		    s.sendall(b"GET /metrics HTTP/1.1\r\n")
		open("slow", "w").write("1")
		begin = time.time()
		alive = socks + [body]
		while alive and time.time() - begin < 60:
		    for s in list(alive):
		        try:
		            s.sendall(b"X" if s is body else b"X-A: b\r\n")
		            s.setblocking(False)
		            try:
		                if s.recv(1000) == b"":
		                    alive.remove(s)
		            except BlockingIOError:
		                pass
		            s.setblocking(True)
		        except OSError:
		            alive.remove(s)
		    time.sleep(0.1)
		print(len(alive), "%.1f" % (time.time() - begin))
	E
	timeout 90 python3 slow.py "$port" >slow.out 3>&- &
	slow=$!
	until_true test -e slow
	[ "$(ask GET "$port" /healthz | head -n 1)" = "200 " ]	# one of ten is left
	wait $slow
	[ "$(cut -d ' ' -f 1 slow.out)" = 0 ]
	[ "$(ask GET "$port" /healthz | head -n 1)" = "200 " ]

	# All that one address may have, and more: the others are turned away at once, the server goes on.
	python3 - "$port" <<-'E'
		import socket, sys
		socks = []
		for i in range(100):
		    try:
		        socks.append(socket.create_connection(("127.0.0.1", int(sys.argv[1])), 5))
		    except OSError:
		        pass
	E
	until_true eval '[ "$(ask GET "$port" /healthz | head -n 1)" = "200 " ]'
}
