"""A stand-in of the Hub's HTTP interface: as much of it as huggingface_hub asks for to push and fetch a model."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote, urlsplit

TOKEN = "hf_token_of_the_tests"


class Hub(ThreadingHTTPServer):
    """Repositories: name → branch → path → content. Each commit is kept by its name."""

    daemon_threads = True

    def __init__(self, port):
        super().__init__(("127.0.0.1", port), Handler)
        self.repositories, self.commits, self.asked, self.gated, self.down = {}, {}, [], set(), False
        self.address = f"http://127.0.0.1:{self.server_port}"

    def files(self, name, revision):
        """The commit and the files of a branch or commit; None where there is none."""
        branches = self.repositories[name]
        commit = branches.get(revision, revision)
        return (commit, self.commits[commit]) if commit in self.commits else None

    def commit(self, name, branch, files):
        before = self.files(name, branch)
        whole = {**(before[1] if before else {}), **files}
        commit = hashlib.sha1(repr(sorted(whole.items())).encode()).hexdigest()
        self.commits[commit] = whole
        self.repositories[name][branch] = commit
        return commit


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        path = unquote(urlsplit(self.path).path)
        self.server.asked.append(("POST", path))
        if self.server.down:
            return self.answer(503, {"error": "down for maintenance"})
        if path == "/api/validate-yaml":
            return self.answer(200, {"errors": [], "warnings": []})
        if self.headers.get("Authorization") != f"Bearer {TOKEN}":
            return self.answer(401, {"error": "Invalid username or password."})
        if path == "/api/repos/create":
            told = json.loads(body)
            name = f"{told['organization']}/{told['name']}" if told.get("organization") else told["name"]
            if name.startswith("somebody-else/"):
                return self.answer(403, {"error": "You don't have the rights to create a model there"})
            if name in self.server.repositories:
                return self.answer(409, {"error": "It is there already", "url": f"{self.server.address}/{name}"})
            self.server.repositories[name] = {}
            self.server.commit(name, "main", {})
            return self.answer(200, {"url": f"{self.server.address}/{name}", "name": name})
        name, what, revision = re.fullmatch(r"/api/models/([^/]+/[^/]+)/(preupload|commit|branch)/(.+)", path).groups()
        if what == "branch":
            branches = self.server.repositories[name]
            branches.setdefault(revision, branches["main"])
            return self.answer(200, {})
        if what == "preupload":
            files = json.loads(body)["files"]
            modes = [{"path": each["path"], "uploadMode": "regular", "shouldIgnore": False} for each in files]
            return self.answer(200, {"files": modes})
        lines = [json.loads(line) for line in body.splitlines()]
        files = {
            each["value"]["path"]: base64.b64decode(each["value"]["content"]) for each in lines if each["key"] == "file"
        }
        commit = self.server.commit(name, revision, files)
        self.answer(200, {"commitUrl": f"{self.server.address}/{name}/commit/{commit}", "commitOid": commit,
                          "success": True})  # fmt: skip

    def do_HEAD(self):
        self.do_GET()

    def do_GET(self):
        path = unquote(urlsplit(self.path).path)
        self.server.asked.append((self.command, path))
        if self.server.down:
            return self.answer(503, {"error": "down for maintenance"})
        told = re.fullmatch(r"/api/models/([^/]+/[^/]+?)(?:/(revision|tree)/([^/]+)(?:/.*)?)?", path)
        file = re.fullmatch(r"/([^/]+/[^/]+)/resolve/([^/]+)/(.+)", path)
        name, revision = (told[1], told[3] or "main") if told else (file[1], file[2]) if file else ("", "")
        if name not in self.server.repositories:
            return self.answer(404, {"error": "Repository not found"}, {"X-Error-Code": "RepoNotFound"})
        if name in self.server.gated:
            return self.answer(403, {"error": "Access is restricted"}, {"X-Error-Code": "GatedRepo"})
        found = self.server.files(name, revision)
        if found is None:
            return self.answer(404, {"error": "Invalid rev id"}, {"X-Error-Code": "RevisionNotFound"})
        commit, files = found
        if told and told[2] == "tree":
            return self.answer(200, [{"type": "file", "path": each, "size": len(content), "oid": oid(content)}
                                     for each, content in files.items()])  # fmt: skip
        if told:
            return self.answer(200, {"id": name, "modelId": name, "sha": commit, "private": False,
                                     "siblings": [{"rfilename": each} for each in files], "tags": []})  # fmt: skip
        if file[3] not in files:
            return self.answer(404, {"error": "Entry not found"}, {"X-Error-Code": "EntryNotFound"})
        content = files[file[3]]
        self.answer(200, content, {"ETag": f'"{oid(content)}"', "X-Repo-Commit": commit})

    def answer(self, status, content, headers=None):
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.send_response(status)
        for key, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
            self.send_header(key, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


def oid(content):
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


@contextmanager
def serving(port=0):
    """The stand-in, as long as the block lasts."""
    server = Hub(port)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
