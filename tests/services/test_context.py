from dataclasses import replace

from llmtui.core.conversation import (
    Message,
    Opaque,
    OpaquePart,
    Part,
    ReasoningPart,
    Role,
    TextPart,
    ToolCallPart,
    ToolResultPart,
    assistant,
    user,
)
from llmtui.core.history import MessageState, RequestRecord, StoredMessage, now
from llmtui.services.context import CONTINUE_INSTRUCTION, context_of, continuation_of


def stored(message: Message, state: MessageState = MessageState.COMPLETE) -> StoredMessage:
    return StoredMessage("id", "chat", None, message, state)


def reply(*parts: Part, state: MessageState = MessageState.COMPLETE) -> StoredMessage:
    return stored(Message(Role.ASSISTANT, parts), state)


def test_a_failed_reply_without_text_leaves_nothing_in_the_context() -> None:
    failed = replace(
        reply(state=MessageState.FAILED),
        request=RequestRecord("r", "p", "m", now(), error="boom: no such host"),
    )
    context = context_of([stored(user("one")), failed, stored(user("two"))])
    assert [message.role for message in context] == [Role.USER]
    assert context[0].text == "one\n\ntwo"
    assert "boom" not in repr(context)


def test_the_partial_text_of_a_stopped_reply_stays() -> None:
    context = context_of([stored(user("q")), reply(TextPart("half"), state=MessageState.STOPPED)])
    assert context == (user("q"), assistant("half"))


def test_a_tool_call_that_nobody_answered_is_left_out() -> None:
    call = ToolCallPart("c1", "look", "{}")
    context = context_of([stored(user("q")), reply(TextPart("let me look"), call)])
    assert context[1].parts == (TextPart("let me look"),)


def test_an_answered_tool_call_stays_with_its_result() -> None:
    call = ToolCallPart("c1", "look", "{}")
    result = stored(Message(Role.TOOL, (ToolResultPart("c1", "look", "seen"),)))
    context = context_of([stored(user("q")), reply(call), result, reply(TextPart("done"))])
    assert [message.role for message in context] == [Role.USER, Role.ASSISTANT, Role.TOOL, Role.ASSISTANT]
    assert context[1].tool_calls == (call,)


def test_a_continuation_by_prefill_ends_with_the_partial_reply() -> None:
    branch = [stored(user("q")), reply(ReasoningPart("hm"), TextPart("The capital "))]
    assert continuation_of(branch, prefill=True) == (user("q"), assistant("The capital"))


def test_a_continuation_without_prefill_ends_with_an_instruction() -> None:
    branch = [stored(user("q")), reply(TextPart("The capital "))]
    context = continuation_of(branch, prefill=False)
    assert context[1:] == (assistant("The capital "), user(CONTINUE_INSTRUCTION))


def test_what_one_server_encrypted_goes_to_no_other() -> None:
    sealed = Opaque("openai", "m", {"encrypted_content": "sealed"})
    answer = replace(
        reply(ReasoningPart("hm", opaque=sealed), OpaquePart(sealed), TextPart("a")),
        request=RequestRecord("r", "openai", "m", now(), host="api.openai.com"),
    )
    branch = [stored(user("q")), answer, stored(user("and?"))]
    assert context_of(branch, "api.openai.com")[1].parts == answer.message.parts
    assert context_of(branch, "gateway:8080")[1].parts == (ReasoningPart("hm"), TextPart("a"))
    assert context_of([stored(user("q")), replace(answer, request=None)], "gateway:8080")[1] == answer.message
