"""What OpenAI's models can do, as far as their names tell: the API's own list holds nothing but names."""

import re
from dataclasses import replace

from llmtui.core.models import Capabilities, Fact, ModelInfo
from llmtui.providers.wires.openai_thinking import thinking_of

OPENAI_HOST = "api.openai.com"
DEFAULT_MODELS = (
    "gpt-5.4-mini",
    "gpt-6-astra",
    "gpt-6-sol",
    "gpt-6-luna",
    "gpt-5.5",
    "gpt-5.4",
    "gpt-4.1",
)
"""A short list for those who have not asked the server; `llmtui models` does."""
_OTHER_WORK = re.compile(
    r"embedding|whisper|tts|transcribe|realtime|audio|voice|speech|translate|image|dall-e|sora|video"
    r"|moderation|babbage|davinci|-instruct|computer-use|deep-research|search-api"
)
_READS_ONLY_TEXT = re.compile(r"gpt-3|gpt-4(-\d|$)|o1-mini|o1-preview|o3-mini|gpt-oss")


def known_capabilities(model: str, *, key_required: bool) -> Capabilities:
    """What holds for a model of OpenAI's; of other makers' models only what the wire itself gives."""
    wire = Capabilities(
        streaming=Fact.yes(),
        system_prompt=Fact.yes(),
        key_required=Fact(key_required, "provider"),
        custom_endpoint=Fact.yes(),
    )
    thinking = thinking_of(model)
    if thinking is None:
        return wire
    return replace(
        wire,
        tools=Fact.yes(),
        temperature=Fact(thinking.temperature or thinking.default == "off", "provider"),
        image=Fact(not _READS_ONLY_TEXT.match(model), "provider"),
        reasoning=Fact(bool(thinking.efforts), "provider"),
    )


def chat_models(models: list[ModelInfo]) -> list[ModelInfo]:
    """The models of OpenAI's list that answer in text; it holds those for all other work too."""
    return [model for model in models if not _OTHER_WORK.search(model.id)]
