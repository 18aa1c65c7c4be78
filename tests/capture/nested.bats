# SPDX-License-Identifier: Apache-2.0
# runner: alone
#
# Docker in docker: what the inner one has started is called as that one says, which only the outer container's files tell.

setup_file() {
	source "$SPOOR_SRC/tests/lib/runtimes.bash"
	rt_setup_file
}

setup() {
	source "$SPOOR_SRC/tests/lib/runtimes.bash"
	rt_setup
}

teardown() {
	[ -z "${rec_pid:-}" ] || kill -KILL "$rec_pid" 2>/dev/null || :
	rt_end
}

@test "docker in docker: id, name, image and labels of the inner container" {
	rt_docker_start || skip "$rt_why"
	for d in bin sbin lib lib64; do [ -L /$d ] || skip "the machine's programs are not all in /usr"; done
	mkdir -p "$rt"/outer/{usr,etc,proc,sys,dev,tmp,run,root,var/lib,mnt,usr/bin}
	for d in bin sbin lib lib64; do ln -s "usr/$d" "$rt/outer/$d"; done
	rt_image "$rt/outer" spoor/outer:1 "$rt/o.tar" '["/bin/sh"]' && docker load -qi "$rt/o.tar" >/dev/null
	cp "$rt/i.tar" "$rt/shared/i.tar"
	record_start t.spoor
	docker run -d --network none --name outer-box -l app=outer --cap-add ALL --cap-drop SYS_RESOURCE --security-opt seccomp=unconfined \
		--security-opt apparmor=unconfined -v /usr:/usr:ro -v /etc:/etc:ro -v "$rt/shared:/mnt" -v "$rt/inner:/var/lib/docker" \
		-v /sys/fs/cgroup:/sys/fs/cgroup -e PATH=/usr/sbin:/usr/bin spoor/outer:1 sh -c 'mount -o remount,rw /sys; exec dockerd --iptables=false --ip6tables=false --bridge=none \
		-s vfs -p /run/docker.pid -H unix:///run/docker.sock >/mnt/log 2>&1' >id
	inside() { docker exec -e PATH=/usr/sbin:/usr/bin -e DOCKER_HOST=unix:///run/docker.sock outer-box "$@"; }
	until_true inside docker version || skip "no docker in docker here: $(tail -n 1 "$rt/shared/log")"
	inside docker load -qi /mnt/i.tar
	inside docker run -d --network none --name inner-box -l app=inner -v /mnt:/mnt:ro spoor/test:7 sh -c "$rt_busy; exit 3" >inner ||
		skip "no container of docker in docker here: $(tail -n 1 "$rt/shared/log")"
	seen t.spoor "container.name = inner-box and $rt_opens"
	touch "$rt/shared/go"
	seen t.spoor "evt.type = container_end and evt.arg.id = $(head -c 12 inner)"
	record_stop
	rt_is "inner-box|docker|spoor/test|7|inner|yes|" rt_fields t.spoor "$(cat inner)" container.name container.type container.image.repository \
		container.image.tag container.label[app] container.label[image.label]
	[ "$(spoor-replay t.spoor -f 'proc.name = dockerd' -p '%container.name' | sort -u | grep -c outer-box)" = 1 ]
}
