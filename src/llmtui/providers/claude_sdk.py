"""Anthropic's SDK, asked for nothing but its client."""

from typing import Any, ClassVar

from llmtui.providers.sdk import SdkPipe


class ClaudeSdk(SdkPipe):
    """The Messages API."""

    module: ClassVar[str] = "anthropic"
    path: ClassVar[str] = "/v1/messages"

    def client(self, sdk: Any, headers: dict[str, str], http_client: Any) -> Any:
        """A client that takes nothing from the environment and from profile files."""
        return sdk.AsyncAnthropic(
            api_key=headers["x-api-key"],
            base_url=self._base_url,
            max_retries=0,
            open_telemetry=False,
            http_client=http_client,
        )
