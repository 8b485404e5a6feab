"""A prepared dataset of a few drawn people, as small as the smallest model."""

import json
from functools import cache

import numpy as np

from tempose.data.prepared import write_clip, write_metadata
from tempose.people.clip import Recipe, draw_clip

SIZE = (32, 24)
FRAMES = 9


@cache
def drawn(person, frames=FRAMES):
    recipe = Recipe(person=person, motion="wave", motion_seed=person, scene=person, frames=frames, fps=12.0, size=SIZE)
    return recipe, draw_clip(recipe)


def write_set(root, *, people=3, frames=FRAMES):
    """One clip of each person in the split `test`."""
    rows = []
    for person in range(people):
        recipe, clip = drawn(person, frames)
        rows.append(
            write_clip(
                root, "test", f"person-{person}", frames=clip.frames, motion=clip.motion, masks=clip.masks,
                person=f"person-{person}", source="drawn", license="CC0-1.0", recipe=recipe.as_json(),
            )
        )  # fmt: skip
    write_metadata(root, "test", rows)
    return root


def break_clip(root, name):
    """A clip whose file is not what its metadata says."""
    (root / "test" / name).write_bytes(b"nothing")


def cut_recipe(root):
    """The same clips as if nobody knew how they were drawn."""
    path = root / "test" / "metadata.jsonl"
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    write_metadata(root, "test", [{k: v for k, v in row.items() if k != "recipe"} for row in rows])


class Seer:
    """An estimator that sees one person, with every joint in the middle of the picture."""

    def __call__(self, frame):
        from tempose.pose.estimators import Detection

        points = np.tile(np.float32([frame.shape[1] / 2, frame.shape[0] / 2, 1]), (18, 1))
        points[:, 0] += np.arange(18)
        return [Detection(points, None)]
