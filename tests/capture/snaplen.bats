# SPDX-License-Identifier: Apache-2.0
# runner: alone
#
# How much payload is kept, where the snap length has exceptions: real recordings.

setup_file() {
	source "$SPOOR_SRC/tests/capture/lib.bash"
	export CAPTURE_MISSING
	CAPTURE_MISSING=$(capture_missing) || CAPTURE_MISSING=
}

setup() {
	source "$SPOOR_SRC/tests/capture/lib.bash"
	cd "$BATS_TEST_TMPDIR"
	mkdir d
	echo 40053 >d/port
	rules="0,port:40053=200,path:$PWD/d/in/*=whole,tty=2KiB,fd:100=7"
}

# RULES ARGS...: what was moved through what, how many bytes of how many were kept
kept() {
	record t.spoor --only-command -s "$1" "${@:2}" -- "$progs/payloads" d >objects || { cat t.spoor.log; return 1; }
	spoor-replay t.spoor -o json -s 65536 -f 'evt.type in (read, write, pread, writev, preadv, sendto, sendmsg, recvfrom) and
		proc.name = payloads and evt.rawres >= 2000' |
		jq -r --rawfile o objects '([$o | split("\n")[] | select(. != "") | split(" ") | { (.[0]): .[1] }] | add) as $what |
			"\($what[.args.fd | tostring]) \(.type) \(.args.data.base64 | length * 3 / 4 - (match("=*$").length)) \(.args.data.size)"' ||
		cat t.spoor.log
}

expected() {
	cat <<-EOF
		in write 3000 3000
		in pread 3000 3000
		in writev 3000 3000
		in preadv 3000 3000
		below write 3000 3000
		below pread 3000 3000
		below writev 3000 3000
		below preadv 3000 3000
		inner write 0 3000
		inner pread 0 3000
		inner writev 0 3000
		inner preadv 0 3000
		outside write 0 3000
		outside pread 0 3000
		outside writev 0 3000
		outside preadv 0 3000
		in write 0 2000
		pipe write 0 3000
		out-of-pipe read 0 3000
		hundred write 7 3000
		tty write 2048 3000
		named sendto 200 3000
		named sendmsg 200 3000
		bound recvfrom 200 3000
		bound recvfrom 200 3000
		connected write 200 3000
		elsewhere sendto 0 3000
	EOF
}

@test "by port, path, terminal and descriptor, for every kind of call; a renamed file is looked at again" {
	[ -z "$CAPTURE_MISSING" ] || skip "$CAPTURE_MISSING"
	kept "$rules" >got
	diff <(expected) got
}

@test "the same by the ptrace driver" {
	kept "$rules" --driver ptrace >got
	diff <(expected) got
}

@test "the same where there are neither direct reads nor loops" {
	[ -z "$CAPTURE_MISSING" ] || skip "$CAPTURE_MISSING"
	kept "$rules" --slow-reads --slow-reads >got
	diff <(expected) got
}

@test "sixteen of them, and the first that fits counts" {
	[ -z "$CAPTURE_MISSING" ] || skip "$CAPTURE_MISSING"
	local many="" i
	for i in {1..14}; do many+=",path:/not/there/at/all/$i=whole"; done
	kept "3$many,path:$PWD/d/in/deep=9,path:$PWD/d=11" >got
	[ "$(grep -c '^below .* 9 3000$' got)" = 4 ]
	[ "$(grep -cE '^(in|inner|outside) .* 11 [23]000$' got)" = 13 ]
	[ "$(grep -c '^tty write 3 3000$' got)" = 1 ]
}

@test "a process below another root: the path as it sees it" {
	[ -z "$CAPTURE_MISSING" ] || skip "$CAPTURE_MISSING"
	command -v busybox >/dev/null || skip "busybox is not installed"
	mkdir -p root/bin root/etc
	cp "$(command -v busybox)" root/bin/busybox
	printf 'x%.0s' {1..500} >root/etc/secret
	printf 'x%.0s' {1..500} >root/other
	record t.spoor --only-command -s 5,path:/etc=whole -- chroot root /bin/busybox md5sum /etc/secret /other >/dev/null
	spoor-replay t.spoor -o json -s 65536 -f 'evt.type = read and proc.name = busybox and evt.rawres > 0 and fd.name in (/etc/secret, /other)' |
		jq -r '"\(.args.data.base64 | length * 3 / 4 - (match("=*$").length))"' | paste -sd' ' >got
	cat got t.spoor.log
	[ "$(cat got)" = "500 5" ]
}

@test "a file says which exceptions there were, and so do its copies" {
	record t.spoor -n 1 -s 5,port:53=4KiB -s path:/etc/ssl/=whole,tty=0 || { cat t.spoor.log; return 1; }
	want=port:53=4096,path:/etc/ssl=65536,tty=0
	spoor-trace info t.spoor | grep -q "driver bpf, first 5 bytes of data, except $want"
	spoor-trace cut t.spoor -w cut.spoor --from +0s
	spoor-trace convert t.spoor t.jsonl
	for f in t.spoor cut.spoor t.jsonl; do
		[ "$(spoor-trace info -o json $f | jq -r '"\(.snaplen) \(.snaplen_for)"')" = "5 $want" ] || { echo $f; return 1; }
	done
	record t.spoor -n 1 --force
	! spoor-trace info t.spoor | grep except || false
	[ "$(spoor-trace info -o json t.spoor | jq -r .snaplen_for)" = "" ]
}

@test "the daemon: snaplen_for is checked with its place" {
	cat >c.yaml <<-EOF
		capture:
		  snaplen: 80
		  snaplen_for: ["port:80=1KiB", "path:etc=4"]
	EOF
	run spoor-capture --check-config c.yaml
	[ "$status" != 0 ]
	[[ $output == *"c.yaml:3:"*"path:etc: write a path from / on"* ]]
	sed -i 's/path:etc/path:\/etc/' c.yaml
	spoor-capture --check-config c.yaml
}
