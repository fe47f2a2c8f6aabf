import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.loop_probe import worst_stall_s
from benchmarks.programs import ROOT

STALLING = """
import asyncio, sys, time
async def main():
    await asyncio.sleep(0.05)
    time.sleep(0.2)
    await asyncio.sleep(0.05)
    return 7
assert __name__ == "__main__" and sys.argv[1:] == ["an", "argument"]
assert asyncio.run(main()) == 7
"""


def test_a_stall_is_noted(tmp_path: Path) -> None:
    (tmp_path / "stalling.py").write_text(STALLING)
    found = tmp_path / "stalls"
    command = [sys.executable, "-m", "benchmarks.loop_probe", str(found), "stalling", "an", "argument"]
    subprocess.run(command, env={"PYTHONPATH": f"{ROOT}:{tmp_path}"}, check=True)
    assert worst_stall_s(found, 0, float("inf")) >= 0.19
    assert worst_stall_s(found, 0, 0) == 0


def test_the_worst_of_a_time_counts(tmp_path: Path) -> None:
    found = tmp_path / "stalls"
    found.write_text("0 0\n10 0.5\n20 0.1\n30 0.9\n")
    assert worst_stall_s(found, 15, 25) == 0.1


def test_a_probe_that_never_ran_is_an_error(tmp_path: Path) -> None:
    found = tmp_path / "stalls"
    found.touch()
    with pytest.raises(ValueError, match="not watched"):
        worst_stall_s(found, 0, 1)
