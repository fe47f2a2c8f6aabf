import os
import time
import traceback
from collections.abc import Callable
from pathlib import Path

import pytest
from keyring.backend import KeyringBackend
from keyring.backends.chainer import ChainerBackend

from llmtui.config import system_keyring
from llmtui.config.key_command import key_from_command
from llmtui.config.keys import forget_key, read_key, store_key, with_key
from llmtui.config.schema import KeySource, ProviderSettings
from llmtui.core.errors import ConfigError, KeyUnavailable
from tests.config.conftest import UseKeyring
from tests.config.keyrings import (
    ForgetfulKeyring,
    LockedKeyring,
    MemoryKeyring,
    WaitingKeyring,
    chain,
    no_keyring,
    null_keyring,
)

CANARY = "sk-canary-0123456789"


def failure_of(call: Callable[[], object]) -> KeyUnavailable:
    """Why a key is not to be had; it never holds what was found."""
    with pytest.raises(KeyUnavailable) as caught:
        call()
    error = caught.value
    assert isinstance(error, ConfigError)
    assert error.hint
    assert CANARY not in "".join([*traceback.format_exception(error), error.hint, repr(error)])
    return error


def unavailable(**source: str | Path) -> KeyUnavailable:
    return failure_of(lambda: read_key(KeySource.model_validate(source)))


# Commands


@pytest.mark.parametrize(
    "command",
    [
        f"echo {CANARY}",
        f"printf '  {CANARY}\\t\\nsecond line\\n'",
        f"printf {CANARY}",
        f"echo remark >&2; echo {CANARY}",
        f"cat; echo {CANARY}",
        f"K={CANARY}; echo ${{K}}",
    ],
    ids=["plain", "blanks", "no-newline", "remark", "reads-nothing", "shell-variable"],
)
def test_a_command_prints_the_key(command: str) -> None:
    assert read_key(KeySource(command=command)) == CANARY


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (
            f"echo {CANARY}; echo first >&2; echo gpg: no agent >&2; exit 3",
            "ended with exit code 3: gpg: no agent",
        ),
        ("exit 7", "ended with exit code 7"),
        (f"echo {CANARY}; echo bad {CANARY} >&2; exit 1", "exit code 1: bad [redacted]"),
        ("no-such-program-anywhere", "exit code 127: "),
        ("true", "printed nothing"),
        ("echo; echo late", "printed nothing"),
        ("echo nothing found >&2", "printed nothing: nothing found"),
    ],
)
def test_a_command_that_fails_is_explained_without_its_output(command: str, words: str) -> None:
    assert words in str(unavailable(command=command))


def test_a_command_that_hangs_is_killed_with_its_children(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    command = f"exec 3>{pipe}; echo {CANARY}; sleep 100 & sleep 100"
    error = failure_of(lambda: key_from_command(command, clock_s=0.5))
    assert "did not end within 0.5 s" in str(error)
    os.set_blocking(reader, True)
    # The end of the pipe comes when the last process that holds it is gone.
    assert os.read(reader, 1) == b""
    os.close(reader)


def test_what_a_command_leaves_running_is_not_waited_for() -> None:
    began = time.monotonic()
    assert key_from_command(f"sleep 20 & echo {CANARY}") == CANARY
    assert time.monotonic() - began < 10


def test_a_command_cannot_ask_on_the_terminal() -> None:
    assert read_key(KeySource(command="(: < /dev/tty) 2>/dev/null && echo terminal || echo none")) == "none"


# Files


def test_a_file_holds_the_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "key").write_text(f"\n {CANARY} \n")
    assert read_key(KeySource(file=Path("~/key"))) == CANARY
    assert read_key(KeySource(file=tmp_path / "key")) == CANARY


def test_a_file_without_one_key_is_explained(tmp_path: Path) -> None:
    path = tmp_path / "key"
    assert f"{path} cannot be read: No such file" in str(unavailable(file=path))
    path.write_text(" \n")
    assert f"{path} is empty" in str(unavailable(file=path))
    path.write_text(f"KEY={CANARY}\nother\n")
    assert "more than one word" in str(unavailable(file=path))
    assert "cannot be read: Is a directory" in str(unavailable(file=tmp_path))
    os.mkfifo(tmp_path / "pipe")
    assert "is no plain file" in str(unavailable(file=tmp_path / "pipe"))


# The keyring


def test_the_keyring_has_the_key(use_keyring: UseKeyring) -> None:
    use_keyring(MemoryKeyring()).set_password("llmtui", "work", f"{CANARY}\n")
    assert read_key(KeySource(keyring="work")) == CANARY
    error = unavailable(keyring="other")
    assert "no key of llmtui for 'other'" in str(error)
    assert "keyring set llmtui other" in error.hint


@pytest.mark.parametrize("backend", [no_keyring(), null_keyring()])
def test_what_stands_for_no_keyring_is_none(use_keyring: UseKeyring, backend: KeyringBackend) -> None:
    use_keyring(backend)
    assert "no keyring" in str(unavailable(keyring="work"))


def test_a_chain_without_keyrings_is_none(use_keyring: UseKeyring, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ChainerBackend, "backends", [])
    use_keyring(chain())
    assert "no keyring" in str(unavailable(keyring="work"))


def test_a_keyring_that_refuses_is_quoted(use_keyring: UseKeyring) -> None:
    use_keyring(LockedKeyring())
    assert "refuses: Failed to unlock the collection!" in str(unavailable(keyring="work"))


def test_a_keyring_that_hangs_is_left_alone(
    use_keyring: UseKeyring, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(system_keyring, "KEYRING_CLOCK_S", 0.2)
    waiting = WaitingKeyring()
    use_keyring(waiting)
    try:
        for _ in range(3):
            assert "does not answer within 0.2 s" in str(unavailable(keyring="work"))
        assert waiting.asked == 1
        assert store_key("work", CANARY, tmp_path).source.file == tmp_path / "keys" / "work"
    finally:
        waiting.unlocked.set()
    monkeypatch.setattr(system_keyring, "KEYRING_CLOCK_S", 30)
    assert "no key of llmtui" in str(unavailable(keyring="work"))
    assert waiting.kept == {}


# Storing


def test_a_key_is_stored_in_the_keyring(use_keyring: UseKeyring, tmp_path: Path) -> None:
    use_keyring(MemoryKeyring())
    stored = store_key("work", f" {CANARY}\n", tmp_path)
    assert stored.source == KeySource(keyring="work")
    assert stored.place.startswith("the system keyring (")
    assert read_key(stored.source) == CANARY
    assert list(tmp_path.iterdir()) == []
    assert CANARY not in repr(stored)


@pytest.mark.parametrize("backend", [no_keyring, ForgetfulKeyring, LockedKeyring])
def test_without_a_keyring_a_key_is_stored_in_a_private_file(
    use_keyring: UseKeyring, isolated: Path, backend: Callable[[], KeyringBackend]
) -> None:
    use_keyring(backend())
    folder = isolated / ".config" / "llmtui"
    stored = store_key("work", CANARY, folder)
    path = folder / "keys" / "work"
    assert (stored.source, stored.place) == (KeySource(file=path), "~/.config/llmtui/keys/work")
    assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    assert read_key(stored.source) == CANARY
    assert [one.name for one in path.parent.iterdir()] == ["work"]


def test_a_stored_key_replaces_the_one_before(use_keyring: UseKeyring, tmp_path: Path) -> None:
    (tmp_path / "keys").mkdir(mode=0o755)
    path = tmp_path / "keys" / "work"
    path.write_text("old")
    path.chmod(0o644)
    store_key("work", CANARY, tmp_path)
    assert path.read_text() == f"{CANARY}\n"
    assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o600, 0o700)


def test_a_key_that_cannot_be_written_leaves_the_one_before(use_keyring: UseKeyring, tmp_path: Path) -> None:
    path = tmp_path / "keys" / "work"
    path.mkdir(parents=True)
    with pytest.raises(IsADirectoryError):
        store_key("work", CANARY, tmp_path)
    assert [one.name for one in path.parent.iterdir()] == ["work"]


def test_only_what_was_stored_here_is_forgotten(use_keyring: UseKeyring, tmp_path: Path) -> None:
    stored = store_key("work", CANARY, tmp_path)
    elsewhere = tmp_path / "mine"
    elsewhere.write_text(CANARY)
    for source in (stored.source, stored.source, KeySource(file=elsewhere), KeySource(command="true")):
        forget_key(source, tmp_path)
    assert elsewhere.exists()
    assert list((tmp_path / "keys").iterdir()) == []
    keyring = use_keyring(MemoryKeyring())
    keyring.set_password("another program", "work", CANARY)
    stored = store_key("work", CANARY, tmp_path)
    for _ in range(2):
        forget_key(stored.source, tmp_path)
    assert keyring.get_password("llmtui", "work") is None
    assert keyring.get_password("another program", "work") == CANARY


# Settings


def test_a_fetched_key_is_a_secret_of_the_settings() -> None:
    settings = ProviderSettings(id="a", kind="claude", api_key=KeySource(command=f"echo {CANARY}"))
    assert (settings.key, settings.secrets()) == (None, [])
    fetched = with_key(settings)
    assert (fetched.key, fetched.secrets()) == (CANARY, [CANARY])
    assert CANARY not in repr(settings) + repr(fetched)
    assert with_key(fetched) is fetched
