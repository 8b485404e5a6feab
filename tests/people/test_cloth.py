"""Cloth repeats without a seam, and noise has the spectrum it says."""

from dataclasses import replace

import numpy as np
import pytest

from tempose.people.cloth import PATTERNS, TEXELS, Cloth, spectrum

CLOTH = Cloth("solid", ((0.7, 0.2, 0.2), (0.1, 0.2, 0.6), (0.9, 0.9, 0.8)), 1.0, False, 0.0, 0.5, 3)


@pytest.mark.parametrize("pattern", PATTERNS)
def test_tiles_are_pictures_that_repeat_without_a_seam(pattern):
    tile = replace(CLOTH, pattern=pattern).tile()
    assert tile.shape == (TEXELS, TEXELS, 3)
    assert tile.dtype == np.float32
    assert tile.min() >= 0
    assert tile.max() <= 1
    for axis in (0, 1):
        inner = np.abs(np.diff(tile, axis=axis)).mean((axis, 2))
        jumps = np.abs(np.diff(tile, axis=axis)).mean((1 - axis, 2))
        seam = np.abs(tile.take(0, axis) - tile.take(-1, axis)).mean()
        assert seam <= max(1.5 * jumps.max(), 0.05), inner.max()


@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_seed_is_one_cloth(pattern):
    cloth = replace(CLOTH, pattern=pattern)
    assert (cloth.tile() == cloth.tile()).all()
    assert (cloth.tile() != replace(cloth, seed=4).tile()).any()


def test_patterns_are_not_all_one_color():
    for pattern in PATTERNS:
        spread = replace(CLOTH, pattern=pattern).tile().std((0, 1)).max()
        assert spread > (0.005 if pattern == "solid" else 0.03), pattern


@pytest.mark.parametrize("power", [0.5, 1.0, 1.8])
def test_noise_falls_off_as_it_should(power):
    noise = spectrum(256, power, np.random.default_rng(0))
    assert noise.std() == pytest.approx(1)
    amplitude = np.abs(np.fft.fft2(noise))
    frequency = np.hypot(np.fft.fftfreq(256)[:, None], np.fft.fftfreq(256)[None])
    low = amplitude[(frequency > 0.02) & (frequency < 0.03)].mean()
    high = amplitude[(frequency > 0.2) & (frequency < 0.3)].mean()
    assert np.log10(low / high) == pytest.approx(power, abs=0.12)
