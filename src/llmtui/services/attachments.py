"""Images from the person's disk, as parts of a message."""

from pathlib import Path

from llmtui.core.conversation import ImagePart
from llmtui.core.errors import LlmtuiError
from llmtui.core.text import sanitise_line

LARGEST_IMAGE = 10_000_000
"""Bytes; vendors take 5 to 20 MB, and a chat carries its images with every request."""
_SIGNATURES = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
)


def read_image(path: str) -> ImagePart:
    """An image file by its content, whatever it is called; raises LlmtuiError in words for a person."""
    file = Path(path).expanduser()
    name = sanitise_line(file.name)
    try:
        if not file.is_file():
            # A pipe or a device could go on for ever.
            raise LlmtuiError(f"{sanitise_line(path)} is no file")
        size = file.stat().st_size
        if size > LARGEST_IMAGE:
            raise LlmtuiError(f"{name} has {size_of(size)}, which is more than {size_of(LARGEST_IMAGE)}")
        data = file.read_bytes()
    except (OSError, ValueError, RuntimeError) as error:
        words = getattr(error, "strerror", None) or error
        raise LlmtuiError(f"cannot read {sanitise_line(path)}: {words}") from None
    media_type = image_type(data)
    if media_type is None:
        raise LlmtuiError(f"{name} is no image of a kind that models read: PNG, JPEG, GIF or WebP")
    return ImagePart(data, media_type, name)


def image_type(data: bytes) -> str | None:
    """The media type that a file's first bytes tell."""
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    return next((kind for signature, kind in _SIGNATURES if data.startswith(signature)), None)


def size_of(count: int) -> str:
    """A number of bytes for people."""
    if count < 1000:
        return f"{count} bytes"
    return f"{count / 1000:.0f} kB" if count < 1_000_000 else f"{count / 1_000_000:.1f} MB"
