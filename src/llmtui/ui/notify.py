"""Telling a person who looks elsewhere that a reply has ended."""

import os
from collections.abc import Mapping

from textual.app import App
from textual.content import Content

from llmtui.core.history import Conversation, MessageState, StoredMessage
from llmtui.core.text import sanitise_line
from llmtui.services.services import Notify

LONGEST = 60
"""Cells of a notification's text."""
BEL = "\a"


def notify(app: App[object], how: Notify, text: str) -> None:
    """Ring, or have the terminal show a text, if it said that it is out of focus; some never say so.

    The driver writes it between two frames.
    """
    if how == "off" or not text or app.app_focus or app._driver is None:
        return
    app._driver.write(BEL if how == "bell" else through_multiplexer(osc9(text), os.environ))


def end_of(reply: StoredMessage, conversation: Conversation) -> str:
    """What to tell of a reply's end; empty for one that the person stopped. A private title stays here."""
    title = "a private chat" if conversation.private else conversation.title
    words = {MessageState.COMPLETE: "reply ready", MessageState.FAILED: "reply failed"}.get(reply.state)
    return f"{words}: {title}" if words else ""


def osc9(text: str) -> str:
    """The sequence that iTerm2 introduced: the terminal shows the text as it sees fit.

    Behind the program's name no text can be one of the commands that ConEmu gave the same number.
    """
    words = Content(f"llmtui: {sanitise_line(text)}").truncate(LONGEST, ellipsis=True).plain
    return f"\x1b]9;{words}{BEL}"


def through_multiplexer(sequence: str, environ: Mapping[str, str]) -> str:
    """The sequence as tmux (with `allow-passthrough on`) and screen hand it on to their terminal."""
    if environ.get("TMUX"):
        return "\x1bPtmux;" + sequence.replace("\x1b", "\x1b\x1b") + "\x1b\\"
    if environ.get("STY"):
        return f"\x1bP{sequence}\x1b\\"
    return sequence
