"""A provider's health in words and glyphs: never colour alone."""

from collections.abc import Mapping

from textual.content import Content

from llmtui.services.health import Health, HealthState

_GLYPHS: Mapping[HealthState, tuple[str, str]] = {
    HealthState.READY: ("●", "$text-success"),
    HealthState.UP: ("●", "$text-success"),
    HealthState.SLOW: ("◐", "$text-warning"),
    HealthState.DOWN: ("✕", "$text-error"),
    HealthState.KEY_REFUSED: ("✕", "$text-error"),
    HealthState.NO_KEY: ("○", "$foreground-muted"),
    HealthState.UNCHECKED: ("·", "$foreground-muted"),
    HealthState.OFF: ("-", "$foreground-muted"),
}


def glyph(state: HealthState) -> Content:
    """One cell."""
    return Content.styled(*_GLYPHS[state])


def words(health: Health) -> str:
    """`up 142ms`, `key not tried`, `no key`."""
    if health.untried:
        return health.detail
    if health.latency_s is None or health.state not in (HealthState.UP, HealthState.SLOW):
        return str(health.state)
    return f"{health.state} {health.latency_s * 1000:.0f}ms"
