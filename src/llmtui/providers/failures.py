"""One translator for all wires: an answer, an in-stream error or a broken transport becomes a ProviderError.

The status decides first, a structured code second, and the message's words last and only where the status
says no more than "your request": prompts are echoed in error bodies, so words alone prove nothing.
"""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

from llmtui.core.errors import (
    AuthError,
    BadRequest,
    BillingError,
    ConnectError,
    ContentFiltered,
    ContextTooLong,
    ErrorContext,
    IncompleteStream,
    ModelNotFound,
    Overloaded,
    ProtocolError,
    ProviderError,
    RateLimited,
    ServerError,
    Timeout,
    Unsupported,
)
from llmtui.core.redaction import redact
from llmtui.providers.error_bodies import ErrorBody, looks_like_html, page_title, read_body, read_payload
from llmtui.providers.transport import PROXY_LOGIN, causes_of, is_tls, reason_of

ErrorClass = type[ProviderError]
LONGEST_MESSAGE = 600
LONGEST_EXCERPT = 120

BY_STATUS: Mapping[int, ErrorClass] = {
    401: AuthError,
    402: BillingError,
    403: AuthError,
    407: ConnectError,
    408: ServerError,
    429: RateLimited,
    503: Overloaded,
    529: Overloaded,
}
# Codes that say more than their status does, and hold whatever the status is.
BY_CODE: Mapping[str, ErrorClass] = {
    "insufficient_quota": BillingError,
    "billing_error": BillingError,
    "billing_not_active": BillingError,
    "billing_hard_limit_reached": BillingError,
    "context_length_exceeded": ContextTooLong,
    "exceed_context_size_error": ContextTooLong,
    "model_context_window_exceeded": ContextTooLong,
    "request_too_large": ContextTooLong,
    "content_filter": ContentFiltered,
    "content_policy_violation": ContentFiltered,
    "moderation_blocked": ContentFiltered,
    "image_content_policy_violation": ContentFiltered,
    "misalignment_policy_violation": ContentFiltered,
    "bio_policy": ContentFiltered,
    "model_not_found": ModelNotFound,
    "unsupported_parameter": Unsupported,
    "unsupported_value": Unsupported,
    "overloaded_error": Overloaded,
    "engine_overloaded": Overloaded,
    "server_is_overloaded": Overloaded,
    "slow_down": Overloaded,
    "invalid_api_key": AuthError,
    "api_key_invalid": AuthError,
}
# Codes that only repeat what a status would have said: for errors inside a stream, which have none.
BY_GENERIC_CODE: Mapping[str, ErrorClass] = {
    "authentication_error": AuthError,
    "permission_error": AuthError,
    "rate_limit_error": RateLimited,
    "rate_limit_exceeded": RateLimited,
    "not_found_error": ModelNotFound,
    "invalid_request_error": BadRequest,
    "invalid_prompt": BadRequest,
    "invalid_image": BadRequest,
    "invalid_image_format": BadRequest,
    "invalid_base64_image": BadRequest,
    "image_too_large": BadRequest,
    "image_too_small": BadRequest,
    "image_parse_error": BadRequest,
    "image_file_too_large": BadRequest,
    "unsupported_image_media_type": BadRequest,
    "empty_image_file": BadRequest,
    "server_error": ServerError,
    "api_error": ServerError,
    "timeout_error": ServerError,
}
BY_WORDS: Sequence[tuple[re.Pattern[str], ErrorClass]] = [
    (re.compile(pattern, re.IGNORECASE), error_class)
    for pattern, error_class in (
        (r"maximum context length|context[ _]length[ _]exceeded|prompt is too long", ContextTooLong),
        (r"exceeds? the available context size|longer than the context length", ContextTooLong),
        (r"exceeds the maximum number of tokens|current length is \d+ while limit is \d+", ContextTooLong),
        (r"request (entity )?too large", ContextTooLong),
        (r"credit balance is too low|spend(ing)? limit", BillingError),
        (r"api[ _]key not valid|(incorrect|invalid) api[ _]key", AuthError),
        (r"model\b.{0,120}\b(not found|does not exist|is not available)", ModelNotFound),
        (r"does not support|is not supported|unsupported (parameter|value)", Unsupported),
    )
]
WORDS_COUNT_FOR = (None, 400, 413, 422)
_ON_THE_WAY = {"ConnectError", "ConnectTimeout", "ProxyError"}
"""What an HTTP client raises that has not reached the server yet."""
# What an HTTP client refuses to send, by the names of its exceptions.
_OUR_FAULT = {"InvalidURL", "UnsupportedProtocol", "LocalProtocolError", "UnicodeEncodeError"}


def error_from_response(
    status: int,
    headers: Mapping[str, str],
    body: bytes,
    *,
    context: ErrorContext,
    secrets: Sequence[str],
) -> ProviderError:
    """The error that an HTTP answer means; also for a 2xx that is not what the wire speaks."""
    named = {name.lower(): value for name, value in headers.items()}
    context = replace(
        context,
        status=status,
        request_id=request_id(named, secrets) or context.request_id,
        retry_after_s=retry_after_s(named),
    )
    if 300 <= status < 400:
        return _redirected(named.get("location", ""), context, secrets)
    content_type = named.get("content-type", "")
    if status < 400:
        page = looks_like_html(content_type, body)
        return _not_this_wire(page, body, context, secrets)
    details = read_body(status, content_type, body)
    return _build(_error_class(status, details), details, context, secrets)


def classify(
    payload: object, *, context: ErrorContext, secrets: Sequence[str], status: int | None = None
) -> ProviderError:
    """The error that an object inside a stream means; it has no HTTP status of its own."""
    details = read_payload(payload)
    status = status or details.status
    error_class = _error_class(status, details)
    return _build(error_class, details, replace(context, status=status), secrets)


def transport_error(
    error: BaseException,
    url: str,
    *,
    started: bool,
    context: ErrorContext,
    secrets: Sequence[str],
    proxy: str = "",
) -> ProviderError:
    """The error that an exception of an HTTP client means; `started` once the answer's headers had come.

    httpx and httpx2 (inside the SDKs) name their exceptions alike, so the names tell, and the system's own
    error beneath them gives the words. With a proxy it is the proxy that did not answer.
    """
    names = {base.__name__ for base in type(error).__mro__}
    to_proxy = bool(proxy and names & _ON_THE_WAY and not is_tls(error))
    reason = reason_of(error, proxied=to_proxy)
    place = redact(f"the proxy {proxy}" if to_proxy else address(url), secrets)
    words = redact(f"{reason.words} at {place}", secrets)
    if "ConnectTimeout" in names:
        return Timeout(f"no connection in time to {place}", phase="connect", context=context)
    if "DecodingError" in names:
        return ProtocolError(words, context=context)
    if names & _OUR_FAULT or any(isinstance(cause, OverflowError) for cause in causes_of(error)):
        hint = "check base_url, api_key and headers of this provider in the config file"
        return BadRequest(words, context=context, hint=hint)
    if started:
        return IncompleteStream(
            f"the connection was cut before the reply was complete ({place})", context=context
        )
    return ConnectError(words, context=context, hint=reason.hint)


def request_id(headers: Mapping[str, str], secrets: Sequence[str]) -> str | None:
    """What the server calls a request; the header names are in lower case."""
    found = headers.get("request-id") or headers.get("x-request-id")
    return redact(found, secrets) if found else None


def retry_after_s(headers: Mapping[str, str], now: datetime | None = None) -> float | None:
    """Seconds to wait, from `retry-after-ms`, or `retry-after` as seconds or as an HTTP date."""
    if (milliseconds := _number(headers.get("retry-after-ms"))) is not None:
        return milliseconds / 1000
    value = headers.get("retry-after", "")
    if (seconds := _number(value)) is not None:
        return seconds
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0.0, (moment - (now or datetime.now(UTC))).total_seconds())


def address(url: str) -> str:
    """Scheme, host, port and path of a URL: no user, password or query."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "an address that is none"
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="").geturl()


def _number(text: str | None) -> float | None:
    try:
        number = float(text or "")
    except ValueError:
        return None
    return max(0.0, number) if math.isfinite(number) else None


def _error_class(status: int | None, details: ErrorBody) -> ErrorClass:
    specific = next((BY_CODE[code] for code in details.codes if code in BY_CODE), None)
    if status == 401:
        return AuthError
    if specific:
        return specific
    if status == 404:
        named = details.structured and re.search(r"\bmodels?\b", details.message, re.IGNORECASE)
        return ModelNotFound if named else BadRequest
    if status is not None and (status in BY_STATUS or status >= 500):
        return BY_STATUS.get(status, ServerError)
    generic = next((BY_GENERIC_CODE[code] for code in details.codes if code in BY_GENERIC_CODE), None)
    return _by_words(status, details) or generic or (ServerError if status is None else BadRequest)


def _by_words(status: int | None, details: ErrorBody) -> ErrorClass | None:
    if status not in WORDS_COUNT_FOR:
        return None
    return next((found for pattern, found in BY_WORDS if pattern.search(details.message)), None)


def _build(
    error_class: ErrorClass, details: ErrorBody, context: ErrorContext, secrets: Sequence[str]
) -> ProviderError:
    code = redact(next(iter(details.codes), ""), secrets)
    message = redact(details.message, secrets)[:LONGEST_MESSAGE]
    hint = ""
    if error_class is BadRequest and context.status == 404:
        hint = "check the base URL: the server knows no such path"
    if context.status == 407:
        message, hint = f"the proxy wants a user and a password: {message}", PROXY_LOGIN
    wait_s = details.retry_after_s if context.retry_after_s is None else context.retry_after_s
    return error_class(message, context=replace(context, code=code, retry_after_s=wait_s), hint=hint)


def _redirected(location: str, context: ErrorContext, secrets: Sequence[str]) -> ProviderError:
    target = redact(address(location), secrets) or "another address"
    return ProtocolError(
        f"the server redirects to {target}",
        context=context,
        hint="set base_url to the final address; if it is a login page, sign in to this network first",
    )


def _not_this_wire(page: bool, body: bytes, context: ErrorContext, secrets: Sequence[str]) -> ProviderError:
    if page:
        title = redact(page_title(body), secrets)
        named = f" titled '{title}'" if title else ""
        words = f"a web page came instead of a reply{named}: it looks like a proxy or login page"
        return ProtocolError(words, context=context)
    excerpt = redact(body.decode("utf-8", "replace"), secrets).strip()[:LONGEST_EXCERPT]
    words = f"the reply is not what this wire speaks: {excerpt or 'it is empty'}"
    return ProtocolError(words, context=context)
