"""A plain GET for what is no provider, by the same proxy and certificates."""

import asyncio
from collections.abc import Mapping

from llmtui.config.credentials import without_credentials
from llmtui.config.schema import NetworkSettings
from llmtui.core.errors import ErrorContext, LlmtuiError, Timeout
from llmtui.core.guard import Clocks
from llmtui.core.ports import Answer, Fetch
from llmtui.providers.failures import transport_error
from llmtui.providers.http import http_errors, new_client
from llmtui.providers.network import route_to

CLOCK_S = 30.0


def fetcher(network: NetworkSettings | None) -> Fetch:
    """What fetches by these settings; sends nothing of any provider's."""

    async def fetch(url: str, headers: Mapping[str, str], largest: int) -> Answer:
        route = route_to(url, network)
        context, shown = ErrorContext(), without_credentials(url)
        try:
            async with (
                asyncio.timeout(CLOCK_S),
                new_client(Clocks(connect=5.0), route) as client,
                client.stream("GET", url, headers=dict(headers)) as response,
            ):
                body = bytearray()
                async for chunk in response.aiter_bytes():
                    body += chunk
                    if len(body) > largest:
                        raise LlmtuiError(f"{shown} answered with more than {largest / 1e6:.0f} MB")
                return Answer(response.status_code, dict(response.headers), bytes(body))
        except TimeoutError:
            words = f"{shown} did not answer within {CLOCK_S:g} s"
            raise Timeout(words, phase="total", context=context) from None
        except http_errors() as error:
            proxy = route.proxy_name
            raise transport_error(
                error, shown, started=False, context=context, secrets=route.secrets(), proxy=proxy
            ) from None

    return fetch
