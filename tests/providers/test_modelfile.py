"""A Modelfile is read as Ollama reads it."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmtui.core.errors import ConfigError
from llmtui.providers.ollama.modelfile import (
    INSTRUCTIONS,
    ROLES,
    Command,
    files_named,
    read_modelfile,
    request_body,
)

TRIPLE = '"""'
# What no quotation can hold: its own end. What one line cannot hold begins or ends with blanks.
texts = st.text(min_size=1).filter(lambda text: TRIPLE not in text and "\r" not in text)
names = st.from_regex(r"[a-z_]{1,12}", fullmatch=True)
nothing = st.just("")
values = st.one_of(
    st.tuples(st.just("parameter"), names, texts),
    st.tuples(st.just("message"), st.sampled_from(ROLES), texts),
    st.tuples(st.sampled_from(sorted(set(INSTRUCTIONS) - {"parameter", "message"})), nothing, texts),
)


def written(commands: list[tuple[str, str, str]]) -> str:
    return "".join(
        f"{' '.join(filter(None, (word.upper(), name)))} {TRIPLE}{text}{TRIPLE}\n"
        for word, name, text in commands
    )


def plain(commands: list[Command]) -> list[tuple[str, str, str]]:
    return [(one.instruction, one.name, one.value) for one in commands]


@given(st.lists(values, max_size=6))
def test_what_is_quoted_is_read_as_it_is(commands: list[tuple[str, str, str]]) -> None:
    commands = [("from", "", "base"), *commands]
    assert plain(read_modelfile(written(commands))) == commands
    assert plain(read_modelfile(written(commands).replace("\n", "\r\n"))) == commands


@given(st.text() | st.text('FROMSYTE \n"#x', max_size=40))
def test_any_text_is_read_or_refused_by_line(text: str) -> None:
    complaint = ""
    try:
        commands = read_modelfile(text)
    except ConfigError as error:
        complaint, commands = str(error), []
    assert complaint.startswith("Modelfile") or any(one.instruction == "from" for one in commands)


@given(st.text(min_size=1) | st.floats().map(str) | st.integers().map(str))
def test_any_parameter_can_be_sent(value: str) -> None:
    body = request_body([Command("parameter", value, "x")])
    json.dumps(body, allow_nan=False)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("from llama3.2", [("from", "", "llama3.2")]),
        ("# a comment\n\n  FROM x # not a comment\n#", [("from", "", "x # not a comment")]),
        ("FROM x\nPARAMETER\tstop   <|im_end|>", [("from", "", "x"), ("parameter", "stop", "<|im_end|>")]),
        ('FROM x\nSYSTEM "one\ntwo"', [("from", "", "x"), ("system", "", "one\ntwo")]),
        ('FROM x\nSYSTEM """\nSay "hi".\n"""', [("from", "", "x"), ("system", "", '\nSay "hi".\n')]),
        ("\ufeffFROM x\rMESSAGE user Why?", [("from", "", "x"), ("message", "user", "Why?")]),
        ('FROM x\nTEMPLATE """{{ if .System }}{{ .System }}\n# kept\n{{ end }}"""',
         [("from", "", "x"), ("template", "", "{{ if .System }}{{ .System }}\n# kept\n{{ end }}")]),
    ],
)  # fmt: skip
def test_the_forms_of_an_instruction(text: str, expected: list[tuple[str, str, str]]) -> None:
    assert plain(read_modelfile(text)) == expected


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no FROM"),
        ("FROM x\nSYSTEM", "line 2: SYSTEM has no value"),
        ("FROM x\n\nTEMPLTE y", "line 3: unknown instruction 'TEMPLTE'; known are FROM, ADAPTER"),
        ('FROM x\nSYSTEM """never\nended', "line 2: the quotation has no end"),
        ("FROM x\nMESSAGE tool y", "line 2: a message is of system, user, assistant, not of 'tool'"),
        ("FROM x\nPARAMETER temperature", "line 2: PARAMETER has no value"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(text: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words) as failure:
        read_modelfile(text)
    assert "modelfile" in failure.value.hint


def test_parameters_have_their_types() -> None:
    text = "FROM x\nPARAMETER num_ctx 4096\nPARAMETER top_p 0.9\nPARAMETER use_mmap false\nPARAMETER stop 1\n"
    body: dict[str, Any] = request_body(read_modelfile(text + "LICENSE MIT\nLICENSE Apache"))
    assert body == {
        "parameters": {"num_ctx": 4096, "top_p": 0.9, "use_mmap": False, "stop": ["1"]},
        "license": ["MIT", "Apache"],
    }


def test_what_may_be_a_file_is_told_apart() -> None:
    commands = read_modelfile("FROM a\nFROM mmproj.gguf\nADAPTER b\nDRAFT c\nSYSTEM d")
    named = {field: [one.value for one in found] for field, found in files_named(commands).items()}
    assert named == {"files": ["a", "mmproj.gguf"], "adapters": ["b"], "draft_files": ["c"]}
