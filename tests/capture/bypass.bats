# SPDX-License-Identifier: Apache-2.0
# runner: alone
#
# Ways to deceive a recorder, done for real: the record must hold the truth.

setup_file() {
	source "$SPOOR_SRC/tests/capture/lib.bash"
	export CAPTURE_MISSING
	CAPTURE_MISSING=$(capture_missing) || CAPTURE_MISSING=
	[ -z "$CAPTURE_MISSING" ] || return 0
	cd "$BATS_FILE_TMPDIR"
	mkdir work
	record t.spoor --only-command -- "$progs/bypass" work
	! grep 'ended with status' t.spoor.log || false
	events t.spoor >t.json
}

setup() {
	source "$SPOOR_SRC/tests/capture/lib.bash"
	[ -z "$CAPTURE_MISSING" ] || skip "$CAPTURE_MISSING"
	cd "$BATS_FILE_TMPDIR"
}

# Lines "ALL selection => condition" hold for every event that is selected.
truth() {
	sed '/^ALL /d' "work/$1.expected" >"$1.any"
	sed -n 's/^ALL \(.*\) => \(.*\)/[.[] | select(\1)] | length > 0 and all(.[]; \2)/p' "work/$1.expected" >"$1.all"
	[ ! -s "$1.any" ] || conditions "$1.any" t.json
	while read -r cond; do
		jq -es "$cond" t.json || { echo "not for all: $cond"; return 1; }
	done <"$1.all"
	[ -s "$1.any" ] || [ -s "$1.all" ]
}

@test "a symlink of a symlink" { truth symlink; }
@test "a hard link" { truth hardlink; }
@test "/proc/self/root and /proc/PID/cwd" { truth proc_root; }
@test "/proc/self/fd and /dev/fd" { truth proc_fd; }
@test ".. behind a symlink" { truth dotdot; }
@test "a path padded to thousands of bytes" { truth padding; }
@test "out of a chroot" { truth chroot; }
@test "what is renamed, linked, removed, changed, mounted: by links, dot-dot, descriptors, mounts" { truth change; }
@test "a thread that rewrites the path while it is opened" { truth race; }
@test "a thread that swaps the link while it is opened" { truth link_race; }
@test "a process that rewrites the arguments of an exec" { truth exec_race; }
@test "arguments behind a hundred thousand blanks" { truth long_arguments; }
@test "bytes behind those that are kept: their number is said" { truth long_payload; }
@test "the name and argv[0] of another" { truth name; }
@test "a parent that is not the creator: CLONE_PARENT" { truth clone_parent; }
@test "a double fork below a subreaper" { truth subreaper; }
@test "a script with the name of a system tool: script and interpreter" { truth script; }
@test "a program in a memfd, by /proc/self/fd" { truth memfd; }
@test "a program that is deleted before it is executed" { truth deleted; }
@test "a program by the loader" { truth loader; }

@test "a request to clone3 that is written over while the child starts" {
	record c.spoor --only-command -- "$progs/clone3" >made
	[ "$(cat made)" -gt 0 ] || skip "no clone3 here"
	events c.spoor 'evt.type = clone3 and proc.name = clone3' >c.json
	# creator and child say the same; the thread is made by another request
	jq -es --argjson n "$(cat made)" 'map(select(.args.flags | contains("CLONE_VM") and (contains("CLONE_THREAD") | not))) | (map(select(.res > 0)) | length == $n) and (map(select(.res == 0)) | length == $n)' c.json
	jq -es 'all(.[]; .args.flags | contains("CLONE_NEWUSER") | not)' c.json
}

@test "the relatives of well-known calls" {
	mkdir relatives
	record r.spoor --only-command -- "$progs/relatives" relatives >expected
	! grep 'ended with status' r.spoor.log || false
	events r.spoor >r.json
	conditions expected r.json
	[ "$(wc -l <expected)" -gt 30 ]
}
