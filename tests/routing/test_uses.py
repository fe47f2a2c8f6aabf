import pytest

from llmtui.routing.uses import Uses


class Door:
    def __init__(self) -> None:
        self.closed = 0

    async def close(self) -> None:
        self.closed += 1


async def test_what_is_not_in_use_is_closed_at_once() -> None:
    door = Door()
    await Uses(door.close).retire()
    assert door.closed == 1


async def test_the_last_user_closes() -> None:
    door = Door()
    uses = Uses(door.close)
    async with uses.one():
        async with uses.one():
            await uses.retire()
        assert door.closed == 0
    assert door.closed == 1


async def test_it_is_closed_again_by_whoever_took_it_up_later() -> None:
    door = Door()
    uses = Uses(door.close)
    await uses.retire()
    with pytest.raises(RuntimeError):
        async with uses.one():
            raise RuntimeError
    assert door.closed == 2


async def test_use_alone_closes_nothing() -> None:
    door = Door()
    uses = Uses(door.close)
    async with uses.one():
        pass
    assert door.closed == 0
