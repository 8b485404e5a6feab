"""How much memory a command takes of a large photo and a long video: `tempose animate` within a limit of addresses.

    python -m benchmarks.faults.memory photo.jpg driver.mp4 --seconds 60 --height 1080 --max-frames 60

The photo is brought to that height and the video, repeated, to that length; options that are not known here are the
command's. It must end well within the limit, and what it took at most, of memory and of addresses, is printed.
"""

from __future__ import annotations

import argparse
import os
import resource
import sys
import tempfile
import threading
import time
from itertools import islice
from pathlib import Path

from tempose.media.images import read_image, resize, write_image
from tempose.media.video import probe_video, read_frames, write_video


def photo_of(path: Path, height: int, out: Path) -> None:
    """The photo in that height."""
    photo = read_image(path)
    write_image(out, resize(photo, (height, round(height * photo.shape[1] / photo.shape[0] / 2) * 2)))


def repeated(path: Path, seconds: float, out: Path) -> None:
    """The video as often as it takes, forwards and backwards in turn."""
    info = probe_video(path)
    count, frames = round(seconds * info.fps), list(read_frames(path))
    turns = -(-count // len(frames))
    shown = (frame for turn in range(turns) for frame in (frames if turn % 2 == 0 else reversed(frames)))
    write_video(out, islice(shown, count), info.fps)


def most_of(child: int, name: str) -> float:
    """What a process has taken at most, in GB: VmPeak of addresses, VmHWM of memory; 0 once it has ended."""
    try:
        status = Path(f"/proc/{child}/status").read_text()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) * 1024 / 1e9 for line in status.splitlines() if line.startswith(name)), 0.0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photo", type=Path)
    parser.add_argument("video", type=Path)
    parser.add_argument("--seconds", type=float, default=60.0, help="length of the video")
    parser.add_argument("--height", type=int, default=1080, help="of the photo, in pixels")
    parser.add_argument("--limit", type=float, default=4.0, help="GB of addresses")
    options, others = parser.parse_known_args()  # those of the command itself
    with tempfile.TemporaryDirectory() as place:
        photo, video, out = (Path(place) / name for name in ("photo.png", "video.mp4", "out.mp4"))
        photo_of(options.photo, options.height, photo)
        repeated(options.video, options.seconds, video)
        words = [sys.executable, "-m", "tempose", "animate", str(photo), str(video), "-o", str(out), *others]
        most = {"VmPeak": 0.0, "VmHWM": 0.0}
        begin, child = time.monotonic(), os.fork()
        if child == 0:
            resource.setrlimit(resource.RLIMIT_AS, (int(options.limit * 1e9),) * 2)
            os.execv(sys.executable, words)
        ended = threading.Event()

        def watch() -> None:
            while not ended.wait(0.2):
                for name in most:
                    most[name] = max(most[name], most_of(child, name))

        threading.Thread(target=watch, daemon=True).start()
        _, status = os.waitpid(child, 0)
        ended.set()
        code = os.waitstatus_to_exitcode(status)
        frames = probe_video(out).frames if code == 0 else 0
        took = time.monotonic() - begin
        taken = f"{most['VmHWM']:.2f} GB of memory, {most['VmPeak']:.2f} GB of addresses, {options.limit:g} GB allowed"
        print(f"ended with {code} in {took:.0f} s: {frames} frames; {taken}; {os.cpu_count()} cores")
    sys.exit(code)


if __name__ == "__main__":
    main()
