"""A contact sheet: many drawn people, each at a few moments."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from tempose.core.progress import Track, quiet
from tempose.people.clip import Recipe, draw_clip

BLOCKS = 4  # people beside one another


def contact_sheet(
    *, people: int = 32, moments: int = 6, size: tuple[int, int] = (96, 72), seed: int = 0, track: Track = quiet
) -> np.ndarray:
    """uint8 `h w 3`: `people` people, each at `moments` moments of a motion, in pictures of `size`."""

    def strips() -> Iterator[np.ndarray]:
        for person in track(range(seed, seed + people), "people", total=people):
            recipe = Recipe.draw(person, 0, frames=moments, fps=1.4, size=size)
            clip = draw_clip(replace(recipe, follow=1.0, whole=True, distance=max(recipe.distance, 5.0)))
            yield np.concatenate(list(clip.frames), axis=1)

    drawn = list(strips())
    empty = np.full_like(drawn[0], 255)
    drawn += [empty] * (-len(drawn) % BLOCKS)
    return np.concatenate([np.concatenate(drawn[i : i + BLOCKS], axis=1) for i in range(0, len(drawn), BLOCKS)])
