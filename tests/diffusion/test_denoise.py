import pytest
import torch
from helpers import random

from tempose.diffusion.denoise import denoise
from tempose.models.conditions import Conditions, Known


def predict(*, gate, prediction_type, given=1.0, learned_variance=False):
    """A network that paints the picture `painted` and wants to copy with the given logit."""
    alpha_bar = torch.tensor([0.9, 0.2]).view(2, 1, 1, 1, 1)
    signal, noise = alpha_bar.sqrt(), (1 - alpha_bar).sqrt()
    x_t, painted, known = (random(2, 3, 3, 4, 4, seed=i) for i in range(3))
    if prediction_type == "epsilon":
        output = (x_t - signal * painted) / noise
    else:
        output = (signal * x_t - painted) / noise
    channels = [output, *([0.3 * output] if learned_variance else []), torch.full((2, 3, 1, 4, 4), gate)]

    def network(*_):
        return torch.cat(channels, dim=2)

    conditions = Conditions(torch.zeros(2, 3, 20, 4, 4), [], known=Known(known, torch.full((2,), given)))
    result = denoise(network, x_t, torch.zeros(2), conditions, alpha_bar=alpha_bar, prediction_type=prediction_type)
    if prediction_type == "epsilon":
        clean = (x_t - noise * result[:, :, :3]) / signal
    else:
        clean = signal * x_t - noise * result[:, :, :3]
    return clean, painted, known, result


@pytest.mark.parametrize("prediction_type", ["epsilon", "v_prediction"])
@pytest.mark.parametrize("gate", [-50.0, -1.0, 0.0, 2.0, 50.0])
def test_the_clean_frames_are_copied_where_the_gate_is_open_and_painted_elsewhere(gate, prediction_type):
    clean, painted, known, result = predict(gate=gate, prediction_type=prediction_type)
    m = torch.sigmoid(torch.tensor(gate))
    torch.testing.assert_close(clean, m * known + (1 - m) * painted, rtol=1e-4, atol=1e-4)
    assert result.shape[2] == 3


def test_without_a_photo_the_gate_is_shut():
    clean, painted, _, _ = predict(gate=50.0, prediction_type="v_prediction", given=0.0)
    torch.testing.assert_close(clean, painted, rtol=1e-4, atol=1e-4)


def test_the_learned_variance_passes_by_the_gate():
    *_, result = predict(gate=0.0, prediction_type="epsilon", learned_variance=True)
    assert result.shape[2] == 6


def test_a_model_without_a_gate_is_called_as_it_is():
    output = random(1, 2, 6, 4, 4)
    conditions = Conditions(torch.zeros(1, 2, 20, 4, 4), [])
    result = denoise(
        lambda *_: output, output[:, :, :3], torch.zeros(1), conditions,
        alpha_bar=torch.ones(1, 1, 1, 1, 1), prediction_type="epsilon",
    )  # fmt: skip
    assert result is output
