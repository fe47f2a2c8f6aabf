from collections.abc import Mapping

import pytest

from llmtui.core.terminal import TerminalProfile, is_remote, terminal_profile

SSH = {"SSH_CONNECTION": "192.0.2.7 50022 192.0.2.1 22", "SSH_TTY": "/dev/pts/3"}


@pytest.mark.parametrize(
    ("environ", "remote"),
    [
        ({}, False),
        (SSH, True),
        ({"SSH_TTY": "/dev/pts/3"}, True),
        ({"SSH_CONNECTION": "", "SSH_TTY": ""}, False),
        ({"TMUX": "/tmp/tmux-1/default,1,0", **SSH}, True),
        ({"TMUX": "/tmp/tmux-1/default,1,0", "SSH_TTY": "/dev/pts/3"}, False),
    ],
    ids=["local", "ssh", "tty", "empty", "tmux over ssh", "tmux begun over ssh, attached locally"],
)
def test_the_link_is_told_by_the_environment(environ: Mapping[str, str], remote: bool) -> None:
    assert is_remote(environ) is remote


def test_over_ssh_less_is_written() -> None:
    assert terminal_profile({}) == TerminalProfile(False, "thrifty", 12.0, 1)
    assert terminal_profile(SSH) == TerminalProfile(True, "thrifty", 10.0, 5)


def test_a_wish_goes_over_the_link() -> None:
    wished = terminal_profile(SSH, driver="plain", frames_per_s=30, jump_lines=1)
    assert wished == TerminalProfile(True, "plain", 30, 1)
    assert terminal_profile({}, jump_lines=3) == TerminalProfile(jump_lines=3)
