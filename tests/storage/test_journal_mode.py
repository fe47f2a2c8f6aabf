"""Write-ahead where it works, a rollback journal where it does not."""

import sqlite3
from pathlib import Path

import pytest

from llmtui.storage import database, files

MOUNTS = """\
/dev/sda1 / ext4 rw 0 0
server:/home /home nfs4 rw 0 0
/dev/sdb1 /home/ann/local ext4 rw 0 0
//server/share /mnt/two\\040words cifs rw 0 0
"""


@pytest.mark.parametrize(
    ("place", "network"),
    [
        ("/var/llmtui.db", False),
        ("/home/ann/llmtui.db", True),
        ("/home/ann/local/llmtui.db", False),
        ("/mnt/two words/llmtui.db", True),
    ],
)
def test_network_disks_are_recognised(tmp_path: Path, place: str, network: bool) -> None:
    table = tmp_path / "mounts"
    table.write_text(MOUNTS)
    assert files.on_network(Path(place), table) is network


def test_a_system_without_a_table_of_mounts_has_no_known_network_disks(tmp_path: Path) -> None:
    assert not files.on_network(tmp_path, tmp_path / "missing")


def test_the_journal_mode_falls_back_where_write_ahead_does_not_work(tmp_path: Path) -> None:
    path = tmp_path / "llmtui.db"
    # The dot-file locks of SQLite are made for disks without real ones; WAL does not work on them.
    without_shared_memory = sqlite3.connect(f"file:{path}?vfs=unix-dotfile", uri=True)
    assert database.choose_journal_mode(without_shared_memory, network=False) == "delete"
    without_shared_memory.close()
    connection = sqlite3.connect(path, isolation_level=None)
    assert database.choose_journal_mode(connection, network=False) == "wal"
    assert database.choose_journal_mode(connection, network=True) == "delete"
    connection.close()
