"""A line of 10 kB a second between a real ssh and a real sshd, in a network namespace of its own.

Needs root, `unshare`, `tc`, `ssh` and a Debian whose package of sshd can be fetched; nothing is installed.
The shaping is htb on the loopback for what sshd sends, with packets of a real size and a queue of four of
them. The program runs as over any SSH: `SSH_CONNECTION` is sshd's own, and COLORTERM is not forwarded. One
row has the kernel's usual socket buffers, which may hold much more than the line carries in a second, and
one has small ones.
"""

import json
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from benchmarks.chat import SIZES, open_chat
from benchmarks.fake_server import fake_server
from benchmarks.figures import Figures, cache_folder
from benchmarks.programs import Program, bare, llmtui, watched
from benchmarks.slow_line import BYTES_PER_S, COLUMNS, SIZE, passage

PACKAGES = ("openssh-server", "libwrap0")
PORT = 22022
QUEUE_BYTES = 6000
BUFFERS = {"usual buffers": "", "small buffers": "4096 8192 8192"}
"""What `tcp_wmem` becomes."""
_SHAPE = f"""
ip link set lo up
ip link set lo mtu 1500 gso_max_size 1500 gso_max_segs 1
tc qdisc add dev lo root handle 1: htb default 10 r2q 1000
tc class add dev lo parent 1: classid 1:10 htb rate 10gbit
tc class add dev lo parent 1: classid 1:20 htb rate {BYTES_PER_S * 8} burst 2k cburst 2k quantum 1500
tc qdisc add dev lo parent 1:20 handle 20: bfifo limit {QUEUE_BYTES}
tc filter add dev lo parent 1: protocol ip u32 match ip sport {PORT} 0xffff flowid 1:20
mkdir -p /run/sshd
"""
_SSHD_CONFIG = """
Port {port}
ListenAddress 127.0.0.1
HostKey {folder}/host
AuthorizedKeysFile {folder}/person.pub
PidFile {folder}/pid
UsePAM no
StrictModes no
PasswordAuthentication no
"""
_SSH = (
    "ssh -tt -e none -F /dev/null -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null"
    " -o LogLevel=ERROR"
)
WITHIN_S = 600


def measure(quick: bool) -> Figures:
    """A row for each program and size of buffers, or one that says why there are none."""
    rows: list[tuple[str, ...]] = []
    try:
        sshd = _unpacked()
        for name in BUFFERS:
            rows += _in_namespace(sshd, name, quick)
    except OSError as error:
        rows.append((f"not measured: {error}", *("" for _ in COLUMNS[1:])))
    about = (
        f"80×24 through ssh and sshd on a line shaped to {BYTES_PER_S // 1000} kB/s, a reply at 60 tokens a"
        " second; the columns are those of the slow terminal."
    )
    return Figures("A slow SSH line", about, COLUMNS, rows)


def _unpacked() -> Path:
    """The folder of Debian's sshd; raises OSError when it cannot be had."""
    for tool in ("unshare", "tc", "ip", "ssh", "ssh-keygen"):
        if shutil.which(tool) is None:
            raise OSError(f"there is no {tool}")
    folder = cache_folder() / "sshd"
    if not (folder / "usr/sbin/sshd").exists():
        with tempfile.TemporaryDirectory() as downloads:
            _run(["apt-get", "download", *PACKAGES], cwd=downloads)
            for package in Path(downloads).glob("*.deb"):
                _run(["dpkg", "-x", str(package), str(folder)])
    return folder


def _in_namespace(sshd: Path, buffers: str, quick: bool) -> list[tuple[str, ...]]:
    command = [
        "unshare",
        "-n",
        "-m",
        sys.executable,
        "-m",
        "benchmarks.ssh_line",
        str(sshd),
        buffers,
        str(int(quick)),
    ]
    found = json.loads(_run(command).splitlines()[-1])
    return [tuple(row) for row in found]


def _run(command: Sequence[str], cwd: str | None = None) -> str:
    """What a command says; raises OSError with its last complaint."""
    run = subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=WITHIN_S)
    if run.returncode:
        raise OSError(f"{command[0]}: {(run.stderr.strip() or 'failed').splitlines()[-1]}")
    return run.stdout


def _measure_inside(sshd: Path, buffers: str, quick: bool) -> list[tuple[str, ...]]:
    """The rows, in a namespace that is ours to shape."""
    _run(["sh", "-e", "-c", _SHAPE])
    if BUFFERS[buffers]:
        Path("/proc/sys/net/ipv4/tcp_wmem").write_text(BUFFERS[buffers])
    columns, _ = SIZES[SIZE]
    rows = []
    with tempfile.TemporaryDirectory() as name, fake_server() as server, _serving(sshd, Path(name)):
        folder, stalls = Path(name), Path(name, "stalls")
        for program in (
            llmtui(server.url, folder / "home", columns=columns),
            bare(server.url, folder / "home"),
        ):
            remote = _over_ssh(watched(program, stalls), folder)
            ours = program.name == "llmtui"
            try:
                with open_chat(remote, server, SIZES[SIZE]) as chat:
                    found = passage(chat, server, stalls, 5 if quick else 20, repaints=ours).cells()
            except TimeoutError as error:
                found = (f"left out: {str(error).splitlines()[0]}", *("" for _ in COLUMNS[3:]))
            rows.append((f"{program.name} over SSH", f"{BYTES_PER_S // 1000} kB/s, {buffers}", *found))
    return rows


@contextmanager
def _serving(sshd: Path, folder: Path) -> Iterator[None]:
    """Run sshd with keys of its own."""
    for key in ("host", "person"):
        _run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / key)])
    accounts = folder / "passwd"
    accounts.write_text(Path("/etc/passwd").read_text() + "sshd:x:999:65534::/run/sshd:/usr/sbin/nologin\n")
    _run(["mount", "--bind", str(accounts), "/etc/passwd"])
    config = folder / "config"
    config.write_text(_SSHD_CONFIG.format(port=PORT, folder=folder))
    libraries = next(sshd.glob("usr/lib/*/libwrap.so.0")).parent
    command = [str(sshd / "usr/sbin/sshd"), "-D", "-f", str(config), "-E", str(folder / "log")]
    with subprocess.Popen(command, env={"LD_LIBRARY_PATH": str(libraries)}) as process:
        try:
            # It has no other sign of being ready than this file.
            while not (folder / "pid").exists():
                if process.poll() is not None:
                    raise OSError(f"sshd: {(folder / 'log').read_text().strip()}")
                time.sleep(0.05)
            yield
        finally:
            process.terminate()


def _over_ssh(program: Program, folder: Path) -> Program:
    """The program as sshd starts it, with all of its surroundings but what sshd sets itself."""
    surroundings = [
        f"{name}={value}" for name, value in program.env.items() if name not in ("TERM", "COLORTERM")
    ]
    there = shlex.join(["env", *surroundings, *program.argv])
    ssh = [*_SSH.split(), "-p", str(PORT), "-i", str(folder / "person"), "root@127.0.0.1", there]
    return replace(program, argv=ssh)


if __name__ == "__main__":
    print(json.dumps(_measure_inside(Path(sys.argv[1]), sys.argv[2], bool(int(sys.argv[3])))))
