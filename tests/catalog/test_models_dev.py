"""The list of models.dev: fetched when asked for, kept, and read without a network."""

import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path
from threading import Event, Timer
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmtui.catalog import models_dev
from llmtui.catalog.models_dev import ModelsDev, Refreshed
from llmtui.core.errors import ConnectError, LlmtuiError
from llmtui.core.models import Fact, Limit, ModelInfo, Price
from llmtui.core.ports import Answer
from llmtui.core.usage import Usage
from llmtui.providers.fetch import fetcher
from llmtui.testing.wire_server import CUT, WireServer

GPT = {
    "id": "gpt-x",
    "name": "GPT X\x1b[31m",
    "attachment": True,
    "reasoning": True,
    "tool_call": True,
    "temperature": False,
    "modalities": {"input": ["text", "image", "pdf"], "output": ["text"]},
    "limit": {"context": 400_000, "output": 128_000},
    "cost": {"input": 1.25, "output": 10, "cache_read": 0.125},
}
LISTED = {
    "openai": {"id": "openai", "models": {"gpt-x": GPT}},
    "moon": {"id": "moon", "api": "https://api.moon.example/v1", "models": {"m1": {"tool_call": False}}},
    "bare": {"id": "bare", "models": {}},
}
ADDRESS = "https://models.example/api.json"
OPENAI = "https://api.openai.com/v1"


class Web:
    """Answers what it was told, and remembers how it was asked."""

    def __init__(self, *answers: Answer) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[str, Mapping[str, str]]] = []

    async def __call__(self, url: str, headers: Mapping[str, str], largest: int) -> Answer:
        self.asked.append((url, headers))
        return self.answers.pop(0)


def answer(listed: Any = LISTED, status: int = 200, **headers: str) -> Answer:
    return Answer(status, headers, json.dumps(listed).encode())


async def kept(file: Path, listed: Any = LISTED) -> ModelsDev:
    listing = ModelsDev(file)
    await listing.refresh(Web(answer(listed)), ADDRESS)
    return ModelsDev(file)


def content(file: Path) -> bytes | None:
    return file.read_bytes() if file.exists() else None


def damage(file: Path) -> None:
    file.write_text("{")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "models.dev.json"


async def test_a_model_is_described_from_the_file_alone(file: Path) -> None:
    found = (await kept(file)).find(OPENAI, "gpt-x")
    assert found is not None
    can = found.capabilities
    assert "\x1b" not in found.name
    assert found.name.startswith("GPT X")
    assert (can.tools, can.reasoning, can.temperature) == (
        Fact(True, "models.dev"),
        Fact(True, "models.dev"),
        Fact(False, "models.dev"),
    )
    assert (can.image.value, can.documents.value, can.audio.value) == (True, True, False)
    assert can.structured_output == Fact()
    assert (can.context_window, can.max_output) == (
        Limit(400_000, "models.dev"),
        Limit(128_000, "models.dev"),
    )
    assert found.price == Price(Decimal("1.25"), Decimal(10), Decimal("0.125"), source="models.dev")


async def test_a_vendor_is_found_by_the_host_that_the_list_names(file: Path) -> None:
    listing = await kept(file)
    found = listing.find("https://api.moon.example/other", "m1")
    assert found is not None
    assert found.capabilities.tools == Fact(False, "models.dev")
    assert listing.find("https://api.sun.example/v1", "m1") is None
    assert listing.find("", "m1") is None
    assert listing.find(OPENAI, "m1") is None


def test_without_a_file_nothing_is_known(file: Path) -> None:
    assert ModelsDev(file).find(OPENAI, "gpt-x") is None


async def test_a_list_that_comes_while_the_program_runs_counts_at_once(file: Path) -> None:
    listing = ModelsDev(file)
    assert listing.find(OPENAI, "gpt-x") is None
    await ModelsDev(file).refresh(Web(answer()), ADDRESS)
    assert listing.find(OPENAI, "gpt-x") is not None


async def test_an_unchanged_list_is_not_fetched_again(file: Path) -> None:
    web = Web(answer(etag='"one"'), Answer(304, {}, b""), answer({"moon": LISTED["moon"]}, etag='"two"'))
    listing = ModelsDev(file)
    assert await listing.refresh(web, ADDRESS) == Refreshed(2, 2, changed=True)
    assert await listing.refresh(web, ADDRESS) == Refreshed(2, 2, changed=False)
    assert listing.find(OPENAI, "gpt-x") is not None
    assert await listing.refresh(web, ADDRESS) == Refreshed(1, 1, changed=True)
    assert listing.find(OPENAI, "gpt-x") is None
    assert [headers for _, headers in web.asked] == [{}, *[{"if-none-match": '"one"'}] * 2]


async def test_another_address_is_not_asked_by_the_tag_of_the_first(file: Path) -> None:
    web = Web(answer(etag='"one"'), answer())
    await ModelsDev(file).refresh(web, ADDRESS)
    await ModelsDev(file).refresh(web, "https://mirror.example/api.json")
    assert web.asked[1] == ("https://mirror.example/api.json", {})


@pytest.mark.parametrize(
    "bad",
    [
        Answer(500, {}, b"oops"),
        Answer(304, {}, b""),
        Answer(200, {}, b"<html>login</html>"),
        answer([]),
        answer({"openai": "nothing"}),
        answer({"openai": {"models": {"gpt-x": "text"}}}),
    ],
)
async def test_an_answer_that_is_no_list_leaves_the_old_one(file: Path, bad: Answer) -> None:
    await kept(file)
    before = content(file)
    with pytest.raises(LlmtuiError, match="models\\.example"):
        await ModelsDev(file).refresh(Web(bad), ADDRESS)
    assert content(file) == before


async def test_a_damaged_file_counts_as_none_and_is_replaced(file: Path) -> None:
    await kept(file)
    damage(file)
    listing = ModelsDev(file)
    assert listing.find(OPENAI, "gpt-x") is None
    await listing.refresh(Web(answer()), ADDRESS)
    assert listing.find(OPENAI, "gpt-x") is not None


def test_who_asks_while_the_list_is_read_waits_for_it(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file.parent.mkdir()
    file.write_text(json.dumps({"vendors": LISTED}))
    listing, reading, read_on = ModelsDev(file), Event(), Event()

    def slowly(path: Path) -> dict[str, Any]:
        reading.set()
        read_on.wait(5)
        return dict(json.loads(path.read_bytes()))

    monkeypatch.setattr(models_dev, "_kept", slowly)
    with ThreadPoolExecutor(2) as threads:
        first = threads.submit(listing.find, OPENAI, "gpt-x")
        assert reading.wait(5)
        second = threads.submit(listing.find, OPENAI, "gpt-x")
        Timer(0.05, read_on.set).start()
        assert second.result() == first.result() is not None


def test_one_bad_address_costs_no_other_vendor(file: Path) -> None:
    file.parent.mkdir()
    file.write_text(json.dumps({"vendors": {"bad": {"api": "https://[x"}, **LISTED}}))
    listing = ModelsDev(file)
    assert [listing.find("https://api.moon.example/v1", "m1") is not None for _ in range(2)] == [True, True]


async def test_the_prices_of_short_prompts_are_none_of_long_ones(file: Path) -> None:
    cost = {"input": 1, "output": 2, "context_over_200k": {"input": 2, "output": 3}}
    found = (await kept(file, {"openai": {"models": {"m": {"cost": cost}}}})).find(OPENAI, "m")
    assert found is not None
    assert "200k" in found.price.note
    assert found.price.cost(Usage(200_000, 0)) == Decimal("0.2")
    assert found.price.cost(Usage(200_001, 0)) is None


async def test_the_password_of_a_mirror_is_nowhere_to_be_seen(file: Path) -> None:
    async with WireServer() as server:
        mirror = f"{server.url}/api.json".replace("://", "://me:hunter2@")
        server.reply("/api.json", [json.dumps(LISTED).encode()])
        await ModelsDev(file).refresh(fetcher(None), mirror)
        assert "authorization" in server.requests[0].headers
        assert b"hunter2" not in (content(file) or b"")
        server.reply("/bad", [b"no"], status=500)
        bad = mirror.replace("/api.json", "/bad")
        with pytest.raises(LlmtuiError) as refused:
            await ModelsDev(file).refresh(fetcher(None), bad)
        with pytest.raises(LlmtuiError) as too_long:
            await fetcher(None)(bad, {}, 1)
        assert "hunter2" not in f"{refused.value} {too_long.value}"


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
FIELDS = st.sampled_from([*GPT, "structured_output"])


@given(st.dictionaries(FIELDS, ANYTHING))
def test_no_entry_whatever_its_form_does_harm(
    tmp_path_factory: pytest.TempPathFactory, entry: dict[str, Any]
) -> None:
    file = tmp_path_factory.mktemp("list") / "models.dev.json"
    file.write_text(json.dumps({"vendors": {"openai": {"models": {"m": entry}}}}))
    found = ModelsDev(file).find(OPENAI, "m")
    assert isinstance(found, ModelInfo)
    assert found.price.input is None or found.price.input >= 0


# Over real HTTP


async def test_it_is_fetched_over_http_without_anything_of_a_provider(file: Path) -> None:
    async with WireServer() as server:
        server.reply("/api.json", [json.dumps(LISTED).encode()], headers={"ETag": '"a"'})
        await ModelsDev(file).refresh(fetcher(None), f"{server.url}/api.json")
        await ModelsDev(file).refresh(fetcher(None), f"{server.url}/api.json")
        headers = [request.headers for request in server.requests]
    assert [head.get("if-none-match") for head in headers] == [None, '"a"']
    assert not any("authorization" in head or "cookie" in head for head in headers)


async def test_a_list_that_is_cut_short_or_too_long_is_not_kept(file: Path) -> None:
    async with WireServer() as server:
        server.reply("/cut", [b'{"openai": ', CUT])
        with pytest.raises(LlmtuiError):
            await ModelsDev(file).refresh(fetcher(None), f"{server.url}/cut")
        server.reply("/long", [b" " * 1000])
        with pytest.raises(LlmtuiError, match="more than"):
            await fetcher(None)(f"{server.url}/long", {}, 999)
    with pytest.raises(ConnectError):
        await ModelsDev(file).refresh(fetcher(None), f"{server.url}/gone")
    assert content(file) is None
