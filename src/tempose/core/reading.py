"""Files from anywhere, read within bounds: what one says of its size is checked before memory is taken for it."""

from __future__ import annotations

import ast
import errno
import io
import json
import math
import os
import re
import stat
import tokenize
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import IO, Any

import numpy as np

from tempose.core.text import decoded

# Bytes of a JSON file: read, it takes about twenty times as much. Of other files that are read whole.
JSON_BYTES, PLAIN_BYTES = 20_000_000, 1_000_000_000

# Bytes of a YAML file, and values in it; values in a long list of such; digits of a number.
YAML_BYTES, YAML_VALUES, YAML_LIST, YAML_DIGITS = 300_000, 50_000, 1_000_000, 400

# What values may be: other tags stand for bytes, sets, times and whatever else Python has.
YAML_KINDS = ("str", "int", "float", "bool", "null", "seq", "map", "merge")

# Bytes of the directory of a ZIP archive: that of 50,000 members or more; it is read whole before anything is known.
ZIP_DIRECTORY = 5_000_000

# Bytes of the head of an array, which says its type and shape.
_HEAD_BYTES = 10_000

# Bytes of a text that is an element of an array: 100,000 letters.
_TEXT_BYTES = 400_000

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


def open_plain(path: Path | str) -> io.BufferedReader:
    """A file with content of its own, open to be read: a pipe might be waited for, and a device read, for ever.

    Raises:
        OSError: it is something else, or cannot be read.
    """
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    mode = os.fstat(descriptor).st_mode
    if not stat.S_ISREG(mode):
        os.close(descriptor)
        if stat.S_ISDIR(mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
        raise OSError(errno.EINVAL, "it is no plain file (a device or pipe)", str(path))
    return io.BufferedReader(io.FileIO(descriptor))


def read_plain(path: Path | str, *, most: int = PLAIN_BYTES) -> bytes:
    """What a plain file holds.

    Raises:
        OSError: it cannot be read, is no plain file, or larger than `most` bytes.
    """
    with open_plain(path) as file:
        size = os.fstat(file.fileno()).st_size
        if size > most:
            raise OSError(errno.EINVAL, f"it has more than {most / 1e6:g} MB", str(path))
        return file.read(size)


def read_json(path: Path | str, *, most: int = JSON_BYTES) -> Any:
    """What a JSON file holds, in any encoding.

    Raises:
        OSError: it cannot be read.
        ValueError: it is no JSON, nested too deep, or larger than `most` bytes.
    """
    with open_plain(path) as file:
        size = os.fstat(file.fileno()).st_size
        if size > most:
            raise ValueError(f"it has more than {most / 1e6:g} MB")
        content = file.read(size)
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
    with _yaml_errors():
        loader, node = _composed(text, YAML_VALUES)
        return None if node is None else loader.construct_document(node)


def parse_yaml_list(text: str) -> list[tuple[int, Any]]:
    """The items of a list in YAML (`parse_yaml`), each with its line, from 1.

    Raises:
        ValueError: as `parse_yaml`, or it is no list.
    """
    import yaml

    with _yaml_errors():
        loader, node = _composed(text, YAML_LIST)
        if not isinstance(node, yaml.SequenceNode):
            raise yaml.YAMLError("it is no list")
        return [(item.start_mark.line + 1, loader.construct_object(item, deep=True)) for item in node.value]


def _composed(text: str, most: int) -> tuple[Any, Any]:
    """A text in YAML as a node, with the loader that makes values of it; the node stands for `most` values at most."""
    import yaml

    loader = yaml.SafeLoader(text)
    loader.yaml_implicit_resolvers = {
        first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith(":timestamp")]
        for first, resolvers in loader.yaml_implicit_resolvers.items()
    }
    node = loader.get_single_node()
    for each in () if node is None else _nodes(node):
        kind = each.tag.removeprefix("tag:yaml.org,2002:")
        if kind not in YAML_KINDS:
            raise yaml.YAMLError(f"it holds a value with the tag {each.tag[:80]}; wanted plain ones")
        if kind in ("int", "float") and len(each.value) > YAML_DIGITS:
            raise yaml.YAMLError(f"it holds a number of more than {YAML_DIGITS} digits")
    if node is not None and _expanded(node, {}, most) > most:
        raise yaml.YAMLError(f"it holds more than {most:,} values, or itself")
    return loader, node


@contextmanager
def _yaml_errors() -> Iterator[None]:
    """Whatever reading YAML raises is a ValueError with one line."""
    import yaml

    try:
        yield
    except yaml.YAMLError as error:
        raise ValueError(" ".join(str(error).split())[:300]) from error
    except RecursionError:
        raise ValueError("it is nested too deep") from None
    except (AttributeError, LookupError, OverflowError, TypeError, ValueError) as error:  # of a value with a tag
        raise ValueError(f"a value of it is none: {str(error)[:200]}") from error


def _nodes(top: Any) -> Iterator[Any]:
    """All nodes of YAML that there are, each once."""
    waiting, seen = [top], set[int]()
    while waiting:
        node = waiting.pop()
        if id(node) not in seen:
            seen.add(id(node))
            yield node
            waiting += _parts(node)


def _parts(node: Any) -> list[Any]:
    """The nodes right inside a node of YAML; of a mapping its keys and values."""
    inside = node.value if isinstance(node.value, list) else []
    return [part for each in inside for part in (each if isinstance(each, tuple) else (each,))]


def _expanded(node: Any, sizes: dict[int, int], most: int) -> int:
    """How many values a node of YAML stands for, its aliases followed; `most` or more where it holds itself."""
    if id(node) not in sizes:
        sizes[id(node)] = most  # until it is known
        sizes[id(node)] = 1 + sum(_expanded(part, sizes, most) for part in _parts(node))
    return sizes[id(node)]


@contextmanager
def opened_archive(file: Path | str | IO[bytes]) -> Iterator[zipfile.ZipFile]:
    """A ZIP archive whose directory is within bounds.

    Raises:
        OSError: it cannot be read.
        zipfile.BadZipFile: it is none, or has too many members. NotImplementedError, ValueError: it is damaged.
    """
    with open_plain(file) if isinstance(file, (Path, str)) else nullcontext(file) as content:
        if _directory_bytes(content) > ZIP_DIRECTORY:
            raise zipfile.BadZipFile("it has too many members")
        with zipfile.ZipFile(content) as archive:
            yield archive


def _directory_bytes(file: IO[bytes]) -> int:
    """How long the directory of a ZIP archive is said to be, at most, by whatever may be taken for its end record.

    That stands at the end, before a comment of up to 64 KB; the record of a large archive (ZIP64) right before it.
    """
    size = file.seek(0, io.SEEK_END)
    file.seek(max(0, size - 22 - 20 - 56 - 65_535))
    tail, sizes = file.read(), [0]
    for found in re.finditer(rb"PK\x05\x06", tail):
        end = found.start()
        sizes.append(int.from_bytes(tail[end + 12 : end + 16], "little"))
        if tail[max(0, end - 20) :][:4] == b"PK\x06\x07":
            large = max(0, end - 20 - 56)
            sizes[-1] = int.from_bytes(tail[large + 40 : large + 48], "little")
    file.seek(0)
    return max(sizes)


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
        with opened_archive(file) as archive:
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
        if len(shape) > 8 or size > most or size * dtype.itemsize > 8 * most + _TEXT_BYTES:
            raise ValueError(f"{entry.filename[:80]} has {size:,} elements ({dtype}), more than {most:,} numbers")
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
    if dtype.kind not in "biufU" or (dtype.kind != "U" and dtype.itemsize > 8) or dtype.itemsize > _TEXT_BYTES:
        raise ValueError(f"an array holds {str(descr)[:40]}, not plain numbers")
    return shape, bool(said["fortran_order"]), dtype
