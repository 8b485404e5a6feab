"""Reading a checkpoint that `torch.save` wrote, without running anything that it may carry.

Such a file is a zip archive: `data.pkl`, a pickle, and the numbers of each tensor as a plain member (torch,
`serialization.py`, the form since 1.6). A pickle is a program for a small machine. Here is a machine of our own
that knows containers, numbers, text and tensors; nothing can be imported or called by it. Whatever else a pickle
names becomes an inert placeholder. Memory and time are bounded by the size of the file.
"""

from __future__ import annotations

import math
import pickletools
import struct
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor

from tempose.core.errors import CheckpointError
from tempose.core.reading import opened_archive

# The classes of storages that torch names in its files, by what they hold.
_STORAGES = {
    "DoubleStorage": torch.float64,
    "FloatStorage": torch.float32,
    "HalfStorage": torch.float16,
    "BFloat16Storage": torch.bfloat16,
    "LongStorage": torch.int64,
    "IntStorage": torch.int32,
    "ShortStorage": torch.int16,
    "CharStorage": torch.int8,
    "ByteStorage": torch.uint8,
    "BoolStorage": torch.bool,
}

# Bounds: of the pickle in bytes and in steps, of the members of the archive, of the axes of a tensor. A published
# checkpoint with its optimizer stays ten times below each.
_PICKLE_BYTES, _STEPS, _MEMBERS, _AXES = 16_000_000, 2_000_000, 50_000, 16

# A whole number in a checkpoint, and one that is a key of a dictionary: Python's hash is the number itself only
# below 2^61, and many keys of one hash would take for ever.
_LONGEST, _KEY = 2**64, 2**53

# Where the entry of a file in the archive begins, and the parts of it that are always there.
_LOCAL, _LOCAL_BYTES = b"PK\x03\x04", 30


# What reading a damaged archive or pickle raises, here and in the standard library.
_DAMAGED = (
    OSError,
    EOFError,
    ValueError,
    LookupError,
    TypeError,
    OverflowError,
    RuntimeError,
    MemoryError,
    struct.error,
    zipfile.BadZipFile,
)


class Inert:
    """Stands in for anything that a pickle names and that is not known here."""


class _Name(NamedTuple):
    """A name that stands in the pickle; nothing is looked up by it."""

    module: str
    name: str


class _Form(Exception):
    """The file is not of the form that is read here; the message ends a sentence."""


def load_inert(path: Path | str) -> Any:
    """What `torch.save` wrote, on the CPU, with placeholders for all foreign objects.

    Raises:
        CheckpointError: the file is missing, damaged, or not of torch's zip form (torch ≥ 1.6) with plain tensors.
    """
    path = Path(path)
    if not path.is_file():
        raise CheckpointError(f"there is no checkpoint {path}", path=path)
    try:
        with path.open("rb") as file:
            if file.read(len(_LOCAL)) != _LOCAL:
                raise _Form("it is not a checkpoint in torch's zip form; save it again with torch ≥ 1.6")
            with opened_archive(file) as archive:
                return _read(archive)
    except _Form as error:
        raise CheckpointError(f"{path} is not read: {error}", path=path) from error
    except _DAMAGED as error:
        raise CheckpointError(f"{path} is damaged, or no checkpoint: {_short(error)}", path=path) from error


def _short(error: BaseException) -> str:
    return (str(error) or type(error).__name__).splitlines()[0][:200]


def _read(archive: zipfile.ZipFile) -> Any:
    if any(name.endswith("/constants.pkl") or "/code/" in name for name in archive.namelist()):
        raise _Form("it holds a program (TorchScript), not the weights of one; wanted what torch.save writes")
    members = _members(archive)
    if "data.pkl" not in members:
        raise _Form("it holds no data.pkl; wanted a checkpoint that torch.save wrote")
    if "byteorder" in members and _content(archive, members["byteorder"], most=16) != b"little":
        raise _Form("its numbers are big-endian; save it again on another machine")
    program = _content(archive, members["data.pkl"], most=_PICKLE_BYTES)
    return _Machine(_Storages(archive, members)).run(program)


def _members(archive: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    """The members by their names within the one folder at the top: none compressed, none over another."""
    entries = sorted(archive.infolist(), key=lambda entry: entry.header_offset)
    if len(entries) > _MEMBERS:
        raise _Form(f"it has {len(entries):,} members, more than {_MEMBERS:,}")
    members: dict[str, zipfile.ZipInfo] = {}
    end = 0
    for entry in entries:
        folder, slash, name = entry.filename.partition("/")
        if entry.compress_type != zipfile.ZIP_STORED or entry.compress_size != entry.file_size:
            raise _Form("its members are compressed, which torch.save never does")
        if entry.header_offset < end or (not members and entry.header_offset):
            raise _Form("its members overlap, or something else stands before them")
        if not slash or not name or name in members or folder != entries[0].filename.partition("/")[0]:
            raise _Form("its members are not named as torch.save does")
        end = entry.header_offset + _LOCAL_BYTES + len(entry.filename) + entry.file_size
        members[name] = entry
    if end > archive.start_dir:
        raise _Form("its members are longer than itself")
    return members


def _content(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, *, most: int) -> bytes:
    """The bytes of a member, all that it declares."""
    if entry.file_size > most:
        raise _Form(f"{entry.filename[:80]} has {entry.file_size:,} bytes, more than {most:,}")
    with archive.open(entry) as member:
        content = member.read(entry.file_size)
    if len(content) != entry.file_size:
        raise _Form(f"{entry.filename[:80]} is cut off")
    return content


@dataclass(frozen=True)
class _Storage:
    """The numbers behind one tensor or several: one axis."""

    values: Tensor


class _Storages:
    """The storages of a file, each read once, when a tensor names it."""

    def __init__(self, archive: zipfile.ZipFile, members: dict[str, zipfile.ZipInfo]) -> None:
        self._archive, self._members = archive, members
        self._known: dict[str, _Storage] = {}

    def get(self, reference: Any) -> _Storage:
        """By torch's persistent id: ("storage", class, key, device, count)."""
        if not (isinstance(reference, tuple) and len(reference) == 5 and reference[0] == "storage"):
            raise _Form("it refers to something else than a storage of numbers")
        _, kind, key, _, count = reference
        if not isinstance(kind, _Name) or kind.module != "torch" or kind.name not in _STORAGES:
            raise _Form("it holds numbers of a kind that is not known here")
        dtype = _STORAGES[kind.name]
        if not isinstance(key, str) or not key.isascii() or not key.isdigit() or f"data/{key}" not in self._members:
            raise _Form("it refers to numbers that are not in it")
        entry = self._members[f"data/{key}"]
        if type(count) is not int or count < 0 or count * dtype.itemsize != entry.file_size:
            raise _Form(
                f"{entry.filename[:80]} has {entry.file_size:,} bytes, which do not fit what it is said to hold"
            )
        if key not in self._known:
            content = bytearray(_content(self._archive, entry, most=entry.file_size))
            values = torch.frombuffer(content, dtype=dtype) if content else torch.empty(0, dtype=dtype)
            self._known[key] = _Storage(values)
        if self._known[key].values.dtype != dtype:
            raise _Form(f"{entry.filename[:80]} is said to hold two kinds of numbers")
        return self._known[key]


def _tensor(storage: Any, offset: Any, size: Any, stride: Any, *_: Any) -> Tensor:
    """A tensor over part of a storage, as torch's `_rebuild_tensor_v2` makes it."""
    plain = all(
        isinstance(axes, tuple) and len(axes) <= _AXES and all(type(n) is int and n >= 0 for n in axes)
        for axes in (size, stride)
    )
    if not isinstance(storage, _Storage) or not plain or type(offset) is not int or offset < 0:
        raise _Form("it describes a tensor in another way than torch.save does")
    there = len(storage.values)
    last = offset + sum((n - 1) * step for n, step in zip(size, stride, strict=True))
    if math.prod(size) > there or (math.prod(size) and last >= there):
        raise _Form("it describes a tensor that is larger than its numbers")
    return storage.values.as_strided(size, stride if there else (0,) * len(size), offset if there else 0)


def _parameter(value: Any, *_: Any) -> Any:
    """In place of torch's `_rebuild_parameter`: the tensor itself, without gradients and hooks."""
    return value


def _dictionary(*items: Any) -> dict:
    """An `OrderedDict`, which pickles are filled afterwards."""
    if items:
        raise _Form("it fills a dictionary in another way than torch.save does")
    return {}


_CALLS: dict[_Name, Callable[..., Any]] = {
    _Name("collections", "OrderedDict"): _dictionary,
    _Name("torch._utils", "_rebuild_tensor_v2"): _tensor,
    _Name("torch._utils", "_rebuild_parameter"): _parameter,
    _Name("torch", "Size"): tuple,
}

_MARK = object()


class _Machine:
    """Runs the steps that Python's pickler writes with protocol 2, the one that torch.save uses, and no others."""

    def __init__(self, storages: _Storages) -> None:
        self._storages = storages
        self._stack: list[Any] = []
        self._memo: dict[int, Any] = {}

    def run(self, program: bytes) -> Any:
        """Run a whole pickle; what it leaves on the stack is what was saved."""
        if program[:2] != b"\x80\x02":
            raise _Form("its pickle is not of protocol 2, which torch.save writes")
        for count, (step, value, _) in enumerate(pickletools.genops(program)):
            if count > _STEPS:
                raise _Form(f"its pickle has more than {_STEPS:,} steps")
            if step.name == "STOP":
                return self._stack.pop()
            self._step(step.name, value)
        raise _Form("its pickle has no end")

    def _step(self, name: str, value: Any) -> None:
        stack = self._stack
        if name in _VALUES:
            if type(value) is int and not -_LONGEST < value < _LONGEST:
                raise _Form("it holds a number of more than 64 bits")
            stack.append(value)
        elif name in _CONSTANTS:
            stack.append(_CONSTANTS[name]())
        elif name in ("BINPUT", "LONG_BINPUT"):
            self._memo[value] = stack[-1]
        elif name in ("BINGET", "LONG_BINGET"):
            stack.append(self._memo[value])
        elif name == "GLOBAL":
            stack.append(_Name(*value.split(" ", 1)))
        elif name == "BINPERSID":
            stack.append(self._storages.get(stack.pop()))
        elif name in ("TUPLE1", "TUPLE2", "TUPLE3"):
            stack.append(tuple(self._popped(int(name[-1]))))
        elif name == "TUPLE":
            stack.append(tuple(self._since_mark()))
        elif name in ("APPEND", "APPENDS"):
            _extend(stack, self._since_mark() if name == "APPENDS" else self._popped(1))
        elif name in ("SETITEM", "SETITEMS"):
            _fill(stack, self._since_mark() if name == "SETITEMS" else self._popped(2))
        elif name in ("REDUCE", "NEWOBJ"):
            called, arguments = self._popped(2)
            stack.append(_called(called, arguments) if name == "REDUCE" else Inert())
        elif name == "BUILD":
            self._popped(1)  # the state of a foreign object, or of a dictionary: what it is besides its items
        elif name == "POP":
            self._popped(1)
        elif name == "POP_MARK":
            self._since_mark()
        elif name != "PROTO":
            raise _Form(f"its pickle has a step {name}, which torch.save never writes")

    def _popped(self, count: int) -> list[Any]:
        if len(self._stack) < count or any(value is _MARK for value in self._stack[-count:]):
            raise _Form("its pickle is damaged")
        taken = self._stack[-count:]
        del self._stack[-count:]
        return taken

    def _since_mark(self) -> list[Any]:
        taken: list[Any] = []
        while (value := self._stack.pop()) is not _MARK:
            taken.append(value)
        return taken[::-1]


# Steps that push what stands in the pickle, and those that push something of their own.
_VALUES = ("BINUNICODE", "BININT", "BININT1", "BININT2", "LONG1", "LONG4", "BINFLOAT")
_CONSTANTS: dict[str, Callable[[], Any]] = {
    "MARK": lambda: _MARK,
    "NONE": lambda: None,
    "NEWTRUE": lambda: True,
    "NEWFALSE": lambda: False,
    "EMPTY_TUPLE": tuple,
    "EMPTY_LIST": list,
    "EMPTY_DICT": dict,
}


def _called(called: Any, arguments: Any) -> Any:
    """The outcome of the few calls that are known; a placeholder for all others."""
    call = _CALLS.get(called) if isinstance(called, _Name) else None
    if call is None:
        return Inert()
    if not isinstance(arguments, tuple):
        raise _Form("its pickle is damaged")
    return call(*arguments)


def _extend(stack: list[Any], items: list[Any]) -> None:
    """Append to the list on top; a placeholder takes nothing."""
    if isinstance(stack[-1], list):
        stack[-1].extend(items)
    elif not isinstance(stack[-1], Inert):
        raise _Form("its pickle appends to something else than a list")


def _fill(stack: list[Any], items: list[Any]) -> None:
    """Set items of the dictionary on top; a placeholder takes none."""
    if isinstance(stack[-1], Inert):
        return
    if not isinstance(stack[-1], dict):
        raise _Form("its pickle sets items of something else than a dictionary")
    for key, value in zip(items[::2], items[1::2], strict=True):
        small = type(key) is int and -_KEY < key < _KEY
        if not (small or key is None or isinstance(key, str | bool | float | Inert)):
            raise _Form("the keys of its dictionaries are something else than text and small numbers")
        stack[-1][key] = value
