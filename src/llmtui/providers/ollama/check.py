"""What a full test asks of an Ollama server: who it is, how old it is, and what its model will get."""

import shlex
from collections.abc import Awaitable, Callable, Sequence
from http import HTTPStatus

from llmtui.core.errors import ModelNotFound, ProtocolError, ProviderError
from llmtui.core.models import CheckState, ModelInfo, Remedy
from llmtui.core.untrusted import as_object, parsed
from llmtui.providers.api import Api
from llmtui.providers.front_pages import is_login, known_server, name_of
from llmtui.providers.full_test import Advice, Verdict
from llmtui.providers.ollama.host import OllamaHost
from llmtui.providers.ollama.install import DOWNLOAD
from llmtui.providers.ollama.server import OBEYS_TRUNCATE, OllamaServer, version_numbers
from llmtui.providers.page import Page

FRONT_PAGE = b"Ollama is running"
SMALL_MODEL = "llama3.2"
_KEY_WANTED = (HTTPStatus.UNAUTHORIZED, HTTPStatus.PAYMENT_REQUIRED, HTTPStatus.FORBIDDEN)
_NOT_OLLAMA = "check host and port in base_url: Ollama listens on 11434 unless told otherwise"
_OPENAI = "set `kind: openai_compat` for this provider, with /v1 behind its address"
_LOGIN = "sign in to this network, or to the proxy, first; or set base_url to the server behind it"


class OllamaQuestions:
    """Those to one server, as one provider asks them."""

    def __init__(
        self,
        host: OllamaHost,
        api: Api,
        server: OllamaServer,
    ) -> None:
        self._host = host
        self._api = api
        self._server = server

    async def identify(self) -> str:
        """Say that it is an Ollama; raises ProtocolError, naming who answers instead."""
        page = await self._api.page("/")
        if page.body.strip() == FRONT_PAGE:
            return "Ollama answers"
        if page.status in _KEY_WANTED:
            return f"answered with status {page.status}"
        if other := known_server(page):
            words = f"{other.name} answers there, which is no Ollama"
            raise ProtocolError(words, context=page.error.context, hint=other.hint)
        if page.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise page.error
        # A proxy may pass on nothing but /api.
        if self._host.is_cloud or await self._server.version():
            return "Ollama answers, behind a front page of its own"
        raise await self._other(page)

    async def version(self, _: Sequence[ModelInfo]) -> Verdict:
        """How old the server is."""
        version = await self._server.version()
        if not version:
            return Verdict("the server does not say", CheckState.SKIPPED)
        if version_numbers(version) >= OBEYS_TRUNCATE or self._host.is_cloud:
            return Verdict(version)
        needed = ".".join(map(str, OBEYS_TRUNCATE))
        advice = Advice(f"update Ollama to {needed} or newer", (Remedy("get it", DOWNLOAD),))
        return Verdict(f"{version}, which may cut long chats without saying so", advice=advice)

    async def model(self, model: str | None, words: Callable[[str], Awaitable[str]]) -> Verdict:
        """What a model will get, in the words that `words` finds; a model that is not there fails."""
        if model is None:
            advice = self._pull(SMALL_MODEL, "the server has no model yet: pull one")
            return Verdict("there is no model to ask about", CheckState.SKIPPED, advice)
        try:
            return Verdict(f"{model} gets {await words(model)}")
        except ModelNotFound as error:
            advice = self._pull(model, f"pull {model}, or set another model for this provider")
            return Verdict(str(error), CheckState.FAILED, advice)

    def _pull(self, model: str, hint: str) -> Advice:
        if self._host.is_cloud:
            return Advice(hint)
        place = "" if self._host.is_default else f"OLLAMA_HOST={shlex.quote(self._host.base_url)} "
        return Advice(hint, (Remedy("pull it", f"{place}ollama pull {shlex.quote(model)}"),))

    async def _other(self, page: Page) -> ProviderError:
        """Who it is that answers."""
        if HTTPStatus.MULTIPLE_CHOICES <= page.status < HTTPStatus.BAD_REQUEST:
            return page.error
        if page.status == HTTPStatus.PROXY_AUTHENTICATION_REQUIRED:
            return page.error
        if await self._is_openai_shaped():
            words, hint = "a server in the shape of OpenAI answers there, which is no Ollama", _OPENAI
        else:
            words = f"no Ollama answers there but {name_of(page)}"
            hint = _LOGIN if is_login(page) else _NOT_OLLAMA
        return ProtocolError(words, context=page.error.context, hint=hint)

    async def _is_openai_shaped(self) -> bool:
        try:
            page = await self._api.page("/v1/models")
            return page.status == HTTPStatus.OK and as_object(parsed(page.body)).get("object") == "list"
        except (ProviderError, ValueError):
            return False
