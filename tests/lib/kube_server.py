# SPDX-License-Identifier: Apache-2.0
"""kube_server.py OPENAPI.json.gz PORTFILE LOG [MODE...] - an API server on loopback that checks what it is asked.

Each request is looked up in Kubernetes' published description: path, verb, type and schema of the body, parameters of the query. What does not
fit is answered 400 and logged as BAD. Objects are kept, so that what is done twice meets what was done before. Each request is a line of LOG:
"OK METHOD PATH BODY" or "BAD METHOD PATH why". A MODE changes answers, once each in order: conflict, forbidden, busy (429 with Retry-After), error
(500), slow (8 s), broken (no JSON), cut (half an answer), unauthorized.

KUBE_TLS="CERT KEY" in the environment: HTTPS. With a third file, an authority: who has a certificate of it needs no token, and who has one of
another is turned away. Tokens are those of TOKENS, and what the file KUBE_TOKEN holds.
"""
import gzip, json, os, re, ssl, sys, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

api = json.load(gzip.open(sys.argv[1]))
log = open(sys.argv[3], "a", buffering=1)
modes = sys.argv[4:]
objects = {}
NODES = {"worker-1": {}, "master-1": {"node-role.kubernetes.io/control-plane": ""}}
TOKENS = ("Bearer secret-token", "Bearer plugin-token")


def resolve(ref):
    o = api
    for part in ref.lstrip("#/").split("/"):
        o = o[part]
    return o


def check(value, schema, where, partial):
    if "$ref" in schema:
        schema = resolve(schema["$ref"])
    kind = schema.get("type", "object" if "properties" in schema else None)
    if schema.get("x-kubernetes-int-or-string"):
        kind = None
    if value is None and partial:
        return
    types = {"object": dict, "array": list, "string": str, "boolean": bool, "integer": int, "number": (int, float)}
    if kind and (not isinstance(value, types[kind]) or (kind == "integer" and isinstance(value, bool))):
        raise ValueError(f"{where}: {type(value).__name__} is no {kind}")
    if kind == "string" and schema.get("format") == "date-time" and not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", value):
        raise ValueError(f"{where}: {value} is no time")
    if kind == "object":
        for key in schema.get("required", []):
            if key not in value and not partial:
                raise ValueError(f"{where}: {key} is missing")
        for key, v in value.items():
            if key in schema.get("properties", {}):
                check(v, schema["properties"][key], f"{where}.{key}", partial)
            elif "additionalProperties" in schema:
                check(v, schema["additionalProperties"], f"{where}.{key}", partial)
            elif "properties" in schema:
                raise ValueError(f"{where}: there is no {key}")
    if kind == "array":
        for i, v in enumerate(value):
            check(v, schema["items"], f"{where}[{i}]", partial)


def find(path):
    for template, verbs in api["paths"].items():
        m = re.fullmatch(re.sub(r"\{(\w+)\}", r"(?P<\1>[a-z0-9.-]+)", template), path)
        if m and "{path}" not in template:
            return template, verbs, m.groupdict()
    raise ValueError("no such path")


def patched_kind(verbs):
    return verbs["get"]["responses"]["200"]["schema"]


def check_labels(body):
    for k, v in (body.get("metadata", {}).get("labels") or {}).items():
        if not re.fullmatch(r"(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?", v) or len(v) > 63:
            raise ValueError(f"label {k}: {v!r}")
        if not re.fullmatch(r"([a-z0-9.-]+/)?[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?", k):
            raise ValueError(f"label's name {k!r}")


def check_request(method, url, kind, body):
    template, verbs, args = find(url.path)
    if method.lower() not in verbs:
        raise ValueError(f"no {method} there")
    op = verbs[method.lower()]
    params = [resolve(p["$ref"]) if "$ref" in p else p for p in op.get("parameters", []) + verbs.get("parameters", [])]
    for name in parse_qs(url.query):
        if not any(p["in"] == "query" and p["name"] == name for p in params):
            raise ValueError(f"no parameter {name}")
    bodies = [p for p in params if p["in"] == "body"]
    if body is None:
        if any(p.get("required") for p in bodies):
            raise ValueError("a body is missing")
        return template, args
    if not bodies:
        raise ValueError("a body, but none is taken")
    if method == "PATCH":
        if kind not in op["consumes"]:
            raise ValueError(f"type {kind}")
        check(body, patched_kind(verbs), "body", True)
    else:
        if kind != "application/json":
            raise ValueError(f"type {kind}")
        check(body, bodies[0]["schema"], "body", False)
        gvk = resolve(bodies[0]["schema"]["$ref"]).get("x-kubernetes-group-version-kind", [])
        said = body.get("apiVersion", ""), body.get("kind", "")
        if not any(said == ((g["group"] + "/" if g["group"] else "") + g["version"], g["kind"]) for g in gvk):
            raise ValueError(f"{said} is not of this path")
    check_labels(body)
    return template, args


def pod(ns, name, **more):
    return {"kind": "Pod", "apiVersion": "v1", "metadata": {"name": name, "namespace": ns, "uid": "uid-" + name, **more}, "status": {"phase": "Running"}}


PODS = [pod("shop", "web-1"), pod("shop", "web-2"), pod("kube-system", "dns"), pod("shop", "agent", ownerReferences=[{"kind": "DaemonSet", "name": "x", "uid": "u", "apiVersion": "apps/v1"}]),
        pod("shop", "static", annotations={"kubernetes.io/config.mirror": "x"})]


class Server(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *a):
        pass

    def answer(self, code, body, headers=()):
        text = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(code)
        for h, v in headers:
            self.send_header(h, v)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def status(self, code, reason, message, headers=()):
        self.answer(code, {"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": reason, "message": message, "code": code}, headers)

    def misbehave(self, mode):
        if mode == "conflict":
            self.status(409, "Conflict", "the UID in the precondition does not match")
        elif mode == "forbidden":
            self.status(403, "Forbidden", "User \"x\" cannot do this\x1b[31m")
        elif mode == "busy":
            self.status(429, "TooManyRequests", "try again", [("Retry-After", "1")])
        elif mode == "error":
            self.status(500, "InternalError", "oops")
        elif mode == "unauthorized":
            self.status(401, "Unauthorized", "who are you?")
        elif mode == "slow":
            time.sleep(8)
        elif mode == "broken":
            self.answer(200, b"<html>not json")
        elif mode == "cut":
            self.send_response(200)
            self.send_header("Content-Length", "1000")
            self.end_headers()
            self.wfile.write(b'{"kind"')
            self.close_connection = True

    def is_known(self):
        tokens = list(TOKENS)
        if "KUBE_TOKEN" in os.environ:
            tokens.append("Bearer " + open(os.environ["KUBE_TOKEN"]).read().strip())
        return self.headers.get("Authorization") in tokens or (hasattr(self.connection, "getpeercert") and self.connection.getpeercert())

    def serve(self, method):
        n = int(self.headers.get("Content-Length") or 0)
        text = self.rfile.read(n).decode() if n else None
        url = urlsplit(self.path)
        try:
            body = json.loads(text) if text else None
            template, args = check_request(method, url, self.headers.get("Content-Type"), body)
            if not self.is_known():
                log.write(f"WHO {method} {self.path}\n")
                self.status(401, "Unauthorized", "who are you?")
                return
        except (ValueError, KeyError) as e:
            log.write(f"BAD {method} {self.path} {e} {text}\n")
            self.status(400, "BadRequest", str(e))
            return
        log.write(f"OK {method} {self.path} {text or ''}\n")
        if modes:
            mode = modes.pop(0)
            if mode != "fine":
                self.misbehave(mode)
                return
        self.good(method, url, args, template, body)

    def good(self, method, url, args, template, body):
        uid = (body or {}).get("metadata", {}).get("uid") or ((body or {}).get("deleteOptions") or body or {}).get("preconditions", {}).get("uid")
        if args.get("name") == "gone":
            self.status(404, "NotFound", "pods \"gone\" not found")
        elif uid == "uid-of-another":
            self.status(409, "Conflict", "Precondition failed: UID in precondition: uid-of-another")
        elif method == "POST" and template.endswith("/eviction"):
            if args["name"] == "guarded":
                self.status(429, "TooManyRequests", "Cannot evict pod as it would violate the pod's disruption budget.")
            else:
                self.answer(201, {"kind": "Status", "apiVersion": "v1", "status": "Success"})
        elif method == "POST":
            key = url.path + "/" + body["metadata"]["name"]
            if key in objects:
                self.status(409, "AlreadyExists", "already exists")
            else:
                objects[key] = body
                self.answer(201, body)
        elif url.path == "/api/v1/pods":
            self.answer(200, {"kind": "PodList", "apiVersion": "v1", "metadata": {}, "items": PODS})
        elif template == "/api/v1/nodes/{name}" and method == "GET":
            if args["name"] not in NODES:
                self.status(404, "NotFound", "no such node")
            else:
                self.answer(200, {"kind": "Node", "apiVersion": "v1", "metadata": {"name": args["name"], "labels": NODES[args["name"]]}})
        else:
            self.answer(200, {"kind": "Status", "apiVersion": "v1", "status": "Success"})

    def do_GET(self):
        self.serve("GET")

    def do_POST(self):
        self.serve("POST")

    def do_PATCH(self):
        self.serve("PATCH")

    def do_DELETE(self):
        self.serve("DELETE")


server = ThreadingHTTPServer(("127.0.0.1", 0), Server)
server.daemon_threads = True
if "KUBE_TLS" in os.environ:
    cert, key, *authority = os.environ["KUBE_TLS"].split()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    if authority:
        context.verify_mode = ssl.CERT_OPTIONAL
        context.load_verify_locations(authority[0])
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
with open(sys.argv[2], "w") as f:
    f.write(f"{server.server_port}\n")
server.serve_forever()
