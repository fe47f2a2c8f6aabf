"""The way to the terminal: Textual's driver made to last, and one that sends no more than what changed."""

from collections.abc import Mapping

from llmtui.core.terminal import DriverName
from llmtui.ui.driver.plain import TerminalDriver
from llmtui.ui.driver.thrifty import ThriftyDriver

DRIVERS: Mapping[DriverName, type[TerminalDriver]] = {"plain": TerminalDriver, "thrifty": ThriftyDriver}

__all__ = ["DRIVERS", "TerminalDriver", "ThriftyDriver"]
