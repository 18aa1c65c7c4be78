# SPDX-License-Identifier: Apache-2.0
#
# ask.py [-t TOKEN] [-H "NAME: VALUE"] [-d BODY | -D FILE] [--ca F] [--cert F --key F] METHOD PORT|/SOCKET PATH
# - one request to a server on loopback or a unix socket; prints the status and the body. "closed" if there is no answer.
import argparse
import http.client
import socket
import ssl

p = argparse.ArgumentParser()
p.add_argument("-t")
p.add_argument("-H", action="append", default=[])
p.add_argument("-d")
p.add_argument("-D")
p.add_argument("--ca")
p.add_argument("--cert")
p.add_argument("--key")
p.add_argument("method")
p.add_argument("where")
p.add_argument("path")
a = p.parse_args()

if a.where.startswith("/"):
    c = http.client.HTTPConnection("localhost", timeout=20)
    c.sock = socket.socket(socket.AF_UNIX)
    c.sock.connect(a.where)
elif a.ca:
    context = ssl.create_default_context(cafile=a.ca)
    if a.cert:
        context.load_cert_chain(a.cert, a.key)
    c = http.client.HTTPSConnection("127.0.0.1", int(a.where), timeout=20, context=context)
else:
    c = http.client.HTTPConnection("127.0.0.1", int(a.where), timeout=20)
headers = dict(h.split(": ", 1) for h in a.H)
if a.t:
    headers["Authorization"] = "Bearer " + a.t
body = open(a.D, "rb").read() if a.D else a.d
try:
    c.request(a.method, a.path, body, headers)
    r = c.getresponse()
    print(r.status, r.getheader("Retry-After") or "")
    print(r.read().decode(), end="")
except (OSError, http.client.HTTPException) as e:
    print("closed", type(e).__name__)
