#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# runner: alone
# In a real terminal, which is tmux: keys, mouse, sizes, and that the terminal is given back
# whatever happens.

setup() {
	command -v tmux >/dev/null || skip "tmux is not installed"
	source "$SPOOR_SRC/tests/lib/until.bash"
	trace=$BATS_TEST_TMPDIR/story.spoor
	"$SPOOR_BUILD/tests/inspect/make_story" story "$trace"
	printf 'set -g %s\n' 'default-terminal tmux-256color' 'status off' >"$BATS_TEST_TMPDIR/conf"
	t=(tmux -S "$BATS_TEST_TMPDIR/socket" -f "$BATS_TEST_TMPDIR/conf")
	"${t[@]}" new-session -d -s s -x 80 -y 24 \
		"cd $BATS_TEST_TMPDIR; PATH=$PATH PS1='ready> ' exec bash --norc --noediting" 3>&-
	until_shown 'ready>'
}

teardown() {
	[ -z "${t:-}" ] || "${t[@]}" kill-server 2>/dev/null || :
}

shown() { "${t[@]}" capture-pane -p -t s; }

flags() { "${t[@]}" display -p -t s "$1"; }

keys() { "${t[@]}" send-keys -t s "$@"; }

is_shown() { shown | grep -qF -- "$1"; }

either_shown() {
	is_shown "$1" || is_shown "$2"
}

until_shown() {	# text: wait for it
	until_true is_shown "$1" || { shown; return 1; }
}

start() { # [option...]
	keys "clear; spoor-inspect $trace $*; echo status=\$?" Enter
	until_shown '1 Over'
}

# A mouse event as terminals send it now: button, column, row from 0; then its release.
mouse() {
	keys -l $'\e'"[<$1;$(($2 + 1));$(($3 + 1))M"
	[ "$1" -ge 64 ] || keys -l $'\e'"[<$1;$(($2 + 1));$(($3 + 1))m"
}

# Two at once: however busy the machine is, they come together.
double_click() {	# column row
	local press=$'\e'"[<0;$(($1 + 1));$(($2 + 1))" press_and_release
	press_and_release=${press}M${press}m
	keys -l "$press_and_release$press_and_release"
}

# The old form.
old_mouse() {
	keys -H 1b 5b 4d $(printf '%x %x %x' $((32 + $1)) $((33 + $2)) $((33 + $3)))
	[ "$1" -ge 64 ] || keys -H 1b 5b 4d 23 $(printf '%x %x' $((33 + $2)) $((33 + $3)))
}

flags_are() {	# format values
	[ "$(flags "$1")" = "$2" ]
}

terminal_is_sane() {
	until_shown "$1"
	until_true flags_are '#{alternate_on} #{mouse_any_flag} #{cursor_flag}' "0 0 1"
	keys "clear; stty -a | tr ';' '\n'" Enter
	until_shown ' icanon'
	until_shown ' echo '
	until_shown 'isig '
}

@test "keys, drill down, back, quit" {
	start
	keys 2
	until_shown 'PID USER'
	keys Down Down Enter
	until_shown 'started by'
	keys BSpace
	until_shown 'PID USER'
	keys Escape
	until_shown 'this is where the path begins'
	keys q
	terminal_is_sane 'status=0'
}

@test "what the terminal shows is what --dump-screen prints" {
	start
	keys 4
	until_shown '/tmp/.x'
	printf '4\n' >"$BATS_TEST_TMPDIR/keys"
	spoor-inspect "$trace" --keys "$BATS_TEST_TMPDIR/keys" --dump-screen \
		>"$BATS_TEST_TMPDIR/dump"
	until_true eval 'shown | diff - "$BATS_TEST_TMPDIR/dump"' || { shown | diff - "$BATS_TEST_TMPDIR/dump"; }
}

@test "wide and combining characters take the columns that they should" {
	"$SPOOR_BUILD/tests/inspect/make_story" hostile "$trace"
	start
	for view in 2 4 6; do
		printf '%s\n' $view >"$BATS_TEST_TMPDIR/keys"
		spoor-inspect "$trace" --keys "$BATS_TEST_TMPDIR/keys" --dump-screen >"$BATS_TEST_TMPDIR/dump"
		keys $view
		for i in $(seq 200); do
			shown | cmp -s - "$BATS_TEST_TMPDIR/dump" && break
			sleep 0.1
		done
		shown | diff - "$BATS_TEST_TMPDIR/dump"
		cat "$BATS_TEST_TMPDIR/dump" >>"$BATS_TEST_TMPDIR/all"
	done
	grep -q 漢字 "$BATS_TEST_TMPDIR/all"
}

@test "sizes" {
	start
	"${t[@]}" resize-window -t s -x 120 -y 40
	until_shown 'Busiest processes'
	until_shown '8 Alerts'
	"${t[@]}" resize-window -t s -x 40 -y 10
	until_shown '1 Over  2  3  4'
	"${t[@]}" resize-window -t s -x 10 -y 3
	sleep 0.2
	"${t[@]}" resize-window -t s -x 80 -y 24
	until_shown 'Findings (3)'
	keys q
	terminal_is_sane 'status=0'
}

@test "mouse" {
	start
	mouse 0 10 3
	until_shown 'PID USER'
	mouse 0 20 8
	until_shown '▌   4201'
	mouse 65 20 8
	until_shown '▌    650'
	old_mouse 64 20 8
	until_shown '▌   4201'
	mouse 0 40 1
	until_shown '@14:03:11.5'
	for i in 1 2 3 4 5; do		# an inspector that is held up between the two sees two clicks
		double_click 20 6
		for j in $(seq 100); do
			if is_shown 'started by'; then break 2; fi
			sleep 0.05
		done
	done
	until_shown 'started by'
	# pressed, drawn along and let go: a range
	keys -l $'\e[<0;21;2M\e[<0;61;2m'
	until_shown 'time: 14:03:'
	keys q
	terminal_is_sane 'status=0'
}

@test "keys that curses does not know are passed over whole" {
	start
	keys 2
	until_shown 'PID USER'
	keys -l $'\e[1;9F\e[27;5;9~\e[<3;3;3M'
	sleep 0.2
	run shown
	[[ $output == *'PID USER'* && $output != *'time:'* ]]
	keys q
	terminal_is_sane 'status=0'
}

@test "colours, and none" {
	coloured() { "${t[@]}" capture-pane -p -e -t s | grep -q -- "$1"; }
	start
	until_true coloured $'\e\[[0-9;]*38;5;'
	keys q
	until_shown 'status=0'
	start --color never
	until_true coloured $'\e\[7m'
	! coloured $'\e\[[0-9;]*[34]8;5;' || false
}

@test "suspended and continued" {
	start
	keys 2
	until_shown 'PID USER'
	keys C-z
	until_shown 'Stopped'
	until_true flags_are '#{alternate_on} #{mouse_any_flag}' "0 0"
	keys fg Enter
	until_shown 'PID USER'
	keys 4
	until_shown '/tmp/.x'
	keys q
	sleep 0.3
	keys '' Enter
	terminal_is_sane 'ready>'
}

@test "given back after a crash and after signals" {
	for signal in SEGV TERM HUP INT ABRT; do
		start
		pkill -$signal -P "$(flags '#{pane_pid}')" spoor-inspect
		until_shown 'status='
		terminal_is_sane 'ready>'
	done
}

@test "hostile names do not reach the terminal" {
	"$SPOOR_BUILD/tests/inspect/make_story" hostile "$trace"
	start
	for view in 2 4 6 7 8 1; do
		keys $view
		sleep 0.1
		keys G Enter
		sleep 0.1
		keys BSpace
		sleep 0.1
	done
	[ "$(flags '#{alternate_on}')" = 1 ]
	[ "$(flags '#{pane_title}')" != owned ]
	keys q
	terminal_is_sane 'status=0'
}

@test "a trace from stdin, keys from the terminal" {
	keys "clear; cat $trace | spoor-inspect -; echo status=\$?" Enter
	until_shown '(stdin)'
	keys 2
	until_shown 'PID USER'
	keys q
	terminal_is_sane 'status=0'
}

@test "keys from a file first, then the user's" {
	printf '2\n/curl -so<Enter>\n' >"$BATS_TEST_TMPDIR/keys"
	start --keys "$BATS_TEST_TMPDIR/keys"
	until_shown '▌   4120'
	keys n
	until_shown '▌   4121'
	keys q
	until_shown 'status=0'
}

@test "a trace that is still being written" {
	cp "$trace" "$BATS_TEST_TMPDIR/whole"
	head -c $(($(stat -c %s "$trace") / 2)) "$BATS_TEST_TMPDIR/whole" >"$trace"
	start
	until_shown 'unfinished'
	keys 2
	until_shown 'PID USER'
	run shown
	[[ $output != *bash* ]]
	keys r
	until_shown '(0 new chunks)'
	tail -c +$(($(stat -c %s "$trace") + 1)) "$BATS_TEST_TMPDIR/whole" >>"$trace"
	until_shown 'bash -l'
	keys 7 G
	until_shown 'container_e'
	keys q
	terminal_is_sane 'status=0'
}

@test "a terminal that is not known, or none" {
	run env TERM=nosuchterminal script -qec "spoor-inspect $trace" /dev/null
	[ "$status" = 1 ]
	[[ $output == *"TERM='nosuchterminal'"* ]]
	run bash -c "spoor-inspect '$trace' </dev/null"
	[ "$status" = 1 ]
	[[ $output == *"needs a terminal"*"--dump-screen"* ]]
}

@test "what is being written is shown, can be given up, and nothing is left of it" {
	"$SPOOR_BUILD/tests/inspect/make_busy" 6000000 "$BATS_TEST_TMPDIR/big.spoor"
	trace=$BATS_TEST_TMPDIR/big.spoor
	out=$BATS_TEST_TMPDIR/out.spoor
	# who is held up sees that it was done before: once more then
	for i in 1 2 3 4 5; do
		start
		keys X
		until_shown 'Write to'
		keys out.spoor Enter q
		until_true either_shown 'still being written' 'status='
		if is_shown 'still being written'; then
			keys Escape
			until_true either_shown 'given up; ' 'out.spoor: 6,'
			if is_shown 'given up; nothing of it is left'; then break; fi
			keys q
		fi
		until_shown 'status='
		rm "$out"
	done
	is_shown 'given up; nothing of it is left'
	! ls "$BATS_TEST_TMPDIR" | grep out || false
	keys q
	until_shown 'status='
	for i in 1 2 3 4 5; do
		start
		keys X
		until_shown 'Write to'
		keys out.spoor Enter
		until_true either_shown 'writing ' 'out.spoor: 6,'
		kill -TERM "$("${t[@]}" display -p -t s '#{pane_pid}' | xargs pgrep -P)"
		until_shown 'status='
		[ -e "$out" ] || break
		rm "$out"
	done
	! ls "$BATS_TEST_TMPDIR" | grep out || false
}

@test "a trace that grows is followed: counts, events, processes" {
	"$SPOOR_BUILD/tests/inspect/make_busy" 300000 "$BATS_TEST_TMPDIR/whole"
	size=$(stat -c %s "$BATS_TEST_TMPDIR/whole")
	head -c $((size / 2)) "$BATS_TEST_TMPDIR/whole" >"$trace"
	start
	until_shown unfinished
	keys 7 G
	printf '7\nG\n' >"$BATS_TEST_TMPDIR/keys"
	before=$(spoor-inspect "$trace" --keys "$BATS_TEST_TMPDIR/keys" --dump-screen --size 80x24 | grep '^▌')
	until_shown "$before"
	keys r
	until_shown ' following '
	tail -c +$((size / 2 + 1)) "$BATS_TEST_TMPDIR/whole" >>"$trace"
	until_shown 'its writer has closed it'
	until_shown '#300,0'
	[ "$(shown | grep '▌')" != "$before" ]
	# what was counted on the way is what is counted at once
	keys 1
	numbers() { sed -n '6,23p' | sed 's/[▁▂▃▄▅▆▇█·]*//g'; }
	spoor-inspect "$BATS_TEST_TMPDIR/whole" --dump-screen --size 80x24 | numbers >"$BATS_TEST_TMPDIR/at_once"
	grep ' received' "$BATS_TEST_TMPDIR/at_once"
	until_true eval 'shown | numbers | diff - "$BATS_TEST_TMPDIR/at_once"' || { shown | numbers | diff - "$BATS_TEST_TMPDIR/at_once"; }
	keys q
	until_shown 'status=0'
}

@test "no time is spent while nothing is to be done" {
	start
	until_shown Findings
	pid=$("${t[@]}" display -p -t s '#{pane_pid}' | xargs pgrep -P)
	# sooner or later it waits for a key, and has used no more time a second later
	ticks() { sed 's/.*) //' "/proc/$pid/stat" | cut -d ' ' -f 12,13; }
	for i in $(seq 20); do
		before=$(ticks)
		sleep 1
		[[ $(sed 's/.*) //' "/proc/$pid/stat") == S* && $(ticks) = "$before" ]] && return
	done
	return 1
}
