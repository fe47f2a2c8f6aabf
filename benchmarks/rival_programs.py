"""Other chats for the terminal, from the package index: which version, how to set it up, what to press in it.

Each is installed into a virtual environment of its own in the cache folder, not into ours. `{url}` in its
files, its arguments and its environment stands for the fake server, `{home}` for the home that it is given.
"""

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.figures import cache_folder
from benchmarks.programs import Program, environment

INSTALL_WITHIN_S = 1800

_FILL_ELIA = """
import asyncio, datetime, json, sys
from elia_chat.chats_manager import ChatsManager
from elia_chat.config import EliaChatModel
from elia_chat.database.database import create_database
from elia_chat.models import ChatData, ChatMessage
async def fill():
    await create_database()
    model = EliaChatModel(name="openai/bench")
    now = datetime.datetime.now(datetime.timezone.utc)
    said = [("system", "You are a test."), *json.load(sys.stdin)]
    messages = [ChatMessage({"role": role, "content": text}, now, model) for role, text in said]
    await ChatsManager.create_chat(ChatData(None, model, "a long chat", now, messages))
asyncio.run(fill())
"""
_FILL_OTERM = """
import asyncio, json, sys
from oterm.store.store import Store
from oterm.types import ChatModel, MessageModel
async def fill():
    store = await Store.get_store()
    chat = await store.save_chat(ChatModel(name="a long chat", model="bench", provider="ollama"))
    for role, text in json.load(sys.stdin):
        await store.save_message(MessageModel(chat_id=chat, role=role, text=text))
asyncio.run(fill())
"""
_FILL_PARLLAMA = """
import datetime, json, os, pathlib, sys, uuid
said = json.load(sys.stdin)
now = datetime.datetime.now(datetime.timezone.utc).isoformat()
model = {"class_name": "LlmConfig", "provider": "Ollama", "model_name": "bench"}
chat = {
    "id": uuid.uuid4().hex, "name": "a long chat", "name_generated": True, "last_updated": now,
    "llm_config": {**model, "mode": "Chat", "streaming": True, "temperature": 0.5}, "total_cost": 0.0,
    "messages": [{"id": uuid.uuid4().hex, "role": role, "content": text} for role, text in said],
}
folder = pathlib.Path(os.environ["HOME"], "data", "parllama", "chats")
folder.mkdir(parents=True, exist_ok=True)
(folder / (chat["id"] + ".json")).write_text(json.dumps(chat))
"""


@dataclass(frozen=True, slots=True)
class Rival:
    """A program of the package index."""

    package: str
    version: str
    command: Sequence[str]
    """The program in its environment, and its arguments."""
    files: Mapping[str, str]
    """What to write into its home."""
    env: Mapping[str, str]
    ready: str
    """Stands on the screen once it can be used."""
    fill: str
    """Code for its own interpreter that keeps a chat, which it reads as JSON: pairs of role and text."""
    submit: str = "\r"
    starts_filled: bool = False
    """Whether it can be asked only in a chat that is kept already."""
    opening: Sequence[str] | None = ()
    """Keys that lead from the start to the newest chat; None: no keys are known to do that surely."""
    follows: bool = True
    """Whether it keeps the end of a fast reply in sight."""
    also: Sequence[str] = field(default=())
    """Pins that its own requirements lack."""

    @property
    def name(self) -> str:
        """Package and version."""
        return f"{self.package.removesuffix('-chat')} {self.version}"

    @property
    def folder(self) -> Path:
        """Where it is installed."""
        return cache_folder() / "rivals" / f"{self.package}-{self.version}"

    def install(self) -> None:
        """Install it, unless it is there; raises OSError with what pip says when that fails."""
        done = self.folder / ".installed"
        if done.exists():
            return
        subprocess.run([sys.executable, "-m", "venv", str(self.folder)], check=True)
        pip = [
            str(self.folder / "bin" / "python"),
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
        ]
        wanted = [f"{self.package}=={self.version}", *self.also]
        run = subprocess.run([*pip, *wanted], capture_output=True, text=True, timeout=INSTALL_WITHIN_S)
        if run.returncode:
            raise OSError(f"pip cannot install {' '.join(wanted)}: {run.stderr.strip().splitlines()[-1]}")
        done.touch()

    def program(self, url: str, home: Path, *, chat: Sequence[tuple[str, str]] = ()) -> Program:
        """Set a home up, with a kept chat if one is given."""
        facts = {"url": url, "home": str(home)}
        for name, text in self.files.items():
            path = home / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text.replace("{url}", url))
        env = {name: text for name, text in environment(home).items() if name != "PYTHONPATH"}
        env |= {name: text.format(**facts) for name, text in self.env.items()}
        if chat or self.starts_filled:
            self._fill(env, chat)
        argv = [
            str(self.folder / "bin" / self.command[0]),
            *(text.format(**facts) for text in self.command[1:]),
        ]
        return Program(self.name, argv, env, self.ready, submit=self.submit, follows=self.follows)

    def _fill(self, env: Mapping[str, str], chat: Sequence[tuple[str, str]]) -> None:
        command = [str(self.folder / "bin" / "python"), "-c", self.fill]
        said = json.dumps(list(chat))
        run = subprocess.run(command, env=env, input=said, text=True, capture_output=True, timeout=120)
        if run.returncode:
            raise OSError(f"{self.name} cannot keep a chat: {run.stderr.strip().splitlines()[-1]}")


RIVALS: Sequence[Rival] = (
    Rival(
        package="elia-chat",
        version="1.10.0",
        command=["elia"],
        files={
            "config/elia/config.toml": """
default_model = "openai/bench"
[[models]]
name = "openai/bench"
display_name = "Bench"
api_base = "{url}/v1"
api_key = "none"
"""
        },
        # Its library would fetch a list of prices at the start.
        env={"OPENAI_API_KEY": "none", "LITELLM_LOCAL_MODEL_COST_MAP": "True"},
        ready="Enter your message",
        fill=_FILL_ELIA,
        submit="\n",
        opening=["\t", "\r"],
    ),
    Rival(
        package="oterm",
        version="0.26.1",
        command=["oterm"],
        files={"oterm/config.json": '{"splash-screen": false}'},
        env={"OLLAMA_URL": "{url}", "OTERM_DATA_DIR": "{home}/oterm"},
        ready="a long chat",
        fill=_FILL_OTERM,
        starts_filled=True,
        follows=False,
    ),
    Rival(
        package="parllama",
        version="0.10.1",
        command=["parllama", "-d", "{home}/data/parllama"],
        files={
            "data/parllama/settings.json": """{
"schema_version": 2, "ui": {"show_first_run": false},
"starting_tab": "Chat", "use_last_tab_on_startup": false,
"last_llm_config": {"provider": "Ollama", "model_name": "bench", "temperature": 0.5, "num_ctx": 2048},
"ollama": {"ollama_host": "{url}"}, "provider": {"provider_base_urls": {"Ollama": "{url}"}}
}"""
        },
        env={},
        ready="Type a message",
        fill=_FILL_PARLLAMA,
        opening=None,
    ),
)
