# SPDX-License-Identifier: Apache-2.0
#
# captures.bash - real .scap captures, where they are there: SPOOR_CAPTURES, or a folder beside the tree.
#
#   source tests/lib/captures.bash
#   captures_missing && skip "no captures (SPOOR_CAPTURES)"
#   capture_file NAME		path of the capture of that name, packed or not
#   capture_plain NAME		its bytes, unpacked, on stdout

captures=${SPOOR_CAPTURES:-$SPOOR_SRC/../shared/captures}
audit_events=${SPOOR_AUDIT_EVENTS:-$SPOOR_SRC/../shared/kubernetes/audit}	# captured entries of audit logs

captures_missing() {
	[ ! -d "$captures/reference" ]
}

capture_file() {
	local f
	for f in "$captures/$1.scap" "$captures/$1.scap.gz"; do
		[ -e "$f" ] && echo "$f" && return 0
	done
	return 1
}

capture_plain() {
	zcat -f "$(capture_file "$1")"
}
