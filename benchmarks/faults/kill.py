"""Commands killed with SIGKILL: at their n-th change to the disk, and at random moments; then given again.

    python -m benchmarks.faults.kill --kills 1000

After a kill, no file with a final name may be half: the command given again ends as if there had been no kill (the
same bytes; what holds times is there), or says that its result is there already, and it is the whole one. Nothing else
may be left: no hidden folder, no file that a run without a kill does not leave.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import sys
import tempfile
from collections import Counter
from dataclasses import replace
from pathlib import Path

from benchmarks.faults.commands import COMMANDS, Command, contents, import_all, prepare, run

# Audit events of Python by which it changes the disk.
CHANGES = frozenset({"os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.truncate", "shutil.rmtree"})


def count_changes(note: Path | None = None, *, kill_at: int = 0) -> None:
    """In this process, count changes to the disk; note their number in a file, or be killed before one of them."""
    seen, me = 0, os.getpid()
    noted = None if note is None else os.open(note, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)

    def heard(event: str, arguments: tuple) -> None:
        nonlocal seen
        writes = event == "open" and arguments[2] & (os.O_WRONLY | os.O_RDWR)
        if os.getpid() != me or not (writes or event in CHANGES):
            return
        seen += 1
        if seen == kill_at:
            os.kill(me, signal.SIGKILL)
        if noted is not None:
            os.pwrite(noted, str(seen).encode(), 0)

    sys.addaudithook(heard)


def killed(command: Command, whole: dict[str, str], folder: Path, *, kill_at: int, kill_after: float | None) -> str:
    """What is wrong after one kill; empty where nothing is."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    log = folder.parent / "log.txt"
    ended = run(command, folder, log=log, within=lambda: count_changes(kill_at=kill_at), kill_after=kill_after)
    if ended.code not in (0, -signal.SIGKILL):
        return f"ended with {ended.code} before the kill: {ended.said[-300:]}"
    again = run(command, folder, log=log)
    if again.code == 2 and "--overwrite" in again.said:  # it was finished, or the kill came between result and record
        left = contents(folder)
        if any(whole.get(name) not in (content, "") for name, content in left.items()):
            return f"what it calls finished is not: {sorted(set(left.items()) - set(whole.items()))[:3]}"
        again = run(replace(command, words=(*command.words, "--overwrite")), folder, log=log)
    if again.code:
        return f"given again, it ends with {again.code}: {again.said[-300:]}"
    left = contents(folder)
    if left != whole:
        different = sorted(name for name in left.keys() | whole.keys() if left.get(name) != whole.get(name))
        return f"given again, it leaves something else: {different[:5]}"
    hidden = [str(path.relative_to(folder)) for path in folder.rglob(".*")]
    return f"hidden things stay: {hidden[:5]}" if hidden else ""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=1000, help="in all, the same of each command")
    parser.add_argument("--every", action="store_true", help="instead, before each change to the disk once")
    parser.add_argument("--only", default="", help="a part of the names of the commands")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    rng, faults, count = random.Random(options.seed), 0, Counter[str]()
    with tempfile.TemporaryDirectory() as place:
        commands = [command for command in COMMANDS if options.only in command.name]
        prepare(Path(place) / "in", commands)
        for command in commands:
            folder, log, note = Path(place) / "run", Path(place) / "log.txt", Path(place) / "changes"
            for _ in range(2):  # the second is as quick as those that will be killed
                shutil.rmtree(folder, ignore_errors=True)
                folder.mkdir()
                ended = run(command, folder, log=log, within=lambda note=note: count_changes(note))
                if ended.code:
                    sys.exit(f"{command.name} does not run: {ended.said}")
                import_all(ended)
            whole, changes = contents(folder), int(note.read_text())
            kills = changes if options.every else max(2, round(options.kills / len(commands)))
            for number in range(kills):
                # Half of them before one change after another, half at any moment.
                at = rng.randrange(changes) + 1 if kills < 2 * changes else number // 2 % changes + 1
                chosen = {"kill_at": at, "kill_after": None}
                if options.every:
                    chosen = {"kill_at": number + 1, "kill_after": None}
                elif number % 2:
                    chosen = {"kill_at": 0, "kill_after": rng.uniform(0, 1.05 * ended.seconds)}
                wrong = killed(command, whole, folder, **chosen)
                count[command.name] += 1
                if wrong:
                    faults += 1
                    print(f"{command.name} {chosen}: {wrong}", flush=True)
                if (number + 1) % 10 == 0:
                    print(f"{command.name}: {number + 1} kills so far", flush=True)
            print(f"{command.name}: {kills} kills, {changes} changes to the disk", flush=True)
    print(f"{sum(count.values())} kills, {faults} faults")
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
