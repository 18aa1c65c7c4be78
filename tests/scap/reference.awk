# SPDX-License-Identifier: Apache-2.0
#
# reference.awk - compares a listing of ours with a reference listing, and names the reason of each difference.
#
#   awk -v columns=COLUMNS.tsv -f reference.awk REFERENCE OURS
#
# REFERENCE: the columns of COLUMNS.tsv with tabs between them, one event a line, but for line ends and tabs within
# proc.cmdline. OURS: the same columns with |@| between them. Printed are "column TAB reason TAB events", and of what has
# no reason the first examples. Events are found by time, type and thread: the reference counts also entries of calls.

BEGIN {
	getline line <columns
	n_cols = split(line, name, "\t")
	for (i = 1; i <= n_cols; i++)
		at[name[i]] = i
	cmdline = at["proc.cmdline"]
	FS = "\n"	# lines are split by hand
}

# One record of the reference, in which control characters of proc.cmdline become what a terminal is shown.
function take(record,	f, n, i, s) {
	n = split(record, f, "\t")
	s = ""
	for (i = 1; i <= n; i++)
		s = s (i == 1 ? "" : i > cmdline && i <= cmdline + n - n_cols ? "\\t" : "\t") f[i]
	gsub(/\n/, "\\n", s)
	key = f[2] " " f[at["evt.type"]] " " f[at["thread.tid"]]	# these come before proc.cmdline
	want[key, ++have[key]] = s
	rows++
	if (f[2] > last)
		last = f[2]
}

FNR == 1 { files++ }
files == 1 && /^[0-9]+\t1[0-9][0-9][0-9][0-9][0-9][0-9][0-9][0-9][0-9]+\t/ {
	if (record != "")
		take(record)
	record = $0
	next
}
files == 1 { record = record "\n" $0; next }
record != "" { take(record); record = "" }

# The reasons. All of them are told in docs/SCAP.md.
function reason(col, ref, our) {
	if (col == "evt.category" && ref == "other")
		return "other"
	if (col == "proc.cwd" && ref == "" && our != "")
		return "exec-cwd"
	if (col == "proc.pid" && ref == "-1" && our == o[at["thread.tid"]] ||
	    col == "proc.cwd" && ref == "./" && r[at["proc.pid"]] == "-1")
		return "no-process"
	if (our == "<NA>" && (col == "fd.num" && ref == "-1" || r[at["fd.num"]] == "-1" &&
	    (col == "fd.typechar" && ref == "o" || col == "fd.name" && ref == "" || col == "fd.directory" && ref == "/")))
		return "no-descriptor"
	if (col == "evt.args" && o[at["evt.type"]] == "procexit" && our == ref " ret=<NA> sig=<NA> core=<NA> reaper_tid=<NA>")
		return "old-exit"
	if (col == "evt.args" && o[at["evt.type"]] == "kill") {
		gsub(/\([^)]*\)/, "", our)
		return our == ref ? "pid-namespace" : "?"
	}
	if (col == "user.name" && our == "<NA>" && o[at["proc.vpid"]] != o[at["proc.pid"]])
		return "container-user"
	if (col == "fs.path.name" && ref == "<UNKNOWN>" && our ~ /^\//)
		return "relative-path"
	return "?"
}

{
	split($0, o, /\|@\|/)
	if (o[2] > last)
		exit
	key = o[2] " " o[at["evt.type"]] " " o[at["thread.tid"]]
	if (++seen[key] > have[key]) {
		more++
		next
	}
	split(want[key, seen[key]], r, "\t")
	found++
	for (i = 3; i <= n_cols; i++) {
		if (r[i] == o[i] "")
			continue
		why = reason(name[i], r[i], o[i])
		diffs[name[i] "\t" why]++
		if (why == "?" && examples++ < 10)
			printf "# %s of %s at %s: reference \"%s\", ours \"%s\"\n", name[i], o[3], o[2], r[i], o[i]
	}
}

END {
	for (d in diffs)
		print d "\t" diffs[d]
	print "rows\tcompared\t" found + 0
	if (found < rows)
		print "rows\tonly in the reference\t" rows - found
	if (more)
		print "rows\tonly ours\t" more
}
