"""Characters that stand in a source for something else: Unicode noncharacters, which are never text."""

SEAM = "\ufdd0"
"""Where a continuation was joined."""
FILLER = "\ufdd1"
"""In the place of text that is already shown, so that what follows it is understood as before."""


def without_marks(text: str) -> str:
    """The text with forged marks replaced."""
    if SEAM in text or FILLER in text:
        return text.replace(SEAM, "\ufffd").replace(FILLER, "\ufffd")
    return text
