"""Conversations: opening, asking, stopping, branching."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from llmtui.core.chat import ChatRequest
from llmtui.core.conversation import Message, Part, Role, TextPart
from llmtui.core.errors import LlmtuiError
from llmtui.core.history import (
    Conversation,
    RequestRecord,
    SearchHit,
    StoredMessage,
    StoreReport,
    Target,
    new_id,
    now,
)
from llmtui.core.models import AgentInfo, Effort
from llmtui.core.ports import ProviderRegistry
from llmtui.core.text import sanitise, sanitise_line
from llmtui.services.agents import Agents, instructed
from llmtui.services.branches import BranchReader
from llmtui.services.context import context_of, continuation_of
from llmtui.services.recorder import Recorder
from llmtui.services.reply import Priced, Reply, ReplyClosed, ReplyEvent, ReplyOpened
from llmtui.services.thread import TITLE_LENGTH, Thread, title_of


class ChatService:
    """What a person does with conversations.

    The shown branches are held in memory, so that a chat goes on when the database cannot. Of a long one the
    end is read first, and the rest when `earlier` is asked for it or something needs it.
    """

    def __init__(
        self,
        recorder: Recorder,
        registry: ProviderRegistry,
        agents: Sequence[AgentInfo] = (),
        *,
        priced: Priced | None = None,
    ) -> None:
        self.recorder = recorder
        self.agents = Agents(registry, agents)
        self._store = recorder.store
        self._registry = registry
        self._priced = priced
        self._branches = BranchReader(recorder)
        self._reading = asyncio.Lock()
        self._threads: dict[str, Thread] = {}
        self._running: dict[str, Reply] = {}
        self.efforts: dict[str, Effort] = {}
        """How much the models of a conversation shall think, where the person said so; not stored."""

    # Opening

    async def open(self) -> StoreReport:
        """Open the database."""
        return await self.recorder.open()

    async def recent(self) -> list[Conversation]:
        """The newest conversations that hold anything; those that could not be recorded come first."""
        newest = await self.recorder.read(self._store.conversations(), [])
        stored = [conversation for conversation in newest if conversation.title or conversation.draft]
        known = {conversation.id for conversation in stored}
        unrecorded = [thread.conversation for thread in self._threads.values() if thread.messages]
        return [conversation for conversation in unrecorded if conversation.id not in known] + stored

    async def latest(self) -> Thread | None:
        """The conversation that was used last."""
        conversations = await self.recent()
        return await self.load(conversations[0].id) if conversations else None

    def new(self, target: Target, *, private: bool = False) -> Thread:
        """An empty conversation; it is recorded when something is typed, a private one never."""
        thread = self._hold(Thread(Conversation(id=new_id(), target=target, private=private)))
        if private:
            # Known as private from now on, also when it is deleted and brought back with nothing in it.
            self._store.save_conversation(thread.conversation)
        return thread

    async def load(self, conversation_id: str) -> Thread:
        """A conversation with the end of its shown branch, or as much of it as is known already."""
        if conversation_id not in self._threads:
            found = await self.recorder.read(self._store.conversation(conversation_id), None)
            conversation = found or Conversation(id=conversation_id)
            thread = await self._branches.newest(conversation) or Thread(conversation)
            return self._threads.get(conversation_id) or self._hold(thread)
        return self._threads[conversation_id]

    async def earlier(self, conversation_id: str) -> Thread:
        """An opened conversation with more of its earlier messages, if there are; raises StorageError."""
        async with self._reading:
            thread = self.thread(conversation_id)
            if thread.whole:
                return thread
            longer = await self._branches.lengthened(thread)
            now = self.thread(conversation_id)
            if now.messages[:1] == thread.messages[:1]:
                # What was said meanwhile stays; another branch, or a chat that was deleted, does too.
                fresh = longer.messages[: len(longer.messages) - len(thread.messages)]
                now = self._hold(replace(now, messages=fresh + now.messages, whole=longer.whole))
            return now

    async def whole(self, conversation_id: str) -> Thread:
        """An opened conversation with all of its shown branch; raises StorageError."""
        while not (thread := self.thread(conversation_id)).whole:
            await self.earlier(conversation_id)
        return thread

    def thread(self, conversation_id: str) -> Thread:
        """An opened conversation as it is now; an empty one when it was deleted meanwhile."""
        return self._threads.get(conversation_id) or Thread(Conversation(id=conversation_id))

    @property
    def opened(self) -> Mapping[str, Thread]:
        """The opened conversations as they are now, by their ids."""
        return self._threads

    def title(self, conversation_id: str) -> str:
        """What an opened conversation is called; empty when it was deleted meanwhile."""
        thread = self._threads.get(conversation_id)
        return thread.conversation.title if thread else ""

    # Asking

    async def send(
        self,
        conversation_id: str,
        text: str,
        target: Target,
        *,
        attached: Sequence[Part] = (),
        instead_of: StoredMessage | None = None,
        draft: str = "",
    ) -> Thread:
        """Put a person's message on disk; `reply` then asks. `draft` is what stays typed."""
        thread = self.thread(conversation_id)
        text = sanitise(text)
        conversation = replace(
            thread.conversation,
            title=thread.conversation.title or title_of(text),
            updated_at=now(),
            target=target,
            draft=draft,
        )
        message = thread.question(text, instead_of, attached)
        # Held before it is written: what a person changes meanwhile goes over it, and not the reverse.
        held = self._hold(replace(thread, conversation=conversation, messages=(*thread.messages, message)))
        await asyncio.gather(
            self.recorder.write(self._store.save_conversation(conversation)),
            self.recorder.write(self._store.add_message(message)),
        )
        return replace(held, conversation=self.thread(conversation_id).conversation)

    async def prepare(self, target: Target) -> None:
        """Have what a first reply from there needs imported, on a thread."""
        await asyncio.to_thread(self._registry.prepare, target.provider)

    async def reply(
        self, conversation_id: str, target: Target, *, instead_of: StoredMessage | None = None
    ) -> Reply:
        """A reply to the whole branch, not yet running; raises LlmtuiError, as while another one streams."""
        thread = await self._at_rest(conversation_id)
        request = self._request(thread, context_of(thread.messages, self._host(target.provider)), target)
        return self._reply(thread, target, request, instead_of=instead_of)

    async def regenerate(self, conversation_id: str, target: Target) -> Reply:
        """Another reply to the last question; the one that is there stays as its sibling."""
        thread, replaced = await self._at_rest(conversation_id), None
        while thread.last and thread.last.message.role is not Role.USER:
            thread, replaced = thread.before(thread.last.id), thread.last
        if thread.last is None:
            raise LlmtuiError("there is nothing to answer yet")
        self._hold(thread)
        return await self.reply(conversation_id, target, instead_of=replaced)

    async def resume(self, conversation_id: str, target: Target) -> Reply:
        """A sibling of the last reply that carries its text on, after a visible seam."""
        thread = await self.whole(conversation_id)
        partial = thread.last
        if partial is None or partial.message.role is not Role.ASSISTANT or not partial.message.text:
            raise LlmtuiError("there is no reply to continue")
        provider = await asyncio.to_thread(self._registry.get, target.provider)
        prefill = provider.capabilities(target.model).prefill.value is True
        text = partial.message.text.rstrip() if prefill else partial.message.text
        request = self._request(
            thread, continuation_of(thread.messages, self._host(target.provider), prefill=prefill), target
        )
        before = self._hold(thread.before(partial.id))
        return self._reply(before, target, request, text, instead_of=partial)

    async def run(self, reply: Reply, emit: Callable[[ReplyEvent], None]) -> None:
        """Run a reply and keep its conversation's branch up to date; `emit` gets every event."""
        conversation_id = reply.conversation_id

        def keep(event: ReplyEvent) -> None:
            if isinstance(event, ReplyOpened | ReplyClosed):
                self._keep(event.message)
            if isinstance(event, ReplyClosed):
                self._running.pop(conversation_id, None)
            emit(event)

        await reply.run(keep)

    def running(self, conversation_id: str) -> Reply | None:
        """The reply that streams into a conversation."""
        return self._running.get(conversation_id)

    @property
    def streaming(self) -> frozenset[str]:
        """The conversations that a reply streams into."""
        return frozenset(self._running)

    def stop(self, conversation_id: str) -> bool:
        """Stop the reply of a conversation; False when there is none."""
        reply = self._running.get(conversation_id)
        if reply is not None:
            reply.stop()
        return reply is not None

    async def settle(self, conversation_id: str | None = None) -> None:
        """Stop the reply of a conversation (None: all replies) and wait until it is recorded."""
        for reply in list(self._running.values()):
            if conversation_id in (None, reply.conversation_id):
                reply.stop()
                await reply.closed.wait()

    # Reshaping

    async def edit(
        self, conversation_id: str, message_id: str, text: str, target: Target, more: Sequence[Part] = ()
    ) -> Thread:
        """Ask differently: a sibling of a message with what was attached and more; nothing below it yet."""
        thread = await self.whole(conversation_id)
        replaced = thread.upto(message_id).last
        self._hold(thread.before(message_id))
        parts = replaced.message.parts if replaced else ()
        attached = [*(part for part in parts if not isinstance(part, TextPart)), *more]
        return await self.send(conversation_id, text, target, attached=attached, instead_of=replaced)

    async def show_message(self, conversation_id: str, message_id: str) -> Thread:
        """A conversation with the newest branch that holds a message, which need not be the shown one."""
        thread = await self.load(conversation_id)
        while not any(message.id == message_id for message in thread.messages):
            if thread.whole:
                return await self._show_branch(thread, message_id)
            thread = await self.earlier(conversation_id)
        return thread

    async def show_sibling(self, conversation_id: str, message_id: str, step: int) -> Thread:
        """Show the next (+1) or previous (-1) variant of a message, with the newest branch below it."""
        thread = self._threads[conversation_id]
        message = next(message for message in thread.messages if message.id == message_id)
        siblings = message.siblings or (message.id,)
        wanted = siblings[(siblings.index(message_id) + step) % len(siblings)]
        return await self._show_branch(thread, wanted)

    async def fork(self, conversation_id: str, message_id: str | None = None) -> Thread:
        """A new conversation with a copy of the branch as far as a message (None: all of it).

        A reply that still streams stays where it is and is not copied. Raises StorageError.
        """
        source = await self.whole(conversation_id)
        source = source.upto(message_id) if message_id else source
        if not source.messages:
            raise LlmtuiError("there is nothing to fork yet")
        fork = source.forked()
        await self.recorder.write(self._store.save_conversation(fork.conversation))
        await self.recorder.write(self._store.add_messages(fork.messages))
        if effort := self.efforts.get(conversation_id):
            self.efforts[fork.conversation.id] = effort
        return self._hold(fork)

    async def retarget(self, conversation_id: str, target: Target) -> None:
        """Remember which provider and model a conversation uses from now on."""
        await self._save(conversation_id, target=target)

    async def appoint(self, conversation_id: str, agent: str | None) -> None:
        """Ask by the instructions of the agent of that name from now on; None: by nobody's."""
        await self._save(conversation_id, agent=agent)

    async def save_draft(self, conversation_id: str, text: str) -> None:
        """Keep what is typed but not sent; a chat that was deleted meanwhile needs none."""
        thread = self._threads.get(conversation_id)
        if thread is not None and text != thread.conversation.draft:
            await self._save(conversation_id, draft=text)

    async def save_queue(self, conversation_id: str, queued: Sequence[str], draft: str) -> None:
        """Keep the messages that wait and what is typed, in one write."""
        await self._save(conversation_id, queued=tuple(queued), draft=draft)

    async def rename(self, conversation_id: str, title: str) -> None:
        """Give a conversation a title."""
        await self._save(conversation_id, title=sanitise_line(title)[:TITLE_LENGTH])

    async def delete(self, conversation_id: str) -> None:
        """Remove a conversation from the list; `restore` brings it back."""
        await self.settle(conversation_id)
        await self.recorder.write(self._store.delete_conversation(conversation_id))
        self._threads.pop(conversation_id, None)

    async def restore(self, conversation_id: str) -> None:
        """Undo a deletion."""
        await self.recorder.write(self._store.restore_conversation(conversation_id))

    # Finding

    async def search(self, query: str) -> list[SearchHit]:
        """Messages that hold the words, best first."""
        return await self.recorder.read(self._store.search(query), [])

    async def prompts(self) -> list[str]:
        """What the person sent before, newest first."""
        return await self.recorder.read(self._store.prompts(), [])

    async def close(self) -> None:
        """Write everything and close the database."""
        await self._store.close()

    async def _at_rest(self, conversation_id: str) -> Thread:
        """All of the shown branch; raises LlmtuiError when meanwhile another reply began there."""
        thread = await self.whole(conversation_id)
        if conversation_id in self._running:
            raise LlmtuiError("a reply is still being written here")
        return thread

    def _request(self, thread: Thread, messages: tuple[Message, ...], target: Target) -> ChatRequest:
        """What is asked: the messages, by the instructions of the conversation's agent."""
        effort = self.efforts.get(thread.conversation.id)
        private = thread.conversation.private
        request = ChatRequest(messages, model=target.model, reasoning_effort=effort, private=private)
        return instructed(request, self.agents.find(thread.conversation.agent))

    def _reply(
        self,
        thread: Thread,
        target: Target,
        request: ChatRequest,
        prefix: str = "",
        *,
        instead_of: StoredMessage | None = None,
    ) -> Reply:
        conversation_id = thread.conversation.id
        message = thread.answer(prefix, instead_of)
        record = RequestRecord.begun(target, message, self._host(target.provider))
        reply = Reply(
            replace(message, request=record),
            record,
            request,
            registry=self._registry,
            recorder=self.recorder,
            prefix=prefix,
            priced=self._priced,
        )
        self._running[conversation_id] = reply
        return reply

    def _host(self, provider_id: str) -> str:
        info = self._registry.info(provider_id)
        return info.host if info else ""

    async def _show_branch(self, thread: Thread, message_id: str) -> Thread:
        """The newest branch through a message, shown from now on."""
        leaf = await self.recorder.read(self._store.newest_leaf(message_id), message_id)
        conversation = replace(thread.conversation, leaf_id=leaf)
        shown = await self._branches.newest(conversation, leaf)
        await self.recorder.write(self._store.save_conversation(conversation))
        return self._hold(shown or replace(thread, conversation=conversation))

    def _hold(self, thread: Thread) -> Thread:
        """Remember a branch; saving its conversation must not move the leaf back."""
        leaf_id = thread.last.id if thread.last else None
        held = replace(thread, conversation=replace(thread.conversation, leaf_id=leaf_id))
        self._threads[thread.conversation.id] = held
        return held

    def _keep(self, message: StoredMessage) -> None:
        """Put a reply into its branch, replacing its earlier state."""
        thread = self._threads[message.conversation_id]
        others = tuple(known for known in thread.messages if known.id != message.id)
        if others and others[-1].id == message.parent_id:
            self._hold(replace(thread, messages=(*others, message)))

    async def _save(self, conversation_id: str, **changes: object) -> None:
        if (thread := self._threads.get(conversation_id)) is None:
            # Deleted meanwhile.
            return
        conversation = replace(thread.conversation, **changes)  # type: ignore[arg-type]
        held = self._hold(replace(thread, conversation=conversation))
        if held.messages or held.conversation.draft or "draft" in changes:
            await self.recorder.write(self._store.save_conversation(held.conversation))
