"""The way to the terminal: Textual's driver made to last, and one that sends no more than what changed."""

from llmtui.ui.driver.plain import TerminalDriver
from llmtui.ui.driver.thrifty import ThriftyDriver

__all__ = ["TerminalDriver", "ThriftyDriver"]
