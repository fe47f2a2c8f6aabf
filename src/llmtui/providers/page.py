"""A whole answer of a server, whatever it is."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from llmtui.core.errors import ErrorContext, ProviderError
from llmtui.providers.error_bodies import looks_like_html
from llmtui.providers.failures import error_from_response


@dataclass(frozen=True, slots=True)
class Page:
    """A whole answer, whatever it is."""

    status: int
    headers: Mapping[str, str]
    """By names in any case."""
    body: bytes = field(repr=False)
    context: ErrorContext
    secrets: tuple[str, ...] = field(repr=False)

    @property
    def is_html(self) -> bool:
        """Whether it is a web page."""
        return looks_like_html(self.headers.get("content-type", ""), self.body)

    @property
    def error(self) -> ProviderError:
        """What it means where something else was asked for."""
        return error_from_response(
            self.status, self.headers, self.body, context=self.context, secrets=self.secrets
        )
