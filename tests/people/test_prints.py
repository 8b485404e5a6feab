"""Prints lie in the middle of the chest and leave the back as it is."""

import numpy as np
import pytest

from tempose.people.cloth import SPAN, Cloth
from tempose.people.prints import HEIGHT, PRINTS, chest_print
from tempose.people.render import Texture

CLOTH = Cloth("solid", ((0.9, 0.9, 0.9), (0.1, 0.2, 0.6), (0.7, 0.1, 0.1)), 1.0, True, 0.0, 0.5, 3)


@pytest.mark.parametrize("seed", range(8))
def test_a_print_changes_the_chest_only(seed):
    plain = Texture(CLOTH.tile(), (SPAN, SPAN))
    printed = chest_print(plain, CLOTH, np.random.default_rng(seed))
    changed = np.abs(printed.image - np.tile(plain.image, (4, 4, 1))).max(-1) > 0.05
    rows, columns = np.nonzero(changed)
    metres = 4 * SPAN / len(printed.image)
    across, down = columns * metres - printed.origin[0], rows * metres - printed.origin[1]
    assert changed.any()
    assert np.abs(across).max() < 0.22
    assert down.min() > HEIGHT - 0.25
    assert down.max() < HEIGHT + 0.55


def test_there_is_more_than_one_kind():
    plain = Texture(CLOTH.tile(), (SPAN, SPAN))
    sums = {float(chest_print(plain, CLOTH, np.random.default_rng(seed)).image.sum()) for seed in range(12)}
    assert len(sums) > len(PRINTS)
