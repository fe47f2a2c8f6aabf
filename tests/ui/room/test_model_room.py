"""The room over Ollama servers on loopback, through the real adapter."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from textual.widgets import Input, TextArea

from llmtui.core.history import Target
from llmtui.core.model_admin import ModelAction
from llmtui.core.transfer import TransferState
from llmtui.ui.modals.ask_text import AskText
from llmtui.ui.modals.question import Question
from llmtui.ui.room.model_details import ModelDetailsView
from llmtui.ui.room.model_room import ModelRoom
from llmtui.ui.room.new_model import NewModelDialog
from tests.ollama_server import Model, OllamaServer
from tests.ollama_transcripts import CUT_OFF, DISK_FULL, Layer
from tests.ui.pilots import shown, type_at_once, until
from tests.ui.screens.desk import Desk, running_app
from tests.ui.test_quiet import nodes, ticks

BIG = [Layer.named("weights", 4_000_000_000), Layer.named("template", 1_000)]


@pytest.fixture
async def box() -> AsyncIterator[OllamaServer]:
    async with OllamaServer() as server:
        server.store(Model("llama3.2:latest"), Model("qwen3:4b", family="qwen3", size=2_600_000_000))
        server.offer("phi4", BIG)
        server.offer("mistral", [Layer.named("other weights", 3_000_000_000)])
        yield server


@asynccontextmanager
async def room_of(
    folder: Path, *servers: OllamaServer, tab: str = "f3", size: tuple[int, int] = (120, 40)
) -> AsyncIterator[Desk]:
    """The app with the room open at the first server."""
    rows = [f'  - {{id: box{at}, kind: ollama, base_url: "{one.url}"}}' for at, one in enumerate(servers)]
    config = "\n".join(["providers:", *rows, "  - {id: small, kind: scripted}", ""])
    async with running_app(folder, config=config, size=size) as desk:
        await desk.press("ctrl+g", "o", tab)
        room = desk.app.screen
        assert isinstance(room, ModelRoom)
        await until(desk.pilot, lambda: bool(room.shelf.actions) and bool(room.pull_pane._offered))
        await desk.settle()
        yield desk


def room_in(desk: Desk) -> ModelRoom:
    room = desk.app.screen
    assert isinstance(room, ModelRoom)
    return room


async def mark(desk: Desk, name: str) -> None:
    """Put the mark of the list on a model."""
    pane = room_in(desk).models_pane
    pane.table.highlighted = [model.name for model in pane._models].index(name)
    await desk.settle()


async def says(desk: Desk, words: str) -> None:
    await until(desk.pilot, lambda: words in shown(desk.app))


def states(desk: Desk) -> dict[str, TransferState]:
    return {job.model: job.state for job in desk.app.services.transfers().jobs}


async def test_two_are_pulled_while_one_chats_one_is_stopped_and_the_other_is_used(
    tmp_path: Path, box: OllamaServer
) -> None:
    phi4, mistral = box.hold("phi4", after=3), box.hold("mistral", after=3)
    async with room_of(tmp_path, box) as desk:
        await desk.press(*"phi4", "enter", *"mistral", "enter")
        await phi4.reached.wait()
        await mistral.reached.wait()
        await until(desk.pilot, lambda: shown(desk.app).count("12% ·") == 2)
        assert "500 MB of 4.0 GB so far" in shown(desk.app)
        await desk.press("escape")
        await says(desk, "pull phi4 12% +1")
        assert desk.app.screen is desk.screen
        desk.screen.prompt.text = "hi"
        desk.screen.prompt.submit()
        await says(desk, "Hello from a model")

        await desk.press("ctrl+g", "o", "tab", "home", "x")
        await until(desk.pilot, lambda: states(desk)["phi4"] is TransferState.STOPPED)
        pull = next(one for one in box.exchanges if b"phi4" in one.request.body)
        await asyncio.wait_for(pull.client_left, 5)
        await says(desk, "the server does not list the model; ask again")
        await says(desk, "■ phi4")
        mistral.go_on.set()
        await until(desk.pilot, lambda: states(desk)["mistral"] is TransferState.DONE)
        await says(desk, "✓ mistral")
        await desk.press("down", "t")
        await until(desk.pilot, lambda: desk.app.screen is desk.screen)
        await desk.settle()
        assert desk.screen.target == Target("box0", "mistral")
        known = await desk.app.services.models.known("box0")
        assert "mistral:latest" in {model.id for model in known}
        assert desk.screen.status.transfers == ""
    assert "phi4:latest" not in box.models
    assert {request.method for request in (one.request for one in box.exchanges)} == {"GET", "POST"}


async def test_what_has_ended_elsewhere_flashes(tmp_path: Path, box: OllamaServer) -> None:
    hold = box.hold("mistral", after=2)
    async with room_of(tmp_path, box) as desk:
        await desk.press(*"mistral", "enter", "escape")
        await hold.reached.wait()
        hold.go_on.set()
        await says(desk, "mistral is there · ctrl+o picks it")


async def test_after_a_pull_its_server_is_asked_how_it_is(tmp_path: Path, box: OllamaServer) -> None:
    async with room_of(tmp_path, box) as desk:
        health = desk.app.services.health
        health.schedule.plan("box0", "idle")
        before = health.of("box0").checked_at_s
        await desk.press("enter")
        await says(desk, "type the name of a model, or go to one with ↓")
        await desk.press(*"mistral", "enter")
        await until(desk.pilot, lambda: states(desk).get("mistral") is TransferState.DONE)
        await until(desk.pilot, lambda: health.of("box0").checked_at_s != before)


async def test_what_was_stopped_or_failed_is_asked_for_again(tmp_path: Path, box: OllamaServer) -> None:
    box.script("phi4", DISK_FULL)
    async with room_of(tmp_path, box) as desk:
        await desk.press(*"phi4", "enter", "tab")
        await says(desk, "no space left on device")
        assert states(desk) == {"phi4": TransferState.FAILED}
        await desk.press("r")
        await until(desk.pilot, lambda: states(desk)["phi4"] is TransferState.DONE)
        await desk.press("r")
        await says(desk, "it is done already")
        await desk.press("c")
        await until(desk.pilot, lambda: desk.app.services.transfers().jobs == [])
        await desk.press("x")
        await says(desk, "nothing is on the way here")


async def test_a_cut_is_mended_by_asking_again(tmp_path: Path, box: OllamaServer) -> None:
    box.script("phi4", CUT_OFF)
    async with room_of(tmp_path, box) as desk:
        await desk.press(*"phi4", "enter")
        await until(desk.pilot, lambda: states(desk)["phi4"] is TransferState.DONE)
    assert "phi4:latest" in box.models


async def test_a_reload_of_the_config_cuts_no_pull(tmp_path: Path, box: OllamaServer) -> None:
    hold = box.hold("phi4", after=3)
    async with room_of(tmp_path, box) as desk:
        await desk.press(*"phi4", "enter", "escape")
        await hold.reached.wait()
        path = tmp_path / "config.yaml"
        path.write_text(path.read_text().replace("id: box0,", "id: box0, name: Renamed,"))
        desk.screen.action_reload_config()
        await says(desk, "Renamed")
        hold.go_on.set()
        await until(desk.pilot, lambda: states(desk)["phi4"] is TransferState.DONE)
    assert sum(one.request.path == "/api/pull" for one in box.exchanges) == 1


async def test_to_ask_twice_joins(tmp_path: Path, box: OllamaServer) -> None:
    hold = box.hold("phi4", after=1)
    async with room_of(tmp_path, box) as desk:
        await desk.press(*"phi4", "enter")
        await hold.reached.wait()
        await desk.press(*"phi4", "enter")
        await says(desk, "phi4 is on the way already")
        assert len(desk.app.services.transfers().jobs) == 1
        hold.go_on.set()
        await until(desk.pilot, lambda: states(desk)["phi4"] is TransferState.DONE)


async def test_each_server_is_a_room_of_its_own(tmp_path: Path, box: OllamaServer) -> None:
    hold = box.hold("phi4", after=1)
    async with OllamaServer() as other:
        other.store(Model("elsewhere:70b"))
        async with room_of(tmp_path, box, other) as desk:
            await desk.press(*"phi4", "enter")
            await hold.reached.wait()
            await desk.press("f4", "ctrl+n")
            await says(desk, "elsewhere:70b")
            assert "llama3.2" not in shown(desk.app)
            await desk.press("f3")
            assert "↓ phi4" not in shown(desk.app)
            await desk.press("ctrl+n")
            await says(desk, "↓ phi4")


async def test_the_last_name_is_to_be_typed_before_the_files_go(tmp_path: Path, box: OllamaServer) -> None:
    async with room_of(tmp_path, box, tab="f4") as desk:
        await mark(desk, "qwen3:4b")
        await desk.press("d")
        assert isinstance(desk.app.screen, AskText)
        await says(desk, "qwen3:4b goes with its 2.6 GB. Type its name to delete it.")
        await says(desk, "enter delete")
        await desk.press(*"qwen3", "enter")
        await says(desk, "not deleted: its name is qwen3:4b")
        assert "qwen3:4b" in box.models
        await desk.press("d", *"qwen3:4b", "enter")
        await says(desk, "qwen3:4b is deleted")
        await until(desk.pilot, lambda: "qwen3:4b" not in {m.name for m in room_in(desk).models_pane._models})
    assert list(box.models) == ["llama3.2:latest"]


async def test_a_second_name_goes_with_a_key(tmp_path: Path, box: OllamaServer) -> None:
    async with room_of(tmp_path, box, tab="f4") as desk:
        await mark(desk, "qwen3:4b")
        await desk.press("c", "home", *"my-", "enter")
        await says(desk, "qwen3:4b is my-qwen3:4b, too")
        await until(desk.pilot, lambda: len(room_in(desk).shelf.stored) == 3)
        await mark(desk, "my-qwen3:4b")
        await says(desk, "the same as qwen3:4b")
        await desk.press("d")
        assert isinstance(desk.app.screen, Question)
        await desk.press("escape", "d", "y")
        await says(desk, "my-qwen3:4b is deleted")
    assert sorted(box.models) == ["llama3.2:latest", "qwen3:4b"]


async def test_memory_is_taken_kept_and_given_back(tmp_path: Path, box: OllamaServer) -> None:
    async with room_of(tmp_path, box, tab="f4") as desk:
        await mark(desk, "qwen3:4b")
        await desk.press("l")
        await says(desk, "qwen3:4b is in memory")
        await says(desk, "50% GPU 5 min")
        await desk.press("k", *"soon", "enter")
        await says(desk, "'soon' is no time such as 90s, 30m, 2h or forever")
        await desk.press("k", *"2h", "enter")
        await says(desk, "50% GPU 2 h")
        await desk.press("u")
        await says(desk, "qwen3:4b is unloaded")
        await until(desk.pilot, lambda: not room_in(desk).shelf.running)
    assert box.loaded == {}


async def test_template_parameters_and_licence_are_shown(tmp_path: Path, box: OllamaServer) -> None:
    async with room_of(tmp_path, box, tab="f4") as desk:
        await desk.press("i")
        await until(desk.pilot, lambda: isinstance(desk.app.screen, ModelDetailsView))
        await says(desk, "LLAMA 3.2 COMMUNITY LICENSE AGREEMENT")
        assert "{{ .Prompt }}" in shown(desk.app)
        await desk.press("c")
        await says(desk, "sent to")


@pytest.mark.parametrize("from_file", [True, False], ids=["file", "text"])
async def test_a_model_is_made_by_a_modelfile(tmp_path: Path, box: OllamaServer, from_file: bool) -> None:
    text = "FROM llama3.2:latest\nSYSTEM Be brief.\n"
    (tmp_path / "Modelfile").write_text(text)
    async with room_of(tmp_path, box, tab="f4") as desk:
        await mark(desk, "llama3.2:latest")
        await desk.press("n")
        dialog = desk.app.screen
        assert isinstance(dialog, NewModelDialog)
        assert dialog.text.text == "FROM llama3.2:latest\n"
        await desk.press("f2")
        await says(desk, "the model needs a name")
        await desk.press(*"terse")
        if from_file:
            dialog.path_line.value = str(tmp_path / "nowhere")
            await desk.press("f2")
            await says(desk, "cannot read")
            dialog.path_line.value = str(tmp_path / "Modelfile")
        else:
            await desk.press("tab", "tab", *"SYSTM Be brief.", "f2")
            await says(desk, "line 2: unknown instruction 'SYSTM'")
            assert states(desk) == {}
            dialog.query_one(TextArea).text = text
        await desk.press("f2")
        await until(desk.pilot, lambda: states(desk).get("terse") is TransferState.DONE)
        await says(desk, "create terse")
    assert box.models["terse:latest"].system == "Be brief."


async def test_no_model_loses_its_name_to_another_unasked(tmp_path: Path, box: OllamaServer) -> None:
    before = box.models["llama3.2:latest"]
    async with room_of(tmp_path, box, tab="f4") as desk:
        await mark(desk, "qwen3:4b")
        await desk.press("c", "ctrl+u", *"llama3.2", "enter")
        await says(desk, "not copied: there is a llama3.2 already")
        await desk.press("n", *"llama3.2", "f2")
        await until(desk.pilot, lambda: isinstance(desk.app.screen, Question))
        await desk.press("escape")
        assert states(desk) == {}
        assert box.models["llama3.2:latest"] == before
        await desk.press("n", *"llama3.2", "f2")
        await until(desk.pilot, lambda: isinstance(desk.app.screen, Question))
        await desk.press("y")
        await until(desk.pilot, lambda: states(desk).get("llama3.2") is TransferState.DONE)
    assert box.models["llama3.2:latest"].family == "qwen3"


async def test_a_model_is_pushed_after_a_question(tmp_path: Path, box: OllamaServer) -> None:
    async with room_of(tmp_path, box, tab="f4") as desk:
        await mark(desk, "qwen3:4b")
        await desk.press("p", "escape")
        assert states(desk) == {}
        await desk.press("p", "y")
        await until(desk.pilot, lambda: states(desk).get("qwen3:4b") is TransferState.DONE)
    assert "qwen3:4b" in box.registry


async def test_the_list_is_sorted_and_narrowed(tmp_path: Path, box: OllamaServer) -> None:
    async with room_of(tmp_path, box, tab="f4") as desk:
        pane = room_in(desk).models_pane
        assert [model.name for model in pane._models] == ["llama3.2:latest", "qwen3:4b"]
        await desk.press("s")
        assert [model.name for model in pane._models] == ["qwen3:4b", "llama3.2:latest"]
        await says(desk, "size↓")
        await desk.press("slash", *"lama", "enter")
        assert [model.name for model in pane._models] == ["llama3.2:latest"]
        await desk.press("slash", *"zzz")
        await says(desk, "no model has that in its name")
        await desk.press("escape")
        assert len(pane._models) == 2
        await desk.press("escape")
        assert desk.app.screen is desk.screen


async def test_a_model_that_runs_elsewhere_says_so(tmp_path: Path, box: OllamaServer) -> None:
    box.store(Model("gpt-oss:120b-cloud", remote_host="https://ollama.com"))
    async with room_of(tmp_path, box, tab="f4") as desk:
        line = next(line for line in shown(desk.app).splitlines() if "gpt-oss:120b-cloud" in line)
    assert "leaves this machine" in line


async def test_the_palette_of_the_room_holds_what_is_done_there(tmp_path: Path, box: OllamaServer) -> None:
    async with room_of(tmp_path, box, tab="f4") as desk:
        await desk.press("ctrl+p")
        await says(desk, "Pull a model, and see what is on the way")
        assert "New chat" not in shown(desk.app)
        assert "Write the prompt" not in shown(desk.app)
        await desk.press("ctrl+p", "escape")
        assert isinstance(desk.app.screen, ModelRoom)


async def test_the_palette_elsewhere_says_where_a_key_works(tmp_path: Path, box: OllamaServer) -> None:
    async with room_of(tmp_path, box) as desk:
        await desk.press("escape", "ctrl+p", *"marked model to its")
        await says(desk, "in the Ollama room: p")


async def test_the_palette_acts_in_the_room_and_leads_to_it(tmp_path: Path, box: OllamaServer) -> None:
    async with room_of(tmp_path, box, tab="f4") as desk:
        await mark(desk, "qwen3:4b")
        await desk.press("ctrl+p", *"load the marked")
        await says(desk, "Load the marked model into memory")
        await desk.press("enter")
        await says(desk, "qwen3:4b is in memory")
        await desk.press("escape", "ctrl+p", *"delete the marked")
        await says(desk, "Delete the marked model")
        await desk.press("enter")
        await until(desk.pilot, lambda: isinstance(desk.app.screen, ModelRoom))
        await says(desk, "d: Delete the marked model")
        assert room_in(desk).tab == "models"
    assert "qwen3:4b" in box.loaded


async def test_what_a_server_cannot_do_is_struck_out_and_refused(
    tmp_path: Path, box: OllamaServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    can = frozenset(ModelAction) - {ModelAction.PUSH, ModelAction.COPY}
    monkeypatch.setattr("llmtui.providers.ollama.admin.SERVER_ACTIONS", can)
    async with room_of(tmp_path, box, tab="f4") as desk:
        await says(desk, "not at this server: copy, push")
        await desk.press("p")
        await says(desk, "box0 cannot push")
        await desk.press("ctrl+p", *"push")
        await says(desk, "box0 cannot push")


async def test_the_connection_is_tested_when_its_tab_is_shown(tmp_path: Path, box: OllamaServer) -> None:
    async with room_of(tmp_path, box, tab="f2") as desk:
        await says(desk, "the connection works")
        asked = len(box.exchanges)
        await desk.press("f3", "f2")
        assert len(box.exchanges) == asked


async def test_a_server_that_is_down_says_so(tmp_path: Path) -> None:
    async with OllamaServer() as gone:
        url = gone.url
    config = f'providers:\n  - {{id: box, kind: ollama, base_url: "{url}"}}\n'
    async with running_app(tmp_path, config=config) as desk:
        await desk.press("ctrl+g", "o", "f4")
        await says(desk, "connection refused")
        await desk.press("d")
        await says(desk, "no model is marked")


async def test_without_a_server_that_keeps_models_there_is_no_room(tmp_path: Path) -> None:
    async with running_app(tmp_path) as desk:
        await desk.press("ctrl+g", "o")
        assert desk.app.screen is desk.screen
        assert "add one of kind ollama" in shown(desk.app)


async def test_the_sidebar_leads_to_a_providers_models(tmp_path: Path, box: OllamaServer) -> None:
    async with room_of(tmp_path, box) as desk:
        await desk.press("escape")
        desk.screen.sidebar.focus()
        await desk.press("o")
        assert room_in(desk).host.id == "box0"
        await desk.press("escape", "down", "o")
        assert "the models of small cannot be managed" in shown(desk.app)


async def test_leaving_tells_of_what_is_on_the_way_and_stops_it(tmp_path: Path, box: OllamaServer) -> None:
    hold = box.hold("phi4", after=2)
    async with room_of(tmp_path, box) as desk:
        await desk.press(*"phi4", "enter", "escape")
        await hold.reached.wait()
        await desk.press("ctrl+g", "q")
        assert "1 model is on the way: stopped" in shown(desk.app)
        await desk.press("enter")
        await until(desk.pilot, lambda: not desk.app.is_running)
        assert states(desk) == {"phi4": TransferState.STOPPED}


@pytest.mark.parametrize("size", [(40, 10), (80, 24)], ids=str)
async def test_it_is_whole_on_a_small_screen_and_with_hostile_names(
    tmp_path: Path, box: OllamaServer, size: tuple[int, int]
) -> None:
    box.store(Model("[/x]\x1b[2J" + "é🙂" * 60, family="[bold]", quantization="\u202e", parameter_size="[/]"))
    hold = box.hold("[/y]", after=1)
    box.offer("[/y]", BIG)
    async with room_of(tmp_path, box, size=size) as desk:
        await desk.press(*"[/y]", "enter", "tab")
        await hold.reached.wait()
        for key in ("f4", "i", "escape", "n", "escape", "f2", "f3", "tab"):
            await desk.press(key)
        text = shown(desk.app)
        assert "\x1b" not in text
        assert "\u202e" not in text
        assert max(map(len, text.splitlines())) <= size[0]


@pytest.mark.parametrize("tab", ["f3", "f4"])
async def test_nothing_moves_while_nothing_is_on_the_way(tmp_path: Path, box: OllamaServer, tab: str) -> None:
    async with room_of(tmp_path, box, tab=tab) as desk:
        for node in nodes(desk.app):
            assert node.auto_refresh is None
            assert not (isinstance(node, Input | TextArea) and node.cursor_blink)
            assert all(timer._interval >= 1.0 for timer in filter(ticks, node._timers)), node


async def test_what_is_typed_fast_goes_to_the_name_alone(tmp_path: Path, box: OllamaServer) -> None:
    async with room_of(tmp_path, box) as desk:
        await desk.press("escape")
        desk.screen.action_show_model_room()
        type_at_once(desk.app, *"phi4")
        names = "PullPane > LineInput"
        await until(
            desk.pilot,
            lambda: [line.value for line in desk.app.screen.query(names).results(Input)] == ["phi4"],
        )
        assert room_in(desk).models_pane.line.value == ""
