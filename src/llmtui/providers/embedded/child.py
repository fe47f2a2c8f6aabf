"""The child process: serves one model on a loopback port until its parent is gone.

Run by file path, so that it starts without the package. Standard input brings one line of JSON, the order,
and stays open; its end means that the parent has died, however that happened, and ends the child. One line
of JSON goes back over standard output: `{"ready": ADDRESS}` or `{"failed": WORDS}`. All that llama.cpp
prints goes to standard error, which the parent points at the log file.
"""

import json
import os
import select
import signal
import sys
from collections.abc import Mapping
from typing import Any

# No page is ever served from this origin, so no browser lets any page read an answer.
NO_ORIGIN = "http://llmtui.invalid"
PROMPT_CACHE_MIB = 256
WARNINGS = 2


def die_with_parent() -> None:
    """Have this process killed when standard input ends.

    A process of its own does it: a thread could not, as the library holds the interpreter's lock for as long
    as it loads a model.
    """
    serving = os.getpid()
    alive, held_until_death = os.pipe()
    if os.fork():
        os.close(alive)
        return
    os.close(held_until_death)
    os.closerange(1, alive)
    while alive not in (ready := select.select([0, alive], [], [])[0]):
        if ready and not os.read(0, 4096):
            os.kill(serving, signal.SIGKILL)
            break
    os._exit(0)


def server_params(order: Mapping[str, Any]) -> Any:
    """The order in llama.cpp's own terms."""
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = order["model_path"]
    params.model_alias = {order["model"]}
    params.api_keys = [order["key"]]
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.cors_origins = NO_ORIGIN
    params.ui = False
    params.offline = True
    params.verbosity = WARNINGS
    params.cache_ram_mib = PROMPT_CACHE_MIB
    params.n_ctx = order["n_ctx"]
    params.n_parallel = order["parallel"]
    # Without it every slot gets an equal part of the context; with it one conversation can have the whole.
    params.kv_unified = True
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = order["threads"]
    return params


def serve(order: Mapping[str, Any]) -> Any:
    """Load the model; the server runs for as long as the returned object lives."""
    import xllamacpp

    return xllamacpp.Server(server_params(order))


def main() -> None:
    """Take the order, report once, serve until killed."""
    report = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    # Unbuffered: the rest of standard input belongs to the watcher.
    with open(0, "rb", buffering=0, closefd=False) as orders:
        order = json.loads(orders.readline())
    die_with_parent()
    try:
        server = serve(order)
    # Whatever the library raises goes to the parent as words.
    except Exception as error:  # noqa: BLE001
        print(json.dumps({"failed": f"{type(error).__name__}: {error}"}), file=report, flush=True)
        sys.exit(1)
    print(json.dumps({"ready": server.listening_address}), file=report, flush=True)
    report.close()
    signal.pause()


if __name__ == "__main__":
    main()
