"""The vendors and servers of OpenAI's shape, each one row: all that llmtui knows of them is here.

What a row says was read in the vendor's documents or told by other people's clients; a row counts as
confirmed once somebody with an account has run it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypedDict

from llmtui.core.models import Effort, ProviderType


class OptionDefaults(TypedDict, total=False):
    """What the options of `openai_compat` are when a person names none."""

    stream_options: bool
    max_tokens_field: Literal["max_tokens", "max_completion_tokens"] | None
    short_tool_ids: bool
    tool_turn_reasoning: str | None
    efforts: tuple[Effort, ...] | None
    key_header: str
    key_path: str | None
    chat_path: str
    models_path: str
    first_model: bool
    query: dict[str, str]
    extra_body: dict[str, Any]


@dataclass(frozen=True, slots=True, eq=False)
class Vendor:
    """One row. Rows are compared by identity."""

    id: str
    """The `kind` in the config file."""
    name: str
    source: str
    """The page that describes the API."""
    type: ProviderType = "cloud"
    """Where text ends up: `hybrid` passes it on even when it runs on this machine."""
    base_url: str = ""
    """Empty where everybody has an address of their own."""
    keys: tuple[str, ...] = ()
    """The environment variables of the key, the one to ask for first."""
    address: str | None = None
    """The environment variable of the address."""
    suffix: str = ""
    """What an address must end in and people leave out."""
    model: str | None = None
    """What is asked when nobody names one; None is the first that the server lists."""
    keys_do_more: bool = False
    """Whether people have the key for other work too, so that it tells nothing of where they want to chat."""
    own_names: bool = False
    """Whether models go by names that their owner gave, of which no catalogue knows."""
    model_api: Literal["localai"] | None = None
    """Whose way of managing its models the server has."""
    options: OptionDefaults = field(default_factory=OptionDefaults)
    choose_when: str = ""
    """For whom it is, as the end of a sentence that begins with "choose it when"."""
    quirks: str = ""
    """What to know of it, beside the options, in a few words of Markdown."""


_ROWS = (
    Vendor(
        "mistral",
        "Mistral",
        "https://docs.mistral.ai/api/",
        base_url="https://api.mistral.ai/v1",
        keys=("MISTRAL_API_KEY",),
        model="mistral-small-latest",
        # It answers 422 to fields it does not know: https://github.com/avante-corp/avante.nvim/issues/2347,
        # https://github.com/editor-code-assistant/eca/issues/231
        options={
            "stream_options": False,
            "max_tokens_field": "max_tokens",
            "short_tool_ids": True,
            "efforts": ("off", "high"),
        },
        choose_when="you want Mistral's own models",
        quirks="refuses unknown fields; content may come as a list with thinking in it",
    ),
    Vendor(
        "cohere",
        "Cohere",
        "https://docs.cohere.com/docs/compatibility-api",
        base_url="https://api.cohere.ai/compatibility/v1",
        keys=("COHERE_API_KEY", "CO_API_KEY"),
        model="command-a-03-2025",
        # https://strandsagents.com/docs/user-guide/concepts/model-providers/cohere/ on stream_options; the
        # models are those of the native API: https://docs.cohere.com/reference/list-models
        options={
            "stream_options": False,
            "efforts": ("off", "high"),
            "models_path": "../../v1/models?endpoint=chat&page_size=1000",
        },
        choose_when="you want Cohere's Command models",
        quirks="no documents and no citations; refuses to be asked for token counts",
    ),
    Vendor(
        "huggingface",
        "Hugging Face",
        "https://huggingface.co/docs/inference-providers/index",
        base_url="https://router.huggingface.co/v1",
        keys=("HF_TOKEN",),
        model="openai/gpt-oss-120b",
        keys_do_more=True,
        options={"key_path": ""},
        choose_when="you want open models from many hosts by one key",
        quirks="many companies behind it, `model:company` names one; its list of models needs no key",
    ),
    Vendor(
        "openrouter",
        "OpenRouter",
        "https://openrouter.ai/docs/api-reference/overview",
        base_url="https://openrouter.ai/api/v1",
        keys=("OPENROUTER_API_KEY",),
        model="openrouter/auto",
        options={"key_path": "key", "efforts": ("off", "minimal", "low", "medium", "high", "max")},
        choose_when="you want models of many companies by one key and one bill",
        quirks="many companies behind one address; the list of models needs no key, so that a check asks "
        "`/key`; `reasoning_details` go back with tool results",
    ),
    Vendor(
        "groq",
        "Groq",
        "https://console.groq.com/docs/openai",
        base_url="https://api.groq.com/openai/v1",
        keys=("GROQ_API_KEY",),
        model="openai/gpt-oss-120b",
        options={"max_tokens_field": "max_completion_tokens"},
        choose_when="you want open models on Groq's machines",
        quirks="usage may come in `x_groq`; low limits per minute",
    ),
    Vendor(
        "deepseek",
        "DeepSeek",
        "https://api-docs.deepseek.com/",
        base_url="https://api.deepseek.com/v1",
        keys=("DEEPSEEK_API_KEY",),
        model="deepseek-v4-flash",
        # https://api-docs.deepseek.com/guides/thinking_mode#tool-calls; empty text satisfies it:
        # https://github.com/earendil-works/pi/pull/3659
        options={"tool_turn_reasoning": "reasoning_content", "efforts": ("low", "high", "max")},
        choose_when="you want DeepSeek's models from DeepSeek",
        quirks="keeps the line alive by comments while it is busy",
    ),
    Vendor(
        "xai",
        "xAI",
        "https://docs.x.ai/docs/api-reference",
        base_url="https://api.x.ai/v1",
        keys=("XAI_API_KEY",),
        model="grok-4.5",
        options={"max_tokens_field": "max_completion_tokens", "efforts": ("low", "medium", "high")},
        choose_when="you want Grok",
        quirks="only some models take an effort",
    ),
    Vendor(
        "together",
        "Together",
        "https://docs.together.ai/docs/openai-api-compatibility",
        base_url="https://api.together.xyz/v1",
        keys=("TOGETHER_API_KEY",),
        model="openai/gpt-oss-120b",
        choose_when="you want open models that somebody else hosts",
        quirks="the list of models is bare, without `data` around it, and holds those for other work too",
    ),
    Vendor(
        "azure",
        "Azure OpenAI",
        "https://learn.microsoft.com/azure/foundry/openai/api-version-lifecycle",
        keys=("AZURE_OPENAI_API_KEY",),
        address="AZURE_OPENAI_ENDPOINT",
        suffix="/openai/v1",
        own_names=True,
        options={
            "max_tokens_field": "max_completion_tokens",
            "key_header": "api-key",
            "first_model": False,
        },
        choose_when="your organisation has its OpenAI models in Azure",
        quirks="`model` is the name of your deployment; the list of models is not that of deployments",
    ),
    Vendor(
        "azure_deployments",
        "Azure OpenAI (dated API)",
        "https://learn.microsoft.com/azure/ai-foundry/openai/reference",
        keys=("AZURE_OPENAI_API_KEY",),
        address="AZURE_OPENAI_ENDPOINT",
        suffix="/openai",
        own_names=True,
        options={
            "max_tokens_field": "max_completion_tokens",
            "key_header": "api-key",
            "first_model": False,
            "chat_path": "deployments/{model}/chat/completions",
            "query": {"api-version": "2024-10-21"},
        },
        choose_when="`azure` does not reach your resource",
        quirks="the deployment stands in the address; for what `azure` cannot reach",
    ),
    Vendor(
        "litellm",
        "LiteLLM",
        "https://docs.litellm.ai/docs/simple_proxy",
        type="hybrid",
        base_url="http://127.0.0.1:4000/v1",
        keys=("LITELLM_PROXY_API_KEY", "LITELLM_API_KEY"),
        address="LITELLM_PROXY_API_BASE",
        choose_when="your organisation has a gateway that keeps its keys and budgets",
        quirks="passes text on to whatever company its own settings name",
    ),
    Vendor(
        "localai",
        "LocalAI",
        "https://localai.io/basics/getting_started/",
        type="local",
        base_url="http://127.0.0.1:8080/v1",
        keys=("LOCALAI_API_KEY",),
        choose_when="you run LocalAI, and want to install models from its gallery",
        model_api="localai",
        quirks="listens on the same port as llama.cpp; installs models of its gallery",
    ),
    Vendor(
        "vllm",
        "vLLM",
        "https://docs.vllm.ai/en/latest/serving/openai_compatible_server/",
        type="local",
        base_url="http://127.0.0.1:8000/v1",
        keys=("VLLM_API_KEY",),
        choose_when="you serve one model to many people on your own GPUs",
        quirks="calls tools only when started with `--enable-auto-tool-choice`",
    ),
    Vendor(
        "lmstudio",
        "LM Studio",
        "https://lmstudio.ai/docs/developer/openai-compat",
        type="local",
        base_url="http://127.0.0.1:1234/v1",
        keys=("LM_API_TOKEN",),
        choose_when="you keep your models in LM Studio",
        quirks="loads the model at the first message, which then takes long",
    ),
    Vendor(
        "llamacpp",
        "llama.cpp",
        "https://github.com/ggml-org/llama.cpp/tree/master/tools/server",
        type="local",
        base_url="http://127.0.0.1:8080/v1",
        keys=("LLAMA_API_KEY",),
        choose_when="you serve a GGUF file with `llama-server`",
        quirks="tells its speed itself, in `timings`",
    ),
)

VENDORS: Mapping[str, Vendor] = {row.id: row for row in _ROWS}
"""By the `kind` of the config file."""
