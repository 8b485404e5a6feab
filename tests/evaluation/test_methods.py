from dataclasses import replace

import numpy as np
import torch
from evaluation.sets import SIZE
from subjects import small_pipeline

from tempose.diffusion.pipeline import PersonVideoPipeline
from tempose.evaluation.cases import tasks
from tempose.evaluation.methods import fingerprint, generated, photo_copied, photo_warped
from tempose.evaluation.protocols import find_protocol
from tempose.media.tensors import to_tensor, to_uint8
from tempose.pose.keypoints import Motion
from tempose.warp.cutout import cut_out


def first_case(people):
    return tasks(people, "test", protocol=find_protocol("loop"), size=SIZE)[0].read()


def test_the_photo_copied_is_the_photo(people):
    case = first_case(people)
    copied = photo_copied(case)
    assert copied.shape == case.truth.frames.shape
    assert all(torch.equal(frame, case.photo) for frame in copied)


def test_the_photo_warped_to_its_own_pose_puts_the_person_back(people):
    case = first_case(people)
    own = np.repeat(case.photo_keypoints.numpy()[None], 2, axis=0)
    still = replace(case, motion=Motion(own, case.motion.size, case.motion.fps))
    mask = case.photo_mask[0].numpy()
    cutout = cut_out(to_uint8(case.photo), mask, case.photo_keypoints.numpy(), exact=True, patches=False)
    nobody = to_tensor(cutout.background)
    warped = photo_warped(still)
    assert warped.shape == (2, 3, *SIZE)
    assert (warped[1] - case.photo).abs().mean() < 0.6 * (nobody - case.photo).abs().mean()
    far = (nobody - case.photo).abs().amax(0) < 1e-2
    far &= torch.nn.functional.max_pool2d(case.photo_mask, 9, stride=1, padding=4)[0, 0:1][0] == 0
    torch.testing.assert_close(warped[1][:, far], case.photo[:, far], atol=2e-2, rtol=0)


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
    other = PersonVideoPipeline(
        pipe.texture_encoder, type(pipe.unet).from_config(pipe.unet.config), pipe.scheduler, pipe.sampling
    )
    other.unet.load_state_dict(pipe.unet.state_dict())
    assert fingerprint(other) == fingerprint(pipe)
    with torch.no_grad():
        next(other.unet.parameters()).view(-1)[0] += 1
    assert fingerprint(other) != fingerprint(pipe)
