"""Datasets over the prepared format: clips for the video stage, pairs for the image stage.

A sample is a photo of a person and f frames of the same person at other moments. Everything random in
it comes from (seed, epoch, index), so it does not depend on the number of workers; decoding happens
where `dataset[epoch, index]` is called, that is in the workers of a DataLoader whose sampler gives such
pairs (`tempose.training.sampler`).
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
import torch
from pydantic import TypeAdapter
from torch.utils.data import Dataset
from typing_extensions import TypedDict

from tempose.core.errors import DataError
from tempose.data.augment import Augmentation, Views, resized
from tempose.data.prepared import Clip, read_lines, read_metadata
from tempose.media.tensors import to_tensor

log = logging.getLogger(__name__)


class Pair(TypedDict):
    """A line of pairs.jsonl: names of clips."""

    target: str
    photos: list[str]


_PAIR = TypeAdapter(Pair)


class Sample(NamedTuple):
    """One training example; torch's default collation makes a batch of it, names as a list."""

    photo: torch.Tensor  # 3 h w in [-1, 1]
    photo_keypoints: torch.Tensor  # 18 3: x, y in pixels, confidence
    photo_mask: torch.Tensor  # 1 h w, 1 where the person is
    frames: torch.Tensor  # f 3 h w in [-1, 1]
    keypoints: torch.Tensor  # f 18 3
    masks: torch.Tensor  # f 1 h w
    name: str  # the clip's file name


@dataclass(frozen=True)
class ClipSampling:
    """Which frames of a clip make a sample.

    Attributes:
        frames: how many of them.
        order: `consecutive` frames; `strided`, every `stride`-th; or `random` ones, in their order.
        stride: the step of `strided`, in frames.
    """

    frames: int = 4
    order: Literal["consecutive", "strided", "random"] = "consecutive"
    stride: int = 20

    @property
    def span(self) -> int:
        """How many frames a clip must have for one sample."""
        step = self.stride if self.order == "strided" else 1
        return (self.frames - 1) * step + 1

    def draw(self, length: int, rng: np.random.Generator) -> np.ndarray:
        """Ascending indices `f` into a clip of `length` ≥ span frames."""
        if self.order == "random":
            return np.sort(rng.choice(length, self.frames, replace=False))
        start = int(rng.integers(length - self.span + 1))
        return np.arange(start, start + self.span, self.stride if self.order == "strided" else 1)


class _Samples(Dataset):
    """What both datasets share: the clips that are whole, and making one sample.

    Every clip is verified against its SHA-256 when the dataset is made. A damaged one is raised, or with
    `on_damaged="skip"` left out: logged by name, listed in `damaged`, and not counted in the length. Nothing takes its
    place. Damage that appears later is raised by the reading.

    Args:
        root: a prepared dataset. split: `train`, `val` or `test`.
        size: (height, width) to stretch to; None leaves the clips' own, which must then be one.
        seed: of everything drawn; the same seed, epoch and index give the same sample.

    Raises:
        DataError: no such dataset; a damaged clip; or no clip is left.
    """

    def __init__(
        self,
        root: Path | str,
        split: str,
        *,
        size: tuple[int, int] | None = None,
        augmentation: Augmentation = Augmentation(),
        seed: int = 0,
        on_damaged: Literal["raise", "skip"] = "raise",
    ) -> None:
        self.folder = Path(root) / split
        self.augmentation = augmentation
        self.seed = seed
        self.damaged: list[str] = []
        clips = [Clip(self.folder, row) for row in read_metadata(root, split)]
        self.clips = [clip for clip in clips if self._is_whole(clip, on_damaged)]
        sizes = {(clip.row["height"], clip.row["width"]) for clip in self.clips}
        if size is None and len(sizes) > 1:
            raise DataError(
                f"the clips of {self.folder} have {len(sizes)} sizes",
                remedy="give the size that is wanted",
                path=self.folder,
            )
        self.size = size

    def _is_whole(self, clip: Clip, on_damaged: str) -> bool:
        try:
            clip.verify()
        except DataError as error:
            if on_damaged == "raise":
                raise
            self.damaged.append(str(error))
            log.warning("left out: %s", error)
            return False
        return True

    def _generator(self, epoch: int, index: int) -> np.random.Generator:
        return np.random.default_rng([self.seed, epoch, index])

    def _sample(self, photo: tuple[Clip, int], clip: Clip, indices: np.ndarray, rng: np.random.Generator) -> Sample:
        """The sample of a photo, (clip, frame), and the frames `indices` of a clip."""
        size = self.size or (clip.row["height"], clip.row["width"])
        photo_clip, photo_index = photo
        if photo_clip is clip:
            views = _views(clip, np.array([photo_index, *indices]))
        else:
            target = _views(clip, indices)
            views = resized(_views(photo_clip, np.array([photo_index])), target.size) + target
        views = resized(self.augmentation.apply(views, rng), size)

        pictures = to_tensor(views.frames)
        keypoints = torch.from_numpy(views.motion.keypoints)
        masks = torch.from_numpy(views.masks.astype(np.float32))[:, None]
        return Sample(pictures[0], keypoints[0], masks[0], pictures[1:], keypoints[1:], masks[1:], clip.name)


class ClipDataset(_Samples):
    """One sample for each clip and epoch: f frames of it, and a photo from another moment.

    Clips too short for the sampling are left out as damaged ones are, and listed in `too_short`.

    Args:
        sampling: which frames; the rest as for every dataset.
    """

    def __init__(
        self, root: Path | str, split: str, *, sampling: ClipSampling = ClipSampling(), **drawing: Any
    ) -> None:
        super().__init__(root, split, **drawing)
        self.sampling = sampling
        needed = max(sampling.span, sampling.frames + 1)  # one frame more: the photo's
        self.too_short = [clip.name for clip in self.clips if len(clip) < needed]
        for name in self.too_short:
            log.warning("left out: %s has fewer than the %d frames that a sample needs", name, needed)
        self.clips = [clip for clip in self.clips if len(clip) >= needed]
        if not self.clips:
            raise DataError(
                f"{self.folder} has no clip of at least {needed} frames that is whole",
                path=self.folder,
                remedy="use fewer frames, a smaller stride, or other data",
            )

    def __len__(self) -> int:
        return len(self.clips)

    def __getitem__(self, name: int | tuple[int, int]) -> Sample:
        epoch, index = name_of(name)
        clip, rng = self.clips[index], self._generator(epoch, index)
        indices = self.sampling.draw(len(clip), rng)
        return self._sample(self._draw_photo(clip, indices, rng), clip, indices, rng)

    def _draw_photo(self, clip: Clip, indices: np.ndarray, rng: np.random.Generator) -> tuple[Clip, int]:
        """Any moment of the clip that is not among the frames, each as likely as the others.

        Other clips of the person may show other surroundings, which no photo can foretell.
        """
        moments = np.setdiff1d(np.arange(len(clip)), indices)
        return clip, int(moments[rng.integers(len(moments))])


class PairDataset(_Samples):
    """A photo and its targets, each a picture by itself: for the image stage.

    Where the split has a pairs.jsonl (DeepFashion), a sample is one line of it, the photo drawn from
    the line's photos. Elsewhere a sample is any moments of a clip. A pair with a damaged picture is left out.

    Args:
        targets: how many pictures a photo is taught with, where a clip has as many; the rest as for every dataset.
    """

    def __init__(self, root: Path | str, split: str, *, targets: int = 1, **drawing: Any) -> None:
        super().__init__(root, split, **drawing)
        self.targets = targets
        pairs_file = self.folder / "pairs.jsonl"
        if pairs_file.is_file():
            self.pairs = self._listed_pairs(pairs_file)
        else:
            self.pairs = [(clip, [clip]) for clip in self.clips if len(clip) > 1]
        if not self.pairs:
            raise DataError(
                f"{self.folder} has no pair of two moments of a person", remedy="use other data", path=self.folder
            )

    def _listed_pairs(self, path: Path) -> list[tuple[Clip, list[Clip]]]:
        """(target, photos) of the lines of a pairs.jsonl whose target and a photo at least are whole."""
        whole = {clip.name: clip for clip in self.clips}
        pairs = []
        for pair in read_lines(path, _PAIR):
            target, photos = whole.get(pair["target"]), [whole.get(name) for name in pair["photos"]]
            found = [photo for photo in photos if photo is not None]
            if target is not None and found:
                pairs.append((target, found))
        return pairs

    def __len__(self) -> int:
        return len(self.pairs)

    def __getitem__(self, name: int | tuple[int, int]) -> Sample:
        epoch, index = name_of(name)
        (target, photos), rng = self.pairs[index], self._generator(epoch, index)
        photo = photos[int(rng.integers(len(photos)))]
        if photo is target:
            others = len(target) - 1
            photo_index, *moments = rng.choice(len(target), 1 + min(self.targets, others), replace=False)
        else:
            photo_index, moments = rng.integers(len(photo)), list(rng.integers(len(target), size=self.targets))
        moments = list(np.resize(moments, self.targets))
        return self._sample((photo, int(photo_index)), target, np.asarray(moments), rng)


class MixedDataset(Dataset):
    """Several datasets as one, each so many times over; a time over draws anew.

    Args:
        parts: the datasets, each with how often an epoch goes through it.
    """

    def __init__(self, parts: Sequence[tuple[PairDataset | ClipDataset, int]]) -> None:
        self.parts = parts
        self._places = [
            (number, time, index)
            for number, (part, times) in enumerate(parts)
            for time in range(times)
            for index in range(len(part))
        ]

    def __len__(self) -> int:
        return len(self._places)

    def __getitem__(self, name: int | tuple[int, int]) -> Sample:
        epoch, place = name_of(name)
        number, time, index = self._places[place]
        part, times = self.parts[number]
        return part[epoch * times + time, index]


def name_of(name: int | tuple[int, int]) -> tuple[int, int]:
    """A sample's (epoch, index); an index alone is of epoch 0."""
    return name if isinstance(name, tuple) else (0, name)


def _views(clip: Clip, indices: np.ndarray) -> Views:
    return Views(clip.read_frames(indices.tolist()), *clip.read_ground_truth(indices.tolist()))
