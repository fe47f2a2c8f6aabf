"""A line of Ollama's pull, push or create becomes a step.

Source: https://github.com/ollama/ollama/blob/main/server/images.go
"""

from collections.abc import Mapping
from typing import Any

from llmtui.core.model_admin import Phase, TransferStep
from llmtui.core.text import sanitise_line

SUCCESS = "success"
"""The last line of what went well; the end of the stream alone says nothing."""
_BY_BEGINNING: Mapping[str, Phase] = {
    "verifying": "verify",
    "writing": "write",
    "removing": "write",
    "creating": "write",
    "using": "write",
    "pushing manifest": "write",
}


def step_of(line: Mapping[str, Any]) -> TransferStep:
    """Read a line that reports no error; a number that is 0 is left out by the server."""
    text = sanitise_line(str(line.get("status") or ""))
    part = sanitise_line(str(line.get("digest") or ""))
    total = _bytes(line.get("total"))
    phase: Phase = "transfer" if part or total else _phase(text)
    return TransferStep(
        phase, text, part or (text if total else ""), _bytes(line.get("completed")), total or None
    )


def _phase(text: str) -> Phase:
    if text == SUCCESS:
        return "done"
    return next((phase for words, phase in _BY_BEGINNING.items() if text.startswith(words)), "prepare")


def _bytes(number: object) -> int:
    return max(0, number) if isinstance(number, int) and not isinstance(number, bool) else 0
