import numpy as np
import pytest

from tempose.core.errors import InputError, PoseError
from tempose.pose.tracking import choice_of, follow


def someone(x: float, y: float = 100, height: float = 80) -> np.ndarray:
    spread = np.random.default_rng(0).uniform((-0.2, -0.5), (0.2, 0.5), (18, 2)) * height
    return np.concatenate([spread + np.array([x, y]), np.ones((18, 1))], axis=1)


def crossing(frames: int = 20) -> list[np.ndarray]:
    """A tall and a short person pass each other; the order in the list changes at random."""
    rng = np.random.default_rng(0)
    people = []
    for index in range(frames):
        pair = [someone(50 + 10 * index, 100, 120), someone(250 - 10 * index, 140, 60)]
        people.append(np.array(pair if rng.random() < 0.5 else pair[::-1]))
    return people


def middles(people, chosen) -> np.ndarray:
    return np.array([frame[which, :, 0].mean() for frame, which in zip(people, chosen, strict=True)])


def test_the_same_person_is_followed_through_a_crossing():
    people = crossing()
    steps = {"largest": 10, 1: 10, 2: -10, (240.0, 140.0): -10, (60.0, 90.0): 10}
    for person, step in steps.items():
        chosen = follow(people, fps=25, person=person)
        assert np.allclose(np.diff(middles(people, chosen)), step, atol=1e-9)


def test_a_gap_does_not_end_the_track_and_nobody_is_nobody():
    people = crossing()
    people[8] = people[8][:0]
    chosen = follow(people, fps=25, person=2)
    assert chosen[8] == -1
    assert (np.delete(chosen, 8) >= 0).all()
    assert (follow([np.zeros((0, 18, 3))] * 3, fps=25) == -1).all()


def test_a_spurious_large_person_in_one_frame_is_not_followed():
    people = [np.array([someone(100)]) for _ in range(10)]
    people[4] = np.array([someone(600, 300, 200), someone(100)])
    assert follow(people, fps=25).tolist() == [0, 0, 0, 0, 1, 0, 0, 0, 0, 0]


def test_after_a_cut_the_choice_is_made_again():
    people = [np.array([someone(100), someone(300, 100, 60)])] * 5
    people += [np.array([someone(300, 100, 60), someone(500)])] * 5
    assert follow(people, fps=25, cuts=[5]).tolist() == [0] * 5 + [1] * 5


def test_a_person_who_is_not_there_is_an_error():
    with pytest.raises(PoseError, match="person 3"):
        follow(crossing(), fps=25, person=3)
    with pytest.raises(InputError, match="counted from 1"):
        follow(crossing(), fps=25, person=0)


def test_the_choice_as_text():
    assert choice_of("largest") == "largest"
    assert choice_of("2") == 2
    assert choice_of("320,180.5") == (320.0, 180.5)
    for text in ("biggest", "1,2,3", "", "1.5"):
        with pytest.raises(InputError, match="person"):
            choice_of(text)


def test_with_few_frames_a_second_people_go_farther_from_frame_to_frame():
    people = [np.array([someone(100)])] * 4 + [np.array([someone(200)])] * 3
    assert (follow(people, fps=1.25) >= 0).all()
    assert (follow(people, fps=25) == -1).any()
