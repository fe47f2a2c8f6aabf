"""Containers of which nothing is seen but their children: painting a row costs no styling of theirs."""

from typing import ClassVar

from textual.containers import Horizontal, Vertical


class Columns(Horizontal):
    """Children side by side."""

    BLANK: ClassVar[bool] = True


class Rows(Vertical):
    """Children one under the other."""

    BLANK: ClassVar[bool] = True
