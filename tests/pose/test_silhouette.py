import numpy as np

from tempose.pose.silhouette import silhouette


def scene(color: tuple[int, int, int], background: int = 240) -> tuple[np.ndarray, np.ndarray]:
    """A flat body of head, trunk and legs before a plain wall, and where it is."""
    rows, columns = np.mgrid[:128, :88]
    body = (abs(columns - 44) < 14) & (abs(rows - 60) < 25)
    body |= (columns - 44) ** 2 + (rows - 25) ** 2 < 100
    body |= (abs(abs(columns - 44) - 8) < 5) & (rows > 80) & (rows < 120)
    picture = np.full((128, 88, 3), background, np.uint8)
    picture[body] = color
    return picture, body


def joints() -> np.ndarray:
    points = np.zeros((18, 3), np.float32)
    for joint, (x, y) in {0: (44, 25), 1: (44, 40), 2: (34, 42), 5: (54, 42), 8: (37, 82), 11: (51, 82),
                          9: (36, 100), 10: (36, 117), 12: (52, 100), 13: (52, 117)}.items():  # fmt: skip
        points[joint] = x, y, 1
    return points


def overlap(one: np.ndarray, other: np.ndarray) -> float:
    return (one & other).sum() / (one | other).sum()


def test_a_person_before_a_plain_wall_is_found() -> None:
    for color in ((200, 40, 40), (30, 30, 60), (250, 220, 190)):
        picture, body = scene(color)
        assert overlap(silhouette(picture, joints()), body) > 0.95


def test_without_key_points_it_is_what_stands_out() -> None:
    picture, body = scene((200, 40, 40))
    assert overlap(silhouette(picture, np.zeros((18, 3), np.float32)), body) > 0.95


def test_what_the_person_does_not_touch_is_left_out() -> None:
    picture, body = scene((200, 40, 40))
    picture[60:70, 2:12] = (200, 40, 40)
    assert overlap(silhouette(picture, joints()), body) > 0.95


def test_the_same_picture_gives_the_same_mask() -> None:
    rng = np.random.default_rng(0)
    picture, _ = scene((200, 40, 40))
    noisy = np.clip(picture + rng.normal(0, 20, picture.shape), 0, 255).astype(np.uint8)
    first = silhouette(noisy, joints())
    silhouette(picture, joints())
    np.testing.assert_array_equal(silhouette(noisy, joints()), first)


def test_a_picture_of_one_color_raises_nothing() -> None:
    picture = np.full((128, 88, 3), 90, np.uint8)
    assert silhouette(picture, joints()).shape == (128, 88)
