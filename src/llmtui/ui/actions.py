"""Everything a key can do, as one table: it feeds bindings, leader panel, help and palette."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from textual.screen import Screen

Scope = Literal["screen", "prompt", "transcript"]

LEADER = "leader "
"""What a key that is pressed after the leader begins with, in the table and in a person's config."""


@dataclass(frozen=True, slots=True)
class Action:
    """One thing that a person can do with a key."""

    id: str
    keys: tuple[str, ...]
    """Textual's key names; `leader x` is x after the leader."""
    command: str
    """Textual's action string; empty when the widget of the scope acts by itself."""
    label: str
    description: str
    group: str
    scope: Scope = "screen"
    family: str = ""
    """The one label that a row of similar actions shares, as provider 1 to 9 do."""
    priority: bool = False
    """Handled before the focused widget sees the key, so that keys typed right after go to what it opens."""
    show: bool = False
    """Whether a footer shows it."""


def _leader(id: str, key: str, command: str, label: str, description: str, group: str) -> Action:
    return Action(id, tuple(LEADER + one for one in key.split()), command, label, description, group)


def _provider(n: int) -> Action:
    return Action(
        f"provider-{n}",
        (f"{LEADER}{n}",),
        f"select_provider({n})",
        f"Provider {n}",
        f"Use provider {n} of the sidebar",
        "Models",
        family="Provider",
    )


ACTIONS: tuple[Action, ...] = (
    Action(
        "send",
        ("enter",),
        "",
        "Send",
        "Send what is typed (queued while a reply streams); with nothing typed, send on what is held",
        "Prompt",
        "prompt",
    ),
    Action(
        "new-line",
        ("ctrl+j", "shift+enter", "alt+enter"),
        "",
        "New line",
        "Begin a new line",
        "Prompt",
        "prompt",
    ),
    Action(
        "earlier-prompt",
        ("up",),
        "",
        "Earlier",
        "Earlier prompt (at the first line); the last queued message first (at an empty prompt)",
        "Prompt",
        "prompt",
    ),
    Action("later-prompt", ("down",), "", "Later", "Later prompt (at the last line)", "Prompt", "prompt"),
    _leader("edit-prompt", "e", "edit_prompt", "Editor", "Write the prompt in $EDITOR", "Prompt"),
    _leader("drop-queue", "j", "drop_queue", "Drop queue", "Forget the queued messages", "Prompt"),
    _leader("attach-image", "i", "attach_image", "Attach", "Send an image with the message", "Prompt"),
    _leader("drop-images", "z", "drop_images", "Detach", "Send no image after all", "Prompt"),
    _leader("edit-message", "m", "edit_message", "Edit message", "Ask an earlier message anew", "Prompt"),
    Action(
        "copy-or-stop",
        ("ctrl+c",),
        "copy_or_stop",
        "Copy / stop",
        "Copy what is selected; with nothing selected, stop the reply",
        "Reply",
    ),
    Action(
        "stop",
        ("escape",),
        "stop",
        "Stop",
        "Close what is open, else stop the reply, else go to the prompt",
        "Reply",
    ),
    _leader(
        "regenerate", "r", "regenerate", "Regenerate", "Ask for another reply; this one is kept", "Reply"
    ),
    _leader("continue", "n", "continue_reply", "Continue", "Carry on a reply that was cut", "Reply"),
    _leader("previous-variant", "v", "show_variant(-1)", "Variant −", "Show the variant before", "Reply"),
    _leader("next-variant", "b", "show_variant(1)", "Variant +", "Show the next variant", "Reply"),
    Action(
        "pick-model",
        ("ctrl+o",),
        "pick_model",
        "Model",
        "Pick a model of any provider, or type its name",
        "Models",
        priority=True,
        show=True,
    ),
    Action(
        "previous-model",
        ("ctrl+t",),
        "previous_model",
        "Model before",
        "Back to the provider and model used before",
        "Models",
    ),
    _leader("effort", "k", "next_effort", "Effort", "Let the models think more or less", "Models"),
    *(_provider(n) for n in range(1, 10)),
    _leader("pick-agent", "g", "pick_agent", "Agent", "Choose the agent that answers in this chat", "Models"),
    _leader("next-provider", "tab", "next_provider", "Next provider", "Use the next provider", "Models"),
    _leader(
        "settings", "d", "edit_settings", "Settings", "This provider's settings (e in the sidebar)", "Models"
    ),
    Action(
        "reload-config",
        (),
        "reload_config",
        "Reload config",
        "Reload the config: use its providers and agents as they are by now",
        "Models",
    ),
    _leader(
        "model-room",
        "o",
        "show_model_room",
        "Ollama room",
        "Pull models and look after them (o in the sidebar)",
        "Models",
    ),
    Action(
        "manage-models",
        (),
        "manage_models",
        "Manage models",
        "See, load, copy and delete the models of a server",
        "Models",
    ),
    Action(
        "test-connection",
        (),
        "test_connection",
        "Test",
        "Test the connection to a server that keeps models",
        "Models",
    ),
    _leader("health", "h", "show_health_room", "Health", "Show how all providers are", "Models"),
    Action("new-chat", ("ctrl+n",), "new_chat", "New", "Begin a new chat", "Chats", show=True),
    _leader("private-chat", "p", "private_chat", "Private", "Begin a private chat: never stored", "Chats"),
    Action(
        "search",
        ("ctrl+r",),
        "search_history",
        "Search",
        "Search all chats",
        "Chats",
        priority=True,
        show=True,
    ),
    _leader("chats", "l", "show_chats", "Chats", "List the chats", "Chats"),
    _leader("rename-chat", "t", "rename_chat", "Rename", "Give the chat a title", "Chats"),
    _leader("fork", "f", "fork", "Fork", "Go on in a copy of the chat", "Chats"),
    _leader("delete-chat", "x", "delete_chat", "Delete", "Delete the chat", "Chats"),
    _leader("restore-chat", "u", "restore_chat", "Undo delete", "Bring the deleted chat back", "Chats"),
    Action(
        "palette",
        ("ctrl+p",),
        "app.command_palette",
        "Commands",
        "Find a command by its name",
        "Screen",
        priority=True,
        show=True,
    ),
    Action(
        "leader",
        ("ctrl+g",),
        "leader",
        "More",
        "The keys of a second level",
        "Screen",
        priority=True,
        show=True,
    ),
    Action(
        "focus-next",
        ("tab",),
        "app.focus_next",
        "Next part",
        "Go to the next part: prompt, transcript, sidebar",
        "Screen",
    ),
    Action(
        "focus-previous",
        ("shift+tab",),
        "app.focus_previous",
        "Part before",
        "Go to the part before",
        "Screen",
    ),
    _leader("sidebar", "s", "toggle_sidebar", "Sidebar", "Show or fold the sidebar", "Screen"),
    _leader("log", "w", "show_log", "Log", "Show the log", "Screen"),
    Action("repaint", ("ctrl+l",), "app.repaint", "Repaint", "Draw the whole screen again", "Screen"),
    Action("help", ("f1", f"{LEADER}?", f"{LEADER}f1"), "show_help", "Help", "Keys and help", "Screen"),
    _leader(
        "to-shell", "ctrl+z", "app.suspend_process", "Shell", "Go to the shell; `fg` comes back", "Screen"
    ),
    _leader("quit", "q", "app.quit", "Quit", "Leave; asks while anything is under way", "Screen"),
    Action(
        "transcript.previous", ("up", "k", "alt+up"), "", "Up", "Previous message", "Transcript", "transcript"
    ),
    Action(
        "transcript.next", ("down", "j", "alt+down"), "", "Down", "Next message", "Transcript", "transcript"
    ),
    Action(
        "transcript.fold", ("enter", "space"), "", "Reasoning", "Fold reasoning", "Transcript", "transcript"
    ),
    Action("transcript.copy", ("c",), "", "Copy", "Copy the message", "Transcript", "transcript"),
    Action("transcript.copy-code", ("y",), "", "Copy code", "Copy its code", "Transcript", "transcript"),
    Action("transcript.page-up", ("pageup",), "", "Page up", "A page up", "Transcript", "transcript"),
    Action("transcript.page-down", ("pagedown",), "", "Page down", "A page down", "Transcript", "transcript"),
    Action("transcript.start", ("home",), "", "Start", "To the first message", "Transcript", "transcript"),
    Action("transcript.end", ("end",), "", "End", "Follow the end", "Transcript", "transcript"),
)
"""All actions, in the order in which they are shown."""

BY_ID: Mapping[str, Action] = {action.id: action for action in ACTIONS}


async def perform(screen: Screen[Any], action_id: str) -> None:
    """Run an action by its id on the screen, or on the app if the screen does not have it."""
    command = BY_ID[action_id].command
    namespace = screen if hasattr(screen, f"action_{command.partition('(')[0]}") else screen.app
    await screen.app.run_action(command, namespace)
