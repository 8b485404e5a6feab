"""Commands whose streams are closed, or that nobody reads: they must make the same files, and end well.

    python -m benchmarks.faults.streams

Every command runs with each of the shell's `2>&-`, `>&-`, `>&- 2>&-`, all three closed, `| head -c 0` and
`2>&1 | head -c 0`; its files are compared with those of a run whose streams are whole (of records and logs, which hold
times, that they are there).
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
from pathlib import Path

from benchmarks.faults.commands import COMMANDS, Command, contents, import_all, prepare, run

# Those that write no file.
SILENT = (
    Command("motion", ("motion", "walk")),
    Command("info", ("info", "../in/model")),
    Command("doctor", ("doctor", "--model", "../in/model", "--device", "cpu")),
)

# What a shell writes → descriptors that are closed, and those that nobody reads.
STREAMS: dict[str, tuple[tuple[int, ...], tuple[int, ...]]] = {
    "2>&-": ((2,), ()),
    ">&-": ((1,), ()),
    ">&- 2>&-": ((1, 2), ()),
    "<&- >&- 2>&-": ((0, 1, 2), ()),
    "| head -c 0": ((), (1,)),
    "2>&1 | head -c 0": ((), (1, 2)),
}


def begin_with(closed: tuple[int, ...], unread: tuple[int, ...]) -> None:
    """In this process, the streams are as a shell would have begun it with."""
    reader, writer = os.pipe()
    os.close(reader)
    for descriptor in unread:
        os.dup2(writer, descriptor)
    os.close(writer)
    for descriptor in closed:
        os.close(descriptor)
        setattr(sys, ("stdin", "stdout", "stderr")[descriptor], None)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", help="a part of the names of the commands")
    options = parser.parse_args()
    runs, faults = 0, 0
    with tempfile.TemporaryDirectory() as place:
        commands = [command for command in (*COMMANDS, *SILENT) if options.only in command.name]
        prepare(Path(place) / "in", commands)
        folder, log = Path(place) / "run", Path(place) / "log.txt"
        for command in commands:
            whole: dict[str, str] = {}
            for name, (closed, unread) in {"whole": ((), ()), **STREAMS}.items():
                shutil.rmtree(folder, ignore_errors=True)
                folder.mkdir()
                ended = run(command, folder, log=log, within=lambda one=closed, two=unread: begin_with(one, two))
                if name == "whole":
                    if ended.code:
                        sys.exit(f"{command.name} does not run: {ended.said}")
                    import_all(ended)
                    whole = contents(folder)
                    continue
                left = contents(folder)
                runs += 1
                if ended.code or left != whole:
                    faults += 1
                    different = sorted(each for each in left.keys() | whole.keys() if left.get(each) != whole.get(each))
                    print(f"{command.name} {name}: ended with {ended.code}, {different[:5]} {ended.said[-300:]}")
            print(f"{command.name}: {len(STREAMS)} ways, {len(whole)} files", flush=True)
    print(f"{runs} runs, {faults} faults")
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
