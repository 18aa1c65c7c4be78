# SPDX-License-Identifier: Apache-2.0
#
# cases.bash - recording the cases of the rules, and comparing what the rules say of them with rules/cases.tsv.
#
#   why=$(cases_missing) && skip "$why"
#   cases_record FILE		record tests/rules/cases.sh in a container made for it; a whole trace of this machine
#   cases_check FILE [LEFT-OUT]	prints what differs; succeeds if nothing does. LEFT-OUT: cases that could not be run
#
# To record the trace that ships anew (root): tests/rules/record

source "$SPOOR_SRC/tests/lib/container.bash"

# Prints why the cases cannot be recorded here, and succeeds then.
cases_missing() {
	local out
	container_missing && return 0
	command -v spoor-capture >/dev/null || { echo "spoor-capture is not built"; return 0; }
	out=$(timeout -k 5 60 spoor-capture -w - --only-command -- true 2>&1 >/dev/null) && return 1
	echo "cannot record: $(tail -n 1 <<<"$out")"
}

# The container, and beside it the one thing that is done to it from outside, when it asks for that.
cases_run() {	# dir id
	local dir=$1 id=$2 root=$1/bundle/rootfs waiter rc=0
	{
		until [ -e "$root/run/enter" ]; do sleep 0.1; done
		runc exec "$id" /bin/act noop </dev/null
		: >"$root/run/entered"
	} 3>&- & waiter=$!
	container_run "$dir" "$id" /bin/sh /cases.sh || rc=$?
	kill $waiter 2>/dev/null
	return $rc
}

cases_record() {	# file; leaves the container's id in CASES_ID, cases that this kernel cannot do in CASES_CANNOT
	local file=$1 dir rc=0
	CASES_ID=$(container_new_id)
	dir=$(mktemp -d /tmp/spoor-cases.XXXXXX)
	container_make "$dir" "$CASES_ID" && cp "$SPOOR_SRC/tests/rules/cases.sh" "$dir/image/cases.sh" || rc=1
	if [ $rc = 0 ]; then
		timeout -k 5 120 spoor-capture -w "$file" --only-command -- "$BASH" -c 'source "$SPOOR_SRC/tests/rules/cases.bash"; cases_run "$@"' - \
			"$dir" "$CASES_ID" >"$dir/out" 2>"$dir/err" || { rc=1; cat "$dir/err" >&2; }
	fi
	CASES_CANNOT=$(sed -n 's/^cannot: //p' "$dir/out")
	container_remove "$dir" "$CASES_ID"
	return $rc
}

# time <tab> mark <tab> name, and time <tab> alert <tab> rule, in order of time
cases_events() {	# trace
	{
		spoor-replay "$1" -o json -f 'evt.type = execve and proc.args startswith "mark "' |
			jq -r '[.time, "mark", (.process.cmdline | sub(".* mark "; ""))] | @tsv'
		spoor-replay "$1" -o json -r "$SPOOR_SRC/rules" -r "$SPOOR_SRC/rules/profiles" --all-matches -f 'container.id != host' |
			jq -r '[.time, "alert", .rule] | @tsv'
	} | sort -s -k 1,1
}

# case <tab> rule <tab> count, of all alerts behind the first mark; and each case that was run
cases_counts() {	# trace
	cases_events "$1" | awk -F '\t' '
		$2 == "mark" { name = $3; seen[name] = 1; next }
		name { n[name "\t" $3]++ }
		END { for (k in n) print k "\t" n[k]; for (c in seen) print c "\t(ran)\t1" }' | sort
}

cases_check() {	# trace [left-out]
	cases_counts "$1" | awk -F '\t' -v left="${2:-}" '
		BEGIN { n_left = split(left, l, /[ \n]+/); for (i = 1; i <= n_left; i++) skip[l[i]] = 1 }
		FILENAME == "-" { if ($2 == "(ran)") ran[$1] = 1; else got[$1 "\t" $2] = $3; next }
		/^#/ || NF < 3 { next }
		{ want[$1 "\t" $2] = 1 }
		$1 in skip { next }
		!($1 in ran) { print "case " $1 " was not run"; bad = 1; next }
		got[$1 "\t" $2] + 0 != $3 { print "case " $1 ": " got[$1 "\t" $2] + 0 " alerts of \"" $2 "\", not " $3; bad = 1 }
		END {
			for (k in got)
				if (!(k in want) && got[k]) {
					split(k, p, "\t")
					if (p[1] in skip) continue
					print "case " p[1] ": unexpected alert of \"" p[2] "\""
					bad = 1
				}
			exit bad
		}' - "$SPOOR_SRC/rules/cases.tsv"
}
