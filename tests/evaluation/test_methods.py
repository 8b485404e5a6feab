from dataclasses import replace

import numpy as np
import torch
from evaluation.sets import SIZE
from subjects import small_pipeline

from tempose.diffusion.pipeline import PersonVideoPipeline
from tempose.evaluation.cases import tasks
from tempose.evaluation.methods import fingerprint, generated, photo_aligned, photo_copied
from tempose.evaluation.protocols import find_protocol
from tempose.models.alignment import inpainted_background


def first_case(people):
    return tasks(people, "test", protocol=find_protocol("loop"), size=SIZE)[0].read()


def test_the_photo_copied_is_the_photo(people):
    case = first_case(people)
    copied = photo_copied(case)
    assert copied.shape == case.truth.frames.shape
    assert all(torch.equal(frame, case.photo) for frame in copied)


def test_the_photo_aligned_to_its_own_pose_puts_the_person_back(people):
    case = first_case(people)
    own = np.repeat(case.photo_keypoints.numpy()[None], 2, axis=0)
    still = replace(case, motion=replace(case.motion, keypoints=own))
    nobody = inpainted_background(case.photo[None], case.photo_mask[None])[0]
    aligned = photo_aligned(still)
    assert aligned.shape == (2, 3, *SIZE)
    assert (aligned[1] - case.photo).abs().mean() < 0.6 * (nobody - case.photo).abs().mean()
    far = torch.nn.functional.max_pool2d(case.photo_mask, 15, stride=1, padding=7)[0] == 0
    torch.testing.assert_close(aligned[1][:, far], case.photo[:, far])


def test_noise_is_of_seed_and_name_alone(people):
    case = first_case(people)

    def generate(case, seed):
        return generated(small_pipeline(), seed=seed, num_inference_steps=1)(case)

    assert torch.equal(generate(case, 0), generate(case, 0))
    assert not torch.equal(generate(case, 0), generate(case, 1))
    assert not torch.equal(generate(case, 0), generate(replace(case, name="other"), 0))


def test_a_fingerprint_is_of_the_weights():
    pipe = small_pipeline()
    assert fingerprint(pipe) == fingerprint(pipe)
    other = PersonVideoPipeline(pipe.texture_encoder, type(pipe.unet).from_config(pipe.unet.config), pipe.scheduler)
    other.unet.load_state_dict(pipe.unet.state_dict())
    assert fingerprint(other) == fingerprint(pipe)
    with torch.no_grad():
        next(other.unet.parameters()).view(-1)[0] += 1
    assert fingerprint(other) != fingerprint(pipe)
