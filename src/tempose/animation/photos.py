"""Several photos at once: the first gives body and background, each of them layers of the person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from tempose.animation.compose import extended
from tempose.animation.subject import Subject
from tempose.diffusion.pipeline import FurtherPhotos
from tempose.media.crop import Crop
from tempose.media.tensors import to_tensor
from tempose.pose.keypoints import Motion
from tempose.pose.room import person_room
from tempose.warp.choice import color_gains, matched, photo_shares, with_gains
from tempose.warp.cutout import Cutout
from tempose.warp.joints import photo_joints


@dataclass(frozen=True, eq=False)
class Mixture:
    """Photos besides the first, and how much of every frame each gives.

    Attributes:
        subjects: the p photos, the first included.
        shares: of each layer, `p f l`, or of whole people, `p f`, as `tempose.warp.person.Poses` takes it.
        reads: how much each photo's texture counts for the network, `p f`; None: all of them alike.
        gains: what the colors of each are multiplied by, `p 3`.
    """

    subjects: Sequence[Subject]
    shares: Tensor
    reads: Tensor | None
    gains: np.ndarray

    @staticmethod
    def nearest(subjects: Sequence[Subject], motion: Motion) -> Mixture:
        """Photos of one person: each layer of a frame comes from the photo whose pose is nearest."""
        cutouts = [subject.cutout for subject in subjects]
        gains = np.array([color_gains(cutout, like=cutouts[0]) for cutout in cutouts])
        return Mixture(subjects, photo_shares(cutouts, motion), None, gains)

    def cutouts(self, frame: Crop, size: tuple[int, int]) -> list[Cutout]:
        """The people of all but the first, as large as the first in a part of its photo, at `size`."""
        return [
            matched(subject.cutout, gains).seen_through(part, size)
            for subject, gains, part in zip(self.subjects[1:], self.gains[1:], self.parts(frame, size), strict=True)
        ]

    def further(self, frame: Crop, size: tuple[int, int]) -> FurtherPhotos:
        """All but the first, as the network takes them."""
        pictures = [
            extended(with_gains(subject.picture, gains), part, size)
            for subject, gains, part in zip(self.subjects[1:], self.gains[1:], self.parts(frame, size), strict=True)
        ]
        return FurtherPhotos(to_tensor(np.stack(pictures)), self.cutouts(frame, size), self.shares, self.reads)

    def parts(self, frame: Crop, size: tuple[int, int]) -> list[Crop]:
        """What of all photos but the first is shown where a part of the first is, at `size`."""
        return [self._placed(subject, frame, size) for subject in self.subjects[1:]]

    def _placed(self, subject: Subject, frame: Crop, size: tuple[int, int]) -> Crop:
        """The part of a photo, of the proportions of `size`, in which the person is as large as the first one is in a
        part of the first photo; larger, if not all of them is in it.
        """
        ratio = body_scale(subject) / body_scale(self.subjects[0])
        room = person_room(subject.pose, subject.mask)
        height = max(ratio * frame.height, Crop.around(room, size).height)
        middle, width = ((room[0] + room[2]) / 2, (room[1] + room[3]) / 2), height * size[1] / size[0]
        box = (middle[0] - width / 2, middle[1] - height / 2, middle[0] + width / 2, middle[1] + height / 2)
        return Crop.around(box, size, margin=0)


def body_scale(subject: Subject) -> float:
    """The length of the person's trunk in pixels, by all of their bones."""
    return float(photo_joints(torch.from_numpy(subject.keypoints)[None]).scale)
