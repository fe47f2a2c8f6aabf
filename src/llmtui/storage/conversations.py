"""The store of conversations: one SQLite file, one thread that writes and one that reads."""

import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from llmtui.core.conversation import Part
from llmtui.core.errors import StorageError
from llmtui.core.history import (
    Conversation,
    JournalEntry,
    MessageState,
    RequestRecord,
    SearchHit,
    StoredMessage,
    StoreReport,
    Target,
)
from llmtui.core.models import ModelList
from llmtui.storage import chats, database, favourites, journal, messages, model_lists, requests, search
from llmtui.storage.locks import Instance
from llmtui.storage.worker import Worker

T = TypeVar("T")


class SQLiteStore:
    """Keeps conversations in the database at `path`, which other processes may use at the same time.

    `connect` makes the connections.
    """

    def __init__(self, path: Path, *, connect: database.Connect = database.connect) -> None:
        self.path = path
        self._connect = connect
        self._instance = Instance(path)
        self._writer = Worker("storage-writer", path)
        self._reader = Worker("storage-reader", path)

    async def open(self) -> StoreReport:
        """Open, check, migrate and mend; never raises, and can be called again after a problem.

        What cannot be written may still be readable.
        """
        aside, recovered, problem = None, list[str](), ""
        await self._reader.disconnect()
        try:
            aside, recovered = await self._writer.connect(self._connect_writer)
        except StorageError as error:
            problem = str(error)
        try:
            await self._reader.connect(self._connect_reader)
        except StorageError as error:
            problem = problem or str(error)
        return StoreReport(str(self.path), aside, recovered, problem)

    async def close(self) -> None:
        """Write everything and close."""
        await self._reader.close()
        clean = not (self._writer.damaged or self._reader.damaged)
        await self._writer.close(lambda: self._instance.leave(clean=clean))

    async def conversations(self, limit: int = 200) -> list[Conversation]:
        """The newest conversations."""
        return await self._read(lambda connection: chats.newest(connection, limit))

    async def conversation(self, conversation_id: str) -> Conversation | None:
        """One conversation; None when it is unknown or deleted."""
        return await self._read(lambda connection: chats.get(connection, conversation_id))

    async def save_conversation(self, conversation: Conversation) -> None:
        """Insert or replace what the list shows of a conversation; another `leaf_id` shows another branch."""
        await self._write(lambda connection: chats.save(connection, conversation))

    async def delete_conversation(self, conversation_id: str) -> None:
        """Mark it as deleted, so that `restore_conversation` can bring it back."""
        await self._write(lambda connection: chats.set_deleted(connection, conversation_id, deleted=True))

    async def restore_conversation(self, conversation_id: str) -> None:
        """Undo a deletion."""
        await self._write(lambda connection: chats.set_deleted(connection, conversation_id, deleted=False))

    async def branch(
        self, conversation_id: str, leaf_id: str | None = None, limit: int | None = None
    ) -> list[StoredMessage]:
        """The last `limit` messages (None: all) from the root to a leaf (None: the shown one).

        They come with siblings and requests.
        """
        return await self._read(
            lambda connection: messages.branch(connection, conversation_id, leaf_id, limit)
        )

    async def newest_leaf(self, message_id: str) -> str:
        """The last message of the newest branch below a message."""
        return await self._read(lambda connection: messages.newest_leaf(connection, message_id))

    async def add_message(self, message: StoredMessage) -> None:
        """Append a message, with its ledger row if it has one, and make it its conversation's leaf.

        It is on the disk when this returns.
        """
        await self.add_messages([message])

    async def add_messages(self, added: Sequence[StoredMessage]) -> None:
        """Append messages of one conversation, all or none."""

        def job(connection: sqlite3.Connection) -> None:
            for message in added:
                messages.add(connection, message)
                if message.request is not None:
                    requests.save(connection, message.request)

        await self._write(job)

    async def hosts(self) -> frozenset[str]:
        """Every host that a request of the ledger went to."""
        return await self._read(requests.hosts)

    async def begin_reply(self, message: StoredMessage, request: RequestRecord) -> None:
        """Append a streaming reply with its ledger row; the leaf moves to it."""

        def job(connection: sqlite3.Connection) -> None:
            messages.add(connection, message, self._instance.id)
            requests.save(connection, request)

        await self._write(job)

    async def journal(self, message_id: str, entries: Sequence[JournalEntry]) -> None:
        """Append what arrived to a streaming reply's journal; one that has ended needs no more."""

        def job(connection: sqlite3.Connection) -> None:
            ordinal = messages.streaming_ordinal(connection, message_id)
            if ordinal is not None:
                journal.append(connection, ordinal, entries)

        await self._write(job)

    async def end_reply(
        self, message_id: str, parts: Sequence[Part], state: MessageState, request: RequestRecord
    ) -> None:
        """Replace the journal by the final parts and close the ledger row."""

        def job(connection: sqlite3.Connection) -> None:
            messages.finish(connection, message_id, parts, state)
            requests.save(connection, request)

        await self._write(job)

    async def search(self, query: str, limit: int = 50) -> list[SearchHit]:
        """Full-text search over titles and messages, best first."""
        return await self._read(lambda connection: search.search(connection, query, limit))

    async def prompts(self, limit: int = 200) -> list[str]:
        """What the person sent before, newest first, without repeats."""
        return await self._read(lambda connection: messages.prompts(connection, limit))

    async def favourites(self) -> list[Target]:
        """The models that the person marked, in that order."""
        return await self._read(favourites.all_marked)

    async def set_favourite(self, target: Target, *, marked: bool) -> None:
        """Mark a model, or take the mark away."""
        change = favourites.mark if marked else favourites.unmark
        await self._write(lambda connection: change(connection, target))

    async def recent_targets(self, limit: int = 20) -> list[Target]:
        """The models that answered, each once, the newest first."""
        return await self._read(lambda connection: requests.recent_targets(connection, limit))

    async def model_lists(self) -> dict[str, ModelList]:
        """What each provider's server listed last; what cannot be read is left out."""
        return await self._read(model_lists.all_kept)

    async def save_model_list(self, provider_id: str, found: ModelList | None) -> None:
        """Keep a server's list instead of its last one; None: keep none."""
        await self._write(lambda connection: model_lists.save(connection, provider_id, found))

    async def _read(self, job: Callable[[sqlite3.Connection], T]) -> T:
        def unchanging(connection: sqlite3.Connection) -> T:
            with database.transaction(connection, "DEFERRED"):
                return job(connection)

        return await self._reader.run(unchanging)

    async def _write(self, job: Callable[[sqlite3.Connection], None]) -> None:
        def whole(connection: sqlite3.Connection) -> None:
            with database.transaction(connection):
                job(connection)

        await self._writer.run(whole)

    def _connect_writer(self) -> tuple[sqlite3.Connection, tuple[str | None, list[str]]]:
        suspect = self._writer.damaged or self._reader.damaged
        opened = database.open_database(self.path, self._instance, suspect=suspect, connect=self._connect)
        self._writer.damaged = self._reader.damaged = False
        aside = str(opened.set_aside) if opened.set_aside else None
        return opened.connection, (aside, list(opened.recovered))

    def _connect_reader(self) -> tuple[sqlite3.Connection, None]:
        return database.open_reader(self.path, self._connect), None
