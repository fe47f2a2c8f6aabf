"""What adapters have in common whose server tells its models to whoever sends the right headers."""

from abc import abstractmethod
from collections.abc import Mapping
from typing import ClassVar

from llmtui.core.models import ConnectionReport, ModelInfo, StageListener
from llmtui.providers.base import BaseProvider
from llmtui.providers.checks import KeyUse, Subject, run_check


class ServerProvider(BaseProvider):
    """Lists models and checks the connection by one request."""

    when_not_found: ClassVar[str]
    """What helps when the server knows no models at its address."""

    async def list_models(self) -> list[ModelInfo]:
        """The server's models; raises ProviderError."""
        return await self._models(self._headers())

    async def check(self, *, with_key: bool = True) -> ConnectionReport:
        """Test the connection stage by stage; never raises a ProviderError, costs no tokens."""
        return await run_check(self._subject(self.key_use(with_key)))

    async def examine(self, told: StageListener) -> ConnectionReport:
        """Test all that is free, telling each stage as it comes; never raises a ProviderError."""
        return await run_check(self._subject(self.key_use(True)), self.full_test(told))

    def _subject(self, key: KeyUse) -> Subject:
        headers = self._public_headers() if key == "kept back" else self._headers()

        async def address() -> str:
            return self.base_url_of(self.settings)

        async def models() -> list[ModelInfo]:
            return await self._models(headers)

        return Subject(self.id, address, models, self.route, key, when_not_found=self.when_not_found)

    @abstractmethod
    def _headers(self) -> dict[str, str]:
        """Those of every request, the key's and the person's own among them."""

    def _public_headers(self) -> dict[str, str]:
        """Those that may go to a server which was not used yet."""
        return {}

    @abstractmethod
    async def _models(self, headers: Mapping[str, str]) -> list[ModelInfo]:
        """Ask for the models; raises ProviderError."""
