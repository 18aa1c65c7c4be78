# SPDX-License-Identifier: Apache-2.0
"""notify_server.py PORTFILE LOG [STATUS...] - takes messages on loopback and checks that each has the shape of what it is sent as.

/slack/..., /incident, /rest/container, /any. A line of LOG each: "OK PATH BODY" or "BAD PATH why". Each STATUS is answered once, in order, before
messages are taken.
"""
import json, sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

log = open(sys.argv[2], "a", buffering=1)
answers = [int(a) for a in sys.argv[3:]]
containers = {}


def need(b, **types):
    for key, t in types.items():
        if not isinstance(b.get(key), t):
            raise ValueError(f"{key} is {b.get(key)!r}")


def only(b, *keys):
    for key in b:
        if key not in keys:
            raise ValueError(f"there is no {key}")


def slack(b, headers):
    only(b, "text", "channel")
    need(b, text=str)
    for tag in b["text"].replace("&amp;", "").replace("&lt;", "").replace("&gt;", ""):
        if tag in "<>&":
            raise ValueError("unescaped")
    return b"ok"


def xsoar(b, headers):
    if headers.get("Authorization") != "s3cret" or headers.get("x-xdr-auth-id") not in (None, "17"):
        raise ValueError("key")
    only(b, "name", "details", "type", "severity", "createInvestigation", "occurred", "labels", "rawJSON")
    need(b, name=str, details=str, severity=int, createInvestigation=bool, labels=list, rawJSON=str)
    json.loads(b["rawJSON"])
    for label in b["labels"]:
        need(label, type=str, value=str)
    return b'{"id": "4711"}'


def soar(b, headers):
    if headers.get("ph-auth-token") != "s3cret":
        raise ValueError("token")
    only(b, "name", "description", "label", "severity", "source_data_identifier", "artifacts")
    need(b, name=str, label=str, severity=str, source_data_identifier=str, artifacts=list)
    for a in b["artifacts"]:
        only(a, "name", "label", "source_data_identifier", "severity", "cef", "data")
        need(a, name=str, label=str, source_data_identifier=str, cef=dict, data=dict)
    if b["severity"] not in ("low", "medium", "high"):
        raise ValueError("severity")
    n = b["source_data_identifier"]
    if n in containers:
        return json.dumps({"failed": True, "message": "duplicate", "existing_container_id": containers[n]}).encode()
    containers[n] = len(containers) + 5
    return json.dumps({"success": True, "id": containers[n]}).encode()


def any_json(b, headers):
    if headers.get("X-More", "yes") != "yes":
        raise ValueError("header")
    return b""


class Server(BaseHTTPRequestHandler):
    def log_message(self, *a):
        pass

    def do_POST(self):
        text = self.rfile.read(int(self.headers["Content-Length"])).decode()
        code, body = 200, b""
        try:
            if self.headers["Content-Type"] != "application/json":
                raise ValueError("type")
            handler = {"/incident": xsoar, "/rest/container": soar, "/any": any_json}.get(self.path, slack if self.path.startswith("/slack/") else None)
            if answers:
                code = answers.pop(0)
                log.write(f"{code} {self.path}\n")
            else:
                body = handler(json.loads(text), self.headers)
                log.write(f"OK {self.path} {text}\n")
        except (ValueError, TypeError) as e:
            log.write(f"BAD {self.path} {e} {text}\n")
            code = 400
        self.send_response(code)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


server = ThreadingHTTPServer(("127.0.0.1", 0), Server)
server.daemon_threads = True
with open(sys.argv[1], "w") as f:
    f.write(f"{server.server_port}\n")
server.serve_forever()
