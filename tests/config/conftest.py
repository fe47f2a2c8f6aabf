from collections.abc import Callable, Iterator

import keyring
import pytest
from keyring.backend import KeyringBackend

from tests.config.keyrings import no_keyring

UseKeyring = Callable[[KeyringBackend], KeyringBackend]


@pytest.fixture
def use_keyring() -> Iterator[UseKeyring]:
    """Make a keyring the system's; without a call there is none."""

    def use(backend: KeyringBackend) -> KeyringBackend:
        keyring.set_keyring(backend)
        return backend

    use(no_keyring())
    yield use
    use(no_keyring())
