"""What one would write without llmtui to read a reply: the vendor's SDK, or the shortest loop over httpx.

Each reads the reply of the server at an address, and returns its text.
"""

import json
from collections.abc import AsyncIterator, Mapping
from typing import Any

import anthropic
import httpx
import openai

MODEL = "bench"
CHAT = "/v1/chat/completions"
MESSAGES: Any = [{"role": "user", "content": "Go"}]


async def _lines(url: str, body: Mapping[str, Any]) -> AsyncIterator[str]:
    async with (
        httpx.AsyncClient(trust_env=False) as client,
        client.stream("POST", url, json=body) as response,
    ):
        async for line in response.aiter_lines():
            yield line


async def chat_completions(url: str) -> str:
    """A server in OpenAI's shape, by httpx."""
    text = []
    body = {"model": MODEL, "messages": MESSAGES, "stream": True}
    async for line in _lines(url + CHAT, body):
        if line.startswith("data: ") and line != "data: [DONE]":
            for choice in json.loads(line[6:])["choices"]:
                text.append(choice["delta"].get("content") or "")
    return "".join(text)


async def ollama(url: str) -> str:
    """Ollama, by httpx."""
    text = []
    body = {"model": MODEL, "messages": MESSAGES}
    async for line in _lines(f"{url}/api/chat", body):
        text.append(json.loads(line)["message"]["content"])
    return "".join(text)


async def gemini(url: str) -> str:
    """Gemini, by httpx."""
    text = []
    body = {"contents": [{"role": "user", "parts": [{"text": "Go"}]}]}
    async for line in _lines(f"{url}/v1beta/models/{MODEL}:streamGenerateContent?alt=sse", body):
        if line.startswith("data: "):
            for candidate in json.loads(line[6:]).get("candidates", ()):
                text += [part["text"] for part in candidate.get("content", {}).get("parts", ())]
    return "".join(text)


async def openai_responses(url: str) -> str:
    """OpenAI's Responses API, by its SDK."""
    text = []
    async with openai.AsyncOpenAI(api_key="none", base_url=url, max_retries=0) as client:
        async for event in await client.responses.create(model=MODEL, input="Go", stream=True):
            if event.type == "response.output_text.delta":
                text.append(event.delta)
    return "".join(text)


async def openai_chat(url: str) -> str:
    """OpenAI's chat completions, by its SDK."""
    text = []
    async with openai.AsyncOpenAI(api_key="none", base_url=f"{url}/v1", max_retries=0) as client:
        stream = await client.chat.completions.create(model=MODEL, messages=MESSAGES, stream=True)
        async for chunk in stream:
            text += [choice.delta.content or "" for choice in chunk.choices]
    return "".join(text)


async def claude(url: str) -> str:
    """Claude, by its SDK."""
    text = []
    async with anthropic.AsyncAnthropic(api_key="none", base_url=url, max_retries=0) as client:
        stream = await client.messages.create(model=MODEL, max_tokens=9, messages=MESSAGES, stream=True)
        async for event in stream:
            if event.type == "content_block_delta" and event.delta.type == "text_delta":
                text.append(event.delta.text)
    return "".join(text)
