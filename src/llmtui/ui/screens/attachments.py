"""What the keys do to images that go with the next message."""

import asyncio

from llmtui.core.errors import LlmtuiError
from llmtui.services.attachments import read_image
from llmtui.services.thread import Thread
from llmtui.ui.screens.targets import TargetScreen


class AttachmentScreen(TargetScreen):
    """The part of the main screen that attaches images."""

    def place(self, thread: Thread) -> None:
        """Put a conversation on the screen, with what is attached to its next message."""
        super().place(thread)
        self.attachments.show_chat(thread.conversation.id)

    def needed_capabilities(self) -> set[str]:
        """What this chat needs, with what is attached to its next message."""
        waiting = {"image"} if self.attachments.waiting else set[str]()
        return super().needed_capabilities() | waiting

    def action_attach_image(self) -> None:
        """Ask for an image to send with the next message."""
        from llmtui.ui.modals.ask_text import AskText

        async def attach(path: str | None) -> None:
            if path is not None:
                await self.attach(path)

        dialog = AskText("Image for the next message", placeholder="path of a PNG, JPEG, GIF or WebP file")
        self.app.push_screen(dialog, attach)

    async def attach(self, path: str) -> None:
        """Send an image with the next message."""
        chat_id = self.chat_id
        try:
            image = await asyncio.to_thread(read_image, path)
        except LlmtuiError as error:
            self.flash_error(error)
        else:
            self.attachments.add(chat_id, image)
        self.prompt.focus()

    def action_drop_images(self) -> None:
        """Send the next message without images."""
        names = ", ".join(image.name for image in self.attachments.take())
        self.flash(f"not sent: {names}" if names else "nothing is attached")
