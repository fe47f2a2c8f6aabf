"""Everything that can go wrong, as one tree.

    LlmtuiError
    ├── ConfigError                 a setting is wrong; the message names file, line and key
    │   ├── MissingKey              a provider has no API key; `variable` is the one to set
    │   ├── KeyUnavailable          a key is not to be had from the place that the settings name
    │   └── UnknownProvider         no provider of that id or kind
    ├── StorageError                the database cannot be read or written
    └── ProviderError               a request failed
        ├── ConnectError            nobody answers: name, refused, TLS, network
        ├── Timeout                 one of our clocks ran out; `phase` says which
        ├── IncompleteStream        the stream ended without the wire's terminal signal
        ├── ProtocolError           the answer is not this wire's: HTML, bad JSON
        ├── AuthError               401, 403
        ├── BillingError            no credit
        ├── RateLimited             429
        ├── Overloaded              503, 529, a full queue
        ├── ServerError             any other 5xx
        ├── DiskFull                no space where the server keeps its models
        ├── ContextTooLong          the conversation does not fit the model
        ├── ContentFiltered         the vendor declined
        ├── ModelNotFound           no such model there
        ├── Unsupported             the model or server cannot do what was asked
        └── BadRequest              any other 4xx

`ProviderError.retryable` speaks of the time before the first visible event: later nothing is retried.
"""

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

TimeoutPhase = Literal["connect", "first_event", "idle", "total"]


class LlmtuiError(Exception):
    """Base of all errors that llmtui raises on purpose; `hint` names a next step."""

    hint: str = ""


class ConfigError(LlmtuiError):
    """A setting is wrong."""


class MissingKey(ConfigError):
    """A provider needs a key that nobody has set."""

    def __init__(self, provider: str, variable: str) -> None:
        super().__init__(f"{provider} has no API key")
        self.provider = provider
        self.variable = variable
        self.hint = f"set {variable}, or api_key of provider '{provider}' in the config file"


class KeyUnavailable(ConfigError):
    """The place that should hold a key does not give it."""

    def __init__(self, reason: str, hint: str) -> None:
        super().__init__(reason)
        self.hint = hint


class UnknownProvider(ConfigError):
    """No provider of that name."""


class StorageError(LlmtuiError):
    """The database cannot be read or written."""


@dataclass(frozen=True, slots=True)
class ErrorContext:
    """What is known about a failed request."""

    provider: str = ""
    model: str = ""
    status: int | None = None
    code: str = ""
    request_id: str | None = None
    retry_after_s: float | None = None


class ProviderError(LlmtuiError):
    """A request to a provider failed; the message is the provider's own words where there are any."""

    retryable: ClassVar[bool] = False
    exit_code: ClassVar[int] = 1
    """What `llmtui ask` exits with."""
    default_hint: ClassVar[str] = ""

    def __init__(self, message: str, *, context: ErrorContext | None = None, hint: str = "") -> None:
        super().__init__(message)
        self.context = context or ErrorContext()
        self.partial = False
        """Whether some of the reply was already shown."""
        self.hint = hint or self.default_hint

    def __reduce__(self) -> tuple[Any, ...]:
        return (_rebuild, (type(self), self.args, self.__dict__))


def _rebuild(kind: type[ProviderError], args: tuple[Any, ...], state: dict[str, Any]) -> ProviderError:
    error = kind.__new__(kind, *args)
    error.args = args
    error.__dict__.update(state)
    return error


class ConnectError(ProviderError):
    """Nobody answers at the address."""

    retryable = True
    exit_code = 10
    default_hint = "check the base URL and that the server runs"


class Timeout(ProviderError):
    """One of our clocks ran out."""

    retryable = True
    exit_code = 11
    default_hint = "retry, or raise `timeouts` of this provider in the config file"

    def __init__(
        self, message: str, *, phase: TimeoutPhase, context: ErrorContext | None = None, hint: str = ""
    ) -> None:
        super().__init__(message, context=context, hint=hint)
        self.phase = phase


class IncompleteStream(ProviderError):
    """The stream ended without the wire's own terminal signal: the reply is cut."""

    retryable = True
    exit_code = 12
    default_hint = "what arrived is kept"


class ProtocolError(ProviderError):
    """The answer is not what this wire speaks."""

    exit_code = 13
    default_hint = "check that the base URL is this provider's API and not a proxy's or another server's page"


class AuthError(ProviderError):
    """The key was refused."""

    exit_code = 20
    default_hint = "check the API key of this provider"


class BillingError(ProviderError):
    """The account has no credit or reached its limit."""

    exit_code = 21
    default_hint = "check the account's credit and limits, or switch the provider"


class RateLimited(ProviderError):
    """Too many requests."""

    retryable = True
    exit_code = 22
    default_hint = "wait and retry, or switch the provider"


class Overloaded(ProviderError):
    """The server has no capacity now."""

    retryable = True
    exit_code = 23
    default_hint = "retry in a moment, or switch the provider"


class ServerError(ProviderError):
    """The server failed."""

    retryable = True
    exit_code = 24
    default_hint = "retry, or switch the provider"


class DiskFull(ProviderError):
    """The disk that holds the models is full."""

    exit_code = 25
    default_hint = "free some space where the models are kept, then pull again: what is there stays"


class ContextTooLong(ProviderError):
    """The conversation does not fit into the model's context."""

    exit_code = 30
    default_hint = "start a new chat, or pick a model with a larger context"


class ContentFiltered(ProviderError):
    """The vendor declined the content."""

    exit_code = 31
    default_hint = "rephrase, or pick another model"


class ModelNotFound(ProviderError):
    """The server has no such model."""

    exit_code = 32
    default_hint = "pick another model (ctrl+o)"


class Unsupported(ProviderError):
    """The model or server cannot do what was asked."""

    exit_code = 33


class BadRequest(ProviderError):
    """The server refused the request."""

    exit_code = 34
