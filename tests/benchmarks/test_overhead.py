import asyncio
from collections.abc import Iterator

import pytest

from benchmarks.overhead import WIRES, Wire, costs, serving


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with serving(30) as address:
        yield address


@pytest.mark.parametrize("wire", WIRES, ids=lambda wire: f"{wire.kind}, {wire.peer}")
def test_the_provider_and_its_peer_read_the_same_reply(wire: Wire, url: str) -> None:
    peers_s, ours_s = asyncio.run(costs(wire, url, 1))
    assert peers_s > 0
    assert ours_s > 0
