import torch

from tempose.warp.morph import morphed


def disc(radius, color, *, soft=2.0):
    """A round person in one color, `1 1 3 h w` and `1 1 1 h w`."""
    y, x = torch.meshgrid(torch.arange(64) - 31.5, torch.arange(64) - 31.5, indexing="ij")
    alpha = ((radius - torch.hypot(x, y)) / soft + 0.5).clamp(0, 1)
    return torch.tensor(color)[:, None, None].expand(3, 64, 64) * (alpha > 0), alpha[None]


def of(share, *people):
    color, alpha = (torch.stack(values)[:, None] for values in zip(*people, strict=True))
    color, alpha = morphed(color, alpha, torch.tensor([[1 - share], [share]]))
    return color[0, 0], alpha[0, 0]


SMALL, LARGE = disc(12, (0.8, -0.4, 0.0)), disc(24, (-0.8, 0.4, 1.0))


def test_outlines_move_and_do_not_dissolve():
    for share, radius in ((0.25, 15), (0.5, 18), (0.75, 21)):
        color, alpha = of(share, SMALL, LARGE)
        middle = alpha[0, 32, 32:]
        assert abs(float(middle.sum()) - radius) < 1
        assert ((middle > 0.02) & (middle < 0.98)).sum() <= 4, "as sharp as the people's own edges"
        wanted = torch.lerp(SMALL[0][:, 32, 32], LARGE[0][:, 32, 32], share)
        off = (color - wanted[:, None, None]).abs().amax(0)[alpha[0] > 0]
        assert off.max() < 0.02, "the smaller one's color goes on"


def test_a_whole_share_gives_that_person():
    for share, person in ((0.0, SMALL), (1.0, LARGE)):
        color, alpha = of(share, SMALL, LARGE)
        assert (alpha - person[1]).abs().max() < 0.011
        assert ((color - person[0]).abs() * person[1]).max() < 0.02


def test_nobody_stays_nobody():
    nobody = (torch.zeros(3, 64, 64), torch.zeros(1, 64, 64))
    assert of(0.5, nobody, nobody)[1].max() == 0
    assert of(0.3, LARGE, nobody)[1].max() == 0
