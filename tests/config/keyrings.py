"""Keyrings for tests; `PYTHON_KEYRING_BACKEND` and `keyring.set_keyring` take them by name and value."""

from threading import Event

from keyring.backend import KeyringBackend
from keyring.backends import chainer, fail, null
from keyring.errors import KeyringLocked, PasswordDeleteError


class MemoryKeyring(KeyringBackend):
    priority = 5

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.kept: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        if self.kept.pop((service, username), None) is None:
            raise PasswordDeleteError(username)


class ForgetfulKeyring(MemoryKeyring):
    """Takes keys and gives back others."""

    def set_password(self, service: str, username: str, password: str) -> None:
        super().set_password(service, username, password[::-1])


class LockedKeyring(MemoryKeyring):
    def get_password(self, service: str, username: str) -> str | None:
        raise KeyringLocked("Failed to unlock the collection!")

    def set_password(self, service: str, username: str, password: str) -> None:
        raise KeyringLocked(f"cannot keep {password}")


class WaitingKeyring(MemoryKeyring):
    """Waits for somebody to unlock it, as one behind D-Bus does over SSH."""

    def __init__(self) -> None:
        super().__init__()
        self.unlocked = Event()
        self.asked = 0

    def get_password(self, service: str, username: str) -> str | None:
        self.asked += 1
        self.unlocked.wait()
        return super().get_password(service, username)

    def set_password(self, service: str, username: str, password: str) -> None:
        self.unlocked.wait()
        super().set_password(service, username, password)


def no_keyring() -> KeyringBackend:
    """What `keyring` finds where there is none."""
    return fail.Keyring()  # type: ignore[no-untyped-call]


def null_keyring() -> KeyringBackend:
    """What a person sets who wants none."""
    return null.Keyring()  # type: ignore[no-untyped-call]


def chain() -> KeyringBackend:
    """Several keyrings as one."""
    return chainer.ChainerBackend()  # type: ignore[no-untyped-call]
