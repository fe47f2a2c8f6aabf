"""The adapter of OpenAI's shape, made a vendor's by its row."""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, TypeAlias

from pydantic import create_model

from llmtui.config.vendors import Vendor
from llmtui.core.model_admin import ModelAdmin
from llmtui.providers.api import Api
from llmtui.providers.http import Http, auth_headers
from llmtui.providers.kinds import vendor_kind
from llmtui.providers.openai_compat import OpenAICompatOptions, OpenAICompatProvider

AdminClass: TypeAlias = Callable[[str, Api], ModelAdmin]
"""Takes the provider's id, and its server's API."""


def _localai() -> AdminClass:
    from llmtui.providers.localai_admin import LocalAIAdmin

    return LocalAIAdmin


_ADMINS: Mapping[str, Callable[[], AdminClass]] = {"localai": _localai}
"""What manages models, by the row's `model_api`; imported when it is first asked for."""


@cache
def vendor_adapter(vendor: Vendor) -> type[OpenAICompatProvider]:
    """The adapter whose facts and options are the row's, where a person names none."""
    facts = vendor_kind(vendor)
    options = _with_defaults(vendor)

    class VendorProvider(facts, OpenAICompatProvider):  # type: ignore[misc, valid-type]
        """A server that speaks chat_completions in a vendor's own way."""

        options_model = options

        def model_admin(self) -> ModelAdmin | None:
            if vendor.model_api is None:
                return None
            headers = auth_headers(self.settings, self.settings.key, self.options.key_header)
            http = Http(self.id, self.clocks, self.route)
            api = Api(http, self.base_url_of(self.settings), headers, self.settings.secrets())
            return _ADMINS[vendor.model_api]()(self.id, api)

    return VendorProvider


def _with_defaults(vendor: Vendor) -> type[OpenAICompatOptions]:
    known = OpenAICompatOptions.model_fields
    fields: dict[str, Any] = {name: (known[name].annotation, value) for name, value in vendor.options.items()}
    return create_model(f"{vendor.name}Options", __base__=OpenAICompatOptions, **fields)
