# SPDX-License-Identifier: Apache-2.0
"""cri_call.py SOCKET METHOD MESSAGE - one call of runtime.v1.RuntimeService, by curl.

MESSAGE is the request in JSON with the numbers of its fields as keys (cri-api, runtime/v1/api.proto): text and numbers
are themselves, an object is a message, a list repeats its field, and {"map": {...}} is a map of strings. Prints the
answer's first field if that is text.
"""
import json
import subprocess
import sys


def varint(n):
    out = b""
    while n > 127:
        out, n = out + bytes([n & 127 | 128]), n >> 7
    return out + bytes([n])


def field(number, value):
    if isinstance(value, list):
        return b"".join(field(number, v) for v in value)
    if isinstance(value, dict) and "map" in value:
        return b"".join(field(number, {"1": k, "2": v}) for k, v in value["map"].items())
    if isinstance(value, (bool, int)):
        return varint(number << 3) + varint(int(value))
    data = value.encode() if isinstance(value, str) else message(value)
    return varint(number << 3 | 2) + varint(len(data)) + data


def message(fields):
    return b"".join(field(int(k), v) for k, v in fields.items())


def first_text(data):
    if not data or data[0] != 10:
        return ""
    at, n, shift = 1, 0, 0
    while True:
        n, shift, at = n | (data[at] & 127) << shift, shift + 7, at + 1
        if data[at - 1] < 128:
            return data[at:at + n].decode(errors="replace")


body = message(json.loads(sys.argv[3]))
run = subprocess.run(
    ["curl", "-sS", "--max-time", "30", "--http2-prior-knowledge", "--unix-socket", sys.argv[1], "-H", "content-type: application/grpc",
     "-H", "te: trailers", "--data-binary", "@-", "-D", "/dev/stderr", "-o", "-",
     "http://localhost/runtime.v1.RuntimeService/" + sys.argv[2]],
    input=b"\0" + len(body).to_bytes(4, "big") + body, capture_output=True)
if run.returncode or b"grpc-status: 0" not in run.stderr:
    sys.exit(run.stderr.decode(errors="replace"))
print(first_text(run.stdout[5:]))
