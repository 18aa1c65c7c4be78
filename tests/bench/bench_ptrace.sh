# SPDX-License-Identifier: Apache-2.0
#
# bench_ptrace.sh - what the ptrace driver costs the traced program, beside strace -f with the same set of calls, which
# writes text; both with a seccomp filter. Runs take turns; the best of five counts. Nobody's privilege is needed.

command -v spoor-capture >/dev/null || { echo "spoor-capture is not built"; exit 77; }
command -v strace >/dev/null || { echo "strace is not installed"; exit 77; }
command -v busybox >/dev/null || { echo "busybox is not installed"; exit 77; }

# All but the calls that say little: those the driver leaves out too.
noise=$(sed -n 's/^EVENT([0-9]*, *\([a-z0-9_]*\),[^,]*,.*EF_NOISE.*/\1/p' "$SPOOR_SRC/format/schema/events.def" | sed 's/^/?/' | paste -sd,)
spoor() { spoor-capture -w t.spoor --force --driver ptrace -- "$@" 2>log; }
strace_filter() { strace -f -qq --seccomp-bpf -e "trace=!$noise" -o t.strace "$@"; }
bare() { "$@"; }

seconds() {	# command...: its wall time
	local t0 t1
	t0=$(date +%s%N)
	"$@" >/dev/null 2>&1 </dev/null
	t1=$(date +%s%N)
	echo $(((t1 - t0) / 1000))
}

measure() {	# name command...
	local name=$1 i t
	shift
	local -A best=()
	for ((i = 0; i < 5; i++)); do
		for way in bare strace_filter spoor; do
			t=$(seconds $way "$@")
			[ -n "${best[$way]:-}" ] && [ "${best[$way]}" -le "$t" ] || best[$way]=$t
		done
	done
	awk -v n="$name" -v b="${best[bare]}" -v s="${best[strace_filter]}" -v p="${best[spoor]}" 'BEGIN {
		printf "ptrace, %s: against strace -f --seccomp-bpf | %.0f ms | %.0f ms | %.2f\n", n, p / 1000, s / 1000, p / s
		printf "ptrace, %s: against no recording | %.0f ms | %.0f ms | %.1f\n", n, p / 1000, b / 1000, p / b }'
	echo "$name: $(sed -n 's/ events,.*//p' log | tail -n 1) events, $(wc -c <t.strace) bytes of strace, $(wc -c <t.spoor) of spoor"
}

measure "files (busybox find /usr)" busybox find /usr/share /usr/include -name '*.none'
measure "processes (300 of them)" busybox sh -c 'i=0; while [ $i -lt 300 ]; do busybox true; i=$((i + 1)); done'
measure "small reads and writes (30,000)" \
	busybox dd if=/dev/zero of=/dev/null bs=1 count=15000
