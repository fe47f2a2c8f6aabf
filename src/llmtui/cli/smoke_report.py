"""What a smoke test found, as a person may show it to everybody: no key, no private address is in it."""

import platform
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from urllib.parse import urlsplit

from llmtui import __version__
from llmtui.config.vendors import VENDORS
from llmtui.core.errors import LlmtuiError, ProviderError
from llmtui.core.models import CheckState, ProviderInfo
from llmtui.core.redaction import Redactor
from llmtui.core.text import sanitise_line
from llmtui.core.usage import Usage
from llmtui.providers.kinds import BUILT_IN
from llmtui.providers.locality import host_of, host_type, is_loopback
from llmtui.providers.ollama.host import CLOUD_HOST
from llmtui.services.smoke import StageResult
from llmtui.services.smoke_reply import tokens

WORDS: Mapping[CheckState, str] = {
    CheckState.OK: "ok",
    CheckState.FAILED: "FAILED",
    CheckState.SKIPPED: "skipped",
}
SYSTEM = f"{platform.python_version()} on {platform.platform()}"
_INDENT = " " * 8


class SmokeReport:
    """Gathers results; `secrets` is asked when something is to be shown, for keys are fetched late."""

    def __init__(self, info: ProviderInfo, model: str | None, secrets: Callable[[], Sequence[str]]) -> None:
        self.info = info
        self.stages: list[StageResult] = []
        self.stopped = True
        """Whether it has not come to its end."""
        self._model = model or ""
        self._secrets = secrets
        self._host, self._hidden = _shown_host(info)

    @property
    def failed(self) -> bool:
        """Whether any stage failed."""
        return any(stage.state is CheckState.FAILED for stage in self.stages)

    def line(self, stage: StageResult) -> str:
        """One stage, for people."""
        state = f"{WORDS[stage.state]:<8}{stage.duration_s * 1000:>7.0f} ms"
        return f"{stage.name:<8}{state}  {self._clean(stage.detail)}".rstrip()

    def markdown(self) -> str:
        """The whole report, as code: there a server's words are no markup, and call nobody by name."""
        facts = [f"{name:<10}{fact}" for name, fact in self._facts().items()]
        stages = [line for stage in self.stages for line in self._lines(stage)]
        text = "\n".join([*facts, "", *stages])
        return f"### llmtui test-provider {self.info.id}\n\n```text\n{text}\n```\n"

    def as_json(self) -> dict[str, object]:
        """The same for programs."""
        told = self._told()
        return {
            "provider": self.info.id,
            "llmtui": __version__,
            "python": SYSTEM,
            "kind": self.info.kind,
            "type": self.info.type,
            "host": self._host,
            "model": self._clean(self._model) or None,
            "served": self._served(),
            "tokens": {"input": told.input, "output": told.output},
            "stopped": self.stopped,
            "stages": [self._object(stage) for stage in self.stages],
        }

    def _facts(self) -> dict[str, str]:
        return {
            "llmtui": __version__,
            "python": SYSTEM,
            "kind": f"{self.info.kind}, {self.info.type}",
            "host": self._host,
            "asked": self._clean(self._model) or "the provider's choice",
            "served": ", ".join(self._served()) or "nothing",
            "tokens": f"{tokens(self._told())}, as far as the replies told",
            "ended": "stopped before its end" if self.stopped else "all stages were taken",
        }

    def _served(self) -> list[str]:
        return list(dict.fromkeys(self._clean(stage.model) for stage in self.stages if stage.model))

    def _told(self) -> Usage:
        """The tokens of all replies that told of any."""
        told = [stage.usage for stage in self.stages if stage.usage]
        return Usage(sum(usage.input or 0 for usage in told), sum(usage.output or 0 for usage in told))

    def _lines(self, stage: StageResult) -> Iterator[str]:
        yield self.line(stage)
        if stage.request_id:
            yield f"{_INDENT}request {self._clean(stage.request_id)}"
        if stage.error:
            kind, known = type(stage.error).__name__, _known_of(stage.error)
            words = ", ".join([kind, *(f"{name} {value}" for name, value in known.items())])
            yield f"{_INDENT}error {self._clean(words)}"
            if stage.error.hint:
                yield f"{_INDENT}hint {self._clean(stage.error.hint)}"
        for note in stage.notes:
            yield f"{_INDENT}note {self._clean(note)}"

    def _object(self, stage: StageResult) -> dict[str, object]:
        error = stage.error
        return {
            "name": stage.name,
            "state": stage.state.value,
            "detail": self._clean(stage.detail),
            "duration_s": round(stage.duration_s, 4),
            "model": self._clean(stage.model) or None,
            "request_id": self._clean(stage.request_id or "") or None,
            "usage": asdict(stage.usage) if stage.usage else None,
            "error": error
            and {
                "type": type(error).__name__,
                **{name: self._clean(value) for name, value in _known_of(error).items()},
                "hint": self._clean(error.hint),
            },
            "notes": [self._clean(note) for note in stage.notes],
        }

    def _clean(self, text: str) -> str:
        return Redactor([*self._secrets(), *self._hidden])(sanitise_line(text))


def _known_of(error: LlmtuiError) -> dict[str, str]:
    if not isinstance(error, ProviderError):
        return {}
    known = {"status": error.context.status, "code": error.context.code}
    return {name: str(value) for name, value in known.items() if value}


def _shown_host(info: ProviderInfo) -> tuple[str, Sequence[str]]:
    """The host in words, and what of its address nobody shall read."""
    if not info.host:
        return "none", ()
    if info.host in _public_hosts():
        return info.host, ()
    name = urlsplit(info.base_url).hostname or ""
    if is_loopback(name):
        return "this machine", ()
    private = host_type(info.base_url) == "local"
    where = "a private network" if private else "a host of somebody's own"
    return f"{where}, not shown", (info.base_url, info.host, name)


def _public_hosts() -> set[str]:
    """Where everybody's requests to a vendor go."""
    urls = [
        *(kind.default_base_url for kind in BUILT_IN.values()),
        *(row.base_url for row in VENDORS.values()),
    ]
    return {CLOUD_HOST, *(host_of(url) for url in urls if url and host_type(url) != "local")}
