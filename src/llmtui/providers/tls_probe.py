"""Whether the server of an http address wants TLS, which most of them do not say in so many words."""

import asyncio
import re
import ssl

from llmtui.core.errors import LlmtuiError, ProviderError

PROBE_CLOCK_S = 2.0
_WANTS_TLS = re.compile(r"\bhttps\b", re.IGNORECASE)
"""nginx: "sent to HTTPS port"; Go: "sent an HTTP request to an HTTPS server"."""


async def asks_for_tls(host: str, port: int, error: LlmtuiError | None) -> bool:
    """Whether what came of a plain request is explained by TLS; opens a connection, and sends no request."""
    status = error.context.status if isinstance(error, ProviderError) else None
    if status is not None:
        return status == 400 and bool(_WANTS_TLS.search(str(error)))
    # Nothing is told to the server here, so that it need not prove who it is.
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    try:
        async with asyncio.timeout(PROBE_CLOCK_S):
            _, writer = await asyncio.open_connection(host, port, ssl=context)
    # A server that wants a certificate of ours speaks TLS, too; but no plain one gets that far.
    except (OSError, TimeoutError):
        return False
    writer.transport.abort()
    return True
