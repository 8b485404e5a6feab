"""Clips and their ground truth: key points, masks and flow say the same thing as the pictures."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tempose.body.motions import MOTIONS
from tempose.body.skeleton import Pose
from tempose.core.errors import InputError
from tempose.people.bones import BONE
from tempose.people.clip import ACTS, EDITION, Recipe, _Stage, draw_clip, draw_flow
from tempose.people.materials import HEAD, SEAT
from tempose.people.person import Person
from tempose.people.poses import POSES
from tempose.people.render import Light, View
from tempose.pose.keypoints import HIDDEN, KEYPOINTS

SIZE = (96, 72)
RECIPE = Recipe(person=3, motion="wave", motion_seed=1, scene=5, frames=4, fps=12, size=SIZE)


def test_a_recipe_is_one_clip_also_after_a_way_through_json():
    recipe = Recipe.draw(11, 2, frames=2, fps=12, size=SIZE)
    again = Recipe.from_json(json.loads(json.dumps(recipe.as_json())))
    assert again == recipe
    one, two = draw_clip(recipe), draw_clip(again)
    for field in ("frames", "masks"):
        assert (getattr(one, field) == getattr(two, field)).all()
    assert (one.motion.keypoints == two.motion.keypoints).all()
    assert (one.frames != draw_clip(replace(recipe, person=12)).frames).any()


def test_a_recipe_that_cannot_be_is_refused():
    with pytest.raises(InputError, match="size"):
        replace(RECIPE, size=(8, 8))
    with pytest.raises(InputError, match="recipe"):
        Recipe.from_json({"person": 1, "edition": EDITION})
    with pytest.raises(InputError, match="this version"):
        Recipe.from_json(RECIPE.as_json() | {"edition": EDITION - 1})
    with pytest.raises(InputError, match="walk"):
        draw_clip(replace(RECIPE, motion="fly"))


def test_the_motions_come_in_turn():
    drawn = {Recipe.draw(4, index, frames=2, fps=12, size=SIZE).motion for index in range(len(ACTS))}
    assert drawn == {*MOTIONS, *POSES}


@pytest.mark.parametrize("size", [(64, 48), (96, 128), (129, 95)])
def test_any_size_is_drawn(size):
    clip = draw_clip(replace(RECIPE, size=size, frames=1))
    assert clip.frames.shape == (1, *size, 3)
    assert clip.frames.dtype == np.uint8
    assert clip.masks.shape == (1, *size)
    assert clip.motion.size == size
    assert 0.03 < clip.masks.mean() < 0.5


@pytest.mark.parametrize("person", range(6))
def test_key_points_lie_on_the_person(person):
    clip = draw_clip(replace(RECIPE, person=person))
    keypoints = clip.motion.keypoints
    assert set(np.unique(keypoints[..., 2])) <= {0.0, HIDDEN, 1.0}
    for frame, points in enumerate(keypoints):
        for x, y, confidence in points[1:14]:
            if confidence == 1:
                row, column = int(y), int(x)
                assert clip.masks[frame, max(row - 2, 0) : row + 3, max(column - 2, 0) : column + 3].any()


def test_the_back_hides_the_face_and_the_front_shows_it():
    face = [KEYPOINTS.index(name) for name in ("nose", "right_eye", "left_eye")]
    bare = replace(RECIPE, person=1, motion="idle", pitch=0.0, frames=1)
    front = draw_clip(bare).motion.keypoints[0, face, 2]
    back = draw_clip(replace(bare, yaw=np.pi)).motion.keypoints[0, face, 2]
    assert (front == 1).all()
    assert (back == HIDDEN).all()


@pytest.mark.parametrize("pose", POSES)
def test_who_sits_or_lies_is_wholly_in_the_picture_and_on_the_ground(pose):
    recipe = Recipe.draw(3, 1, frames=2, fps=4, size=SIZE, motions=(pose,))
    stage = _Stage.of(replace(recipe, whole=True))
    points = np.stack([stage.look.surface.posed(stage.pose, frame)[0] for frame in range(2)])
    assert points[..., 1].min() == pytest.approx(0, abs=0.03)
    seen = stage.camera.project(points)[..., :2]
    assert seen.min() > -0.5  # a pixel is drawn from its half on
    assert (seen.max((0, 1)) < np.array(SIZE[::-1]) + 0.5).all()


def test_what_a_person_sits_on_is_no_part_of_them():
    recipe = replace(RECIPE, motion="sit", yaw=np.pi, size=(192, 144))
    clip, stage = draw_clip(recipe), _Stage.of(recipe)
    view = View.of(stage.surface, stage.pose, 2, stage.camera, fine=1)
    seat = np.zeros(192 * 144, bool)
    seat[view.samples.place] = stage.surface.material[view.samples.corners[:, 0]] == SEAT
    assert seat.sum() > 500
    assert clip.masks[2].ravel()[seat].mean() < 0.1
    np.testing.assert_allclose(draw_flow(recipe).flow[2].reshape(-1, 2)[seat], 0, atol=1e-3)


@pytest.mark.parametrize("name", ["plain", "handstand"])
def test_a_motion_capture_moves_a_person(name):
    path = Path(__file__).parents[1] / "body" / "cases" / f"{name}.bvh"
    recipe = Recipe.draw(7, 0, frames=3, fps=12, size=SIZE, motions=(str(path),))
    stage = _Stage.of(replace(recipe, yaw=0.0))
    head, feet = stage.pose.joints[:, 4, 1], stage.pose.joints[:, [13, 16], 1].mean(1)
    assert ((head < feet) if name == "handstand" else (head > feet + 1)).all()
    assert draw_clip(recipe).masks.any((1, 2)).all()


def test_points_of_hands_lie_in_the_fingers_that_they_belong_to():
    """Each point of a finger among the skin that its bone carries, whatever the hands do."""
    stage = _Stage.of(replace(RECIPE, motion="talk", frames=2))
    for frame in range(2):
        skin = stage.surface.posed(stage.pose, frame)[0]
        for side, hand in zip(("right", "left"), stage.hands[frame], strict=True):
            np.testing.assert_allclose(hand[0], stage.pose.joints[frame, {"right": 7, "left": 10}[side]])
            for finger in range(5):
                for bone in range(3):
                    own = skin[stage.surface.weights[:, BONE[f"{side}_finger{finger + 1}-{bone + 1}"]] > 0.4]
                    for point in hand[1 + 4 * finger + bone : 3 + 4 * finger + bone]:
                        assert np.linalg.norm(own - point, axis=1).min() < 0.02


def test_hands_behind_the_back_are_hidden_and_those_outside_missing():
    bare = next(seed for seed in range(1, 99) if Person.draw(seed).bag is Person.draw(seed).thing is None)
    recipe = replace(RECIPE, person=bare, motion="hold", motion_seed=3, size=(192, 144), frames=1, pitch=0.0)
    front, back = (draw_clip(replace(recipe, yaw=yaw)).motion.hands for yaw in (0.0, np.pi))
    assert front.shape == (1, 2, 21, 4)
    assert (front[..., 2] == 1).mean() > 0.5
    held = [side for side in (0, 1) if (back[0, side, :, 2] == HIDDEN).all()]
    assert held
    upper = draw_clip(replace(recipe, motion="idle", whole=False, fill=1.5)).motion.hands
    missing = upper[..., 2] == 0
    assert missing.mean() > 0.5
    assert (upper[missing] == 0).all()


def test_from_the_side_the_far_arm_is_hidden():
    side = draw_clip(replace(RECIPE, person=1, motion="idle", yaw=np.pi / 2, frames=1)).motion.keypoints[0]
    assert side[KEYPOINTS.index("left_shoulder"), 2] == 1
    assert side[KEYPOINTS.index("right_shoulder"), 2] == HIDDEN


def test_what_lies_outside_the_frame_has_no_confidence():
    clip = draw_clip(replace(RECIPE, whole=False, fill=1.2, frames=1))
    ankle = clip.motion.keypoints[0, KEYPOINTS.index("left_ankle")]
    assert (ankle == 0).all()


def warped(picture, flow):
    """What `picture` shows where the points of the frame before have gone (bilinear)."""
    height, width = picture.shape[:2]
    y, x = np.mgrid[:height, :width]
    u = np.clip(x + flow[..., 0], 0, width - 1.001)
    v = np.clip(y + flow[..., 1], 0, height - 1.001)
    i, j = v.astype(int), u.astype(int)
    a, b = (v - i)[..., None], (u - j)[..., None]
    return (1 - a) * ((1 - b) * picture[i, j] + b * picture[i, j + 1]) + a * (
        (1 - b) * picture[i + 1, j] + b * picture[i + 1, j + 1]
    )


@pytest.mark.parametrize(("person", "motion"), [(0, "walk"), (5, "dance"), (14, "random"), (20, "dance")])
def test_the_next_frame_warped_back_is_this_one(person, motion):
    recipe = replace(RECIPE, person=person, motion=motion, size=(192, 144), fps=8, follow=1.0)
    even = Light((0, 0, 1), key=(0, 0, 0), sky=(1, 1, 1), ground=(1, 1, 1), exposure=0.8)  # it does not move along
    clip, truth = draw_clip(recipe, light=even), draw_flow(recipe)
    frames = clip.frames.astype(float)
    for index in range(recipe.frames - 1):
        moving = truth.valid[index] & clip.masks[index] & (np.abs(truth.flow[index]).max(-1) > 0.7)
        back = np.abs(warped(frames[index + 1], truth.flow[index]) - frames[index]).mean(-1)[moving]
        still = np.abs(frames[index + 1] - frames[index]).mean(-1)[moving]
        assert moving.sum() > 50
        assert back.mean() < 0.45 * still.mean()


@pytest.mark.parametrize(("person", "motion"), [(1, "turn"), (8, "dance"), (18, "squat")])
def test_the_flow_leads_to_the_same_place_on_the_cloth(person, motion):
    recipe = replace(RECIPE, person=person, motion=motion, size=(192, 144), fps=10, frames=2)
    stage, truth = _Stage.of(recipe), draw_flow(recipe)
    surface, pictures = stage.look.surface, []
    for frame in (0, 1):
        samples = View.of(surface, stage.pose, frame, stage.camera, fine=1).samples
        picture = np.full((192 * 144, 4), np.inf)
        corner = samples.corners[:, 0]
        picture[samples.place, :2] = samples.of(surface.cloth)
        picture[samples.place, 2:] = np.stack([surface.rest[corner, 0] > 0, surface.material[corner]], axis=-1)
        pictures.append(picture.reshape(192, 144, 4))
    with np.errstate(invalid="ignore"):
        there = warped(pictures[1], truth.flow[0])
        same = truth.valid[0] & (there[..., 2:] == pictures[0][..., 2:]).all(-1)
        same &= np.isfinite(pictures[0][..., 3]) & (pictures[0][..., 3] != HEAD)
    apart = np.abs(there[same] - pictures[0][same])[:, :2].max(-1)
    assert same.sum() > 400
    assert np.median(apart) < 0.0015  # metres of cloth; a pixel is some 10 of these
    assert np.quantile(apart, 0.95) < 0.015


def test_the_flow_of_a_body_that_only_shifts_is_the_shift_in_closed_form(monkeypatch):
    """A rigid step of 3.5 cm to the side, seen by a camera nearly at infinity, is one shift for all pixels."""
    recipe = replace(RECIPE, distance=1e7, frames=2, pitch=0.0)
    stage = _Stage.of(recipe)
    joints, rotations = stage.pose.joints[:1], stage.pose.rotations[:1]
    step = np.array([0.035, 0.02, 0.0])
    moved = Pose(np.concatenate([joints, joints + step]), np.concatenate([rotations, rotations]))
    monkeypatch.setattr(_Stage, "of", staticmethod(lambda recipe: replace(stage, pose=moved)))
    truth = draw_flow(recipe)
    on_body = np.isfinite(View.of(stage.look.surface, moved, 0, stage.camera, fine=1).samples.depth).reshape(SIZE)
    wanted = stage.camera.scale * step[:2] * (1, -1)
    assert on_body.sum() > 300
    np.testing.assert_allclose(truth.flow[0][on_body], np.broadcast_to(wanted, (on_body.sum(), 2)), atol=2e-3)
    assert (truth.flow[0][~on_body] == 0).all()
    assert truth.valid[0][on_body].mean() > 0.9


def test_flow_is_invalid_where_the_point_gets_hidden():
    """In a full turn the front goes out of sight: nothing that is seen from both sides stays valid."""
    recipe = replace(RECIPE, motion="turn", frames=2, fps=0.4, person=1)
    truth = draw_flow(recipe)
    body = np.abs(truth.flow[0]).max(-1) > 0
    assert 0 < truth.valid[0][body].mean() < 0.6
