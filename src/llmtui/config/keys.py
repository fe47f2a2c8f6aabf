"""Keys that are kept outside of the config file. This blocks, up to ten seconds: call it on a thread."""

import os
import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr

from llmtui.config import system_keyring
from llmtui.config.key_command import key_from_command
from llmtui.config.private_files import write_private
from llmtui.config.schema import KeySource, ProviderSettings
from llmtui.core.errors import KeyUnavailable

KEY_FOLDER = "keys"
_LONGEST_KEY = 64 * 1024


@dataclass(frozen=True, slots=True)
class StoredKey:
    """Where a key was put."""

    source: KeySource
    """What `api_key` has to say from now on."""
    place: str
    """The same in words for a person."""


def read_key(source: KeySource, abandoned: Callable[[], bool] = lambda: False) -> str:
    """The key from its place; raises KeyUnavailable, whose words never hold it.

    `abandoned` is asked now and then whether anybody still waits for a command.
    """
    if source.command is not None:
        return key_from_command(source.command, abandoned=abandoned)
    if source.keyring is not None:
        return system_keyring.read(source.keyring)
    return _from_file((source.file or Path()).expanduser())


def with_key(settings: ProviderSettings, abandoned: Callable[[], bool] = lambda: False) -> ProviderSettings:
    """The settings with the key itself, fetched from its place if need be; raises KeyUnavailable."""
    if (source := settings.key_source) is None:
        return settings
    return settings.model_copy(update={"api_key": SecretStr(read_key(source, abandoned))})


def store_key(provider_id: str, key: str, folder: Path) -> StoredKey:
    """Put a key into the system's keyring, or where none answers into a file of its own below the folder."""
    key = key.strip()
    try:
        keyring = system_keyring.write(provider_id, key)
    except KeyUnavailable:
        path = folder / KEY_FOLDER / provider_id
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.parent.chmod(0o700)
        write_private(path, f"{key}\n")
        return StoredKey(KeySource(file=path), _from_home(path))
    return StoredKey(KeySource(keyring=provider_id), f"the system keyring ({keyring})")


def forget_key(source: KeySource, folder: Path) -> None:
    """Remove a key that `store_key` may have put there; files elsewhere and what commands print stay.

    Raises OSError, or KeyUnavailable where the keyring does not answer.
    """
    if source.keyring is not None:
        system_keyring.forget(source.keyring)
    elif source.file is not None and source.file.expanduser().parent == folder / KEY_FOLDER:
        source.file.expanduser().unlink(missing_ok=True)


def _from_file(path: Path) -> str:
    hint = f"put the key, and nothing else, into {path}"
    try:
        with open(path, "rb", opener=_at_once) as file:
            regular = stat.S_ISREG(os.fstat(file.fileno()).st_mode)
            words = file.read(_LONGEST_KEY).decode("utf-8", "replace").split() if regular else []
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "no path"
        raise KeyUnavailable(f"the key's file {path} cannot be read: {reason}", hint) from None
    if len(words) != 1:
        found = "holds more than one word" if words else "is empty" if regular else "is no plain file"
        raise KeyUnavailable(f"the key's file {path} {found}", hint)
    return words[0]


def _at_once(path: str, flags: int) -> int:
    """Open a file; a pipe that nobody writes to would be waited for."""
    return os.open(path, flags | os.O_NONBLOCK)


def _from_home(path: Path) -> str:
    home = Path.home()
    return f"~/{path.relative_to(home)}" if path.is_relative_to(home) else str(path)
