"""A stand-in for the native library: the real child process runs on it, without a model.

The model file's name says what loading does, the last message of a request what the reply does. A named
pipe `NAME.loading` beside the file is told the process id when loading begins.
"""

import ctypes
import json
import os
import signal
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any


class CommonParams:
    """Takes any attribute, as the real one does for its many."""

    def __init__(self) -> None:
        self.model: Any = SimpleNamespace(path="")
        self.cpuparams: Any = SimpleNamespace(n_threads=-1)
        self.cpuparams_batch: Any = SimpleNamespace(n_threads=-1)
        self.api_keys: list[str] = []


class Server:
    """Loads or fails by the file's name, then serves."""

    def __init__(self, params: Any) -> None:
        print("printed by the library", flush=True)
        if (pipe := Path(params.model.path).with_suffix(".loading")).is_fifo():
            pipe.write_text(str(os.getpid()))
        match Path(params.model.path).stem:
            case "refused":
                print("0.01 E load: error loading model: a tensor is missing", file=sys.stderr, flush=True)
                raise RuntimeError("Failed to init server")
            case "aborted":
                os.kill(os.getpid(), signal.SIGABRT)
            case "slow":
                # Unlike CDLL, PyDLL keeps the interpreter's lock, as the real library does while it loads.
                ctypes.PyDLL(None).sleep(60)
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        self._http.params = params  # type: ignore[attr-defined]
        self.listening_address = f"http://127.0.0.1:{self._http.server_port}"
        threading.Thread(target=self._http.serve_forever, daemon=True).start()


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        params = self.server.params  # type: ignore[attr-defined]
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        if self.headers["authorization"] != f"Bearer {params.api_keys[0]}":
            self.send_error(401)
            return
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.end_headers()
        for text in self._reply(body):
            self._send(json.dumps({"model": body["model"], "choices": [{"delta": {"content": text}}]}))
        self._send(json.dumps({"model": body["model"], "choices": [{"delta": {}, "finish_reason": "stop"}]}))
        self._send("[DONE]")

    def _reply(self, body: dict[str, Any]) -> Iterator[str]:
        match body["messages"][-1]["content"]:
            case "die":
                yield "last words"
                os.kill(os.getpid(), signal.SIGKILL)
            case "die silently":
                os.kill(os.getpid(), signal.SIGKILL)
            case "your request":
                yield json.dumps(body)
            case "your process":
                yield str(os.getpid())
            case _:
                yield "hello"

    def _send(self, data: str) -> None:
        self.wfile.write(f"data: {data}\n\n".encode())
        self.wfile.flush()

    def log_message(self, *args: Any) -> None:
        """Say nothing."""
