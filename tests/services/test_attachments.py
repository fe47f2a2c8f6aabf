import os
from pathlib import Path

import pytest

from llmtui.core.conversation import ImagePart, TextPart
from llmtui.core.errors import LlmtuiError
from llmtui.services.attachments import LARGEST_IMAGE, image_type, read_image, size_of
from llmtui.testing.images import png
from tests.services.desk import TARGET, Desk


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (png(), "image/png"),
        (b"\xff\xd8\xff\xe0\x00\x10JFIF", "image/jpeg"),
        (b"GIF87a\x01\x00", "image/gif"),
        (b"GIF89a\x01\x00", "image/gif"),
        (b"RIFF\x24\x00\x00\x00WEBPVP8 ", "image/webp"),
        (b"RIFF\x24\x00\x00\x00WAVEfmt ", None),
        (b"%PDF-1.7", None),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", None),
        (b"", None),
    ],
)
def test_the_content_tells_what_a_file_is(data: bytes, kind: str | None) -> None:
    assert image_type(data) == kind


def test_an_image_is_read_whatever_it_is_called(isolated: Path) -> None:
    (isolated / "photo \x1b[31m.txt").write_bytes(png(2, 2))
    image = read_image("~/photo \x1b[31m.txt")
    assert (image.data, image.media_type) == (png(2, 2), "image/png")
    assert "\x1b" not in image.name


def test_what_is_no_image_is_told_in_words(tmp_path: Path) -> None:
    text = tmp_path / "notes.png"
    text.write_text("not an image")
    large = tmp_path / "large.png"
    with large.open("wb") as file:
        file.write(png())
        file.truncate(LARGEST_IMAGE + 1)
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for path, words in (
        (text, "no image"),
        (large, "10.0 MB"),
        (pipe, "no file"),
        (tmp_path, "no file"),
        (tmp_path / "gone.png", "no file"),
        (f"{tmp_path}/a\0b", "no file|null byte"),
    ):
        with pytest.raises(LlmtuiError, match=words):
            read_image(str(path))


@pytest.mark.parametrize(("count", "words"), [(12, "12 bytes"), (12_345, "12 kB"), (1_500_000, "1.5 MB")])
def test_sizes(count: int, words: str) -> None:
    assert size_of(count) == words


async def test_an_image_is_sent_stored_and_kept_when_the_question_changes(desk: Desk) -> None:
    thread = desk.chat.new(TARGET)
    chat_id = thread.conversation.id
    dot, other = ImagePart(png(), "image/png", "dot.png"), ImagePart(png(2), "image/png", "two.png")
    sent = await desk.chat.send(chat_id, "what?", TARGET, attached=[dot])
    await desk.run(await desk.chat.reply(chat_id, TARGET))
    assert desk.fake.requests[0].messages[0].parts == (dot, TextPart("what?"))
    stored = await desk.store.branch(chat_id)
    assert stored[0].message.parts == (dot, TextPart("what?"))

    edited = await desk.chat.edit(chat_id, sent.messages[0].id, "what else?", TARGET, [other])
    assert edited.messages[0].message.parts == (dot, other, TextPart("what else?"))


async def test_the_effort_of_a_chat_goes_with_every_request_of_it(desk: Desk) -> None:
    one, two = desk.chat.new(TARGET), desk.chat.new(TARGET)
    chat_id = one.conversation.id
    desk.chat.efforts[chat_id] = "high"
    await desk.ask("a", one)
    await desk.run(await desk.chat.regenerate(chat_id, TARGET))
    await desk.run(await desk.chat.resume(chat_id, TARGET))
    await desk.ask("b", two)
    efforts = [request.reasoning_effort for request in desk.fake.requests]
    assert efforts == ["high", "high", "high", None]
