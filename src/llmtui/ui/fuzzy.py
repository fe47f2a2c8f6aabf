"""Finding a name by some of its letters, in time that grows with the name only."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Match:
    """How well a text fits a query, and which of its characters do."""

    score: float
    positions: tuple[int, ...]


def match(query: str, text: str) -> Match | None:
    """Match every word of the query: as it stands, best at the start of a word, else letter by letter.

    Textual's own matcher tries every way to place the letters, which takes seconds on some long names.
    """
    folded = "".join(map(_fold, text))
    score = 0.0
    positions: list[int] = []
    for word in query.split():
        found = _find("".join(map(_fold, word)), folded)
        if found is None:
            return None
        score += found.score
        positions += found.positions
    return Match(score, tuple(sorted(set(positions))))


def _find(word: str, text: str) -> Match | None:
    starts = [at for at in (text.find(word), _at_word_start(word, text)) if at >= 0]
    if starts:
        at = starts[-1]
        bonus = 1.0 if at == 0 or not text[at - 1].isalnum() else 0.0
        return Match(2.0 + bonus + len(word) / (1 + len(text)), tuple(range(at, at + len(word))))
    positions: list[int] = []
    for letter in word:
        at = text.find(letter, positions[-1] + 1 if positions else 0)
        if at < 0:
            return None
        positions.append(at)
    return Match(len(word) / (1 + positions[-1] - positions[0]), tuple(positions))


def _at_word_start(word: str, text: str) -> int:
    at = text.find(word)
    while at > 0 and text[at - 1].isalnum():
        at = text.find(word, at + 1)
    return at


def _fold(character: str) -> str:
    """Lower case, where that is one character, so that positions stay right."""
    lower = character.lower()
    return lower if len(lower) == 1 else character
