"""Which context a model of Ollama gets, and why: the server's own default cuts long chats in silence."""

from dataclasses import dataclass

from llmtui.providers.ollama.models import CAUTIOUS_CONTEXT, CONTEXT_STEP, ModelFacts


@dataclass(frozen=True, slots=True)
class ContextChoice:
    """A context in tokens, and where the number comes from."""

    num_ctx: int
    reason: str


def choose_context(
    facts: ModelFacts, *, wanted: int | None, kept: int | None, loaded: int | None
) -> ContextChoice:
    """The context for a model: what the settings want, else chats had before, else is loaded, else is wise.

    It is set at load time, so that another value than before loads the model again.
    """
    if wanted:
        return ContextChoice(wanted, "by options.num_ctx of this provider")
    if kept:
        return ContextChoice(kept, "as for the chats before, so that it stays loaded")
    if loaded:
        return ContextChoice(loaded, "the model is loaded with it (/api/ps)")
    if facts.trained_context is None:
        return ContextChoice(CAUTIOUS_CONTEXT, "cautious: the server does not say what it was trained for")
    if facts.num_ctx < facts.trained_context:
        trained = f"it was trained for {facts.trained_context:,} (/api/show)"
        return ContextChoice(facts.num_ctx, f"llmtui's choice; {trained}: options.num_ctx sets another")
    return ContextChoice(facts.num_ctx, "all that it was trained for (/api/show)")


def context_words(choice: ContextChoice, facts: ModelFacts, loaded: int | None) -> str:
    """What the server will really use: never more than the model was trained for.

    Source: https://github.com/ollama/ollama/blob/main/llm/server.go ("requested context size too large").
    """
    used = min(choice.num_ctx, facts.trained_context or choice.num_ctx)
    words = f"{used:,} tokens: {choice.reason}"
    # Less than a step is our own rounding.
    if used + CONTEXT_STEP <= choice.num_ctx:
        words += f", which asks for {choice.num_ctx:,}, but the model was trained for no more"
    if loaded and loaded not in (used, choice.num_ctx):
        words += f"; loaded with {loaded:,} now, so it is loaded anew"
    return words
