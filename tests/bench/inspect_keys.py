#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""inspect_keys.py NAME FILE [INSPECTOR...] - press keys in an inspector on a terminal of its own, and time the answers.

One line: first screen, first drill-down, the worst and the mean answer of a key while the whole file is read, a filter
over the whole file, the seek to its end, all in ms; peak memory in MiB. An answer is the first output behind the key.
"""
import fcntl, os, pty, select, struct, sys, termios, time

name, path = sys.argv[1], sys.argv[2]
argv = sys.argv[3:] or ["spoor-inspect"]


def peak(pid):
    for line in open(f"/proc/{pid}/status"):
        if line.startswith("VmHWM"):
            return int(line.split()[1]) / 1024
    return 0


class Terminal:
    def __init__(self):
        self.pid, self.fd = pty.fork()
        if not self.pid:
            os.environ["TERM"] = "xterm-256color"
            os.execvp(argv[0], argv + [path])
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
        self.text = b""

    def read(self, seconds):
        """What comes within so long; empty: nothing."""
        if not select.select([self.fd], [], [], seconds)[0]:
            return b""
        got = os.read(self.fd, 65536)
        self.text = (self.text + got)[-200000:]
        return got

    def settle(self, quiet=0.3, most=300):
        """Until nothing has come for a while; returns when the last came."""
        last, end = time.time(), time.time() + most
        while time.time() < end and time.time() - last < quiet:
            if self.read(0.05):
                last = time.time()
        return last

    def key(self, k):
        """Press a key; seconds until it is answered."""
        while self.read(0):
            pass
        begin = time.time()
        os.write(self.fd, k)
        return time.time() - begin if self.read(5) else 5.0


def main():
    begin = time.time()
    t = Terminal()
    while b"Over" not in t.text:
        t.read(10)
    first = time.time() - begin
    drill = t.key(b"3")
    # until all is read: up and down in tables and events, from view to view
    answers = []
    until = time.time() + float(os.environ.get("SECONDS_OF_KEYS", "6"))
    keys = [b"2", b"j", b"k", b"7", b"j", b"\x1b[6~", b"4", b"j", b"1", b"6", b"j"]
    while time.time() < until:
        answers.append(t.key(keys[len(answers) % len(keys)]))
        time.sleep(0.02)
    t.settle(1)
    read = peak(t.pid)
    t.key(b"7")
    t.settle()
    begin = time.time()
    t.key(b"G")
    end = t.settle() - begin
    t.key(b"f")
    os.write(t.fd, b"evt.type=execve and proc.name!=nosuch\r")
    begin = time.time()
    filtered = t.settle(1.5) - begin
    memory = peak(t.pid)
    os.write(t.fd, b"q")
    ms = [1000 * x for x in (first, drill, max(answers), sum(answers) / len(answers), filtered, end)]
    print(f"{name:14} first {ms[0]:6.0f}  drill {ms[1]:5.0f}  key worst {ms[2]:5.0f} mean {ms[3]:5.1f} ({len(answers)})  "
          f"filter {ms[4]:7.0f}  end {ms[5]:5.0f} ms  {read:5.0f} {memory:5.0f} MiB", flush=True)
    time.sleep(0.2)
    os.close(t.fd)


main()
