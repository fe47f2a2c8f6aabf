"""Messages that cross the screen: facts about replies and providers."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.message import Message

from llmtui.core.errors import LlmtuiError
from llmtui.core.events import Status, Warning
from llmtui.core.history import StoredMessage
from llmtui.services.health import Health

if TYPE_CHECKING:
    from llmtui.services.provider_form import Saved
    from llmtui.services.reload import Reloaded
    from llmtui.services.transfer_job import TransferJob


@dataclass
class ReplyOpened(Message):
    """A reply has its place and its request is on the way."""

    message: StoredMessage


@dataclass
class ReplyGrew(Message):
    """What arrived for a reply since the last frame."""

    conversation_id: str
    message_id: str
    text: str
    reasoning: str


@dataclass
class ReplyNoted(Message):
    """A reply's provider says what it waits for, or warns."""

    conversation_id: str
    message_id: str
    note: Status | Warning


@dataclass
class ReplyNamed(Message):
    """The server told which model answers."""

    conversation_id: str
    message_id: str
    model: str


@dataclass
class ReplyEnded(Message):
    """A reply is as it will stay."""

    message: StoredMessage
    error: LlmtuiError | None


@dataclass
class ProviderProbed(Message):
    """News of a provider's health."""

    health: Health


@dataclass
class SettingsSaved(Message):
    """A provider has other settings from now on."""

    saved: "Saved"


@dataclass
class ConfigReloaded(Message):
    """What the config file says by now is in use."""

    reloaded: "Reloaded"


@dataclass
class TransferChanged(Message):
    """A pull, push or create stands elsewhere than before; mere progress is not told."""

    job: "TransferJob"


@dataclass
class JobFailed(Message):
    """A job ended by an error that nobody expected."""

    job: str
    error: BaseException
