"""Commands on disks that are too small: a tmpfs of some KB where one can be mounted, else a limit on the size of files.

    python -m benchmarks.faults.disk --sizes 12

Each must end with exit code 2 and one sentence that names a file and what to do, leave nothing half, and end well when
it is given again once there is room. The disks are mounted for this process alone: however it ends, none stays.
"""

from __future__ import annotations

import argparse
import ctypes
import resource
import shutil
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

from benchmarks.faults.commands import COMMANDS, Command, contents, import_all, prepare, run

ENOUGH = 256_000  # KB

NEW_MOUNTS = 0x20000  # CLONE_NEWNS of Linux


def sizes_of(whole: dict[str, str], folder: Path, count: int) -> list[int]:
    """Sizes in KB, from one that holds nothing to one that nearly holds all that a command writes."""
    total = sum((folder / name).stat().st_size for name in whole) / 1000
    return [4 * max(1, round(total * (number + 0.5) / count / 4)) for number in range(count)]


def limited(kilobytes: int) -> None:
    """In this process, no file may be larger."""
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000 * kilobytes, hard))


def mount_alone() -> bool:
    """Whether what this process mounts from now on is seen by it and its children alone, and ends with them."""
    if not sys.platform.startswith("linux") or ctypes.CDLL(None).unshare(NEW_MOUNTS):
        return False
    return subprocess.run(["mount", "--make-rprivate", "/"], capture_output=True).returncode == 0


def mount(folder: Path, kilobytes: int) -> bool:
    """Mount a disk of that size, or make the one that is there as large; false where that is not allowed."""
    how = "remount,size" if folder.is_mount() else "size"
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"{how}={kilobytes}k", "tmpfs", folder], capture_output=True)
    return done.returncode == 0


def filled(command: Command, whole: dict[str, str], folder: Path, kilobytes: int, *, may_mount: bool) -> str:
    """What is wrong on a disk of that size; empty where nothing is."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    log = folder.parent / "log.txt"
    mounted = may_mount and mount(folder, kilobytes)
    within = (lambda: None) if mounted else (lambda: limited(kilobytes))
    try:
        ended = run(command, folder, log=log, within=within)
        if ended.code == 0:
            return ""  # a file is smaller than what it takes to write it, or the other way round
        if ended.code != 2:
            return f"ends with {ended.code}: {ended.said[-300:]}"
        last = ended.said.strip().splitlines()[-1]
        if "Traceback" in ended.said or not last.startswith("error: ") or "out" not in last or ";" not in last:
            return f"says {last[:300]}"
        hidden = [str(path.relative_to(folder)) for path in folder.rglob(".*")]
        if hidden:
            return f"leaves {hidden[:3]}"
        if mounted and not mount(folder, ENOUGH):
            return "the disk cannot be made larger"
        again = run(command, folder, log=log)
        if again.code:
            return f"given again, with room, it ends with {again.code}: {again.said[-300:]}"
        left = contents(folder)
        return "" if left == whole else f"leaves something else: {sorted(left.items() ^ whole.items())[:3]}"
    finally:
        if mounted:
            subprocess.run(["umount", folder], check=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, default=12, help="of disks, for each command")
    parser.add_argument("--only", default="", help="a part of the names of the commands")
    options = parser.parse_args()
    count, faults, may_mount = 0, 0, mount_alone()
    with tempfile.TemporaryDirectory() as place:
        commands = [each for each in COMMANDS if options.only in each.name and each.meanwhile is None]
        prepare(Path(place) / "in", commands)
        for command in commands:
            folder = Path(place) / "run"
            with suppress(FileNotFoundError):
                shutil.rmtree(folder)
            folder.mkdir()
            ended = run(command, folder, log=Path(place) / "log.txt")
            if ended.code:
                sys.exit(f"{command.name} does not run: {ended.said}")
            import_all(ended)
            whole = contents(folder)
            for kilobytes in sizes_of(whole, folder, options.sizes):
                wrong = filled(command, whole, folder, kilobytes, may_mount=may_mount)
                count, faults = count + 1, faults + bool(wrong)
                if wrong:
                    print(f"{command.name} on {kilobytes} KB: {wrong}", flush=True)
            print(f"{command.name}: {options.sizes} disks", flush=True)
    print(f"{count} full disks{'' if may_mount else ', by limits on the size of files'}, {faults} faults")
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
