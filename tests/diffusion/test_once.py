"""What depends neither on the noise nor on the time is computed once, however many steps and windows there are."""

import torch
from helpers import counted, keypoint_motion
from subjects import small_pipeline, subject

from tempose.diffusion import pipeline, predict
from tempose.media.images import resize
from tempose.media.tensors import to_tensor

FRAMES, STEPS, SIZE = 6, 3, (32, 24)


def generate():
    person, height = subject(), subject().picture.shape[0]
    pose = person.pose.resized(SIZE)
    mask = resize(person.mask[..., None].repeat(3, -1).astype("uint8") * 255, SIZE)[..., 0] > 127
    assert height > SIZE[0]
    small_pipeline()(
        to_tensor(resize(person.picture, SIZE)),
        keypoint_motion("wave", frames=FRAMES, fps=10).resized(SIZE),
        photo_keypoints=torch.from_numpy(pose.keypoints[0]),
        photo_mask=torch.from_numpy(mask).float()[None],
        num_inference_steps=STEPS,
        window=4,
        strategy="overlap",
        generator=torch.Generator().manual_seed(0),
    )


def test_each_pose_is_drawn_once(monkeypatch):
    drawn = counted(monkeypatch, predict, "pose_maps", lambda keypoints, size: len(keypoints))
    generate()
    assert sum(drawn) == FRAMES


def test_the_person_is_warped_once_into_each_pose(monkeypatch):
    warped = counted(monkeypatch, predict, "warped_prior", lambda photo, keypoints, **_: keypoints.shape[1])
    generate()
    assert sum(warped) == FRAMES


def test_a_photo_is_cut_out_and_its_background_inpainted_once(monkeypatch):
    cut = counted(monkeypatch, pipeline, "cut_out", lambda *_, **__: 1)
    generate()
    assert sum(cut) == 1
