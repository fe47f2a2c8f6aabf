"""The floor: as small a chat as Textual's own widgets make, with a Markdown stream in an anchored scroll.

python -m benchmarks.bare_chat URL

A sidebar of 24 columns, an input and a status line stand around it, as in any chat. The cursor does not
blink, so that all it writes is the reply's.
"""

import json
import sys
from typing import ClassVar

import httpx
from textual import on, work
from textual.app import App, ComposeResult
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.widgets import Input, Markdown, Static


class BareChat(App[None]):
    """Streams replies of a chat completions server; shares nothing with llmtui."""

    CSS = """
    #sidebar { width: 24; height: 1fr; background: $surface; }
    #replies { height: 1fr; }
    #status { height: 1; background: $panel; }
    """
    AUTO_FOCUS: ClassVar = "Input"

    def __init__(self, url: str) -> None:
        super().__init__()
        self._url = url

    def compose(self) -> ComposeResult:
        """Sidebar, replies, input, status."""
        with Horizontal():
            yield Static("providers\n\nbare server\n\nchats\n\nthis one", id="sidebar")
            with Vertical():
                yield VerticalScroll(id="replies")
                prompt = Input(placeholder="message")
                prompt.cursor_blink = False
                yield prompt
        yield Static("bare chat is ready", id="status")

    @on(Input.Submitted)
    def send(self, event: Input.Submitted) -> None:
        """Ask."""
        event.input.clear()
        self.stream(event.value)

    @work
    async def stream(self, prompt: str) -> None:
        """Show the prompt and the reply to it as it comes."""
        replies = self.query_one("#replies", VerticalScroll)
        markdown = Markdown()
        await replies.mount(Static(prompt, markup=False), markdown)
        replies.anchor()
        body = {"model": "bench", "stream": True, "messages": [{"role": "user", "content": prompt}]}
        shown = Markdown.get_stream(markdown)
        async with (
            httpx.AsyncClient(timeout=None) as client,
            client.stream("POST", f"{self._url}/v1/chat/completions", json=body) as response,
        ):
            async for line in response.aiter_lines():
                if line.startswith("data: {") and (choices := json.loads(line[6:])["choices"]):
                    await shown.write(choices[0]["delta"].get("content") or "")
        await shown.stop()


if __name__ == "__main__":
    BareChat(*sys.argv[1:]).run()
