"""Earlier prompts, as up and down walk them."""

from collections.abc import Sequence


class PromptHistory:
    """Earlier prompts, newest first, and the draft that waits below them."""

    def __init__(self) -> None:
        self._prompts: tuple[str, ...] = ()
        self._at = -1
        self._draft = ""

    def load(self, prompts: Sequence[str]) -> None:
        """Take a new list; what is shown becomes the draft."""
        self._prompts, self._at = tuple(prompts), -1

    def add(self, prompt: str) -> None:
        """Put what was sent just now first."""
        self.load((prompt, *(known for known in self._prompts if known != prompt)))

    def forget(self, prompt: str) -> None:
        """Take a prompt out of the list."""
        self.load([known for known in self._prompts if known != prompt])

    def step(self, by: int, shown: str) -> str | None:
        """The prompt `by` steps earlier (below 0: later) than the one shown; None where the list ends."""
        if self._at >= 0 and shown != self._prompts[self._at]:
            # An earlier prompt that was changed is a draft of its own.
            self._at = -1
        at = self._at + by
        if not -1 <= at < len(self._prompts):
            return None
        if self._at == -1:
            self._draft = shown
        self._at = at
        return self._prompts[at] if at >= 0 else self._draft
