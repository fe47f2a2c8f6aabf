"""The line above the prompt: what goes with the next message."""

from textual.content import Content
from textual.widgets import Static

from llmtui.core.conversation import ImagePart
from llmtui.services.attachments import size_of
from llmtui.ui.keymap import Keymap


class Attachments(Static):
    """Keeps for each chat what is attached and not sent yet; hidden while there is nothing."""

    DEFAULT_CSS = """
    Attachments {
        width: 1fr; height: auto; max-height: 4; padding: 0 1; display: none;
        background: $surface; color: $text-muted; border-left: outer $border-blurred;
    }
    Attachments.-shown { display: block; }
    """

    def __init__(self, keymap: Keymap) -> None:
        super().__init__("", markup=False)
        self._drop = keymap.hint("drop-images")
        self._waiting: dict[str, list[ImagePart]] = {}
        self._chat_id = ""

    def show_chat(self, chat_id: str) -> None:
        """Show what waits in a chat."""
        self._chat_id = chat_id
        images = self._waiting.get(chat_id, [])
        named = ", ".join(f"{image.name} ({size_of(len(image.data))})" for image in images)
        self.update(Content(f"attached: {named} · {self._drop} drops"))
        self.set_class(bool(images), "-shown")

    @property
    def waiting(self) -> bool:
        """Whether anything goes with the next message of the shown chat."""
        return bool(self._waiting.get(self._chat_id))

    def add(self, chat_id: str, image: ImagePart) -> None:
        """Attach an image to the next message of a chat."""
        self._waiting.setdefault(chat_id, []).append(image)
        self.show_chat(self._chat_id)

    def take(self) -> list[ImagePart]:
        """Take what waits in the shown chat, to send or to drop it."""
        images = self._waiting.pop(self._chat_id, [])
        self.show_chat(self._chat_id)
        return images
