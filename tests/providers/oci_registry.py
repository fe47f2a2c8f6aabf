"""A registry on loopback from which, and to which, a real Ollama transfers its models.

Source: https://github.com/opencontainers/distribution-spec/blob/main/spec.md, as far as Ollama speaks it.
"""

import asyncio
import re
from hashlib import sha256
from typing import Any

from llmtui.testing.exchange import Request, Responder
from llmtui.testing.wire_server import WireServer

_RANGE = re.compile(r"bytes=(\d+)-(\d*)")
PIECE = 64 * 1024


class Registry(WireServer):
    """Keeps manifests and blobs; `gate` stops large blobs half-way until it is set."""

    def __init__(self, **options: Any) -> None:
        super().__init__(self._answer, **options)
        self.manifests: dict[str, bytes] = {}
        self.blobs: dict[str, bytes] = {}
        self.gate = asyncio.Event()
        self.gate.set()
        self.halfway = asyncio.Event()
        """Set as soon as a blob waits at the gate."""
        self._uploads: dict[str, bytearray] = {}

    def name(self, model: str) -> str:
        """What Ollama calls a model of this registry."""
        host, port = self.address
        return f"{host}:{port}/library/{model}"

    def ranges(self) -> list[str]:
        """Which bytes of blobs were asked for, in this order."""
        return [request.headers["range"] for request in self.requests if "range" in request.headers]

    async def _answer(self, request: Request, responder: Responder) -> None:
        path = request.path
        reference = path.rpartition("/")[2]
        if "/manifests/" in path:
            await self._manifest(request, responder, path)
        elif path.endswith("/blobs/uploads/"):
            upload = f"{path}{len(self._uploads)}"
            self._uploads[upload] = bytearray()
            await _empty(responder, 202, location=self.url + upload)
        elif path in self._uploads:
            await self._upload(request, responder, path)
        elif reference in self.blobs:
            await self._blob(request, responder, self.blobs[reference])
        else:
            await _empty(responder, 404)

    async def _manifest(self, request: Request, responder: Responder, path: str) -> None:
        if request.method == "PUT":
            self.manifests[path] = request.body
            await _empty(responder, 201)
        elif path in self.manifests:
            await responder.send(200, self.manifests[path])
        else:
            await _empty(responder, 404)

    async def _upload(self, request: Request, responder: Responder, path: str) -> None:
        self._uploads[path] += request.body
        if request.method == "PUT":
            content = bytes(self._uploads.pop(path))
            self.blobs[f"sha256:{sha256(content).hexdigest()}"] = content
            await _empty(responder, 201)
        else:
            await _empty(responder, 202, location=self.url + path)

    async def _blob(self, request: Request, responder: Responder, content: bytes) -> None:
        found = _RANGE.fullmatch(request.headers.get("range", ""))
        begin = int(found[1]) if found else 0
        end = int(found[2]) + 1 if found and found[2] else len(content)
        # Ollama asks where a blob is, and wants to be led elsewhere: here is as good.
        headers = {"location": "#", "content-length": str(end - begin)}
        lines = [
            f"HTTP/1.1 {206 if found else 200} OK",
            *(f"{key}: {value}" for key, value in headers.items()),
        ]
        await responder.raw("\r\n".join(lines).encode() + b"\r\n\r\n")
        if request.method == "HEAD" or not found:
            return
        middle = (begin + end) // 2
        await responder.raw(content[begin:middle])
        if not self.gate.is_set() and len(content) > PIECE:
            self.halfway.set()
            await self.gate.wait()
        await responder.raw(content[middle:end])


async def _empty(responder: Responder, status: int, **headers: str) -> None:
    await responder.send(status, b"", **headers)
