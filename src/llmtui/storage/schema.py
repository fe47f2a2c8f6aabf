"""The tables, and how an older file becomes today's."""

import sqlite3
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from llmtui.core.errors import StorageError
from llmtui.storage.files import unused_name

APPLICATION_ID = 0x6C6C6D74
"""Written into the file's header, so that another program's database is never taken for ours."""

_VERSION_1 = """
CREATE TABLE conversations (
    ordinal INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    title TEXT NOT NULL DEFAULT '',
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    provider TEXT,
    model TEXT,
    leaf_id TEXT,
    draft TEXT NOT NULL DEFAULT '',
    deleted_at TEXT
);
CREATE INDEX conversations_by_update ON conversations (updated_at) WHERE deleted_at IS NULL;

-- parent_id refers to nothing on purpose: when the disk was full for one reply, what follows is still kept.
CREATE TABLE messages (
    ordinal INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    conversation_id TEXT NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    parent_id TEXT,
    role TEXT NOT NULL,
    state TEXT NOT NULL,
    created_at TEXT NOT NULL,
    continues_id TEXT,
    seam INTEGER,
    instance TEXT
);
CREATE INDEX messages_by_conversation ON messages (conversation_id);
CREATE INDEX messages_by_parent ON messages (parent_id);
CREATE INDEX messages_streaming ON messages (instance) WHERE state = 'streaming';

CREATE TABLE parts (
    message INTEGER NOT NULL REFERENCES messages (ordinal) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    kind TEXT NOT NULL,
    text TEXT,
    meta TEXT,
    data BLOB,
    PRIMARY KEY (message, position)
);

CREATE TABLE journal (
    seq INTEGER PRIMARY KEY,
    message INTEGER NOT NULL REFERENCES messages (ordinal) ON DELETE CASCADE,
    kind TEXT NOT NULL CHECK (kind IN ('text', 'reasoning')),
    text TEXT NOT NULL
);
CREATE INDEX journal_by_message ON journal (message);

-- The ledger outlives the conversations that it speaks of.
CREATE TABLE requests (
    ordinal INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    provider TEXT NOT NULL,
    model TEXT NOT NULL,
    started_at TEXT NOT NULL,
    conversation_id TEXT,
    message_id TEXT,
    first_token_at TEXT,
    ended_at TEXT,
    usage_source TEXT,
    usage_input INTEGER,
    usage_output INTEGER,
    usage_cache_read INTEGER,
    usage_cache_write INTEGER,
    usage_reasoning INTEGER,
    usage_generation_s REAL,
    cost TEXT,
    price_source TEXT,
    price_date TEXT,
    outcome TEXT NOT NULL,
    error TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    finish_reason TEXT NOT NULL
);
CREATE INDEX requests_by_message ON requests (message_id);
CREATE INDEX requests_by_start ON requests (started_at);

CREATE VIEW message_texts (ordinal, text) AS
SELECT messages.ordinal, (
    SELECT group_concat(text, char(10)) FROM (
        SELECT text FROM parts WHERE message = messages.ordinal AND kind = 'text' ORDER BY position
    )
) FROM messages;

-- Holds every message that is not streaming.
CREATE VIRTUAL TABLE message_index USING fts5 (
    text, content = 'message_texts', content_rowid = 'ordinal',
    tokenize = 'unicode61 remove_diacritics 2', prefix = '1 2 3'
);

CREATE VIRTUAL TABLE title_index USING fts5 (
    title, content = 'conversations', content_rowid = 'ordinal',
    tokenize = 'unicode61 remove_diacritics 2', prefix = '1 2 3'
);
CREATE TRIGGER title_added AFTER INSERT ON conversations BEGIN
    INSERT INTO title_index (rowid, title) VALUES (new.ordinal, new.title);
END;
CREATE TRIGGER title_changed AFTER UPDATE OF title ON conversations WHEN old.title IS NOT new.title BEGIN
    INSERT INTO title_index (title_index, rowid, title) VALUES ('delete', old.ordinal, old.title);
    INSERT INTO title_index (rowid, title) VALUES (new.ordinal, new.title);
END;
CREATE TRIGGER title_removed AFTER DELETE ON conversations BEGIN
    INSERT INTO title_index (title_index, rowid, title) VALUES ('delete', old.ordinal, old.title);
END;
"""

_VERSION_2 = """
ALTER TABLE conversations ADD COLUMN agent TEXT;
ALTER TABLE requests ADD COLUMN host TEXT NOT NULL DEFAULT '';
ALTER TABLE requests ADD COLUMN requested TEXT NOT NULL DEFAULT '';

CREATE TABLE favourites (
    provider TEXT NOT NULL,
    model TEXT NOT NULL,
    added_at TEXT NOT NULL,
    PRIMARY KEY (provider, model)
) WITHOUT ROWID;

-- What each server listed last, for the time when it cannot be asked.
CREATE TABLE model_lists (
    provider TEXT PRIMARY KEY,
    models TEXT NOT NULL,
    fetched_at TEXT NOT NULL
) WITHOUT ROWID;
"""

_VERSION_3 = """
-- A JSON list of the messages that wait for the end of a reply.
ALTER TABLE conversations ADD COLUMN queued TEXT NOT NULL DEFAULT '[]';
"""

MIGRATIONS: tuple[str, ...] = (_VERSION_1, _VERSION_2, _VERSION_3)
"""Step n brings a file from version n to n + 1; a step that was released never changes."""


def version(connection: sqlite3.Connection) -> int:
    """The schema's version in the file; 0 is an empty one."""
    [(number,)] = connection.execute("PRAGMA user_version")
    return int(number)


def check_ownership(connection: sqlite3.Connection, migrations: Sequence[str] = MIGRATIONS) -> None:
    """Raise StorageError for a file that is not ours to write: a newer llmtui's, or another program's."""
    [(application,)] = connection.execute("PRAGMA application_id")
    [(tables,)] = connection.execute("SELECT count(*) FROM sqlite_master")
    if tables and application != APPLICATION_ID:
        raise StorageError("the file belongs to another program")
    if (found := version(connection)) > len(migrations):
        raise StorageError(
            f"the database was written by a newer llmtui (version {found}, this one knows {len(migrations)})"
        )


def migrate(connection: sqlite3.Connection, path: Path, migrations: Sequence[str] = MIGRATIONS) -> None:
    """Bring the file to the newest version, each step whole or not at all, a used file after a backup."""
    found = version(connection)
    for number in range(found, len(migrations)):
        if found:
            _back_up(connection, path, number)
        script = f"PRAGMA application_id = {APPLICATION_ID}; {migrations[number]}"
        try:
            connection.executescript(f"BEGIN IMMEDIATE; {script}; PRAGMA user_version = {number + 1}; COMMIT")
        except sqlite3.Error:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise


def _back_up(connection: sqlite3.Connection, path: Path, number: int) -> None:
    stamp = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
    target = unused_name(path, f"version{number}-{stamp}")
    target.touch(mode=0o600, exist_ok=False)
    copy = sqlite3.connect(target)
    try:
        connection.backup(copy)
    except sqlite3.Error:
        target.unlink()
        raise
    finally:
        copy.close()
