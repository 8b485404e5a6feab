"""Which joint of a capture is which: as the user says, by its name, or by its place in the tree."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product
from pathlib import Path

import yaml

from tempose.body.capture import Capture
from tempose.body.joint_names import LIMBS, SIDES, by_name
from tempose.body.joint_tree import by_shape
from tempose.core.errors import InputError, PoseError
from tempose.core.notes import note

# What a capture must have; and what it may.
WANTED = tuple(f"{side}_{part}" for limb in LIMBS for side, part in product(SIDES, limb))
OURS = (*WANTED, "head", "neck")

MAX_MAP_BYTES = 1_000_000


def find_joints(capture: Capture, given: Mapping[str, str] | None = None) -> dict[str, int]:
    """The index of each joint of `WANTED`, and of `head` or `neck` where there is one.

    Args:
        capture: the capture.
        given: names of the file → names of `OURS`; they have the last word.

    Raises:
        InputError: a given name is in none of the two.
        PoseError: a joint cannot be found.
    """
    chosen = _chosen(capture, given or {})
    found = by_name(capture)
    guessed = _filled(found, by_shape(capture) if {*WANTED, "head"} - set(found | chosen) else {}, chosen)
    found |= chosen
    missing = [key for key in WANTED if key not in found]
    if missing:
        names = [joint.name for joint in capture.joints if not joint.end]
        more = f" and {len(names) - 12} more" if len(names) > 12 else ""
        raise PoseError(
            f"no joint of the motion capture can be taken for the {missing[0].replace('_', ' ')}",
            remedy=(
                f"say which is which "
                f"with --joints map.yaml, a line for each such as 'RightArm: right_shoulder' (it has "
                f"{', '.join(names[:12])}{more})"
            ),
        )
    _tell_of_several(capture, found["left_hip"])
    if guessed:
        what = "joints" if len(guessed) == len(WANTED) else ", ".join(key.replace("_", " ") for key in guessed)
        note(
            f"the names of the motion capture's joints are not known: {what} taken by the shape of the skeleton "
            f"({', '.join(f'{capture.joints[found[key]].name} as {key}' for key in guessed[:3])} …); "
            "--joints map.yaml says it otherwise"
        )
    return found


def read_joint_map(path: Path | str) -> dict[str, str]:
    """A YAML file with lines such as `RightArm: right_shoulder`: the file's names → those of `OURS`.

    Raises:
        InputError: it is missing or something else.
    """
    path = Path(path)
    try:
        if path.exists() and not path.is_file():
            raise InputError(f"{path} is no plain file; wanted a map of joints", path=path)
        if path.stat().st_size > MAX_MAP_BYTES:
            raise InputError(f"{path} is too large for a map of joints", path=path)
        fields = yaml.load(path.read_text(encoding="utf-8-sig"), Loader=yaml.BaseLoader)  # texts only
    except FileNotFoundError:
        raise InputError(f"there is no map of joints {path}", path=path) from None
    except (OSError, UnicodeError, yaml.YAMLError, RecursionError) as error:
        raise InputError(
            f"{path} cannot be read as a map of joints in YAML: {type(error).__name__}", path=path
        ) from error
    if not isinstance(fields, dict) or not all(isinstance(part, str) for pair in fields.items() for part in pair):
        raise InputError(f"{path} is no map of joints; wanted lines such as 'RightArm: right_shoulder'", path=path)
    return fields


def _chosen(capture: Capture, given: Mapping[str, str]) -> dict[str, int]:
    names = [joint.name for joint in capture.joints]
    for theirs, ours in given.items():
        if ours not in OURS:
            raise InputError(f"the map of joints says {theirs}: {ours}; wanted one of {', '.join(OURS)}")
        if theirs not in names:
            raise InputError(f"the map of joints names {theirs}, which the motion capture does not have")
    return {ours: names.index(theirs) for theirs, ours in given.items()}


def _filled(found: dict[str, int], shape: dict[str, int], chosen: Mapping[str, int]) -> list[str]:
    """Adds to `found` the limbs and the head that only the shape tells, and returns their names."""
    added = []
    for limb in LIMBS:
        for side, other in (("left", "right"), ("right", "left")):
            keys = [f"{side}_{part}" for part in limb]
            if not shape or all(key in found or key in chosen for key in keys):
                continue
            own = [shape[key] for key in keys]
            if set(own) & set(found.values()):
                own = [shape[f"{other}_{part}"] for part in limb]
            if not set(own) & set(found.values()):
                found.update(zip(keys, own, strict=True))
                added += [key for key in keys if key not in chosen]
    if "head" not in found and "head" in shape and shape["head"] not in found.values():
        found["head"] = shape["head"]
    return added


def _tell_of_several(capture: Capture, taken: int) -> None:
    """A note where the file holds several people, each a tree with a root of its own."""
    trees: dict[int, int] = {}
    for index in range(len(capture.joints)):
        root = [index, *capture.ancestors(index)][-1]
        trees[root] = trees.get(root, 0) + 1
    people = [root for root, size in trees.items() if size >= len(WANTED)]
    if len(people) > 1:
        name = capture.joints[[taken, *capture.ancestors(taken)][-1]].name
        note(f"the motion capture holds {len(people)} skeletons; that of {name} is taken")
