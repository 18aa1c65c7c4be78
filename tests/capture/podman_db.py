#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""podman_db.py FILE ID [ROWS]: a database as podman 5 keeps it (libpod, sqlite_state_internal.go), written by SQLite itself.

The container ID stands among ROWS others; its configuration is longer than a page.
"""
import json
import sqlite3
import sys

path, wanted = sys.argv[1:3]
rows = int(sys.argv[3]) if len(sys.argv) > 3 else 300
db = sqlite3.connect(path)
db.execute("PRAGMA page_size = 4096")
db.execute("CREATE TABLE IDNamespace(ID TEXT PRIMARY KEY NOT NULL)")
db.execute("CREATE TABLE ContainerConfig(ID TEXT PRIMARY KEY NOT NULL, Name TEXT UNIQUE NOT NULL, PodID TEXT, JSON TEXT NOT NULL,"
           " FOREIGN KEY (ID) REFERENCES IDNamespace(ID) DEFERRABLE INITIALLY DEFERRED)")
db.execute("CREATE TABLE ContainerState(ID TEXT PRIMARY KEY NOT NULL, State INTEGER NOT NULL, ExitCode INTEGER, JSON TEXT NOT NULL,"
           " CHECK (ExitCode BETWEEN -1 AND 255))")
for i in range(rows):
    name = wanted if i == rows // 2 else "%064x" % (i * 0x9E3779B97F4A7C15)
    config = {"id": name, "name": "box-%d" % i, "labels": {"number": str(i)}, "user": "101", "privileged": i % 2 == 0,
              "environment": ["X=" + "y" * (9000 if name == wanted else i * 37 % 9000)], "after": "end"}
    state = {"state": 3, "startedTime": "2026-01-02T03:04:05.6Z", "restartCount": i,
             "networkStatus": {"podman": {"interfaces": {"eth0": {"subnets": [{"ipnet": "10.88.0.5/16"}]}}}}}
    # Go's driver binds what was marshalled as bytes; a text would be read as well
    db.execute("INSERT INTO IDNamespace VALUES (?)", (name,))
    db.execute("INSERT INTO ContainerConfig VALUES (?, ?, ?, ?)", (name, "box-%d" % i, None, json.dumps(config).encode()))
    db.execute("INSERT INTO ContainerState VALUES (?, ?, ?, ?)", (name, 3, -1, json.dumps(state)))
db.commit()
db.close()
