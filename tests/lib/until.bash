# SPDX-License-Identifier: Apache-2.0
#
# until.bash - waiting in tests: for what shall be, never for a time, and not for ever.
#
#   until_true [SECONDS] COMMAND...	tries it again and again, for a minute at most

until_true() {
	local limit=60 end
	if [[ $1 =~ ^[0-9]+$ ]]; then
		limit=$1
		shift
	fi
	end=$((SECONDS + limit))
	while [ $SECONDS -lt $end ]; do
		"$@" >/dev/null 2>&1 && return 0
		sleep 0.05
	done
	echo "not within $limit s: $*"
	return 1
}
