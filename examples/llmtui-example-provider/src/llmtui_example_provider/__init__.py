"""A provider for llmtui in a package of its own."""
