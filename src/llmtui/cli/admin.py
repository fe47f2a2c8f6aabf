"""What manages the models of the provider that a command names."""

import argparse
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass

from llmtui.bootstrap import build_registry
from llmtui.cli.session import load_aloud
from llmtui.core.errors import ConfigError, ErrorContext, LlmtuiError, Unsupported
from llmtui.core.model_admin import ModelAdmin
from llmtui.core.models import ProviderInfo
from llmtui.core.ports import Provider

_UNITS = (("GB", 10**9), ("MB", 10**6), ("kB", 10**3))


@dataclass(frozen=True, slots=True)
class Shelf:
    """A provider and what manages its models."""

    info: ProviderInfo
    provider: Provider
    admin: ModelAdmin | None

    @property
    def managed(self) -> ModelAdmin:
        """What manages the models; raises Unsupported where the provider's kind keeps none."""
        if self.admin is None:
            words = f"the models of {self.info.name} cannot be managed from here"
            hint = "name another provider with -p; `llmtui providers` lists them"
            raise Unsupported(words, context=ErrorContext(self.info.id), hint=hint)
        return self.admin

    async def open_admin(self, _: str) -> ModelAdmin:
        """What manages the models, with connections of its own that the caller closes."""
        return self.provider.model_admin() or self.managed


@asynccontextmanager
async def shelf_of(arguments: argparse.Namespace) -> AsyncIterator[Shelf]:
    """The provider that the arguments name, else the default one; raises LlmtuiError."""
    settings = load_aloud(arguments)[0].settings
    chosen = arguments.provider or settings.default_provider
    if chosen is None:
        raise ConfigError("no provider is configured")
    async with aclosing(build_registry(settings)) as registry:
        provider = registry.get(chosen)
        info = next(info for info in registry.infos() if info.id == provider.id)
        admin = provider.model_admin()
        try:
            yield Shelf(info, provider, admin)
        finally:
            if admin is not None:
                await admin.aclose()


def in_words(size: int | None) -> str:
    """A number of bytes for people; nothing where nobody knows it."""
    if size is None:
        return ""
    unit, worth = next((one for one in _UNITS if size >= one[1]), ("B", 1))
    return f"{size / worth:.1f} {unit}" if worth > 1 else f"{size} B"


def described(error: BaseException) -> dict[str, str]:
    """An error as JSON tells of it."""
    hint = error.hint if isinstance(error, LlmtuiError) else ""
    return {"type": type(error).__name__, "message": str(error), "hint": hint}
