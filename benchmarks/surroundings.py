"""What the figures depend on beside the programs: the machine and the versions."""

import platform
import re
from importlib.metadata import version
from pathlib import Path

from llmtui import __version__


def surroundings() -> str:
    """Versions, processor, memory and system, in words (Linux)."""
    models = re.findall(r"^model name\s*: (.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    memory_kb = int(re.findall(r"^MemTotal:\s*(\d+)", Path("/proc/meminfo").read_text(), re.MULTILINE)[0])
    versions = f"llmtui {__version__}, Python {platform.python_version()}, Textual {version('textual')}"
    processor = models[0] if models else platform.machine()
    system = f"{platform.system()} {platform.release()}"
    return f"{versions} on {len(models) or 1} cores of {processor}, {memory_kb / 2**20:.0f} GB, {system}"
