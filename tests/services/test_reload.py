"""The config file, changed while its providers are in use."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from llmtui.core.errors import ConfigError
from llmtui.core.history import Target, now
from llmtui.core.models import ModelInfo, ModelList
from llmtui.services.health import HealthState
from llmtui.services.services import Services
from tests.ui.screens.desk import services_at

CONFIG = """\
default_provider: a
providers:
  - {id: a, kind: scripted, model: a-1}
  - {id: b, kind: ollama, base_url: "http://127.0.0.1:1"}
agents:
  - {name: reviewer, provider: a}
"""
Write = Callable[[str, str], None]


@pytest.fixture
async def services(tmp_path: Path) -> AsyncIterator[Services]:
    services = services_at(tmp_path, {}, config=CONFIG)
    await services.chat.open()
    yield services
    await services.close()


@pytest.fixture
def change(tmp_path: Path) -> Write:
    """Replaces a text of the file."""

    def replace(old: str, new: str) -> None:
        path = tmp_path / "config.yaml"
        assert old in path.read_text()
        path.write_text(path.read_text().replace(old, new))

    return replace


async def test_everything_follows_the_file(services: Services, change: Write) -> None:
    health, models = services.health, services.models
    await health.probe("a")
    await models.memory.keep("b", ModelList((ModelInfo("of the old server"),), now()))
    change("127.0.0.1:1", "127.0.0.1:2")
    change("agents:", "  - {id: c, kind: scripted, health: 'off'}\nagents:\n  - {name: other, provider: c}")
    change("default_provider: a", "default_provider: c")
    reloaded = await services.reloading().reload()
    assert reloaded.changed == {"b", "c"}
    assert (reloaded.gone, reloaded.default, reloaded.default_moved) == ([], Target("c"), True)
    assert [info.id for info in health.infos] == ["a", "b", "c"]
    assert (health.of("a").state, health.of("b").state) == (HealthState.READY, HealthState.UNCHECKED)
    assert health.of("c").state is HealthState.OFF
    assert health.schedule.take_due() == ["b"]
    assert models.listed_at("b") is None
    agents = services.chat.agents
    assert [agent.name for agent in agents.all] == ["other", "reviewer"]
    assert agents.target(agents.all[0]).provider == "c"


async def test_what_is_gone_is_asked_no_more(services: Services, change: Write) -> None:
    services.health.schedule.take_due()
    change('  - {id: b, kind: ollama, base_url: "http://127.0.0.1:1"}\n', "")
    reloaded = await services.reloading().reload()
    assert (reloaded.gone, reloaded.changed) == (["b"], frozenset())
    assert services.health.info("b") is None
    assert services.health.schedule.due_in_s("b") is None
    assert (await services.health.probe("b")).state is HealthState.UNCHECKED


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (
            "model: a-1",
            "modle: a-1",
            r"config.yaml:3: providers\[0\]\.modle: unknown key",
        ),
        ("providers:", "providers: [", "config.yaml:3: not valid YAML"),
        ("provider: a}", "provider: z}", r"config.yaml:6: agents\[0\]\.provider: no provider 'z'"),
    ],
)
async def test_a_file_that_is_wrong_changes_nothing(
    services: Services, change: Write, old: str, new: str, words: str
) -> None:
    before = services.health.infos
    change("127.0.0.1:1", "127.0.0.1:2")
    change(old, new)
    with pytest.raises(ConfigError, match=words):
        await services.reloading().reload()
    assert services.health.infos == before
    assert [agent.name for agent in services.chat.agents.all] == ["reviewer"]
    change(new, old)
    assert (await services.reloading().reload()).changed == {"b"}


async def test_a_file_without_providers_changes_nothing(services: Services, tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text("providers: []\n")
    with pytest.raises(ConfigError, match="no providers are configured"):
        await services.reloading().reload()
    assert len(services.health.infos) == 2


async def test_what_counts_from_the_next_start_on_is_named_until_then(
    services: Services, change: Write
) -> None:
    change("agents:", "theme: paper\nnotify: off\nhealth: idle\nagents:")
    for _ in range(2):
        assert (await services.reloading().reload()).waiting == ("theme", "notify")
    change("theme: paper\nnotify: off\n", "")
    assert (await services.reloading().reload()).waiting == ()


async def test_nothing_changes_when_nothing_has(services: Services) -> None:
    reloaded = await services.reloading().reload()
    assert (reloaded.changed, reloaded.gone, reloaded.waiting) == (frozenset(), [], ())
    assert (reloaded.before, reloaded.default_moved) == (reloaded.now, False)
