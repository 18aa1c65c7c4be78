# SPDX-License-Identifier: Apache-2.0
# runner: alone
#
# The clock of the machine is set while the flight recorder runs: by an hour, by a day, forwards and back. The machine's own is left
# alone: a library before the C library's gives the recorder, and nobody else, another CLOCK_REALTIME.

setup_file() {
	source "$SPOOR_SRC/tests/capture/lib.bash"
	export CAPTURE_MISSING
	CAPTURE_MISSING=$(capture_missing) || CAPTURE_MISSING=
	[ -n "$CAPTURE_MISSING" ] || ! [[ ${SPOOR_BUILD##*/} =~ address ]] || CAPTURE_MISSING="the sanitizer wants to be the first library"
	cat >"$BATS_FILE_TMPDIR/clock.c" <<-'C'
		#define _GNU_SOURCE
		#include <dlfcn.h>
		#include <fcntl.h>
		#include <stdlib.h>
		#include <time.h>
		#include <unistd.h>
		int clock_gettime(clockid_t id, struct timespec *t)
		{
			static int (*next)(clockid_t, struct timespec *);
			char text[32] = "";
			int r, fd;
			if (!next)
				next = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
			r = next(id, t);
			if (id == CLOCK_REALTIME && (fd = open(getenv("CLOCK_STEP"), O_RDONLY | O_CLOEXEC)) >= 0) {
				if (read(fd, text, sizeof(text) - 1) > 0)
					t->tv_sec += atol(text);
				close(fd);
			}
			return r;
		}
	C
	[ -n "$CAPTURE_MISSING" ] || ${CC:-cc} -shared -fPIC -o "$BATS_FILE_TMPDIR/clock.so" "$BATS_FILE_TMPDIR/clock.c" -ldl ||
		CAPTURE_MISSING="no compiler for the clock"
}

setup() {
	source "$SPOOR_SRC/tests/capture/lib.bash"
	source "$SPOOR_SRC/tests/capture/daemon.bash"
	[ -z "$CAPTURE_MISSING" ] || skip "$CAPTURE_MISSING"
	cd "$BATS_TEST_TMPDIR"
	daemon_pid= victim=
}

teardown() {
	daemon_kill
	[ -z "$victim" ] || kill -KILL "$victim" 2>/dev/null || :
}

set_clock() { echo "$1" >step.new && mv step.new step; }	# seconds from the true time
read_secret() {	# MARK: the alert has come when this returns
	mkdir "$1"
	echo s >"$1/secret-of-the-tests"
	cat "$1/secret-of-the-tests" >/dev/null
	until_true grep -q "/$1/secret-of-the-tests" out
}
keep() {	# a file of the host: $kept
	kept=$(ctl trigger --before 60s --after 100ms --wait --reason "$1" || { cat log; false; })
	[ -f "captures/$kept" ]
}
is_now() {	# seconds since the epoch: near the true time
	local d=$(($(date +%s) - $1))
	[ "${d#-}" -lt 300 ] || { echo "$1 is $d s from now"; return 1; }
}

@test "times of alerts, events and files go on, before and after mean what they did; limits, ages and outputs do not notice" {
	set_clock 0
	export CLOCK_STEP=$PWD/step
	printf '%s\n' 'protect: {host: false}' 'playbooks: [{name: kill, rules: [Victim], actions: [{do: kill_process}]}]' >pb.yaml
	daemon_config "outputs: [{name: std, type: stdout}, {name: two, type: file, path: two, limit: 2, limit_time: 24h}]" \
		"triggers: {marked_rules: false}" "playbooks: pb.yaml"
	sed -i 's/^files: .*/files: {directory: captures, per_source: 5, per_source_time: 24h, max_files: 3}/' c.yaml
	cat >>rules.yaml <<-'X'
		- rule: Victim
		  desc: Of the tests.
		  condition: evt.type in (open, openat) and fd.name endswith /bait-of-the-tests
		  output: bait opened by %proc.name
		  priority: WARNING
	X
	echo b >bait-of-the-tests
	daemon_start env LD_PRELOAD="$BATS_FILE_TMPDIR/clock.so"
	read_secret first
	keep first
	first=$kept

	for step in 3600 90000 -90000; do	# an hour, a day and an hour, and as much back
		set_clock "$step"
		ctl reload	# which looks at the clock
		since=$(ctl status -o json | jq -r .rules.since)
		d=$(($(date +%s -d "$since") - $(date +%s) - step))
		[ "${d#-}" -lt 300 ]	# the recorder sees the clock that was set
		read_secret "by$step"
		keep "after $step"
		# what was before the step, and what was after it, is within these 60 s
		spoor-replay "captures/$kept" -f 'fd.name endswith /secret-of-the-tests and evt.type in (open, openat)' -p '%fd.name' >seen
		grep -q /first/secret seen
		grep -q -- "/by$step/secret" seen
	done
	# an alert's time, a file's name and its last change: of the recording, which began at the true time
	jq -r '.time' out | while read -r t; do is_now "$(date +%s -d "$t")"; done
	for f in captures/*.spoor; do
		t=$(sed -E 's/.*--([0-9]{8})T([0-9]{2})([0-9]{2})([0-9]{2}).*/\1 \2:\3:\4/' <<<"$f")
		is_now "$(date -u +%s -d "$t")"
		is_now "$(stat -c %Y "$f")"
	done
	# the oldest of four went, not the one that a clock would call so
	until_true eval '[ "$(ls captures/*.spoor | wc -l)" = 3 ]'
	[ ! -e "captures/$first" ]
	[ -e "captures/$kept" ]
	spoor-replay "captures/$kept" -p %evt.rawtime >times
	awk 'NR > 1 && ($1 - last > 60e9 || last - $1 > 60e9) { bad = 1 } { last = $1 } END { exit NR < 100 || bad }' times
	# a day has passed for nobody: the limits hold
	[ "$(wc -l <two)" = 2 ]
	keep fifth
	run ctl trigger --before 1s --after 0 --reason sixth
	[ "$status" = 1 ]
	[[ $output == *"have had their 5 files for now"* ]]
	# a process is known by when it began, whatever the clock says
	bash -c 'exec 9<bait-of-the-tests; while :; do sleep 1; done' 3>&- & victim=$!
	gone() { ! kill -0 "$victim"; }
	until_true gone || { cat log; false; }
	victim=
	daemon_stop
	[ "$daemon_status" = 0 ]
}
