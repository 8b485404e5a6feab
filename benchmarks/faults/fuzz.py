"""Everything that reads files, given damaged ones: each must answer with a result or one sentence, and soon.

    python -m benchmarks.faults.fuzz --mutations 20000

Every file is made here, damaged in a way that its seed decides, and read. What is neither read nor refused with a
TemposeError is printed with its seed and kept in the folder `fuzz/`.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.faults.documents import DOCUMENTS
from benchmarks.faults.media import MEDIA
from benchmarks.faults.reader import Reader
from tempose.core.errors import TemposeError
from tempose.core.notes import collected

READERS = {"media": MEDIA, "documents": DOCUMENTS, "all": (*MEDIA, *DOCUMENTS)}

# A damaged file is answered within so many seconds of work.
SOON = 5.0

# Numbers that break sums: they are written over 1, 2, 4 or 8 bytes.
EXTREMES = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0x7FFFFFFFFFFFFFFF)


def mutated(whole: bytes, seed: int) -> bytes:
    """The bytes damaged in one to four ways: bits turned, numbers made extreme, parts cut, doubled or exchanged."""
    rng = np.random.default_rng(seed)
    data = bytearray(whole)
    for _ in range(rng.integers(1, 5)):
        if not data:
            break
        # Heads decide most, so that half of all damage is there.
        at = int(rng.integers(0, min(len(data), 256) if rng.random() < 0.5 else len(data)))
        length = int(rng.integers(1, 65))
        way = rng.integers(0, 6)
        if way == 0:
            data[at] ^= 1 << int(rng.integers(0, 8))
        elif way == 1:
            width = int(rng.choice([1, 2, 4, 8]))
            number = int(rng.choice(np.array(EXTREMES, object))) % (1 << 8 * width)
            data[at : at + width] = number.to_bytes(width, "big" if rng.random() < 0.5 else "little")
        elif way == 2:
            data[at : at + length] = rng.bytes(length)
        elif way == 3:
            del data[at : at + length]
        elif way == 4:
            data[at:at] = data[at : at + length]
        else:
            del data[at:]
    return bytes(data)


# What a value of JSON becomes: of another type, too large, too deep, not a number, not text.
VALUES: tuple[Any, ...] = (
    None, True, 0, -1, 1e308, -1e308, float("nan"), float("inf"), 10**30, 1e-300, "", "x", "\0", "\ud800",
    "../../etc/passwd", "2020-99-99", [], {}, [[]], {"": None}, [1] * 1000, "x" * 10_000,
)  # fmt: skip


def revalued(whole: bytes, seed: int) -> bytes:
    """A JSON text, or lines of it, with one to four values exchanged, doubled or taken away."""
    rng = np.random.default_rng(seed)
    lines = [json.loads(line) for line in whole.splitlines()] if whole.startswith(b"{") and b"}\n{" in whole else None
    value = json.loads(whole) if lines is None else lines
    for _ in range(rng.integers(1, 5)):
        place, key = _somewhere(value, rng)
        if place is None:
            value = deepcopy(VALUES[rng.integers(len(VALUES))])
        elif rng.random() < 0.2:
            del place[key]
        elif isinstance(place, list) and rng.random() < 0.2:
            place.insert(key, deepcopy(place[key]))
        else:
            place[key] = deepcopy(VALUES[rng.integers(len(VALUES))])
    if lines is not None and isinstance(value, list):
        return "".join(json.dumps(line) + "\n" for line in value).encode()
    return json.dumps(value).encode()


def _somewhere(value: Any, rng: np.random.Generator) -> tuple[Any, Any]:
    """A place in a value: what holds it, and its key there; None where the value is the whole."""
    place, key = None, None
    while isinstance(value, (dict, list)) and value and (place is None or rng.random() < 0.8):
        place, key = (
            value,
            list(value)[rng.integers(len(value))] if isinstance(value, dict) else rng.integers(len(value)),
        )
        key = key if isinstance(place, dict) else int(key)
        value = place[key]
    return place, key


@dataclass(frozen=True)
class Fault:
    """A damaged file that was not answered as it should be."""

    reader: str
    seed: int
    what: str
    content: bytes


def faults(reader: Reader, seeds: range, folder: Path) -> Iterator[Fault]:
    """What goes wrong with the damaged files of these seeds."""
    path = folder / reader.file
    path.parent.mkdir(exist_ok=True)
    reader.make(path)
    whole = path.read_bytes()
    for seed in seeds:
        damaged = revalued(whole, seed) if reader.values and seed % 2 else mutated(whole, seed)
        path.write_bytes(damaged)
        begin, what = time.process_time(), ""
        try:
            with collected():
                reader.read(path)
        except TemposeError as error:
            if "Error(" in str(error) or "Traceback" in str(error):
                what = f"says {error}"
        except Exception as error:
            what = f"{type(error).__name__}: {error}"
        took = time.process_time() - begin  # of this process alone: other work beside it counts for nothing
        if took > SOON:
            what += f" took {took:.1f} s"
        if what:
            yield Fault(reader.file, seed, what, damaged)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mutations", type=int, default=20_000, help="of each file")
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--of", choices=READERS, default="all", help="which files")
    parser.add_argument("--only", default="", help="a part of their names")
    options = parser.parse_args()
    kept, count = Path("fuzz"), 0
    chosen = [reader for reader in READERS[options.of] if options.only in reader.file]
    for reader in chosen:
        begin = time.perf_counter()
        with tempfile.TemporaryDirectory() as folder:
            for fault in faults(reader, range(options.first, options.first + options.mutations), Path(folder)):
                count += 1
                kept.mkdir(exist_ok=True)
                (kept / f"{fault.seed}-{fault.reader.replace('/', '-')}").write_bytes(fault.content)
                print(f"{fault.reader} {fault.seed}: {fault.what}", flush=True)
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
        took = time.perf_counter() - begin
        print(f"{reader.file}: {options.mutations} in {took:.0f} s, {most:.2f} GB at most so far", flush=True)
    print(f"{options.mutations * len(chosen):,} mutations, {count} faults")
    sys.exit(f"{count} faults, kept in {kept}/" if count else 0)


if __name__ == "__main__":
    main()
