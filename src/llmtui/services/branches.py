"""Reading branches of conversations page by page, from the end on: the newest messages are wanted first."""

from dataclasses import replace

from llmtui.core.errors import StorageError
from llmtui.core.history import Conversation, StoredMessage
from llmtui.services.recorder import Recorder
from llmtui.services.thread import Thread

FIRST_PAGE = 60
"""More messages than a screen shows, few enough to be there at once."""
PAGE = 500
"""As many as are decoded while nobody notices."""


class BranchReader:
    """Reads what the store has of a branch."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder

    async def newest(self, conversation: Conversation, leaf_id: str | None = None) -> Thread | None:
        """The last messages of the branch to a leaf (None: the shown one); None: it cannot be read.

        A private one is in memory already, and comes whole.
        """
        limit = None if conversation.private else FIRST_PAGE
        page = await self._read(conversation, leaf_id, limit)
        return None if page is None else Thread(conversation, tuple(page), whole=len(page) != limit)

    async def lengthened(self, thread: Thread) -> Thread:
        """A thread with the page before its first message; raises StorageError."""
        page: list[StoredMessage] | None = []
        if parent_id := thread.messages[0].parent_id:
            page = await self._read(thread.conversation, parent_id, PAGE)
        if page is None:
            raise StorageError(f"the earlier messages cannot be read: {self._recorder.problem}")
        known = {message.id for message in thread.messages}
        # In a damaged tree that runs in a circle what is known comes again.
        fresh = tuple(message for message in page if message.id not in known)
        return replace(thread, messages=fresh + thread.messages, whole=len(fresh) < PAGE)

    async def _read(
        self, conversation: Conversation, leaf_id: str | None, limit: int | None
    ) -> list[StoredMessage] | None:
        branch = self._recorder.store.branch(conversation.id, leaf_id, limit)
        return await self._recorder.read(branch, None)
