"""Pulls, pushes and creates: a queue for each server, and a lost connection asked for again."""

import asyncio
import logging
import random
import time
from collections import defaultdict
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, aclosing
from typing import Any

from llmtui.core.errors import ConfigError, ConnectError, IncompleteStream, LlmtuiError, ProviderError
from llmtui.core.guard import bug_of
from llmtui.core.logs import logfmt
from llmtui.core.model_admin import ModelAction, ModelAdmin, TransferStep
from llmtui.core.transfer import TransferState
from llmtui.routing.retry import backoff_s
from llmtui.services.model_admins import OpenAdmin, opened
from llmtui.services.transfer_job import Modelfile, NextTry, TransferJob
from llmtui.services.transfer_space import SpaceWatch

_log = logging.getLogger(__name__)
AT_ONCE = 2
TRIES = 8
"""Some 20 seconds, at most 40: as long as a server takes to start again."""
LOOK_WITHIN_S = 3.0
_RESUMED = (ModelAction.PULL, ModelAction.PUSH)
"""What goes on where it was when it is asked for again."""


class TransferService:
    """Owns the transfers; whoever asked for one need not stay. Never deletes anything at a server."""

    def __init__(
        self,
        open_admin: OpenAdmin,
        refresh: Callable[[str], Awaitable[object]] | None = None,
        *,
        address: Callable[[str], str] = lambda _: "",
        at_once: int = AT_ONCE,
        tries: int = TRIES,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[Any]] = asyncio.sleep,
        rng: random.Random | None = None,
    ) -> None:
        """`refresh` reads a provider's model list anew, where any is kept.

        `address` tells where a provider is now: nothing goes on at another server than it was asked of.
        `at_once` run at one provider, the rest waits.

        `tries` are those without any progress in between.
        """
        self._open_admin = open_admin
        self._refresh = refresh
        self._address = address
        self._tries = tries
        self._clock = clock
        self._sleep = sleep
        self._rng = rng or random.Random()
        self._slots: defaultdict[str, asyncio.Semaphore] = defaultdict(lambda: asyncio.Semaphore(at_once))
        self._jobs: dict[tuple[str, ModelAction, str], TransferJob] = {}
        self._listeners: list[Callable[[TransferJob], object]] = []

    @property
    def jobs(self) -> list[TransferJob]:
        """All that were asked for and not forgotten, in that order."""
        return list(self._jobs.values())

    @property
    def active(self) -> list[TransferJob]:
        """Those that have not ended."""
        return [job for job in self._jobs.values() if not job.state.ended]

    def listen(self, listener: Callable[[TransferJob], object]) -> Callable[[], None]:
        """Tell of every change that is no mere progress; returns what ends that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def request(
        self, provider: str, action: ModelAction, model: str, modelfile: Modelfile | None = None
    ) -> TransferJob:
        """The job that does this: the one under way if there is one, else a new one for `run`.

        What ended before is resumed by this, too: the server knows what it has.
        """
        job = TransferJob(
            provider, action, model, modelfile, address=self._address(provider), clock=self._clock
        )
        known = self._jobs.get(job.key)
        if known is not None and not known.state.ended:
            return known
        self._jobs[job.key] = job
        self._tell(job)
        return job

    def stop(self, job: TransferJob) -> None:
        """Ask for the end of a job, which is told when it has come."""
        if not job.state.ended:
            job.stop()
            self._tell(job)

    def forget_ended(self) -> None:
        """Keep those only that have not ended."""
        self._jobs = {key: job for key, job in self._jobs.items() if not job.state.ended}

    async def settle(self) -> None:
        """Stop all, and return when their connections are closed."""
        running = [job for job in self.active if job.begun]
        for job in self.active:
            self.stop(job)
        for job in running:
            await job.closed.wait()

    async def run(self, job: TransferJob) -> None:
        """Run a job to its end; one that runs already is left to whoever runs it.

        A cancellation from outside counts as a stop, and goes on.
        """
        if job.begun:
            return
        job.begun = True
        error: LlmtuiError | None = None
        try:
            async with job.until_stopped(), self._slots[job.provider]:
                job.queued = False
                self._tell(job)
                await self._try_again_and_again(job)
        except asyncio.CancelledError:
            job.transfer.ask_to_stop()
            raise
        except LlmtuiError as problem:
            error = problem
        # A plugin's bug ends its own transfer and no other.
        except Exception as problem:  # noqa: BLE001
            if job.state is not TransferState.STOPPING:
                _log.exception(logfmt(f"{job.action} failed", provider=job.provider, model=job.model))
                error = bug_of(problem, job.provider)
        finally:
            self._close(job, error)
        await self._follow(job)

    async def _try_again_and_again(self, job: TransferJob) -> None:
        failures = 0
        while True:
            before = job.progress()
            try:
                await self._transfer(job)
                return
            except ProviderError as error:
                after = job.progress()
                progressed = after.completed > before.completed or after.share != before.share
                failures = 1 if progressed else failures + 1
                delay_s = self._delay_s(job, error, failures)
                if delay_s is None:
                    raise
                at_s = self._clock() + delay_s
                job.next_try = NextTry(failures + 1, self._tries, at_s, str(error))
            _log.info(logfmt(f"{job.action} lost", provider=job.provider, model=job.model, tries=failures))
            self._tell(job)
            await self._sleep(delay_s)
            job.next_try = None
            self._tell(job)

    async def _transfer(self, job: TransferJob) -> None:
        """One try, over connections of its own: neither a reload nor the closing of a screen cuts it."""
        async with self._opened(job) as admin:
            space = SpaceWatch(admin, job)
            await space.before()
            job.transfer.begin(self._clock())
            async with aclosing(_steps(admin, job)) as steps:
                async for step in steps:
                    await self._take(job, step, space)
                    if step.phase == "done":
                        return
            raise IncompleteStream("the server ended without saying that it is done")

    async def _take(self, job: TransferJob, step: TransferStep, space: SpaceWatch) -> None:
        transfer = job.transfer
        phase, total = transfer.phase, transfer.total
        transfer.take(step, self._clock())
        is_news = transfer.phase != phase
        if transfer.total != total and await space.note(transfer.to_come):
            is_news = True
        if is_news:
            self._tell(job)

    def _delay_s(self, job: TransferJob, error: ProviderError, failures: int) -> float | None:
        never_began = isinstance(error, ConnectError) and not job.progress().text
        final = not error.retryable or never_began
        if final or job.action not in _RESUMED or failures >= self._tries:
            return None
        return backoff_s(failures, error.context.retry_after_s, self._rng)

    def _close(self, job: TransferJob, error: LlmtuiError | None) -> None:
        job.queued, job.next_try = False, None
        job.transfer.close(self._clock(), error)
        if job.state is TransferState.DONE:
            # There was room after all.
            job.note = ""
        job.closed.set()
        words = {"provider": job.provider, "model": job.model, "error": job.transfer.error}
        _log.info(logfmt(f"{job.action} {job.state}", **words))
        self._tell(job)

    async def _follow(self, job: TransferJob) -> None:
        """Have what is new at the server be known, and say what came of a stop."""
        try:
            if job.state is TransferState.DONE and job.action is not ModelAction.PUSH and self._refresh:
                await self._refresh(job.provider)
            elif job.state is TransferState.STOPPED and job.action is ModelAction.PULL:
                job.note = await self._outcome_of_stop(job)
        except LlmtuiError:
            pass
        # A plugin's bug leaves the job as it has ended.
        except Exception:  # noqa: BLE001
            _log.exception(logfmt(f"{job.action} not followed", provider=job.provider, model=job.model))
        job.settled = True
        self._tell(job)

    async def _outcome_of_stop(self, job: TransferJob) -> str:
        try:
            async with asyncio.timeout(LOOK_WITHIN_S), self._opened(job) as admin:
                names = {model.name for model in await admin.stored()}
        except (LlmtuiError, TimeoutError):
            return "the server cannot be asked what came of it"
        # A gallery's model is asked for by `gallery@name`.
        name = job.model.rpartition("@")[2]
        if names & {job.model, f"{job.model}:latest", name}:
            return "the model is installed all the same, perhaps as it was before"
        return "the server does not list the model; ask again to go on"

    def _opened(self, job: TransferJob) -> AbstractAsyncContextManager[ModelAdmin]:
        if self._address(job.provider) != job.address:
            raise ConfigError(f"{job.provider} is another server by now, or none")
        return opened(self._open_admin, job.provider)

    def _tell(self, job: TransferJob) -> None:
        for listener in [*self._listeners]:
            listener(job)


def _steps(admin: ModelAdmin, job: TransferJob) -> AsyncGenerator[TransferStep, None]:
    if job.modelfile is not None:
        return admin.create(job.model, job.modelfile.text, job.modelfile.folder)
    return admin.push(job.model) if job.action is ModelAction.PUSH else admin.pull(job.model)
