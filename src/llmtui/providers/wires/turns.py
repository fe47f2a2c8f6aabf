"""Turns that alternate between person and model, each call with its result: Claude and Gemini want that."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Generic, TypeVar

from llmtui.core.conversation import ToolCallPart, ToolResultPart
from llmtui.core.events import Warning

Block = TypeVar("Block")
PERSON = "user"
"""What both wires call the side that results of tools come from."""
UNANSWERED = "There is no result: the call was interrupted."


@dataclass(frozen=True, slots=True)
class ToolForms(Generic[Block]):
    """How a wire writes tools.

    Attributes:
        call: The id and name of a call, None for any other block.
        answered: The id of the call that a result is of, None for any other block.
        result: A result as a block.
    """

    call: Callable[[Block], tuple[str, str] | None]
    answered: Callable[[Block], str | None]
    result: Callable[[ToolResultPart], Block]


def turns_of(
    written: Iterable[tuple[str, list[Block]]], forms: ToolForms[Block], warnings: list[Warning]
) -> list[tuple[str, list[Block]]]:
    """Messages, as roles with blocks, made turns; those of which nothing is left are left out.

    The results of a turn's calls come first in the turn after it; results without a call are warned of.
    """
    return list(_answered(_merged(written), forms, warnings))


def arguments_of(part: ToolCallPart) -> Any:
    """The arguments of a call as an object; those that are no JSON stay readable to the model."""
    parsed = part.parsed()
    return {"INVALID_JSON": part.arguments} if parsed is None else parsed


def _merged(written: Iterable[tuple[str, list[Block]]]) -> Iterator[tuple[str, list[Block]]]:
    for role, turns in groupby((turn for turn in written if turn[1]), key=lambda turn: turn[0]):
        yield role, [block for _, blocks in turns for block in blocks]


def _answered(
    turns: Iterable[tuple[str, list[Block]]], forms: ToolForms[Block], warnings: list[Warning]
) -> Iterator[tuple[str, list[Block]]]:
    calls: list[tuple[str, str]] = []
    for role, blocks in turns:
        if role == PERSON:
            blocks, calls = _results_first(calls, blocks, forms, warnings), []
        else:
            calls = [call for block in blocks if (call := forms.call(block)) is not None]
        if blocks:
            yield role, blocks
    if calls:
        yield PERSON, _results_first(calls, [], forms, warnings)


def _results_first(
    calls: list[tuple[str, str]], blocks: list[Block], forms: ToolForms[Block], warnings: list[Warning]
) -> list[Block]:
    results = {answered: block for block in blocks if (answered := forms.answered(block)) is not None}
    if stray := results.keys() - {call_id for call_id, _ in calls}:
        message = f"the results of {len(stray)} tool calls that are no longer in the conversation"
        warnings.append(Warning("dropped_tool_result", message))
    answers = [
        results.get(call_id) or forms.result(ToolResultPart(call_id, name, UNANSWERED, is_error=True))
        for call_id, name in calls
    ]
    return answers + [block for block in blocks if forms.answered(block) is None]
