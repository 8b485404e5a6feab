"""Files from anywhere, read within bounds: what one says of its size is checked before memory is taken for it."""

from __future__ import annotations

import ast
import io
import json
import math
import os
import stat
import tokenize
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tempose.core.text import decoded

# Bytes of a JSON file: read, it takes about twenty times as much.
JSON_BYTES = 20_000_000

# Bytes of a YAML file, and values in it.
YAML_BYTES, YAML_VALUES = 1_000_000, 50_000

# Bytes of the head of an array, which says its type and shape.
_HEAD_BYTES = 10_000

# What reading a damaged archive raises in the standard library and in numpy.
_DAMAGED = (
    zipfile.BadZipFile,
    zlib.error,
    tokenize.TokenError,
    NotImplementedError,
    RuntimeError,
    EOFError,
    SyntaxError,
    TypeError,
    LookupError,
    OverflowError,
)


def read_json(path: Path | str, *, most: int = JSON_BYTES) -> Any:
    """What a JSON file holds, in any encoding.

    Raises:
        OSError: it cannot be read.
        ValueError: it is no JSON, nested too deep, or larger than `most` bytes.
    """
    with Path(path).open("rb") as file:
        facts = os.fstat(file.fileno())
        if not stat.S_ISREG(facts.st_mode):
            raise ValueError("it is no plain file")
        if facts.st_size > most:
            raise ValueError(f"it has more than {most / 1e6:g} MB")
        content = file.read(facts.st_size)
    try:
        return json.loads(decoded(content))
    except UnicodeError:
        raise ValueError("it is not text") from None
    except RecursionError:
        raise ValueError("it is nested too deep") from None


def read_yaml(path: Path | str) -> Any:
    """What a YAML file holds (`parse_yaml`).

    Raises:
        OSError: it cannot be read.
        ValueError: it is no YAML, or beyond the bounds.
    """
    with Path(path).open("rb") as file:
        content = file.read(YAML_BYTES + 1)
    if len(content) > YAML_BYTES:
        raise ValueError(f"it has more than {YAML_BYTES / 1e6:g} MB")
    try:
        return parse_yaml(content.decode("utf-8"))
    except UnicodeError:
        raise ValueError("it is not UTF-8 text") from None


def parse_yaml(text: str) -> Any:
    """What a text in YAML says: plain values, lists and mappings. What looks like a date is text.

    Raises:
        ValueError: it is no YAML, nested too deep, or grows beyond bounds once its aliases are followed.
    """
    import yaml

    try:
        loader = yaml.SafeLoader(text)
        loader.yaml_implicit_resolvers = {
            first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith(":timestamp")]
            for first, resolvers in loader.yaml_implicit_resolvers.items()
        }
        node = loader.get_single_node()
        if node is None:
            return None
        if _expanded(node, {}) > YAML_VALUES:
            raise yaml.YAMLError(f"it holds more than {YAML_VALUES:,} values, or itself")
        return loader.construct_document(node)
    except yaml.YAMLError as error:
        raise ValueError(" ".join(str(error).split())[:300]) from error
    except RecursionError:
        raise ValueError("it is nested too deep") from None
    except (AttributeError, LookupError, OverflowError, TypeError, ValueError) as error:  # of a value with a tag
        raise ValueError(f"a value of it is none: {str(error)[:200]}") from error


def _expanded(node: Any, sizes: dict[int, int]) -> int:
    """How many values a node of YAML stands for once its aliases are followed; too many where it holds itself."""
    if id(node) not in sizes:
        sizes[id(node)] = YAML_VALUES  # until it is known
        inside = node.value if isinstance(node.value, list) else []
        parts = [part for each in inside for part in (each if isinstance(each, tuple) else (each,))]
        sizes[id(node)] = 1 + sum(_expanded(part, sizes) for part in parts)
    return sizes[id(node)]


def read_arrays(file: Path | str | io.BytesIO, names: Sequence[str], *, most: int) -> dict[str, np.ndarray]:
    """The arrays of these names that an `.npz` holds: numbers, truth values or text, never objects.

    Args:
        file: a path, or the content.
        names: of the arrays; those that are not there are left out.
        most: elements of an array.

    Raises:
        OSError: it cannot be read.
        ValueError: it is damaged, or an array is larger than `most`, or of another kind.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            there = {entry.filename: entry for entry in archive.infolist()}
            return {name: _array(archive, there[f"{name}.npy"], most) for name in names if f"{name}.npy" in there}
    except zipfile.BadZipFile as error:
        raise ValueError("it is no archive, or a damaged one") from error
    except _DAMAGED as error:
        raise ValueError(str(error)[:200] or type(error).__name__) from error


def _array(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, most: int) -> np.ndarray:
    """One array: first its head, then so many bytes as its shape says, if there are so many."""
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise ValueError(f"{entry.filename[:80]} is compressed in an unusual way")
    with archive.open(entry) as member:
        shape, column_first, dtype = _head(member)
        size = math.prod(shape)
        if len(shape) > 8 or size > most:
            raise ValueError(f"{entry.filename[:80]} has {size:,} elements, more than {most:,}")
        content = member.read(size * dtype.itemsize)
    if len(content) != size * dtype.itemsize:
        raise ValueError(f"{entry.filename[:80]} is cut off")
    return np.frombuffer(content, dtype).reshape(shape, order="F" if column_first else "C")


def _head(member: Any) -> tuple[tuple[int, ...], bool, np.dtype]:
    """Shape, order and type of an array, as numpy's format describes them (NEP 1)."""
    start = member.read(8)
    if start[:6] != b"\x93NUMPY" or start[6] not in (1, 2, 3):
        raise ValueError("an array is not in numpy's format")
    length = int.from_bytes(member.read(2 if start[6] == 1 else 4), "little")
    if length > _HEAD_BYTES:
        raise ValueError("the head of an array is too long")
    said = ast.literal_eval(member.read(length).decode("latin-1").strip())
    if not isinstance(said, dict) or said.keys() != {"descr", "fortran_order", "shape"}:
        raise ValueError("the head of an array is damaged")
    shape, descr = said["shape"], said["descr"]
    if not isinstance(shape, tuple) or not all(type(side) is int and side >= 0 for side in shape):
        raise ValueError("the shape of an array is damaged")
    dtype = np.dtype(descr) if isinstance(descr, str) and len(descr) < 20 else np.dtype(object)
    if dtype.kind not in "biufU" or (dtype.kind != "U" and dtype.itemsize > 8) or dtype.itemsize > 400_000:
        raise ValueError(f"an array holds {str(descr)[:40]}, not plain numbers")
    return shape, bool(said["fortran_order"]), dtype
