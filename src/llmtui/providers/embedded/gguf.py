"""What the head of a GGUF file tells of its model.

Source: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
"""

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

_HEAD = struct.Struct("<4sIQQ")
_U32 = struct.Struct("<I")
_U64 = struct.Struct("<Q")
_STRING, _ARRAY = 8, 9
# https://github.com/ggml-org/llama.cpp/blob/master/include/llama.h (llama_ftype)
_FILE_TYPES = {0: "F32", 1: "F16", 2: "Q4_0", 3: "Q4_1", 7: "Q8_0", 8: "Q5_0", 9: "Q5_1", 10: "Q2_K"}
_FILE_TYPES |= {11: "Q3_K_S", 12: "Q3_K_M", 13: "Q3_K_L", 14: "Q4_K_S", 15: "Q4_K_M", 16: "Q5_K_S"}
_FILE_TYPES |= {17: "Q5_K_M", 18: "Q6_K", 32: "BF16"}
_SIZES = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}
_UNSIGNED = {4: _U32, 10: _U64}
# Keys and values of interest are short; what is longer is a damaged file.
_LONGEST = 1 << 20


@dataclass(frozen=True, slots=True)
class GgufHead:
    """What the file tells of its model; empty where it tells nothing."""

    name: str = ""
    size_label: str = ""
    context_length: int | None = None
    architecture: str = ""
    quantization: str = ""
    licence: str = ""


def read_head(path: Path) -> GgufHead:
    """Read a file's metadata up to its vocabulary.

    Raises:
        OSError: The file cannot be read.
        ValueError: It is no GGUF file, or a damaged one.
    """
    with path.open("rb") as file:
        try:
            found = _metadata(file)
        except (struct.error, KeyError) as error:
            raise ValueError("not a GGUF file, or a damaged one") from error
    architecture = str(found.get("general.architecture", ""))
    context = found.get(f"{architecture}.context_length")
    file_type = found.get("general.file_type")
    return GgufHead(
        name=str(found.get("general.name", "")),
        size_label=str(found.get("general.size_label", "")),
        context_length=context if isinstance(context, int) else None,
        architecture=architecture,
        quantization=_FILE_TYPES.get(file_type, "") if isinstance(file_type, int) else "",
        licence=str(found.get("general.license", "")),
    )


def _metadata(file: BinaryIO) -> dict[str, str | int | None]:
    magic, _version, _tensors, count = _HEAD.unpack(file.read(_HEAD.size))
    if magic != b"GGUF":
        raise ValueError("not a GGUF file")
    found: dict[str, str | int | None] = {}
    for _ in range(count):
        key = _string(file)
        # Writers put the vocabulary, which is large, behind what is wanted here.
        if key.startswith("tokenizer."):
            break
        found[key] = _value(file, _number(file, _U32))
    return found


def _value(file: BinaryIO, kind: int) -> str | int | None:
    if kind == _STRING:
        return _string(file)
    if kind in _UNSIGNED:
        return _number(file, _UNSIGNED[kind])
    if kind == _ARRAY:
        _skip_array(file)
    else:
        file.seek(_SIZES[kind], 1)
    return None


def _skip_array(file: BinaryIO) -> None:
    kind, count = _number(file, _U32), _number(file, _U64)
    if kind == _ARRAY or count > _LONGEST:
        raise ValueError("a damaged GGUF file")
    if kind in _SIZES:
        file.seek(_SIZES[kind] * count, 1)
        return
    for _ in range(count):
        _value(file, kind)


def _string(file: BinaryIO) -> str:
    length = _number(file, _U64)
    if length > _LONGEST:
        raise ValueError("a damaged GGUF file")
    return file.read(length).decode("utf-8", "replace")


def _number(file: BinaryIO, layout: struct.Struct) -> int:
    return int(layout.unpack(file.read(layout.size))[0])
