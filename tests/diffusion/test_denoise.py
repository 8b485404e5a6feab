from types import SimpleNamespace

import pytest
import torch
from helpers import random

from tempose.diffusion.denoise import around_prior, denoise, implied
from tempose.models.conditions import Conditions, Prior
from tempose.warp.detail import moved

ALPHA_BAR = torch.tensor([0.9, 0.2]).view(2, 1, 1, 1, 1)
SIGNAL, NOISE = ALPHA_BAR.sqrt(), (1 - ALPHA_BAR).sqrt()
PLAIN = {"sigma_data": None, "correct_prior": False}
KINDS = pytest.mark.parametrize("kind", ["epsilon", "v_prediction"])


class Network:
    """Says what it is told to say."""

    def __init__(self, output, **config):
        self.output = output
        self.config = SimpleNamespace(**{**PLAIN, **config})

    def __call__(self, *_):
        return self.output


def call(network, x_t, prior, kind):
    conditions = Conditions(torch.zeros(2, 3, 20, 4, 4), {}, prior=prior)
    return denoise(network, x_t, torch.zeros(2), conditions, alpha_bar=ALPHA_BAR, prediction_type=kind)


def prior_of(picture, *, mask=1.0, given=(1.0, 1.0)):
    """A prior that is this picture: nobody before it."""
    nobody = torch.zeros_like(picture[:, :, :1])
    return Prior(picture, nobody, picture, torch.full_like(nobody, mask), torch.tensor(given))


def clean_of(prediction, x_t, kind):
    if kind == "epsilon":
        return (x_t - NOISE * prediction[:, :, :3]) / SIGNAL
    return SIGNAL * x_t - NOISE * prediction[:, :, :3]


X_T, PAINTED, PICTURE = (random(2, 3, 3, 4, 4, seed=i) for i in range(3))


@KINDS
def test_implied_noise_leads_back_to_the_clean_frames(kind):
    torch.testing.assert_close(clean_of(implied(PAINTED, X_T, SIGNAL, NOISE, kind), X_T, kind), PAINTED)


def test_the_learned_variance_passes_by():
    output = torch.cat([PAINTED, 0.3 * PAINTED], dim=2)
    denoised = call(Network(output, sigma_data=0.2), X_T, prior_of(PICTURE), "epsilon")
    assert torch.equal(denoised.output[:, :, 3:], output[:, :, 3:])
    assert denoised.person is None


def test_a_model_that_builds_on_nothing_is_called_as_it_is():
    output = random(2, 3, 6, 4, 4)
    assert call(Network(output), X_T, None, "epsilon").output is output


def around(rest, x_t=X_T, alpha_bar=ALPHA_BAR, given=(1.0, 1.0), deviation=0.2):
    return around_prior(prior_of(PICTURE, given=given), rest, x_t, alpha_bar, deviation)


def test_an_untrained_network_gives_back_what_is_known_when_all_is_noise():
    nothing = torch.full_like(ALPHA_BAR, 1e-9)
    torch.testing.assert_close(around(0 * X_T, alpha_bar=nothing), PICTURE, atol=1e-4, rtol=0)


def test_and_what_is_seen_when_there_is_no_noise():
    everything = torch.full_like(ALPHA_BAR, 1 - 1e-9)
    torch.testing.assert_close(around(random(*X_T.shape), alpha_bar=everything), X_T, atol=1e-3, rtol=0)


def test_the_network_is_asked_for_something_of_unit_variance():
    """Draw clean frames around the known picture: what is left for the network is scaled to one."""
    generator = torch.Generator().manual_seed(0)
    many = 200_000
    prior, alpha_bar, sigma = 0.4, 0.3, 0.2
    clean = prior + sigma * torch.randn(many, generator=generator)
    x_t = alpha_bar**0.5 * clean + (1 - alpha_bar) ** 0.5 * torch.randn(many, generator=generator)
    shaped = x_t.view(1, 1, 1, 1, many)
    picture = prior_of(torch.full_like(shaped, prior), given=(1.0,))
    bar = torch.full((1, 1, 1, 1, 1), alpha_bar)
    mean = around_prior(picture, 0 * shaped, shaped, bar, sigma)
    spread = around_prior(picture, torch.ones_like(shaped), shaped, bar, sigma) - mean
    rest = (clean.view_as(shaped) - mean) / spread
    assert abs(rest.mean()) < 0.01
    assert abs(rest.var() - 1) < 0.01


def test_away_from_the_person_the_frames_lie_closer_to_what_is_known():
    sure, nothing = prior_of(PICTURE, mask=0.0), torch.full_like(ALPHA_BAR, 1e-9)
    far, near = around_prior(sure, PAINTED, X_T, nothing, 0.2), around(PAINTED, alpha_bar=nothing)
    torch.testing.assert_close(far - PICTURE, (near - PICTURE) / 4, atol=1e-4, rtol=0)


def test_frames_of_an_untrained_network_carry_hardly_any_noise():
    half = torch.full_like(ALPHA_BAR, 0.5)  # a late time of few steps: as much noise as signal
    assert (around(0 * X_T, x_t=half**0.5 * PICTURE + half**0.5 * X_T, alpha_bar=half) - PICTURE).std() < 0.003


def test_without_a_photo_the_known_deviation_is_one():
    zero = prior_of(torch.zeros_like(PICTURE), given=(0.0, 0.0))
    plain = around_prior(zero, PAINTED, X_T, ALPHA_BAR, 0.2)
    torch.testing.assert_close(plain, SIGNAL * X_T + NOISE * PAINTED)  # v-prediction, but for the sign


@KINDS
def test_denoise_around_the_known_picture(kind):
    network = Network(PAINTED, sigma_data=0.2)
    prediction = call(network, X_T, prior_of(PICTURE), kind).output
    torch.testing.assert_close(clean_of(prediction, X_T, kind), around(PAINTED), rtol=1e-4, atol=1e-4)


@KINDS
def test_the_person_is_moved_and_their_alpha_corrected_before_anything_is_added(kind):
    flow, more = 0.5 * random(2, 3, 2, 4, 4, seed=3), 0.4 * random(2, 3, 1, 4, 4, seed=4)
    network = Network(torch.cat([flow, more, PAINTED], dim=2), sigma_data=0.2, correct_prior=True)
    alpha, background = random(2, 3, 1, 4, 4, seed=5, low=0), random(*PICTURE.shape, seed=6)
    prior = Prior(PICTURE, alpha, background, torch.full_like(alpha, 0.5), torch.ones(2))
    denoised = call(network, X_T, prior, kind)
    there = moved(alpha, flow / 2) + more / 2
    expected = prior._replace(color=moved(PICTURE, flow / 2), alpha=there.clamp(0, 1))
    clean = around_prior(expected, PAINTED, X_T, ALPHA_BAR, 0.2)
    torch.testing.assert_close(clean_of(denoised.output, X_T, kind), clean, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(denoised.person, torch.cat([flow / 2, there], dim=2))
    assert denoised.output.shape[2] == 3
