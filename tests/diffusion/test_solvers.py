import pytest
import torch
from conftest import TINY, TINY_V
from helpers import random

from tempose.core.errors import InputError
from tempose.diffusion.loss import Schedule
from tempose.diffusion.solvers import SOLVERS, make_solver, solver_step
from tempose.models.build import build_schedule


def denoise(name, config, steps, x_0):
    """Sample with a perfect network: it knows x_0 and says which noise is in x_t."""
    schedule = build_schedule(config)
    solver = make_solver(name, schedule=schedule, steps=steps)
    generator = torch.Generator().manual_seed(0)
    x_t = torch.randn(x_0.shape, generator=generator)
    for t in solver.timesteps:
        at = Schedule(schedule, t[None].long())
        noise = ((x_t - at.alpha_bar.sqrt() * x_0) / (1 - at.alpha_bar).sqrt())[0]
        predicted = noise if config.prediction_type == "epsilon" else at.velocity(x_0, noise)[0]
        if config.learned_variance:
            predicted = torch.cat([predicted, -torch.ones_like(predicted)], dim=1)
        x_t = solver_step(solver, predicted, t, x_t, generator=generator)
    return x_t


@pytest.mark.parametrize("config", [TINY, TINY_V], ids=["epsilon", "v"])
@pytest.mark.parametrize("steps", [10, 50])
@pytest.mark.parametrize("name", SOLVERS)
def test_a_perfect_network_leads_every_solver_to_the_truth(name, steps, config):
    x_0 = random(2, 3, 4, 4)
    torch.testing.assert_close(denoise(name, config, steps, x_0), x_0, rtol=0, atol=2e-2)


def test_ddim_visits_the_published_times():
    solver = make_solver("ddim", schedule=build_schedule(TINY), steps=5)
    assert solver.timesteps.tolist() == [800, 600, 400, 200, 0]
    assert float(solver.final_alpha_cumprod) == 1.0


def test_ddpm_bounds_the_learned_variance():
    solver = make_solver("ddpm", schedule=build_schedule(TINY), steps=10)
    x_t, t = random(1, 3, 4, 4), solver.timesteps[0]
    results = []
    for v in (1.0, 50.0):
        prediction = torch.cat([0 * x_t, torch.full_like(x_t, v)], dim=1)
        results.append(solver_step(solver, prediction, t, x_t, generator=torch.Generator().manual_seed(0)))
    assert torch.equal(*results)


def test_unknown_names_and_step_counts():
    schedule = build_schedule(TINY)
    with pytest.raises(InputError, match="did you mean 'unipc'"):
        make_solver("unip", schedule=schedule, steps=5)
    for steps in (0, 1001, 2.5):
        with pytest.raises(InputError, match="whole number from 1 to 1000"):
            make_solver("ddim", schedule=schedule, steps=steps)
