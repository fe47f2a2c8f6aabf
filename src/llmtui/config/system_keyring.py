"""The system's keyring, behind one thread: over SSH a backend may wait for ever to be unlocked."""

from collections.abc import Callable
from concurrent.futures import Future
from functools import cache
from queue import SimpleQueue
from threading import Event, Thread
from typing import TYPE_CHECKING, Any, TypeVar

from llmtui.core.errors import KeyUnavailable

if TYPE_CHECKING:
    from keyring.backend import KeyringBackend

SERVICE = "llmtui"
"""Under which name our keys stand in a keyring."""
KEYRING_CLOCK_S = 2.0
Answer = TypeVar("Answer")
_ELSEWHERE = "or keep the key elsewhere: `api_key` takes `{command: …}` and `{file: …}` too"


def backend_name() -> str:
    """What the keyring calls itself; raises KeyUnavailable."""
    return _asked(lambda: _name_of(_backend()))


def read(name: str) -> str:
    """The key of this name; raises KeyUnavailable."""
    key = _asked(lambda: _backend().get_password(SERVICE, name))
    if not key or not key.strip():
        words = f"the keyring has no key of {SERVICE} for '{name}'"
        raise KeyUnavailable(words, f"put it there with `keyring set {SERVICE} {name}`, {_ELSEWHERE}")
    return key.strip()


def write(name: str, key: str) -> str:
    """Store a key and read it back; returns what the keyring calls itself, raises KeyUnavailable."""

    def stored() -> str:
        backend = _backend()
        backend.set_password(SERVICE, name, key)
        if backend.get_password(SERVICE, name) != key:
            raise KeyUnavailable("the keyring does not give back what was stored", _ELSEWHERE)
        return _name_of(backend)

    # Who was told that the keyring does not answer has put the key elsewhere.
    return _asked(stored, undo=lambda: _backend().delete_password(SERVICE, name))


def forget(name: str) -> None:
    """Remove a key; one that is not there is no error. Raises KeyUnavailable where no keyring answers."""

    def removed() -> None:
        backend = _backend()
        if backend.get_password(SERVICE, name) is not None:
            backend.delete_password(SERVICE, name)

    _asked(removed)


def _backend() -> "KeyringBackend":
    """What the system has; the stand-ins that `keyring` has for nothing count as nothing."""
    # Looks for backends among all installed packages, and asks some of them over D-Bus.
    import keyring
    from keyring.backends import chainer, fail, null

    found = keyring.get_keyring()
    nothing = isinstance(found, fail.Keyring | null.Keyring)
    if nothing or (isinstance(found, chainer.ChainerBackend) and not found.backends):
        raise KeyUnavailable("this system has no keyring", f"start one, {_ELSEWHERE}")
    return found


def _name_of(backend: "KeyringBackend") -> str:
    first: list[KeyringBackend] = getattr(backend, "backends", None) or [backend]
    return str(first[0].name)


def _asked(question: Callable[[], Answer], undo: Callable[[], object] = lambda: None) -> Answer:
    return _thread().ask(question, undo)


@cache
def _thread() -> "_KeyringThread":
    """The one of the process: a keyring that hangs holds up one thread, however often it is asked."""
    return _KeyringThread()


class _KeyringThread:
    """Asks one thing after the other; who waits too long leaves with an error, and is not asked for later."""

    def __init__(self) -> None:
        self._questions: SimpleQueue[tuple[Future[Any], Callable[[], Any], Event, Callable[[], object]]]
        self._questions = SimpleQueue()
        # A daemon: leaving the app does not wait for the keyring either.
        Thread(target=self._work, name="keyring", daemon=True).start()

    def ask(self, question: Callable[[], Answer], undo: Callable[[], object]) -> Answer:
        """The answer; `undo` is done to a question that is answered when nobody waits for it any more."""
        answer: Future[Answer] = Future()
        abandoned = Event()
        self._questions.put((answer, question, abandoned, undo))
        try:
            return answer.result(KEYRING_CLOCK_S)
        except KeyUnavailable:
            raise
        except TimeoutError:
            abandoned.set()
            answer.cancel()
            words = f"the keyring does not answer within {KEYRING_CLOCK_S:g} s"
            raise KeyUnavailable(words, f"unlock it, {_ELSEWHERE}") from None
        # Backends raise what they like; it is not chained, for it may hold the key.
        except Exception as error:  # noqa: BLE001
            words = f"the keyring refuses: {str(error) or type(error).__name__}"
            raise KeyUnavailable(words, f"unlock it, {_ELSEWHERE}") from None

    def _work(self) -> None:
        while True:
            answer, question, abandoned, undo = self._questions.get()
            if answer.set_running_or_notify_cancel():
                try:
                    found = question()
                    if abandoned.is_set():
                        undo()
                    answer.set_result(found)
                except BaseException as error:  # noqa: BLE001
                    answer.set_exception(error)
