# SPDX-License-Identifier: Apache-2.0
#
# bench_inspect.sh - the inspector's answers to keys on 1, 10 and 100 million events, and its first screen beside csysdig's
# on captures that both can read. What is asked of it: a first screen in 200 ms, a key in 50.
# SPOOR_BENCH_EVENTS names other sizes, in millions.

command -v python3 >/dev/null || { echo "python3 is not installed"; exit 77; }
busy=$SPOOR_BUILD/tests/inspect/make_busy
[ -x "$busy" ] || { echo "$busy is not built"; exit 77; }

for n in ${SPOOR_BENCH_EVENTS:-1 10 100}; do
	"$busy" ${n}000000 busy.spoor || exit
	python3 "$SPOOR_SRC/tests/bench/inspect_keys.py" "$n M events" busy.spoor || exit
	rm -f busy.spoor
done

command -v csysdig >/dev/null || { echo "csysdig (Debian: sysdig) is not installed: not compared"; exit 0; }
source "$SPOOR_SRC/tests/lib/captures.bash"
"$busy" 1000000 busy.spoor && spoor-trace convert busy.spoor busy.scap 2>/dev/null || exit
python3 "$SPOOR_SRC/tests/bench/inspect_beside.py" busy.scap "$captures"/*.scap
