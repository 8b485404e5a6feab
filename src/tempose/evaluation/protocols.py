"""Protocols: which frames of a clip are generated, and which of them the network sees together.

`strided`, `consecutive` and `loop` are the three ways of sampling of the published video experiment,
with its windows of 4 frames; `overlap` is ours. The first frame of a clip is the photo; those after it
may be generated, and are counted from 0: start 0, step 20 are the frames 1, 21, 41 and 61 of the clip.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from tempose.core.errors import DataError, InputError, unknown


@dataclass(frozen=True)
class Protocol:
    """How the frames of a clip are generated.

    Attributes:
        name: as `--protocol` takes it.
        window: frames that the network sees together; a clip must fill one at least.
        step: from one generated frame to the next, in frames of the clip.
        strategy: how the generated frames are cut into windows (`tempose.diffusion.windows`).
        most: generate no more than so many frames of a clip; None generates to its end.
    """

    name: str
    window: int
    step: int
    strategy: str
    most: int | None

    def __post_init__(self) -> None:
        if self.step < 1:
            raise InputError(f"every {self.step} frames; wanted 1 or more")
        if self.window < 1 or (self.most is not None and self.most < self.window):
            raise InputError(f"{self.most} frames in windows of {self.window}; wanted one window of 1 or more at least")

    def moments(self, length: int, *, clip: str) -> range:
        """Which of the `length` frames after the photo are generated.

        Raises:
            DataError: there are too few; the message names the clip.
        """
        least = (self.window - 1) * self.step + 1
        if length < least:
            raise DataError(f"{clip} has {length} frames after the photo; wanted {least} or more for {self.name}")
        return range(0, length, self.step)[: self.most]

    def joins(self, frames: int) -> list[int]:
        """The generated frames at which a window begins where windows stand one after the other.

        There `loop` may show a seam; whatever else is generated is looked at in the same places.
        """
        apart = self.step > 1 or self.window == 1  # then every step is a join, or none is
        return [] if apart else list(range(self.window, frames, self.window))


PROTOCOLS = {
    "strided": Protocol("strided", window=4, step=20, strategy="loop", most=4),
    "consecutive": Protocol("consecutive", window=4, step=1, strategy="loop", most=4),
    "loop": Protocol("loop", window=4, step=1, strategy="loop", most=None),
    "overlap": Protocol("overlap", window=4, step=1, strategy="overlap", most=None),
}


def find_protocol(
    name: str, *, window: int | None = None, max_frames: int | None = None, every: int | None = None
) -> Protocol:
    """The protocol of that name.

    Args:
        window: another window, for `loop` and `overlap`.
        max_frames: generate at most so many frames of a clip, for `loop` and `overlap`.
        every: generate only every so many frames of a clip, for `loop` and `overlap`.

    Raises:
        InputError: there is none of that name, or its frames are fixed.
    """
    if name not in PROTOCOLS:
        raise unknown("protocol", name, PROTOCOLS)
    protocol = PROTOCOLS[name]
    if window is None and max_frames is None and every is None:
        return protocol
    if protocol.most is not None:
        raise InputError(
            f"{name} generates {protocol.most} frames at once", remedy="leave the other settings to loop or overlap"
        )
    return replace(protocol, window=window or protocol.window, step=every or protocol.step, most=max_frames)
