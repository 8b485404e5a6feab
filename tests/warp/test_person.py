from itertools import pairwise

import cv2
import numpy as np
import pytest
import torch
import torch.nn.functional as F
from helpers import random, standing

from tempose.core.errors import InputError
from tempose.pose.keypoints import KEYPOINTS, MIRROR
from tempose.warp.flesh import LAYERS
from tempose.warp.layers import Layers, Photos
from tempose.warp.meshes import MeshMotion
from tempose.warp.person import Poses, warp

SCALE = 4
SIZE = (64 * SCALE, 48 * SCALE)
TRUNK, RIGHT_LEG, LEFT_LEG, RIGHT_ARM, LEFT_ARM, HEAD = range(6)
ARM, HAND, LEG = 2, 2.5, 3  # half widths, before scaling


def person(scale=SCALE, **moved):
    """`18 3`, some joints moved to other places (x, y)."""
    keypoints = standing()
    for name, place in moved.items():
        keypoints[KEYPOINTS.index(name), :2] = torch.tensor(place, dtype=torch.float32)
    return keypoints * torch.tensor([scale, scale, 1.0])


def drawn(scale=SCALE, seed=0):
    """The layers of a standing person, one photo."""
    points = {name: person(8)[i, :2].numpy() for i, name in enumerate(KEYPOINTS)}
    alpha = np.zeros((len(LAYERS), 64 * 8, 48 * 8), np.uint8)

    def line(layer, width, *names):
        for a, b in pairwise(names):
            cv2.line(alpha[layer], *[tuple(np.round(points[n]).astype(int).tolist()) for n in (a, b)], 255, width * 16)

    corners = [points[n] for n in ("right_shoulder", "left_shoulder", "left_hip", "right_hip")]
    cv2.fillPoly(alpha[TRUNK], [np.round(corners).astype(np.int32)], 255)
    line(TRUNK, 3, "right_shoulder", "right_hip", "left_hip", "left_shoulder", "right_shoulder")
    line(TRUNK, 2, "neck", "nose")
    cv2.circle(alpha[HEAD], (24 * 8, 8 * 8), 4 * 8, 255, -1)
    for side, arm, leg in (("right", RIGHT_ARM, RIGHT_LEG), ("left", LEFT_ARM, LEFT_LEG)):
        line(arm, ARM, f"{side}_shoulder", f"{side}_elbow", f"{side}_wrist")
        cv2.circle(alpha[arm], tuple(np.round(points[f"{side}_wrist"]).astype(int).tolist()), int(HAND * 8), 255, -1)
        line(leg, LEG, f"{side}_hip", f"{side}_knee", f"{side}_ankle")
    layers = torch.from_numpy(alpha)[None, :, None].float() / 255
    layers = F.interpolate(layers[0], size=(64 * scale, 48 * scale), mode="bilinear", antialias=True)[None]
    coarse = random(len(LAYERS), 3, 16, 12, seed=seed)
    color = F.interpolate(coarse, size=layers.shape[-2:], mode="bicubic").clamp(-1, 1)[None]
    return Layers(color, layers.contiguous(), person(scale)[None], torch.zeros(1), torch.full((1, 2, 2), torch.nan))


def over(layers, order=(RIGHT_LEG, LEFT_LEG, TRUNK, HEAD, RIGHT_ARM, LEFT_ARM)):
    """The layers of the first photo laid over each other, premultiplied `3 h w`, and their alpha `h w`."""
    color, alpha = torch.zeros(layers.color.shape[2:]), torch.zeros(layers.alpha.shape[3:])
    for layer in order:
        share = layers.alpha[0, layer, 0]
        color = color * (1 - share) + layers.color[0, layer] * share
        alpha = alpha * (1 - share) + share
    return color, alpha


def single(layers, target, **options):
    warped = warp(layers, target[None, None], **options)
    return warped.color[0, 0] * warped.alpha[0, 0], warped.alpha[0, 0, 0]


def only(layers, *kept):
    """The other layers empty."""
    alpha = torch.zeros_like(layers.alpha)
    alpha[:, list(kept)] = layers.alpha[:, list(kept)]
    return layers._replace(alpha=alpha)


def middle(alpha):
    rows, columns = torch.meshgrid(*(torch.arange(n) + 0.5 for n in alpha.shape), indexing="ij")
    return torch.stack([(alpha * columns).sum(), (alpha * rows).sum()]) / alpha.sum()


RAISED = {"right_elbow": (9, 9), "right_wrist": (10, 1)}
SQUAT = {
    "right_knee": (17, 42), "left_knee": (31, 42), "right_ankle": (19, 55), "left_ankle": (29, 55),
    "right_elbow": (15, 23), "right_wrist": (22, 24), "left_elbow": (35, 22), "left_wrist": (31, 15),
}  # fmt: skip


def test_the_same_pose_gives_the_photo_back():
    layers = drawn()
    color, alpha = single(layers, person())
    expected, whole = over(layers)
    inside = whole > 0.99
    error = ((color - expected)[:, inside] / 2).pow(2).mean()
    assert -10 * error.log10() > 45
    assert (alpha - whole).abs().mean() < 1e-3
    assert (alpha - whole).abs().max() < 0.08


def test_shapes_ranges_and_what_lies_near():
    layers = drawn()
    warped = warp(layers, torch.stack([person(), person(**RAISED)])[None], size=(200, 100))
    assert warped.color.shape == (1, 2, 3, 200, 100)
    assert warped.alpha.shape == warped.near.shape == (1, 2, 1, 200, 100)
    assert all(x.dtype == torch.float32 and x.isfinite().all() for x in warped)
    assert warped.color.abs().max() <= 1
    assert (warped.near >= warped.alpha).all()
    assert warped.alpha.min() >= 0
    assert warped.near.max() <= 1
    shown = warped.alpha > 0.5
    assert warped.near[shown].min() > 0.9


def test_faces_and_hands_are_fine_and_the_rest_is_not():
    fine = Poses(Photos(drawn()), person()[None, None]).fine(SIZE, (64, 48))[0, 0, 0]
    assert ((fine >= 0) & (fine <= 1)).all()
    for name in ("nose", "right_wrist", "left_wrist"):
        x, y = person(1)[KEYPOINTS.index(name), :2].int().tolist()
        assert fine[y, x] > 0.9
    for name in ("right_hip", "left_knee", "right_shoulder"):
        x, y = person(1)[KEYPOINTS.index(name), :2].int().tolist()
        assert fine[y, x] == 0


def test_colors_go_on_a_little_beyond_the_edge():
    layers = drawn()._replace(color=torch.full((1, len(LAYERS), 3, *SIZE), 0.5))
    warped = warp(layers, person()[None, None])
    outside = F.max_pool2d((warped.alpha[0] > 0.02).float(), 3, stride=1, padding=1) > 0
    torch.testing.assert_close(
        warped.color[0].permute(1, 0, 2, 3)[:, outside[:, 0]], torch.tensor(0.5).expand(3, outside.sum())
    )


def test_a_shift_shifts_the_picture():
    layers, shift = drawn(), (5, -3)
    moved = person() + torch.tensor([*shift, 0.0])
    color, alpha = single(layers, moved)
    still, whole = single(layers, person())
    rolled = torch.cat([still, whole[None]]).roll((shift[1], shift[0]), dims=(1, 2))
    difference = (torch.cat([color, alpha[None]]) - rolled)[:, 8:-8, 8:-8]
    assert difference.abs().mean() < 1e-3


@pytest.mark.parametrize("scale", [0.5, 2.0])
def test_a_smaller_and_a_larger_picture_show_the_same(scale):
    layers, target = drawn(), person(**SQUAT)
    size = tuple(round(side * scale) for side in SIZE)
    color, alpha = single(layers, target * torch.tensor([scale, scale, 1.0]), size=size)
    expected = torch.cat([x.reshape(-1, *SIZE) for x in single(layers, target)])
    expected = F.interpolate(expected[None], size=size, mode="bilinear", antialias=True)[0]
    difference = torch.cat([color, alpha[None]]) - expected
    assert difference.abs().mean() < 0.006
    assert difference[3].abs().mean() < 0.004


def test_small_layers_warp_as_large_ones_do():
    target = person(**SQUAT)
    small = drawn(2)
    color, alpha = single(small, target / torch.tensor([2.0, 2.0, 1.0]))
    expected = torch.cat([x.reshape(-1, *SIZE) for x in single(drawn(4), target)])
    expected = F.interpolate(expected[None], size=alpha.shape, mode="bilinear", antialias=True)[0]
    assert (torch.cat([color, alpha[None]]) - expected).abs().mean() < 0.01


def test_a_raised_arm_takes_its_pixels_along_and_leaves_those_of_the_trunk():
    layers, target = drawn(), person(**RAISED)
    arm, trunk = (single(only(layers, part), target)[1] for part in (RIGHT_ARM, TRUNK))
    before = layers.alpha[0, :, 0]
    assert (trunk - before[TRUNK]).abs().mean() < 2e-3
    assert middle(arm)[1] < 12 * SCALE < middle(before[RIGHT_ARM])[1]
    assert float(arm.sum() / before[RIGHT_ARM].sum()) == pytest.approx(1, abs=0.1)
    others = single(only(layers, LEFT_ARM, RIGHT_LEG, LEFT_LEG), target)[1]
    assert (others - single(only(layers, LEFT_ARM, RIGHT_LEG, LEFT_LEG), person())[1]).abs().mean() < 1e-3


@pytest.mark.parametrize("seed", range(12))
def test_no_pose_tears_the_person_or_opens_holes(seed):
    """Elbows, wrists, knees and ankles anywhere in reach."""
    target = person()
    turns = random(4, 2, seed=seed, low=-2.5, high=2.5)
    for turn, (root, joint, end) in zip(turns, ((2, 3, 4), (5, 6, 7), (8, 9, 10), (11, 12, 13)), strict=True):
        bones = [target[b, :2] - target[a, :2] for a, b in ((root, joint), (joint, end))]
        for a, b, bone, angle in ((root, joint, bones[0], turn[0] * 0.6), (joint, end, bones[1], turn.sum() * 0.6)):
            cos, sin = angle.cos(), angle.sin()
            target[b, :2] = target[a, :2] + torch.stack(
                [bone @ torch.stack([cos, -sin]), bone @ torch.stack([sin, cos])]
            )
    frame = torch.tensor([96.0, 64.0, 0.0])
    layers = drawn()
    for part in range(len(LAYERS)):
        alpha = single(only(layers, part), target + frame, size=(SIZE[0] + 128, SIZE[1] + 192))[1].numpy()
        pieces = cv2.connectedComponentsWithStats((alpha > 0.5).astype(np.uint8))[2][1:, cv2.CC_STAT_AREA]
        assert (pieces > 3).sum() == 1, LAYERS[part]
        assert pieces.sum() == pytest.approx(float(layers.alpha[0, part].sum()), rel=0.3)
        # A limb may close to a ring; what it never has is small holes.
        closed = cv2.morphologyEx((alpha > 0.5).astype(np.uint8), cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8))
        holes = cv2.connectedComponentsWithStats((closed - (alpha > 0.5)).astype(np.uint8))[2][1:, cv2.CC_STAT_AREA]
        assert holes.max(initial=0) <= 8, LAYERS[part]


@pytest.mark.parametrize("way", [(0.0, -1.5), (2.0, -0.5), (-2.0, 0.0), (3.0, 0.5)])
def test_a_head_that_moves_is_neither_cut_nor_doubled_and_leaves_no_gap(way):
    """Face and hair down to the shoulders move as one; the neck follows beneath them."""
    layers, target = drawn(), person()
    hair = (slice(8 * SCALE, 17 * SCALE), slice(19 * SCALE, 29 * SCALE))
    layers.alpha[0, HEAD, 0][hair] = 1
    target[[0, 14, 15, 16, 17], :2] += torch.tensor(way) * SCALE
    for kept in ((HEAD,), (HEAD, TRUNK)):
        alpha = single(only(layers, *kept), target)[1]
        shown = (alpha > 0.5).numpy().astype(np.uint8)
        assert cv2.connectedComponents(shown)[0] == 2
        closed = cv2.morphologyEx(shown, cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8))
        assert (closed != shown)[14 * SCALE : 20 * SCALE].sum() < 20
        if kept == (HEAD,):
            assert float(alpha.sum() / layers.alpha[0, HEAD].sum()) == pytest.approx(1, abs=0.03)


def test_hands_keep_their_size():
    layers = drawn()
    hand = torch.zeros_like(layers.alpha)
    hand[:, RIGHT_ARM, :, int(31.5 * SCALE) :] = layers.alpha[:, RIGHT_ARM, :, int(31.5 * SCALE) :]
    layers = layers._replace(alpha=hand)
    for wrist in ((14, 30), (5, 24), (22, 24), (14, 20), (13, 28)):
        _, alpha = single(layers, person(right_wrist=wrist))
        assert float(alpha.sum() / hand.sum()) == pytest.approx(1, abs=0.15)


def test_what_is_known_to_be_nearer_lies_in_front():
    layers = drawn()
    for part, shade in ((TRUNK, -1.0), (RIGHT_ARM, 1.0)):
        layers.color[:, part] = shade
    target = person(right_elbow=(20, 24), right_wrist=(27, 26))
    x, y = 22 * SCALE, 24 * SCALE
    depth = torch.zeros(1, 1, 18)
    for sign, shade in ((-1, 1.0), (1, -1.0)):
        depth[..., [2, 3, 4]] = sign * 8.0 * SCALE
        warped = warp(layers, target[None, None], depth=depth)
        assert float(warped.color[0, 0, 0, y, x]) == pytest.approx(shade, abs=0.1)
    unknown = warp(layers, target[None, None], depth=torch.full((1, 1, 18), float("nan")))
    torch.testing.assert_close(unknown, warp(layers, target[None, None]))
    assert float(unknown.color[0, 0, 0, y, x]) == pytest.approx(1, abs=0.1)
    behind = target[list(MIRROR)]
    behind[[2, 3, 4, 5, 6, 7]] = behind[[2, 3, 4, 5, 6, 7]].clone()
    seen = warp(layers, behind[None, None])
    assert float(seen.color[0, 0, 0, y, x]) != pytest.approx(1, abs=0.1)


def test_skirts_hang_before_raised_thighs_and_trousers_do_not():
    layers = drawn()
    layers.alpha[0, TRUNK, 0, 30 * SCALE : 40 * SCALE, 17 * SCALE : 31 * SCALE] = 1
    layers.color[:, TRUNK], layers.color[:, [RIGHT_LEG, LEFT_LEG]] = -1.0, 1.0
    target = person(right_knee=(13, 30), left_knee=(35, 30), right_ankle=(14, 44), left_ankle=(34, 44))
    leg, trunk = (single(only(layers, part), target)[1] > 0.9 for part in (RIGHT_LEG, TRUNK))
    both = leg & trunk
    both[: 32 * SCALE] = False
    assert both.sum() > 20
    trousers, skirt = (
        float(warp(layers._replace(hem=torch.tensor([hem])), target[None, None]).color[0, 0, 0][both].mean())
        for hem in (0.0, 0.7)
    )
    assert trousers > 0.8
    assert skirt < 0.2  # from the hips on it goes over into the trunk, which thighs hide


def test_a_person_who_turns_round_is_mirrored():
    layers = drawn()
    layers.color[:, TRUNK, :, :, : SIZE[1] // 2] = -1
    layers.color[:, TRUNK, :, :, SIZE[1] // 2 :] = 1
    color = warp(only(layers, TRUNK), person()[list(MIRROR)][None, None]).color[0, 0, 0, 25 * SCALE]
    assert color[20 * SCALE] > 0.9
    assert color[28 * SCALE] < -0.9


def test_who_turns_round_has_no_face_behind():
    """The narrower hair above it goes on, to the head's sides; a head that is seen from the front keeps its face."""
    layers = drawn()
    layers.color[:, HEAD], layers.color[:, HEAD, :, : 6 * SCALE] = 1.0, -1.0  # a light face below dark hair
    layers.alpha[0, HEAD, 0, : 13 * SCALE, 20 * SCALE : 29 * SCALE] = 1
    layers.alpha[0, HEAD, 0, : 6 * SCALE, : 22 * SCALE] = layers.alpha[0, HEAD, 0, : 6 * SCALE, 27 * SCALE :] = 0
    front, behind = (
        warp(only(layers, HEAD), target[None, None]).color[0, 0, 0, 7 * SCALE : 11 * SCALE, 22 * SCALE : 27 * SCALE]
        for target in (person(), person()[list(MIRROR)])
    )
    assert front.min() > 0.9
    assert behind.max() < -0.5


@pytest.mark.parametrize("wide", np.linspace(-1, 1, 9).tolist())
def test_a_head_that_turns_round_shows_its_face_or_none_but_no_ghost(wide):
    layers, target = drawn(), person()
    layers.color[:, HEAD], layers.color[:, HEAD, :, : 6 * SCALE] = 1.0, -1.0
    layers.alpha[0, HEAD, 0, : 13 * SCALE, 20 * SCALE : 29 * SCALE] = 1
    for right, left in ((2, 5), (8, 11)):
        middle = (target[right, 0] + target[left, 0]) / 2
        target[[right, left], 0] = middle + wide * (target[[right, left], 0] - middle)
    face = warp(only(layers, HEAD), target[None, None]).color[0, 0, 0, 8 * SCALE : 10 * SCALE, 24 * SCALE]
    assert (face.abs() > 0.9).all()


@pytest.mark.parametrize(
    "lost", [("right_shoulder",), ("left_hip",), ("neck", "right_shoulder"), ("nose",), ("right_wrist",)]
)
def test_a_missing_joint_makes_nothing_vanish(lost):
    layers, target = drawn(), person(**SQUAT)
    _, whole = single(layers, target)
    for name in lost:
        target[KEYPOINTS.index(name), 2] = 0
    _, alpha = single(layers, target)
    assert float(alpha.sum() / whole.sum()) == pytest.approx(1, abs=0.12)
    assert float((alpha * whole).sum() / whole.sum()) > 0.7


def test_nobody_is_shown_where_no_pose_is_known():
    warped = warp(drawn(), torch.zeros(1, 1, 18, 3))
    assert warped.alpha.max() == 0
    assert warped.near.max() == 0


def test_a_small_change_of_the_pose_is_a_small_change_of_the_picture():
    layers = drawn()
    for target in (person(), person(**SQUAT), person(**RAISED)):
        picture = torch.cat([x.reshape(-1, *SIZE) for x in single(layers, target)])
        wavers = target + torch.cat([random(18, 2, seed=3, low=-0.2, high=0.2), torch.zeros(18, 1)], dim=1)
        again = torch.cat([x.reshape(-1, *SIZE) for x in single(layers, wavers)])
        assert (again - picture).abs().mean() < 0.01
        assert ((again - picture).abs().amax(0) > 0.5).float().mean() < 1e-3


def test_photos_and_frames_do_not_mix():
    one, other = drawn(2, seed=0), drawn(2, seed=1)
    both = Layers(*(torch.cat(x) for x in zip(one, other, strict=True)))
    targets = torch.stack([person(2), person(2, **RAISED), person(2, **SQUAT)])
    together = warp(both, torch.stack([targets, targets.flip(0)]))
    for b, layers in enumerate((one, other)):
        for f in range(3):
            alone = warp(layers, (targets, targets.flip(0))[b][None, f : f + 1])
            for x, y in zip(together, alone, strict=True):
                torch.testing.assert_close(x[b : b + 1, f : f + 1], y, atol=1e-4, rtol=0)


def test_what_else_is_asked_for_in_the_same_call_changes_nothing():
    """Photos that are shown smaller are averaged first, each frame as much as it needs."""
    layers = drawn(2)
    targets = [
        person(2),
        person(2, **RAISED) * torch.tensor([0.7, 0.7, 1.0]),
        person(2) * torch.tensor([0.3, 0.3, 1.0]),
    ]
    targets += [person(2) * torch.tensor([1.6, 1.6, 1.0])]
    together = warp(layers, torch.stack(targets)[None])
    for f, target in enumerate(targets):
        for x, y in zip(together, warp(layers, target[None, None]), strict=True):
            torch.testing.assert_close(x[:, f : f + 1], y, atol=1e-5, rtol=0)


def test_a_photo_shown_smaller_does_not_alias():
    layers = drawn(4)
    fine = (torch.arange(SIZE[1]) % 2 * 2.0 - 1).expand(1, len(LAYERS), 3, *SIZE)
    color, alpha = single(layers._replace(color=fine), person(4) * torch.tensor([0.45, 0.45, 1.0]))
    assert color[:, alpha > 0.95].abs().max() < 0.3


@pytest.mark.parametrize("seed", range(4))
def test_any_key_points_give_pictures_in_range(seed):
    wild = torch.cat([random(18, 2, seed=seed, low=-100, high=300), random(18, 1, seed=seed, low=0)], dim=1)
    for warped in (
        warp(drawn(2), wild[None, None]),
        warp(drawn(2)._replace(keypoints=wild[None]), person(2)[None, None]),
    ):
        assert all(x.isfinite().all() and x.abs().max() <= 1 for x in warped)


def test_shapes_that_do_not_fit_are_refused():
    layers = drawn(2)
    with pytest.raises(InputError, match=r"target poses have the shape \(2, 1, 18, 3\)"):
        warp(layers, torch.zeros(2, 1, 18, 3))
    with pytest.raises(InputError, match="depths"):
        warp(layers, person(2)[None, None], depth=torch.zeros(1, 18))
    with pytest.raises(InputError, match="layers have the shapes"):
        warp(layers._replace(alpha=layers.alpha[:, :4]), person(2)[None, None])


def test_one_of_several_photos_alone_gives_what_it_gives_by_itself():
    layers, other = drawn(2), drawn(2, seed=1)
    both = Layers(*(torch.cat(values) for values in zip(layers, other, strict=True)))
    targets = torch.stack([person(2), person(2, right_wrist=(10, 12))])[None]
    alone = torch.zeros(2, 2, len(LAYERS))
    alone[1] = 1
    for got, wanted in zip(warp(both, targets, shares=alone), warp(other, targets), strict=True):
        assert torch.equal(got, wanted)


def test_photos_mix_by_their_shares():
    layers = drawn(2)
    pale = layers._replace(color=layers.color * 0 + 0.5)
    dark = layers._replace(color=layers.color * 0 - 0.5)
    both = Layers(*(torch.cat(values) for values in zip(pale, dark, strict=True)))
    shares = torch.tensor([0.0, 0.25, 1.0])[:, None].expand(3, len(LAYERS))
    mixed = warp(both, person(2)[None, None].expand(1, 3, -1, -1), shares=torch.stack([1 - shares, shares]))
    firm = mixed.alpha[0, :, 0] > 0.99
    assert firm[0].any()
    for frame, wanted in enumerate((0.5, 0.25, -0.5)):
        seen = mixed.color[0, frame, 0][firm[frame]]
        torch.testing.assert_close(seen, torch.full_like(seen, wanted), atol=1e-4, rtol=0)
    torch.testing.assert_close(mixed.alpha[0, 1], mixed.alpha[0, 0], atol=1e-4, rtol=0)


def test_one_layer_alone_can_come_from_another_photo():
    layers = drawn(2)
    other = layers._replace(color=-layers.color)
    both = Layers(*(torch.cat(values) for values in zip(layers, other, strict=True)))
    shares = torch.zeros(2, 1, len(LAYERS))
    shares[0] = 1
    shares[:, :, TRUNK] = shares[:, :, TRUNK].flip(0)
    mixed, plain = warp(both, person(2)[None, None], shares=shares), warp(layers, person(2)[None, None])
    near = {"atol": 0.02, "rtol": 0}  # what other layers add there, faintly
    column, row = person(2)[1, :2].int().tolist()
    torch.testing.assert_close(mixed.color[..., row + 10, column], -plain.color[..., row + 10, column], **near)
    foot, ground = person(2)[10, :2].int().tolist()
    torch.testing.assert_close(mixed.color[..., ground, foot], plain.color[..., ground, foot], **near)
    with pytest.raises(InputError, match="shares of photos"):
        warp(both, person(2)[None, None], shares=shares[:1])


@pytest.mark.parametrize("shown", [0, 1])
def test_of_several_photos_each_has_its_own_face_or_none(shown):
    layers = drawn(2)
    both = Photos(Layers(*(torch.cat(values) for values in zip(layers, layers, strict=True))))
    square = np.array([[20, 2], [80, 2], [80, 60], [20, 60]], np.float32)
    up = np.concatenate([square - (0, 6), np.zeros((4, 1))], axis=1).astype(np.float32)
    face = MeshMotion(
        square, up[None], np.zeros((1, 4), np.float32), np.array([[0, 1, 2], [0, 2, 3]]), np.zeros((4, 3))
    )
    shares = torch.zeros(2, 1, len(LAYERS))
    shares[shown] = 1
    size = tuple(layers.alpha.shape[-2:])
    mixed = Poses(both, person(2)[None, None], shares=shares).shown(size, moves=[[], [face]])
    alone = Poses(Photos(layers), person(2)[None, None]).shown(size, moves=[[[], [face]][shown]])
    still = Poses(Photos(layers), person(2)[None, None]).shown(size)
    torch.testing.assert_close(mixed.color, alone.color)
    assert bool((mixed.color - still.color).abs().max() > 0.1) == (shown == 1)


@pytest.mark.parametrize(("shortened", "most"), [(1.0, None), (0.4, 0.35), (0.25, 0.35)])
def test_a_pattern_finer_than_a_foreshortened_limb_shows_is_gray_and_no_other_pattern(shortened, most):
    """Stripes of two pixels across a thigh that points at us: nothing of them is left but their mean."""
    layers = only(drawn(), RIGHT_LEG)
    stripes = torch.where(torch.arange(SIZE[0]) % 4 < 2, 1.0, -1.0)[:, None].expand(SIZE)
    layers = layers._replace(color=stripes.expand_as(layers.color).clone())
    hip, knee, ankle = (layers.keypoints[0, i].clone() for i in (8, 9, 10))
    target = layers.keypoints[0].clone()
    target[9, :2] = hip[:2] + shortened * (knee - hip)[:2]
    target[10, :2] = target[9, :2] + (ankle - knee)[:2]
    warped = warp(layers, target[None, None])
    (x, top), bottom = hip[:2].round().long().tolist(), int(target[9, 1])
    margin = (bottom - top) // 3
    shown = warped.color[0, 0, 0, top + margin : bottom - margin, x - 3 : x + 4]
    assert shown.numel() > 15
    if most is None:
        assert shown.std() > 0.7
    else:
        assert shown.std() < most
