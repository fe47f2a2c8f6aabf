"""Models that their vendors have taken, or will take, out of service; a request for one fails."""

from collections.abc import Mapping
from datetime import date
from urllib.parse import urlsplit

from llmtui.config.schema import ProviderSettings

_OPENAI_PAGE = "https://developers.openai.com/api/docs/deprecations"
_CLAUDE_PAGE = "https://platform.claude.com/docs/en/about-claude/model-deprecations"
_GEMINI_PAGE = "https://ai.google.dev/gemini-api/docs/deprecations"
_OPENAI = {
    date(2024, 1, 4): ("text-davinci-003", "text-davinci-002", "code-davinci-002"),
    date(2024, 9, 13): ("gpt-3.5-turbo-0301", "gpt-3.5-turbo-0613", "gpt-3.5-turbo-16k-0613"),
    date(2024, 12, 6): ("gpt-4-vision-preview", "gpt-4-1106-vision-preview"),
    date(2025, 6, 6): ("gpt-4-32k", "gpt-4-32k-0314", "gpt-4-32k-0613"),
    date(2025, 7, 14): ("gpt-4.5-preview",),
    date(2025, 7, 28): ("o1-preview",),
    date(2025, 10, 27): ("o1-mini",),
    date(2026, 2, 12): ("codex-mini-latest",),
    date(2026, 2, 17): ("chatgpt-4o-latest",),
    date(2026, 3, 26): ("gpt-4-0314", "gpt-4-0125-preview", "gpt-4-turbo-preview"),
    date(2026, 7, 23): (
        *("computer-use-preview", "computer-use-preview-2025-03-11", "gpt-4o-search-preview-2025-03-11"),
        *("gpt-4o-mini-search-preview-2025-03-11", "gpt-5-chat-latest", "gpt-5-codex"),
        *("gpt-5.1-chat-latest", "gpt-5.1-codex", "gpt-5.1-codex-max", "gpt-5.1-codex-mini"),
        *("gpt-5.2-codex", "o3-deep-research", "o3-deep-research-2025-06-26"),
        *("o4-mini-deep-research", "o4-mini-deep-research-2025-06-26"),
    ),
    date(2026, 8, 10): ("gpt-5.2-chat-latest", "gpt-5.3-chat-latest"),
    date(2026, 9, 28): ("gpt-3.5-turbo-instruct", "gpt-3.5-turbo-1106", "babbage-002", "davinci-002"),
    date(2026, 10, 23): (
        *("gpt-3.5-turbo", "gpt-3.5-turbo-0125", "gpt-4", "gpt-4-0613", "gpt-4-1106-preview"),
        *("gpt-4-turbo", "gpt-4-turbo-2024-04-09", "gpt-4.1-nano", "gpt-4.1-nano-2025-04-14"),
        *("gpt-4o-2024-05-13", "o1", "o1-2024-12-17", "o1-pro", "o1-pro-2025-03-19"),
        *("o3-mini", "o3-mini-2025-01-31", "o4-mini", "o4-mini-2025-04-16"),
    ),
    date(2026, 12, 11): (
        *("gpt-5", "gpt-5-2025-08-07", "gpt-5-mini", "gpt-5-mini-2025-08-07", "gpt-5-nano"),
        *("gpt-5-nano-2025-08-07", "gpt-5-pro", "gpt-5-pro-2025-10-06", "o3", "o3-2025-04-16"),
        *("o3-pro", "o3-pro-2025-06-10"),
    ),
    date(2027, 1, 14): (
        *("gpt-4o", "gpt-4o-2024-08-06", "gpt-4o-2024-11-20", "gpt-4o-mini", "gpt-4o-mini-2024-07-18"),
        *("gpt-4.1", "gpt-4.1-2025-04-14", "gpt-4.1-mini", "gpt-4.1-mini-2025-04-14"),
    ),
}
# Those that its SDK warns of, and the older ones of the page.
_CLAUDE = {
    date(2024, 11, 6): (
        *("claude-1.0", "claude-1.1", "claude-1.2", "claude-1.3", "claude-1.3-100k"),
        *("claude-instant-1.0", "claude-instant-1.1", "claude-instant-1.1-100k", "claude-instant-1.2"),
    ),
    date(2025, 7, 21): ("claude-2.0", "claude-2.1", "claude-3-sonnet-20240229"),
    date(2026, 1, 5): ("claude-3-opus-20240229",),
    date(2026, 2, 19): (
        *("claude-3-7-sonnet-latest", "claude-3-7-sonnet-20250219"),
        *("claude-3-5-haiku-latest", "claude-3-5-haiku-20241022"),
    ),
    date(2026, 6, 15): (
        *("claude-opus-4-0", "claude-opus-4-20250514", "claude-sonnet-4-0", "claude-sonnet-4-20250514"),
    ),
    date(2026, 6, 30): ("claude-mythos-preview",),
    date(2026, 11, 30): ("claude-sonnet-4-5", "claude-sonnet-4-5-20250929"),
}
# Only what is gone: the days to come on the page are the earliest possible ones, and have moved before.
_GEMINI = {
    date(2025, 12, 2): (
        *("gemini-2.5-pro-preview-03-25", "gemini-2.5-pro-preview-05-06", "gemini-2.5-pro-preview-06-05"),
    ),
    date(2026, 3, 9): ("gemini-3-pro-preview",),
    # https://firebase.google.com/docs/ai-logic/prompt-design
    date(2026, 6, 1): (
        *("gemini-2.0-flash", "gemini-2.0-flash-001"),
        *("gemini-2.0-flash-lite", "gemini-2.0-flash-lite-001"),
    ),
}
_PAGES: Mapping[str, str] = {
    "api.openai.com": _OPENAI_PAGE,
    "api.anthropic.com": _CLAUDE_PAGE,
    "generativelanguage.googleapis.com": _GEMINI_PAGE,
}
_HOSTS: Mapping[str, str] = {
    "openai": "api.openai.com",
    "openai_compat": "api.openai.com",
    "anthropic": "api.anthropic.com",
    "gemini": "generativelanguage.googleapis.com",
}
"""Where the kinds go without an address."""


def _by_model(dates: Mapping[date, tuple[str, ...]]) -> dict[str, date]:
    return {model: day for day, models in dates.items() for model in models}


RETIREMENTS: Mapping[str, Mapping[str, date]] = {
    "api.openai.com": _by_model(_OPENAI),
    "api.anthropic.com": _by_model(_CLAUDE),
    "generativelanguage.googleapis.com": _by_model(_GEMINI),
}
"""Host -> model -> the day on which it went or goes out of service."""


def retirement(settings: ProviderSettings, today: date) -> str | None:
    """What the vendor announced of a provider's model, in words; other hosts may serve it for ever."""
    host = _host(settings)
    day = RETIREMENTS.get(host, {}).get(settings.model or "")
    if day is None:
        return None
    verb = "was retired on" if day <= today else "will be retired on"
    return f"{settings.model} {verb} {day}, see {_PAGES[host]}"


def _host(settings: ProviderSettings) -> str:
    if not settings.base_url:
        return _HOSTS.get(settings.kind, "")
    try:
        return urlsplit(settings.base_url).hostname or ""
    except ValueError:
        return ""
