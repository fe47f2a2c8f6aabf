"""`llmtui ask`: one question, and its answer on standard output as it comes."""

import argparse
import asyncio
import sys
from contextlib import aclosing
from typing import get_args

from pydantic import ValidationError

from llmtui.bootstrap import build_registry
from llmtui.cli.exit_codes import meanings
from llmtui.cli.output import JsonOutput, Output, TextOutput
from llmtui.cli.session import load_aloud
from llmtui.config.schema import AgentSettings, AppSettings
from llmtui.config.wording import in_words
from llmtui.core.chat import ChatRequest
from llmtui.core.conversation import ImagePart, Message, Role, user
from llmtui.core.errors import ConfigError, LlmtuiError
from llmtui.core.models import Effort
from llmtui.core.ports import ProviderRegistry
from llmtui.core.text import sanitise
from llmtui.services.agents import instructed
from llmtui.services.attachments import read_image

_OVER_AGENT = ("provider", "model", "system_prompt", "temperature", "max_tokens", "reasoning_effort")
_EPILOG = """\
Standard input is added below the question when it is not a terminal; without a question it is the question.

With --json one object is printed at the end: text, reasoning, tool_calls, provider, model, finish, usage,
warnings, and error: null, or type, message and hint; text is then what had arrived before it.

exit codes:
{codes}
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = _EPILOG.format(codes="\n".join(f"{code:5} {words}" for code, words in meanings().items()))
    parser.add_argument("question", nargs="*", help="what to ask")
    parser.add_argument("-p", "--provider", metavar="ID", help="the provider to ask")
    parser.add_argument("-m", "--model", help="the model to ask for")
    parser.add_argument("-a", "--agent", metavar="NAME", help="an agent of the config file")
    parser.add_argument("-s", "--system", metavar="TEXT", dest="system_prompt", help="the system prompt")
    parser.add_argument("-t", "--temperature", type=float, metavar="T", help="0 to 2")
    parser.add_argument("--max-tokens", type=int, metavar="N", help="the longest reply")
    parser.add_argument(
        "-i",
        "--image",
        action="append",
        default=[],
        metavar="FILE",
        dest="images",
        help="an image to send with the question (repeat for more)",
    )
    parser.add_argument(
        "--effort",
        choices=get_args(Effort),
        metavar="LEVEL",
        dest="reasoning_effort",
        help=f"how much to think: {', '.join(get_args(Effort))}",
    )
    parser.add_argument("--reasoning", action="store_true", help="show reasoning on standard error")
    parser.add_argument("--json", action="store_true", help="print one JSON object at the end")


def run(arguments: argparse.Namespace) -> int:
    """Ask, and print the answer."""
    images = list(map(_image, arguments.images))
    question = compose(" ".join(arguments.question), _piped())
    settings = load_aloud(arguments)[0].settings
    agent = _merged(_agent(settings, arguments.agent), arguments).info()
    registry = build_registry(settings)
    target = registry.for_agent(agent)
    message = Message(Role.USER, (*images, *user(question).parts))
    request = instructed(ChatRequest((message,), target.model), agent)
    output = JsonOutput() if arguments.json else TextOutput(reasoning=arguments.reasoning)
    asyncio.run(_ask(registry, target.provider, request, output))
    return 0


def compose(question: str, context: str) -> str:
    """The question, with what was piped in marked off below it; raises ConfigError without both."""
    question, context = sanitise(question).strip(), sanitise(context).strip("\n")
    if not context.strip():
        context = ""
    if question and context:
        return f"{question}\n\n<standard_input>\n{context}\n</standard_input>"
    if not question and not context:
        raise ConfigError("nothing to ask: give a question, or pipe one in")
    return question or context


def _image(path: str) -> ImagePart:
    try:
        return read_image(path)
    except LlmtuiError as error:
        raise ConfigError(f"--image: {error}") from None


def _piped() -> str:
    if sys.stdin is None or sys.stdin.isatty():
        return ""
    return sys.stdin.buffer.read().decode("utf-8", "replace")


def _agent(settings: AppSettings, name: str | None) -> AgentSettings:
    if name is None:
        return AgentSettings(name="ask")
    for agent in settings.agents:
        if agent.name.lower() == name.lower():
            return agent
    known = ", ".join(agent.name for agent in settings.agents) or "none"
    raise ConfigError(f"no agent '{name}'; configured: {known}")


def _merged(agent: AgentSettings, arguments: argparse.Namespace) -> AgentSettings:
    """The agent, with the arguments over it; raises ConfigError.

    Another provider than the agent's own does not get the agent's model, which it may not have.
    """
    given = {name: value for name in _OVER_AGENT if (value := getattr(arguments, name)) is not None}
    if agent.provider and agent.provider.lower() != given.get("provider", agent.provider).lower():
        given.setdefault("model", None)
    try:
        return AgentSettings.model_validate(agent.model_dump() | given)
    except ValidationError as error:
        wrong = [
            f"--{problem['loc'][0]} {in_words(problem, ())}".replace("_", "-") for problem in error.errors()
        ]
        raise ConfigError("\n".join(wrong)) from None


async def _ask(registry: ProviderRegistry, provider: str, request: ChatRequest, output: Output) -> None:
    try:
        async with aclosing(registry.get(provider).stream_chat(request)) as events:
            async for event in events:
                output.show(event)
    except (LlmtuiError, asyncio.CancelledError) as error:
        output.end(error)
        raise
    else:
        output.end(None)
    finally:
        await registry.aclose()
