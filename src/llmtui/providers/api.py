"""One server's own API: its address, with what goes there in every request."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Any

from llmtui.providers.http import JSON_CLOCK_S, Http, Reply
from llmtui.providers.page import Page


@dataclass(frozen=True, slots=True)
class Api:
    """`Http` for paths behind one address; every method raises ProviderError."""

    http: Http
    root: str
    """The address, without a trailing slash."""
    headers: Mapping[str, str] = field(repr=False)
    secrets: Sequence[str] = field(repr=False)
    """What no error may repeat."""

    async def json(
        self,
        method: str,
        path: str,
        payload: Mapping[str, Any] | None = None,
        *,
        clock_s: float = JSON_CLOCK_S,
    ) -> Any:
        """Ask for one JSON value."""
        return await self.http.json(
            method, self.root + path, self.headers, payload=payload, secrets=self.secrets, clock_s=clock_s
        )

    async def page(self, path: str) -> Page:
        """Ask for whatever is there, be it a refusal."""
        return await self.http.page("GET", self.root + path, self.headers, secrets=self.secrets)

    async def exists(self, path: str) -> bool:
        """Whether the server has what is there."""
        return await self.http.exists(self.root + path, self.headers, secrets=self.secrets)

    async def done(
        self, method: str, path: str, payload: Mapping[str, Any] | None = None, *, model: str = ""
    ) -> None:
        """Ask for something whose whole answer is the status."""
        await self.http.done(
            method, self.root + path, self.headers, payload=payload, model=model, secrets=self.secrets
        )

    async def upload(self, path: str, content: AsyncIterator[bytes]) -> None:
        """Send what comes, for as long as it takes."""
        await self.http.done(
            "POST", self.root + path, self.headers, content=content, secrets=self.secrets, clock_s=None
        )

    def post(
        self, path: str, payload: Mapping[str, Any], *, model: str = ""
    ) -> AbstractAsyncContextManager[Reply]:
        """Open a streaming POST."""
        return self.http.post(self.root + path, payload, self.headers, model=model, secrets=self.secrets)

    async def aclose(self) -> None:
        """Close the connections."""
        await self.http.aclose()
