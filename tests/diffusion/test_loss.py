import math

import pytest
import torch
from conftest import TINY, TINY_V
from helpers import random

from tempose.diffusion.loss import Schedule, diffusion_loss, discretised_log_likelihood, gaussian_kl
from tempose.models.build import build_schedule

EPSILON, VELOCITY = build_schedule(TINY), build_schedule(TINY_V)
FIXED_VARIANCE = build_schedule(TINY.model_copy(update={"learned_variance": False}))
F64 = torch.float64


def sample(t):
    t = torch.tensor(t)
    x_0 = random(len(t), 2, 3, 4, 4).double()
    noise = torch.randn(x_0.shape, generator=torch.Generator().manual_seed(1), dtype=F64)
    return x_0, noise, t


def test_schedule_is_the_published_one():
    schedule = Schedule(EPSILON, torch.arange(1000), F64)
    betas = torch.linspace(1e-4, 2e-2, 1000, dtype=F64)
    torch.testing.assert_close(schedule.alpha_bar.flatten(), (1 - betas).cumprod(0), rtol=1e-5, atol=1e-9)


def test_add_noise_agrees_with_diffusers():
    x_0, noise, t = sample([0, 400, 999])
    ours = Schedule(EPSILON, t, F64).add_noise(x_0, noise)
    torch.testing.assert_close(ours, EPSILON.add_noise(x_0, noise, t), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("kind", ["epsilon", "v_prediction"])
def test_clean_inverts_what_the_network_is_asked_for(kind):
    x_0, noise, t = sample([3, 500, 900])
    schedule = Schedule(EPSILON, t, F64)
    target = noise if kind == "epsilon" else schedule.velocity(x_0, noise)
    torch.testing.assert_close(schedule.clean(schedule.add_noise(x_0, noise), target, kind), x_0)


def test_simple_loss_is_the_mean_square_and_zero_when_perfect():
    x_0, noise, t = sample([100, 700])
    loss = diffusion_loss(noise + 0.5, x_0=x_0, noise=noise, t=t, scheduler=FIXED_VARIANCE)
    torch.testing.assert_close(loss.simple, torch.full((2,), 0.25, dtype=F64))
    velocity = Schedule(VELOCITY, t, F64).velocity(x_0, noise)
    perfect = diffusion_loss(velocity, x_0=x_0, noise=noise, t=t, scheduler=VELOCITY)
    assert perfect.variational is None
    assert perfect.total.abs().max() == 0


def test_an_absolute_loss_is_the_mean_distance():
    x_0, noise, t = sample([100, 700])
    loss = diffusion_loss(noise - 0.5, x_0=x_0, noise=noise, t=t, scheduler=FIXED_VARIANCE, norm="l1")
    torch.testing.assert_close(loss.simple, torch.full((2,), 0.5, dtype=F64))


def test_variational_loss_vanishes_for_the_true_posterior():
    x_0, noise, t = sample([1, 50, 999])
    prediction = torch.cat([noise, -torch.ones_like(noise)], dim=2)  # v = −1: the posterior's variance
    loss = diffusion_loss(prediction, x_0=x_0, noise=noise, t=t, scheduler=EPSILON)
    assert loss.variational.abs().max() < 1e-9


def test_variational_loss_is_the_kl_divergence_of_the_two_gaussians():
    x_0, noise, t = sample([1, 300, 998])
    wrong, v = noise + 0.1, random(*noise.shape, seed=2).double()
    loss = diffusion_loss(torch.cat([wrong, v], dim=2), x_0=x_0, noise=noise, t=t, scheduler=EPSILON)

    betas = EPSILON.betas.double()
    bars = (1 - betas).cumprod(0)
    expected = []
    for i, time in enumerate(t.tolist()):
        beta, bar, before = betas[time], bars[time], bars[time - 1]
        x_t = bar.sqrt() * x_0[i] + (1 - bar).sqrt() * noise[i]
        guess = (x_t - (1 - bar).sqrt() * wrong[i]) / bar.sqrt()

        def mean(x, beta=beta, bar=bar, before=before, x_t=x_t):
            return (before.sqrt() * beta * x + (1 - beta).sqrt() * (1 - before) * x_t) / (1 - bar)

        true_variance = beta * (1 - before) / (1 - bar)
        variance = torch.exp((v[i] + 1) / 2 * beta.log() + (1 - v[i]) / 2 * true_variance.log())
        q = torch.distributions.Normal(mean(x_0[i]), true_variance.sqrt())
        p = torch.distributions.Normal(mean(guess), variance.sqrt())
        expected.append(torch.distributions.kl_divergence(q, p).mean() / math.log(2))
    torch.testing.assert_close(loss.variational, torch.stack(expected), rtol=1e-6, atol=1e-9)


def test_mean_does_not_learn_from_the_variational_loss():
    x_0, noise, t = sample([300])
    prediction = torch.cat([noise + 0.1, 0 * noise], dim=2).requires_grad_()
    diffusion_loss(prediction, x_0=x_0, noise=noise, t=t, scheduler=EPSILON).variational.sum().backward()
    assert prediction.grad[:, :, :3].abs().max() == 0
    assert prediction.grad[:, :, 3:].abs().min() > 0


def test_first_time_uses_the_likelihood_of_the_grey_value():
    x_0, noise, _ = sample([0])
    x_0 = (x_0 * 127.5).round() / 127.5
    t = torch.tensor([0])
    prediction = torch.cat([noise, 0 * noise], dim=2)
    loss = diffusion_loss(prediction, x_0=x_0, noise=noise, t=t, scheduler=EPSILON)
    schedule = Schedule(EPSILON, t, F64)
    log_variance = (schedule.beta_log + schedule.posterior_log) / 2
    expected = -discretised_log_likelihood(x_0, x_0, log_variance / 2).mean() / math.log(2)
    torch.testing.assert_close(loss.variational[0], expected)


@pytest.mark.parametrize(("mean", "deviation"), [(0.0, 0.05), (-0.99, 0.3), (2.0, 0.5)])
def test_grey_values_have_total_probability_one(mean, deviation):
    x = torch.arange(256, dtype=F64) / 127.5 - 1
    log_deviation = torch.full_like(x, math.log(deviation))
    assert discretised_log_likelihood(x, torch.full_like(x, mean), log_deviation).exp().sum() == pytest.approx(
        1, abs=1e-6
    )


def test_kl_agrees_with_torch():
    a, b, c, d = (random(50, seed=i).double() for i in range(4))
    p, q = (torch.distributions.Normal(m, torch.exp(v / 2)) for m, v in ((a, b), (c, d)))
    torch.testing.assert_close(gaussian_kl(a, b, c, d), torch.distributions.kl_divergence(p, q))
