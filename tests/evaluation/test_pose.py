import torch
from helpers import random, standing

from tempose.evaluation.pose import mean_error, pck, person_height

PERSON = standing()[None, None].repeat(1, 2, 1, 1)  # from eyes at 7 to ankles at 58


def moved(by):
    keypoints = PERSON.clone()
    keypoints[..., 0] += by
    return keypoints


def test_closed_forms():
    torch.testing.assert_close(person_height(PERSON), torch.full((1, 2), 51.0))
    assert pck(PERSON, PERSON).eq(1).all()
    assert mean_error(PERSON, PERSON).eq(0).all()
    torch.testing.assert_close(mean_error(moved(5.1), PERSON), torch.full((1, 2), 10.0))


def test_the_threshold_is_a_share_of_the_height():
    assert pck(moved(5.0), PERSON).eq(1).all()
    assert pck(moved(5.2), PERSON).eq(0).all()
    assert pck(moved(5.2), PERSON, threshold=0.2).eq(1).all()


def test_neither_depends_on_the_size_of_the_picture():
    noise = torch.cat([random(1, 2, 18, 2, low=-9, high=9), torch.zeros(1, 2, 18, 1)], dim=-1)
    double = torch.tensor([2.0, 2.0, 1.0])
    found = PERSON + noise
    torch.testing.assert_close(mean_error(found * double, PERSON * double), mean_error(found, PERSON))
    torch.testing.assert_close(pck(found * double, PERSON * double), pck(found, PERSON))


def test_more_noise_is_worse():
    noise = torch.cat([random(1, 2, 18, 2), torch.zeros(1, 2, 18, 1)], dim=-1)
    results = [
        (pck(PERSON + s * noise, PERSON).mean(), mean_error(PERSON + s * noise, PERSON).mean()) for s in (1, 6, 20)
    ]
    assert results[0][0] > results[1][0] > results[2][0]
    assert results[0][1] < results[1][1] < results[2][1]


def test_a_joint_not_found_is_missed_and_one_not_asked_for_is_nothing():
    lost = PERSON.clone()
    lost[:, :, 3:6] = 0
    torch.testing.assert_close(pck(lost, PERSON), torch.full((1, 2), 15 / 18))
    assert mean_error(lost, PERSON).eq(0).all()
    assert pck(PERSON, lost).eq(1).all()


def test_nobody_to_measure():
    nobody = torch.zeros_like(PERSON)
    assert pck(nobody, PERSON).eq(0).all()
    assert mean_error(nobody, PERSON).isnan().all()
    assert pck(PERSON, nobody).isnan().all()
    assert mean_error(PERSON, nobody).isnan().all()
