"""Checks that the newest release in CHANGELOG.md is the version of the package."""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
VERSION = re.compile(r'^__version__ = "(.+)"$', re.MULTILINE)
RELEASE = re.compile(r"^## \[(\d[^\]]*)\] - (\d{4}-\d{2}-\d{2})$", re.MULTILINE)


def main() -> int:
    """Compare, and return the exit code."""
    version = VERSION.findall((ROOT / "src/llmtui/__init__.py").read_text("utf-8"))
    releases = RELEASE.findall((ROOT / "CHANGELOG.md").read_text("utf-8"))
    if not releases:
        sys.exit("CHANGELOG.md: no release of the form `## [1.2.3] - 2026-01-31`")
    newest, date = releases[0]
    if version != [newest]:
        sys.exit(f"CHANGELOG.md: the newest release is {newest}, but the package says {', '.join(version)}")
    print(f"version {newest} of {date}: package and changelog agree")
    return 0


if __name__ == "__main__":
    sys.exit(main())
