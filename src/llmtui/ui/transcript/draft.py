"""An entry whose text grows."""

from __future__ import annotations

from dataclasses import replace

from llmtui.ui.transcript.entry import Entry


class Draft:
    """Gathers what arrives; the whole text is put together only when somebody asks for it."""

    __slots__ = ("_entry", "_reasoning", "_text")

    def __init__(self, entry: Entry) -> None:
        self.set(entry)

    def set(self, entry: Entry) -> None:
        """Start again from a whole entry."""
        self._entry = entry
        self._text: list[str] = []
        self._reasoning: list[str] = []

    def add(self, text: str = "", reasoning: str = "") -> None:
        """Add text at the end."""
        if text:
            self._text.append(text)
        if reasoning:
            self._reasoning.append(reasoning)

    def amend(self, **changes: str) -> None:
        """Change fields other than the text and the reasoning, such as the title."""
        self._entry = replace(self._entry, **changes)  # type: ignore[arg-type]

    @property
    def entry(self) -> Entry:
        """The entry, with all that has arrived."""
        if self._text or self._reasoning:
            text = "".join([self._entry.text, *self._text])
            reasoning = "".join([self._entry.reasoning, *self._reasoning])
            self.set(replace(self._entry, text=text, reasoning=reasoning))
        return self._entry

    @property
    def fields(self) -> Entry:
        """The entry, for what does not grow: its text and reasoning may be behind."""
        return self._entry

    @property
    def has_text(self) -> bool:
        """Whether any text has arrived."""
        return bool(self._entry.text or self._text)
