# SPDX-License-Identifier: Apache-2.0
#
# attack.bash - containers under attack, recorded for the investigations.
#
#   attack_record DIR NAME	run NAME.sh in a container and NAME.outside beside it, if there is one; the trace is DIR/NAME.spoor
#
# Both see the intruder's machine as $c2, an address that is kept for documentation; it is the container's own loopback, where
# listeners take what is sent. Source tests/lib/container.bash first.

c2=203.0.113.66

source "$SPOOR_SRC/tests/lib/until.bash"

attack_listens() {	# pid port
	local hex
	printf -v hex ':%04X ' "$2"
	grep -h ' 0A ' "/proc/$1/net/tcp" "/proc/$1/net/tcp6" | grep -q "$hex"
}

attack_record() {	# dir name
	local dir=$1 name=$2 here=$SPOOR_SRC/tests/investigations id pid box rc=0
	id=$(container_new_id)
	container_make "$dir/$name" "$id" || return 1
	cp "$here/$name.sh" "$dir/$name/bundle/rootfs/srv/entry.sh"
	cp "$SPOOR_BUILD/tests/investigations/progs/login" "$dir/$name/image/usr/bin/login"
	echo 'users, orders, card numbers' >"$dir/$name/bundle/rootfs/srv/customers.db"
	# nothing may be lost, however long others of the machine keep the recorder waiting
	timeout -k 5 140 spoor-capture -w "$dir/$name.spoor" -c "${id:0:12}" -s 4096 --ring-size 64MiB 2>"$dir/$name.log" </dev/null 3>&- &
	local capture=$!
	until_true test -s "$dir/$name.spoor" || { cat "$dir/$name.log"; rc=1; }
	container_run "$dir/$name" "$id" /bin/sh /srv/entry.sh >"$dir/$name.out" 2>&1 3>&- &
	local container=$!
	until_true runc state "$id" || rc=1
	pid=$(runc state "$id" | jq .pid)
	box=(busybox nsenter -t "$pid" -n -- busybox)
	"${box[@]}" ip link set lo up
	"${box[@]}" ip addr add "$c2/32" dev lo
	"${box[@]}" nc -l -p 8001 -e busybox cat "$SPOOR_BUILD/tests/scenarios/progs/implant" 3>&- & local tool=$!
	"${box[@]}" nc -l -p 4444 </dev/null >"$dir/$name.loot" 3>&- & local loot=$!
	until_true attack_listens "$pid" 8001 && until_true attack_listens "$pid" 4444 || rc=1
	if [ -f "$here/$name.outside" ]; then
		until_true attack_listens "$pid" 8080 || rc=1
		timeout 60 "${box[@]}" nc 127.0.0.1 8080 <"$here/$name.outside" >/dev/null 2>&1
	else
		touch "$dir/$name/bundle/rootfs/tmp/go"
	fi
	# one that would go on is killed from outside, as a responder does
	if grep -q 'sleep 60' "$here/$name.sh"; then
		until_true test -e "$dir/$name/bundle/rootfs/tmp/done" || rc=1
		runc kill "$id" KILL
	fi
	wait $container
	kill $tool $loot 2>/dev/null
	kill -TERM $capture
	wait $capture || rc=1
	container_remove "$dir/$name" "$id"
	return $rc
}
