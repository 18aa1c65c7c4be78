# SPDX-License-Identifier: Apache-2.0
#
# arm64, as far as a machine of another kind can tell: the kernel's side compiles and links, and so does the recorder's C
# against this machine's library headers.

setup() {
	command -v clang >/dev/null && command -v bpftool >/dev/null || skip "clang or bpftool is not installed"
	cross=$(command -v aarch64-linux-gnu-gcc) || skip "no cross compiler: gcc-aarch64-linux-gnu and libc6-dev-arm64-cross"
	include=/usr/aarch64-linux-gnu/include
	[ -f $include/asm/unistd.h ] || skip "no arm64 headers: libc6-dev-arm64-cross"
	cd "$SPOOR_SRC"
}

@test "the kernel's programs, and the recorder" {
	local out=$BATS_TEST_TMPDIR
	mkdir -p "$out/capture"
	for o in spoor spoor_helpers spoor_plain; do
		clang -g -O2 -target bpf -D__TARGET_ARCH_arm64 -mcpu=v3 -std=gnu11 -Wall -Werror -Wno-unused-function -I. -Icapture/bpf \
			-idirafter $include -c -o "$out/$o.o" capture/bpf/$o.bpf.c
		bpftool gen object "$out/$o.bpf.o" "$out/$o.o"
		bpftool gen skeleton "$out/$o.bpf.o" name ${o}_bpf >"$out/capture/$o.skel.h"
	done
	for f in capture/*.c capture/containers/*.c capture/driver/*.c capture/ptrace/*.c; do
		"$cross" -fsyntax-only -std=gnu11 -D_GNU_SOURCE -I. -I"$out" -idirafter /usr/include -Wall -Wextra -Werror "$f"
	done
}
