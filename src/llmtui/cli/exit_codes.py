"""What a command exits with."""

from llmtui.core.errors import ConfigError, LlmtuiError, ProviderError

FAILED = 1
CONFIG = 2
INTERRUPTED = 130
BROKEN_PIPE = 141


def exit_code(error: LlmtuiError) -> int:
    """What an error ends a command with."""
    if isinstance(error, ProviderError):
        return error.exit_code
    return CONFIG if isinstance(error, ConfigError) else FAILED


def meanings() -> dict[int, str]:
    """Every exit code, in words."""
    kinds = sorted(ProviderError.__subclasses__(), key=lambda kind: kind.exit_code)
    own = {kind.exit_code: (kind.__doc__ or kind.__name__).partition("\n")[0] for kind in kinds}
    return {
        0: "Done.",
        FAILED: "Another failure.",
        CONFIG: "The config file or the arguments are wrong, or a key is missing.",
        **own,
        INTERRUPTED: "Stopped by ctrl+c.",
        BROKEN_PIPE: "The reader of the output has left.",
    }
