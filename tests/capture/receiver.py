# SPDX-License-Identifier: Apache-2.0
#
# receiver.py [--tls CERT KEY [CLIENT_CA]] DIR - an HTTP server on loopback that takes alerts, well or badly. The port goes to
# DIR/port, each request to DIR/got as one line of JSON. What it answers is said by the first word of the path:
#
#   /ok            204
#   /fail          500
#   /flaky/N       500 to the first N requests, 204 then
#   /busy/N        429 with Retry-After: 1 to the first N requests, 204 then
#   /refuse        400
#   /moved         302 to /ok
#   /slow/S        204 after S seconds
#   /broken        something that is no HTTP
#   /close         the connection is closed without an answer
#   /endless       a reply without end, until the other side has enough
#   /token/T       204 with "Bearer T", else 401
import http.server
import json
import os
import ssl
import sys
import threading
import time

args = sys.argv[1:]
tls = []
if args[0] == "--tls":
    tls = args[1:-1]
where = args[-1]
lock = threading.Lock()
seen = {}
log = open(os.path.join(where, "got"), "a", buffering=1)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 20

    def log_message(self, *_):
        pass

    def reply(self, status, *headers):
        with lock:
            log.write(json.dumps({"path": self.path, "status": status, "id": self.headers.get("X-Alert-Id"),
                                  "type": self.headers.get("Content-Type"), "extra": self.headers.get("X-Extra"),
                                  "body": self.body}) + "\n")
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        if status != 204:
            self.send_header("Content-Length", "0")
        self.end_headers()

    def do_POST(self):
        self.body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        _, what, *more = self.path.split("/")
        with lock:
            n = seen[self.path] = seen.get(self.path, 0) + 1
        if what == "fail" or what == "flaky" and n <= int(more[0]):
            self.reply(500)
        elif what == "busy" and n <= int(more[0]):
            self.reply(429, ("Retry-After", "1"))
        elif what == "refuse":
            self.reply(400)
        elif what == "moved":
            self.reply(302, ("Location", "/ok"))
        elif what == "token" and self.headers.get("Authorization") != "Bearer " + more[0]:
            self.reply(401)
        elif what == "broken":
            self.wfile.write(b"\0\1\2 not http\r\n\r\n")
            self.close_connection = True
        elif what == "close":
            self.close_connection = True
        elif what == "endless":
            self.wfile.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
            try:
                for _ in range(10000):
                    self.wfile.write(b"x" * 65536)
            except OSError:
                pass
            self.close_connection = True
        else:
            if what == "slow":
                time.sleep(float(more[0]))
            self.reply(204)


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_):     # a client that goes away
        pass


server = Server(("127.0.0.1", 0), Handler)
if tls:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tls[0], tls[1])
    if len(tls) > 2:
        context.load_verify_locations(tls[2])
        context.verify_mode = ssl.CERT_REQUIRED
    server.socket = context.wrap_socket(server.socket, server_side=True)
with open(os.path.join(where, "port.new"), "w") as f:
    f.write(str(server.server_port))
os.rename(os.path.join(where, "port.new"), os.path.join(where, "port"))
threading.Timer(120, lambda: os._exit(1)).start()   # a test that forgot about it
server.serve_forever()
