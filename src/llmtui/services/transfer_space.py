"""Whether the disk has room for what is pulled, where the server's disk is this machine's."""

from contextlib import suppress

from llmtui.core.errors import ProviderError
from llmtui.core.model_admin import ModelAction, ModelAdmin
from llmtui.services.transfer_job import TransferJob

GB = 1_000_000_000


class SpaceWatch:
    """Warns of too little room: before a pull by the size that is known, then by what the server tells."""

    def __init__(self, admin: ModelAdmin, job: TransferJob) -> None:
        self._admin = admin
        self._job = job

    async def before(self) -> None:
        """Warn by the size that the model is offered with."""
        if self._job.action is not ModelAction.PULL or await self._admin.free_space() is None:
            return
        with suppress(ProviderError):
            offered = {one.name: one for one in await self._admin.offered()}
            found = offered.get(self._job.model)
            if found is not None and found.size and not found.installed:
                await self._compare(found.size)

    async def note(self, to_come: int | None) -> bool:
        """Warn by the bytes that are still to come; True when that is news."""
        if self._job.action is not ModelAction.PULL or to_come is None:
            return False
        return await self._compare(to_come)

    async def _compare(self, needed: int) -> bool:
        free = await self._admin.free_space()
        before = self._job.note
        too_little = free is not None and free < needed
        self._job.note = (
            f"only {(free or 0) / GB:.1f} GB free, {needed / GB:.1f} GB to come" if too_little else ""
        )
        return self._job.note != before
