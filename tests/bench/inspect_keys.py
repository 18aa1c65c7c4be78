#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""inspect_keys.py NAME FILE [INSPECTOR...] - press keys in an inspector on a terminal of its own, and time the answers.

Rows of the benchmark's table: what, what was measured, what is asked of it, and the ratio of both. An answer is the first
output behind a key; keys that change nothing on the screen are not among those pressed. Works in a folder that may be
written to.
"""
import fcntl, os, pty, select, struct, sys, termios, time

KEY = 50        # ms in which a key is to be answered
FIRST = 200     # ms to the first screen


def peak(pid):
    for line in open(f"/proc/{pid}/status"):
        if line.startswith("VmHWM"):
            return int(line.split()[1]) / 1024
    return 0


class Terminal:
    def __init__(self, argv):
        self.pid, self.fd = pty.fork()
        if not self.pid:
            os.environ["TERM"] = "xterm-256color"
            os.execvp(argv[0], argv)
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
        self.text = b""

    def read(self, seconds):
        """What comes within so long; empty: nothing."""
        if not select.select([self.fd], [], [], seconds)[0]:
            return b""
        try:
            got = os.read(self.fd, 65536)
        except OSError:
            return b""
        self.text = (self.text + got)[-200000:]
        return got

    def until(self, text, seconds=60):
        """Seconds until this is shown."""
        begin = time.time()
        while text not in self.text and time.time() < begin + seconds:
            self.read(1)
        return time.time() - begin

    def settle(self, quiet=0.3, most=300):
        """Until nothing has come for a while; returns when the last came."""
        last, end = time.time(), time.time() + most
        while time.time() < end and time.time() - last < quiet:
            if self.read(0.05):
                last = time.time()
        return last

    def key(self, k):
        """Press a key; ms until it is answered."""
        while self.read(0):
            pass
        begin = time.time()
        os.write(self.fd, k)
        return 1000 * (time.time() - begin) if self.read(5) else 5000.0

    def close(self):
        os.write(self.fd, b"q")
        time.sleep(0.2)
        os.close(self.fd)
        os.waitpid(self.pid, 0)


def row(name, what, value, unit, goal=None):
    against = f"{goal} {unit}" if goal else "-"
    ratio = f"{value / goal:.2f}" if goal else "-"
    print(f"{what}, {name} | {value:.{1 if value < 10 else 0}f} {unit} | {against} | {ratio}", flush=True)


def while_reading(t, seconds):
    """Up and down in tables and events, from view to view."""
    keys = [b"2", b"j", b"k", b"7", b"j", b"\x1b[6~", b"4", b"j", b"1", b"6", b"j"]
    answers, until = [], time.time() + seconds
    while time.time() < until:
        answers.append(t.key(keys[len(answers) % len(keys)]))
        time.sleep(0.02)
    return answers


def when_read(t):
    """Every view for the first time, sorted by its columns, and searched through to its end."""
    t.key(b"8")         # wherever that was left: none of the following is in sight already
    t.settle()
    answers = []
    for view in [b"2", b"4", b"5", b"6", b"7", b"1"]:
        answers.append(t.key(view))
        t.settle()
        if view in b"2456":
            answers += [t.key(b"G"), t.key(b"s"), t.key(b"s")]
            t.key(b"/")
            os.write(t.fd, b"nowhere to be found")
            t.settle()
            answers.append(t.key(b"\r"))
            t.settle()
    for view in [b"z", b"c", b"e", b"w", b"u", b"r"]:
        t.key(b"v")
        answers.append(t.key(view))
        t.settle()
        t.key(b"\x7f")
    return answers


def while_writing(t):
    """The whole trace is written to a new one; up and down in the events meanwhile."""
    t.key(b"7")
    t.settle()
    t.key(b"X")
    os.write(t.fd, b"written.spoor\r")
    t.until(b"writing")
    answers, until = [], time.time() + 5
    while time.time() < until and b"written.spoor: " not in t.text[-4000:]:
        answers.append(t.key([b"k", b"k", b"j"][len(answers) % 3]))
        time.sleep(0.02)
    t.key(b"\x1b")
    t.settle()
    if os.path.exists("written.spoor"):
        os.unlink("written.spoor")
    return answers


def main(name, path, argv):
    begin = time.time()
    t = Terminal(argv + [path])
    t.until(b"Over")
    row(name, "first screen", 1000 * (time.time() - begin), "ms", FIRST)
    row(name, "first drill-down", t.key(b"3"), "ms", KEY)
    answers = while_reading(t, 2 + os.path.getsize(path) / 20e6)
    row(name, "a key while it is read, worst", max(answers), "ms", KEY)
    row(name, "a key while it is read, mean", sum(answers) / len(answers), "ms", KEY)
    t.settle(1)
    row(name, "memory when it is read", peak(t.pid), "MiB")
    row(name, "a key when it is read, worst", max(when_read(t)), "ms", KEY)
    t.key(b"7")
    t.settle()
    begin = time.time()
    t.key(b"G")
    row(name, "seek to the end", 1000 * (t.settle() - begin), "ms")
    row(name, "a key while it is written, worst", max(while_writing(t)), "ms", KEY)
    t.key(b"f")
    os.write(t.fd, b"evt.type=execve and proc.name!=nosuch\r")
    begin = time.time()
    row(name, "filter over the whole file", 1000 * (t.settle(1.5) - begin), "ms")
    row(name, "memory with the filter", peak(t.pid), "MiB")
    t.close()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3:] or ["spoor-inspect"])
