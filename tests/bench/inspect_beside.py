#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""inspect_beside.py CAPTURE... - the first screen with processes of csysdig and of spoor-inspect, in turn, three times each.

Rows of the benchmark's table; the better one of three counts, as others' work on the machine can only make it longer. A
capture that csysdig cannot read is a note.
"""
import os, re, sys
from inspect_keys import Terminal, peak
import time


def once(argv, keys, shown):
    """ms until this is shown, MiB; None: it never was."""
    begin = time.time()
    t = Terminal(argv)
    for k in keys:
        t.until(b"Over", 20)
        os.write(t.fd, k)
    while not re.search(shown, t.text) and time.time() < begin + 20 and os.waitpid(t.pid, os.WNOHANG) == (0, 0):
        t.read(0.2)
    ms = 1000 * (time.time() - begin)
    try:
        memory = peak(t.pid)
        t.close()
    except OSError:
        return None
    return (ms, memory) if re.search(shown, t.text) else None


def main():
    for path in sys.argv[1:]:
        if not os.path.exists(path):
            continue
        name = os.path.basename(path)
        theirs, ours = [], []
        for _ in range(3):
            theirs.append(once(["csysdig", "-r", path], [], rb"PID.*[0-9]+ +[0-9]"))
            ours.append(once(["spoor-inspect", path], [b"2"], rb"PID.*[0-9]+ +[0-9]"))
        if None in theirs:
            print(f"{name}: csysdig cannot read it" + ("" if None in ours else f", spoor-inspect shows it in {min(ours)[0]:.0f} ms"))
            continue
        if None in ours:
            print(f"{name}: spoor-inspect cannot read it")
            continue
        a, b = min(ours), min(theirs)
        print(f"processes shown, {name} | {a[0]:.0f} ms | {b[0]:.0f} ms csysdig | {a[0] / b[0]:.2f}")
        print(f"memory then, {name} | {a[1]:.0f} MiB | {b[1]:.0f} MiB csysdig | {a[1] / b[1]:.2f}")


main()
