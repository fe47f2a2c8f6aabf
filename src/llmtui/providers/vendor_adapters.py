"""The adapter of OpenAI's shape, made a vendor's by its row."""

from functools import cache
from typing import Any

from pydantic import create_model

from llmtui.config.vendors import Vendor
from llmtui.providers.kinds import vendor_kind
from llmtui.providers.openai_compat import OpenAICompatOptions, OpenAICompatProvider


@cache
def vendor_adapter(vendor: Vendor) -> type[OpenAICompatProvider]:
    """The adapter whose facts and options are the row's, where a person names none."""
    facts = vendor_kind(vendor)
    options = _with_defaults(vendor)

    class VendorProvider(facts, OpenAICompatProvider):  # type: ignore[misc, valid-type]
        """A server that speaks chat_completions in a vendor's own way."""

        options_model = options

    return VendorProvider


def _with_defaults(vendor: Vendor) -> type[OpenAICompatOptions]:
    known = OpenAICompatOptions.model_fields
    fields: dict[str, Any] = {name: (known[name].annotation, value) for name, value in vendor.options.items()}
    return create_model(f"{vendor.name}Options", __base__=OpenAICompatOptions, **fields)
