"""Getting at what manages a provider's models."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TypeAlias

from llmtui.core.errors import Unsupported
from llmtui.core.model_admin import ModelAdmin
from llmtui.core.ports import ProviderRegistry

OpenAdmin: TypeAlias = Callable[[str], Awaitable[ModelAdmin]]
"""Gives the admin of a provider, which the caller closes; raises LlmtuiError."""


async def admin_of(registry: ProviderRegistry, provider_id: str) -> ModelAdmin:
    """The admin of a configured provider, which the caller closes; raises LlmtuiError."""

    def build() -> ModelAdmin | None:
        return registry.get(provider_id).model_admin()

    admin = await asyncio.to_thread(build)
    if admin is None:
        raise Unsupported(f"the models of '{provider_id}' cannot be managed from here")
    return admin


@asynccontextmanager
async def opened(open_admin: OpenAdmin, provider_id: str) -> AsyncIterator[ModelAdmin]:
    """An admin that is closed behind what is done with it."""
    admin = await open_admin(provider_id)
    try:
        yield admin
    finally:
        await admin.aclose()
