"""The conversation pane: one line-API widget that shows every message and streams replies."""

from llmtui.ui.transcript.draft import Draft
from llmtui.ui.transcript.entry import Entry, ToolLine
from llmtui.ui.transcript.view import Transcript

__all__ = ["Draft", "Entry", "ToolLine", "Transcript"]
