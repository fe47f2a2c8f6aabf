"""llmtui: a full-screen terminal chat over many LLM providers."""

__version__ = "0.1.0"
