"""Files as text, for wires and models that know no documents of their kind."""

from llmtui.core.conversation import FilePart


def is_text(part: FilePart) -> bool:
    """Whether a file can be sent as text."""
    return part.media_type.startswith("text/") or part.media_type.endswith(("json", "xml", "yaml"))


def text_of(part: FilePart) -> str:
    """A file's text under its name, as a part of a message."""
    return f"\n\n{part.name}:\n\n{part.data.decode('utf-8', 'replace')}\n\n"
