import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmtui.core.redaction import REDACTED, Redactor, redact, redact_shapes

KEY = "s3cr3t-Canary0123456789"


def test_a_short_secret_does_not_maim_words() -> None:
    assert redact("the context of x, not xenon", ["x"]) == "the context of [redacted], not xenon"
    assert redact("abcabcabc abcabcabcd", ["abcabcabc", "abcabcabcd"]) == "[redacted] [redacted]"
    assert redact("text", [""]) == "text"


@pytest.mark.parametrize(
    "text",
    [
        "sk-proj-Canary_0123456789",
        "the key sk-ant-api03-Canary-0123 was refused",
        "gsk_Canary0123456789abcdef",
        "hf_Canary0123456789abcdef",
        "AIzaCanary0123456789abcdefghij",
        f"Authorization: Bearer {KEY}",
        f"authorization: {KEY}",
        f"Proxy-Authorization: Basic {KEY}",
        f"x-api-key: {KEY}",
        f"X-Goog-Api-Key={KEY}",
        f'{{"api_key": "{KEY}"}}',
        f"{{'api-key': '{KEY}', 'x': 1}}",
        f"[(b'x-api-key', b'{KEY}')]",
        f"[('authorization', 'Bearer {KEY}')]",
        f"password={KEY}",
        f"Bearer {KEY}",
        f"https://host/v1?key={KEY}&alt=sse",
        f"http://me:{KEY}@proxy:3128/",
        f"http://{KEY}@proxy:3128/",
    ],
)
def test_what_has_the_shape_of_a_key_is_taken_out(text: str) -> None:
    found = redact_shapes(text)
    assert "Canary" not in found
    assert REDACTED in found


@pytest.mark.parametrize(
    "text",
    [
        "a risk-averse task-force asked for a disk-based mask",
        "request provider=bad model=gpt-5.4-mini host=api.openai.com input=12 output=4",
        "connection refused at http://127.0.0.1:1/v1/chat/completions",
        "max_tokens=4096 tokens: 12",
        "the bearer of this",
    ],
)
def test_plain_words_stay(text: str) -> None:
    assert redact_shapes(text) == text


def test_a_known_secret_goes_however_it_is_written() -> None:
    secret = 'a"b\\c/d e'
    redactor = Redactor([secret])
    for written in (secret, json.dumps(secret), repr(secret), "https://h/?k=a%22b%5Cc%2Fd%20e"):
        assert REDACTED in redactor(f"<{written}>")


def test_a_secret_that_is_learned_later_goes_too() -> None:
    redactor = Redactor()
    assert redactor("plain secret") == "plain secret"
    redactor.learn(["plain secret", ""])
    assert redactor("plain secret") == REDACTED


@given(st.text(min_size=8), st.text(), st.text())
def test_no_known_secret_is_left_wherever_it_stands(secret: str, before: str, after: str) -> None:
    assert secret not in Redactor([secret])(before + secret + after).replace(REDACTED, "\0")


@pytest.mark.parametrize("piece", ["x", "a.", "sk-", "://", "a://", "bearer ", "password ", "api_key="])
def test_a_long_text_takes_no_longer_than_its_length(piece: str) -> None:
    """What grew with the square would take minutes here, and the test's time would run out."""
    redact_shapes(piece * (200_000 // len(piece)))
