import itertools

from tempose.models.blocks import plan_down, plan_up
from tempose.models.config import preset


def published(plan):
    config = preset("pidm-256")
    return plan(config.base_channels, config.channel_multipliers, config.residual_blocks, config.texture_levels)


def test_seven_texture_blocks_where_the_paper_has_them():
    down = [(p.level, p.out_channels) for p in published(plan_down) if p.texture is not None]
    up = [(p.level, p.out_channels) for p in published(plan_up) if p.texture is not None]
    assert down == [(3, 256), (4, 512), (5, 512)]
    assert up == [(5, 512), (4, 512), (3, 256)]


def test_texture_blocks_read_the_feature_map_of_their_own_size():
    down, up = published(plan_down), published(plan_up)
    depths = {0: (0, 128), **{i + 1: (p.level, p.out_channels) for i, p in enumerate(down)}}
    for place in [*down, *up]:
        if place.texture is not None:
            assert depths[place.texture] == (place.level, place.out_channels)


def test_channels_chain_and_every_skip_is_used_once():
    down, up = published(plan_down), published(plan_up)
    assert len(up) == len(down) + 1 == 18
    for before, after in itertools.pairwise(down):
        assert before.out_channels == after.in_channels
    skips = [128] + [p.out_channels for p in down]
    channels = down[-1].out_channels
    for place in up:
        assert place.in_channels == channels + skips.pop()
        channels = place.out_channels
    assert skips == []
    assert channels == 128


def test_as_many_halvings_as_doublings():
    down, up = published(plan_down), published(plan_up)
    assert sum(p.resample for p in down) == sum(p.resample for p in up) == 5
