"""What goes wrong at an Ollama server's own work: it says so in words only, and under any status."""

import re
from collections.abc import Sequence

from llmtui.core.errors import (
    AuthError,
    BadRequest,
    DiskFull,
    ModelNotFound,
    ProviderError,
    ServerError,
    Unsupported,
)

_SIGN_IN = "sign in at "
_BY_WORDS: Sequence[tuple[re.Pattern[str], type[ProviderError], str]] = [
    (re.compile(pattern, re.IGNORECASE), error_class, hint)
    for pattern, error_class, hint in (
        (
            r"manifest: (file does not exist|not found)",
            ModelNotFound,
            "check the name and the tag: https://ollama.com/search lists them",
        ),
        (
            r"model '?[^ ]*'? not found|manifests/.*: no such file",
            ModelNotFound,
            "check the name: `llmtui models list` tells what is there",
        ),
        (
            r"invalid model name|invalid model path",
            BadRequest,
            "a name is `model`, `model:tag` or `user/model:tag`",
        ),
        (r"no space left|disk quota|not enough space|disk is full", DiskFull, ""),
        (r"newer version of ollama|: 412\b", Unsupported, "update Ollama where it runs, then pull again"),
        (
            r"unauthorized|access denied|\b401\b|not authorized",
            AuthError,
            "sign in where Ollama runs (`ollama signin`); for push the name must begin with your user name",
        ),
        (
            r"max retries|no such host|connection refused|i/o timeout|network is unreachable|TLS handshake",
            ServerError,
            "the server cannot reach its registry: check its network, then pull again; what is there stays",
        ),
    )
]


def named(error: ProviderError) -> ProviderError:
    """The error that the server's words mean, where the status has not told already, with the next step."""
    words = str(error)
    if _SIGN_IN in words:
        message, _, page = words.rpartition(_SIGN_IN)
        hint = f"sign in at {page}, then try again"
        return AuthError(message.rstrip(": ") or words, context=error.context, hint=hint)
    for pattern, error_class, hint in _BY_WORDS:
        if type(error) in (ServerError, BadRequest, error_class) and pattern.search(words):
            return error_class(words, context=error.context, hint=hint)
    return error
