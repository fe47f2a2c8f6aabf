"""OpenAI's SDK, asked for nothing but its client."""

from typing import Any, ClassVar

from llmtui.providers.sdk import RawEvent, SdkPipe
from llmtui.providers.wires.responses_stream import failure_in


class OpenAISdk(SdkPipe):
    """The Responses API."""

    module: ClassVar[str] = "openai"
    path: ClassVar[str] = "/responses"

    def client(self, sdk: Any, headers: dict[str, str], http_client: Any) -> Any:
        """A client that takes nothing from the environment; the headers hold the key, if there is one."""
        client = sdk.AsyncOpenAI(
            api_key="in the headers",
            admin_api_key="",
            organization="",
            project="",
            webhook_secret="",
            base_url=self._base_url,
            max_retries=0,
            http_client=http_client,
        )
        # Empty words would be sent as empty headers.
        client.organization = client.project = None
        return client

    def request_options(self, sdk: Any, headers: dict[str, str]) -> dict[str, Any]:
        """Send no key where there is none, which the SDK does only when told so."""
        return {} if "authorization" in headers else {"headers": {"Authorization": sdk.Omit()}}

    def failure_in(self, event: RawEvent) -> object | None:
        """What an event reports instead of a piece of the reply; this SDK raises for none of them."""
        return failure_in(event)
