"""Keys that are kept outside of the config file. This blocks: call it on a thread."""

from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr

from llmtui.config.private_files import write_private
from llmtui.config.schema import KeySource, ProviderSettings
from llmtui.core.errors import KeyUnavailable

KEY_FOLDER = "keys"


@dataclass(frozen=True, slots=True)
class StoredKey:
    """Where a key was put."""

    source: KeySource
    """What `api_key` has to say from now on."""
    place: str
    """The same in words for a person."""


def read_key(source: KeySource) -> str:
    """The key from its place; raises KeyUnavailable, whose words never hold it."""
    if source.file is None:
        raise KeyUnavailable("only keys in files can be read", "use `api_key: {file: …}`")
    path = source.file.expanduser()
    try:
        return path.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError):
        hint = f"put the key, and nothing else, into {path}"
        raise KeyUnavailable(f"the key's file {path} cannot be read", hint) from None


def with_key(settings: ProviderSettings) -> ProviderSettings:
    """The settings with the key itself, fetched from its place if need be; raises KeyUnavailable."""
    if (source := settings.key_source) is None:
        return settings
    return settings.model_copy(update={"api_key": SecretStr(read_key(source))})


def store_key(provider_id: str, key: str, folder: Path) -> StoredKey:
    """Put a key into a file of its own below the folder."""
    path = folder / KEY_FOLDER / provider_id
    write_private(path, f"{key.strip()}\n")
    home = Path.home()
    return StoredKey(
        KeySource(file=path), f"~/{path.relative_to(home)}" if path.is_relative_to(home) else str(path)
    )


def forget_key(source: KeySource, folder: Path) -> None:
    """Remove a key that `store_key` may have put there; files elsewhere stay."""
    if source.file is not None and source.file.expanduser().parent == folder / KEY_FOLDER:
        source.file.expanduser().unlink(missing_ok=True)
