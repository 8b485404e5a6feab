import pytest
import torch
import torch.nn.functional as F
from helpers import fill, random

from tempose.models.attention import PoseKeyedTextureAttention, TemporalAttention, TextureAttention, attend, rotate

NO_POSE = torch.zeros(0)  # attention without pose keys never looks


def test_texture_attention_starts_as_identity():
    attention = TextureAttention(8)
    h = random(2 * 3, 8, 4, 2)
    assert torch.equal(attention(h, NO_POSE, attention.read(random(2, 8, 4, 2), NO_POSE), 3), h)


def test_texture_attention_is_softmax_attention():
    attention = TextureAttention(8)
    fill(attention)
    h, features = random(1, 8, 2, 3), random(1, 8, 2, 3, seed=1)
    q = attention.to_q(attention.norm(h).flatten(2).transpose(1, 2))
    k, v = attention.to_kv(features.flatten(2).transpose(1, 2)).split(8, dim=-1)
    seen = ((q @ k.transpose(1, 2)) / 8**0.5).softmax(-1) @ v
    expected = h + attention.to_out(seen).transpose(1, 2).reshape(h.shape)
    torch.testing.assert_close(attention(h, NO_POSE, attention.read(features, NO_POSE), 1), expected)


def test_attention_in_bf16_is_that_of_torch_but_for_rounding():
    q, k, v = (random(2, 3, n, 8).bfloat16() for n in (40, 30, 30))
    wanted = F.scaled_dot_product_attention(q.float(), k.float(), v.float())
    learning = attend(q.requires_grad_(), k, v)
    with torch.no_grad():
        seen = attend(q, k, v)
    for each in (learning, seen):
        torch.testing.assert_close(each.float(), wanted, atol=0.02, rtol=0)


def test_every_frame_reads_the_photo_of_its_own_clip():
    attention = TextureAttention(8)
    fill(attention)
    h, features = random(2 * 3, 8, 4, 2), random(2, 8, 4, 2, seed=1)
    together = attention(h, NO_POSE, attention.read(features, NO_POSE), 3)
    for clip in range(2):
        for frame in range(3):
            i = 3 * clip + frame
            alone = attention(h[i : i + 1], NO_POSE, attention.read(features[clip : clip + 1], NO_POSE), 1)
            torch.testing.assert_close(together[i : i + 1], alone)


def test_positions_count_by_their_shares():
    attention = TextureAttention(8)
    fill(attention)
    h, features = random(2 * 3, 8, 4, 2), random(2, 8, 4, 2, seed=1)
    one, other = (attention.read(each, NO_POSE) for each in (features, features.flip(0)))
    both = one._replace(key=torch.cat([one.key, other.key], 1), value=torch.cat([one.value, other.value], 1))
    plain = attention(h, NO_POSE, both, 3)
    alike = both._replace(log_share=torch.zeros(2, 3, 16))
    torch.testing.assert_close(attention(h, NO_POSE, alike, 3), plain)
    counts = torch.zeros(2, 3, 16)
    counts[:, 1, :8], counts[:, [0, 2], 8:] = -torch.inf, -torch.inf
    apart = attention(h, NO_POSE, both._replace(log_share=counts), 3).unflatten(0, (2, 3))
    alone = [attention(h, NO_POSE, each, 3).unflatten(0, (2, 3)) for each in (one, other)]
    torch.testing.assert_close(apart[:, 1], alone[1][:, 1])
    torch.testing.assert_close(apart[:, [0, 2]], alone[0][:, [0, 2]])


def test_shares_lead_one_way_from_one_photo_to_the_other():
    attention = TextureAttention(8)
    fill(attention)
    h = random(5, 8, 4, 2, seed=2)[:1].expand(5, -1, -1, -1)
    one, other = (attention.read(random(1, 8, 4, 2, seed=seed), NO_POSE) for seed in (0, 1))
    share = torch.linspace(0, 1, 5)
    counts = torch.stack([1 - share, share], -1).log().repeat_interleave(8, dim=-1)[None]  # 1 5 16
    both = one._replace(
        key=torch.cat([one.key, other.key], 1), value=torch.cat([one.value, other.value], 1), log_share=counts
    )
    seen = attention(h, NO_POSE, both, 5)
    torch.testing.assert_close(seen[0], attention(h[:1], NO_POSE, one, 1)[0])
    torch.testing.assert_close(seen[-1], attention(h[:1], NO_POSE, other, 1)[0])
    assert ((seen - seen[0]).flatten(1).norm(dim=1).diff() > 0).all()
    assert ((seen - seen[-1]).flatten(1).norm(dim=1).diff() < 0).all()


def test_pose_keys_find_the_same_limb_before_anything_is_learnt():
    attention = PoseKeyedTextureAttention(32)
    for name, parameter in attention.named_parameters():
        torch.nn.init.zeros_(parameter) if name.startswith("to_q") else None
    torch.nn.init.zeros_(attention.to_kv.weight)
    torch.nn.init.zeros_(attention.to_kv.bias)
    with torch.no_grad():
        attention.to_pose.weight.copy_(20 * torch.eye(32, 17))
    # Limb 3 lies left in the photo, and right in the target.
    photo, target = torch.ones(1, 20, 4, 4), torch.ones(1, 20, 4, 4)
    photo[:, 3 + 3, :, 0] = 0
    target[:, 3 + 3, :, 3] = 0
    key = attention.read(random(1, 32, 4, 4), photo).key
    q = attention.queries(random(1, 32, 4, 4), target)
    seen = (q @ key.transpose(1, 2) / 32**0.5).softmax(-1).view(4, 4, 4, 4)
    assert seen[:, 3, :, 0].sum((1, 2) if seen[:, 3, :, 0].ndim == 3 else 1).min() > 0.99


def test_temporal_attention_starts_as_identity_and_has_4cc_plus_6c_parameters():
    attention = TemporalAttention(32, head_channels=8)
    h = random(2 * 5, 32, 2, 3)
    assert torch.equal(attention(h, 5), h)
    assert sum(p.numel() for p in attention.parameters()) == 4 * 32**2 + 6 * 32


def test_temporal_attention_mixes_frames_but_neither_positions_nor_clips():
    attention = TemporalAttention(8, head_channels=4)
    fill(attention)
    h = random(2 * 3, 8, 2, 2)
    changed = h.clone()
    changed[1, :, 0, 1] += random(8, seed=1)  # clip 0, frame 1, one position
    touched = (attention(changed, 3) != attention(h, 3)).any(1).view(2, 3, 2, 2)
    assert touched[0, :, 0, 1].all()
    touched[0, :, 0, 1] = False
    assert not touched.any()


@pytest.mark.parametrize("shift", [1, 7])
def test_rotary_products_depend_on_distance_alone(shift):
    q, k = random(1, 8), random(1, 8, seed=1)
    frames = 12
    products = rotate(q.expand(frames, 8)) @ rotate(k.expand(frames, 8)).T
    torch.testing.assert_close(products[:-shift, :-shift], products[shift:, shift:])
    assert not torch.allclose(products[0, 0], products[0, 1])
