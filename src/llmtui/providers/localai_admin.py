"""The models of a LocalAI server: its gallery, what it installs from there, and what it deletes.

Source: https://localai.io/models/ and core/http/routes/localai.go of https://github.com/mudler/LocalAI
"""

import asyncio
import re
import time
from collections.abc import AsyncGenerator, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from llmtui.core.errors import (
    ErrorContext,
    IncompleteStream,
    ModelNotFound,
    ProviderError,
    ServerError,
    Timeout,
    Unsupported,
)
from llmtui.core.model_admin import ModelAction, OfferedModel, StoredModel, TransferStep
from llmtui.core.text import sanitise_line
from llmtui.core.untrusted import as_object, as_objects
from llmtui.providers.admins import BaseAdmin
from llmtui.providers.api import Api
from llmtui.providers.http import JSON_CLOCK_S

GALLERY_CLOCK_S = 60.0
"""The server may fetch its galleries before it answers."""
POLL_S = 0.5
DELETE_CLOCK_S = 30.0
CANCEL_CLOCK_S = 0.5
LOST_FOR_S = 30.0
"""How long nothing may be heard of an installation, which goes on meanwhile."""
_NO_SUCH_MODEL = re.compile(r"no model found", re.IGNORECASE)
_SIZE = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([KMGT]?)(i?)B\s*", re.IGNORECASE)
_POWERS = {"": 0, "K": 1, "M": 2, "G": 3, "T": 4}


class LocalAIAdmin(BaseAdmin):
    """Manages the models of one server, whose own API stands beside the one of OpenAI's shape."""

    actions = frozenset({ModelAction.PULL, ModelAction.DELETE, ModelAction.GALLERY})
    server = "LocalAI"

    def __init__(self, provider: str, api: Api) -> None:
        """`api` has the address that chats go to."""
        super().__init__(provider)
        self._api = replace(api, root=api.root.removesuffix("/v1"))

    async def stored(self) -> list[StoredModel]:
        """The models that can be asked; the server tells nothing but their names."""
        answer = as_object(await self._api.json("GET", "/v1/models"))
        names = (_line(entry, "id") for entry in as_objects(answer.get("data")))
        return [StoredModel(name) for name in names if name]

    async def offered(self) -> list[OfferedModel]:
        """The models of its galleries."""
        found = as_objects(await self._own("GET", "/models/available", clock_s=GALLERY_CLOCK_S))
        return [_offered(entry) for entry in found if _line(entry, "name")]

    async def pull(self, model: str) -> AsyncGenerator[TransferStep, None]:
        """Install a model of a gallery by its `gallery@name`; closing the generator asks to cancel the job.

        Installing goes on in the server without us, so that a lost connection costs nothing but the view.
        """
        answer = as_object(await self._own("POST", "/models/apply", {"id": model}))
        job = _line(answer, "uuid")
        if not job:
            raise self._error(ServerError, "the server named no job for the installation", model)
        known = ended = False
        try:
            while not ended:
                state = await self._patiently(job)
                if state is None and known:
                    raise self._error(IncompleteStream, "the server forgot the installation", model)
                known = known or state is not None
                ended = bool(state and state.get("processed"))
                self._require_well(state or {}, model)
                yield _step(state)
                if not ended:
                    await asyncio.sleep(POLL_S)
        except (asyncio.CancelledError, GeneratorExit):
            if not ended:
                await self._cancel(job)
            raise

    async def delete(self, model: str) -> None:
        """Delete a model, and wait until it is gone."""
        path = f"/models/delete/{quote(model, safe='')}"
        job = _line(as_object(await self._own("POST", path)), "uuid")
        with suppress(TimeoutError):
            async with asyncio.timeout(DELETE_CLOCK_S):
                # Old servers name a job that they know nothing of: then the list tells.
                while any(one.name == model for one in await self.stored()):
                    self._require_well(await self._job(job) or {}, model)
                    await asyncio.sleep(POLL_S)
                return
        words = f"the server still lists {model}"
        raise Timeout(words, phase="total", context=ErrorContext(self._provider, model))

    async def aclose(self) -> None:
        """Close its connections."""
        await self._api.aclose()

    def _require_well(self, state: Mapping[str, Any], model: str) -> None:
        message = _line(state, "message")
        error = state.get("error")
        if state.get("cancelled"):
            raise self._error(ServerError, "the installation was cancelled at the server", model)
        # Go writes most errors as an empty object; then the message has the words.
        if state.get("processed") and (error or message.lower().startswith("error")):
            words = sanitise_line(error) if isinstance(error, str) else message.removeprefix("error: ")
            kind = ModelNotFound if _NO_SUCH_MODEL.search(words) else ServerError
            raise self._error(kind, words or message, model)

    async def _patiently(self, job: str) -> dict[str, Any] | None:
        """What the server says of a job, however often it has to be asked.

        To ask for the installation anew would begin a second one beside the first.
        """
        lost_s: float | None = None
        while True:
            try:
                return await self._job(job)
            except ProviderError as error:
                now_s = time.monotonic()
                lost_s = now_s if lost_s is None else lost_s
                if not error.retryable or now_s - lost_s >= LOST_FOR_S:
                    raise
            await asyncio.sleep(POLL_S)

    async def _job(self, job: str) -> dict[str, Any] | None:
        """What the server says of a job; None while it stands in its queue, and when it was forgotten."""
        try:
            return as_object(await self._api.json("GET", f"/models/jobs/{quote(job, safe='')}"))
        except ProviderError as error:
            if error.context.status in (404, 500) and "could not find" in str(error).lower():
                return None
            raise

    async def _cancel(self, job: str) -> None:
        """Ask to stop a job; old servers cannot, and it goes on there."""
        with suppress(ProviderError):
            await self._api.json(
                "POST", f"/api/operations/{quote(job, safe='')}/cancel", clock_s=CANCEL_CLOCK_S
            )

    async def _own(
        self,
        method: str,
        path: str,
        payload: Mapping[str, Any] | None = None,
        clock_s: float = JSON_CLOCK_S,
    ) -> Any:
        """Ask what only LocalAI has."""
        try:
            return await self._api.json(method, path, payload, clock_s=clock_s)
        except ProviderError as error:
            if error.context.status not in (404, 405):
                raise
            problem = self._error(Unsupported, f"the server at {self._api.root} has no model gallery", "")
            problem.hint = "start LocalAI without --disable-gallery-endpoint, or check that it is LocalAI"
            raise problem from None

    def _error(self, error_class: type[ProviderError], words: str, model: str) -> ProviderError:
        return error_class(words, context=ErrorContext(self._provider, model))


def _step(state: Mapping[str, Any] | None) -> TransferStep:
    if state is None:
        return TransferStep("prepare", "waiting for its turn")
    text = _line(state, "message") or _line(state, "file_name")
    if state.get("processed"):
        return TransferStep("done", text)
    progress = state.get("progress")
    percent = progress if isinstance(progress, int | float) and 0 <= progress <= 100 else None
    return TransferStep("transfer", text, share=None if percent is None else percent / 100)


def _offered(entry: Mapping[str, Any]) -> OfferedModel:
    name, gallery = _line(entry, "name"), _line(as_object(entry.get("gallery")), "name")
    return OfferedModel(
        f"{gallery}@{name}" if gallery else name,
        description=_line(entry, "description"),
        size=_bytes(_line(entry, "size")),
        licence=_line(entry, "license"),
        installed=entry.get("installed") is True,
    )


def _bytes(size: str) -> int | None:
    """A size as its galleries write it, `14.5GB`."""
    found = _SIZE.fullmatch(size)
    if found is None:
        return None
    return int(float(found[1]) * (1024 if found[3] else 1000) ** _POWERS[found[2].upper()])


def _line(entry: Mapping[str, Any], key: str) -> str:
    value = entry.get(key)
    return sanitise_line(value) if isinstance(value, str) else ""
