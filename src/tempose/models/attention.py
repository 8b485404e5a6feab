"""Attention over the photo's texture, and over the frames of a clip."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
from einops import rearrange, repeat
from torch import Tensor, nn

from tempose.models.layers import group_norm, zero_init
from tempose.pose.keypoints import LIMBS


class KeyValue(NamedTuple):
    """What one texture diffusion block reads of a photo: keys and values `b n c`, n = h·w positions."""

    key: Tensor
    value: Tensor
    log_share: Tensor | None = None
    """The logarithm of how much each position counts in each frame, `b f n`; None where all count alike."""


def attend(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """Attention of queries `… n d` to keys and values `… m d`.

    torch's own kernel never holds all weights at once. In bf16 on processors it takes twice as long as holding them,
    a few megabytes where nothing is learnt.
    """
    if q.device.type == "cpu" and q.dtype == torch.bfloat16 and not torch.is_grad_enabled():
        return torch.softmax((q * q.shape[-1] ** -0.5) @ k.mT, dim=-1) @ v
    return F.scaled_dot_product_attention(q, k, v)


class TextureAttention(nn.Module):
    """Residual cross-attention from the noisy frames to the photo's features (PIDM, section 3.2).

    One head; queries from the normalized noise features, keys and values from the features of the
    photo as they are.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm = group_norm(channels)
        self.to_q = nn.Linear(channels, channels)
        self.to_kv = nn.Linear(channels, 2 * channels)
        self.to_out = zero_init(nn.Linear(channels, channels))

    def read(self, features: Tensor, pose: Tensor) -> KeyValue:
        """What the photo offers, the same for every frame and time.

        Args:
            features: of the photo, `b c h w`.
            pose: the photo's pose map `b 20 H W`; only pose-keyed attention looks at it.
        """
        tokens = rearrange(features, "b c h w -> b (h w) c")
        return KeyValue(*self.to_kv(tokens).chunk(2, dim=-1))

    def queries(self, h: Tensor, pose: Tensor) -> Tensor:
        """Normalized noise features `n c h w` (and their pose maps `n 20 H W`) → queries `n (h w) c`."""
        return self.to_q(rearrange(h, "n c h w -> n (h w) c"))

    def forward(self, h: Tensor, pose: Tensor, photo: KeyValue, f: int) -> Tensor:
        """Noise features `(b f) c h w` → the same shape, with the photo's texture added."""
        height = h.shape[-2]
        q = self.queries(self.norm(h), pose)
        # With its one head named, torch takes the kernel that never holds all weights at once.
        if photo.log_share is None:
            q = rearrange(q, "(b f) n c -> b 1 (f n) c", f=f)
            seen = attend(q, photo.key[:, None], photo.value[:, None])
        else:
            key, value = (repeat(x, "b n c -> (b f) 1 n c", f=f) for x in (photo.key, photo.value))
            counts = rearrange(photo.log_share, "b f n -> (b f) 1 1 n").to(q)
            seen = F.scaled_dot_product_attention(q[:, None], key, value, attn_mask=counts)
        seen = seen.reshape(len(h), -1, h.shape[1])  # (b f) n c
        return h + rearrange(self.to_out(seen), "n (h w) c -> n c h w", h=height)


class PoseKeyedTextureAttention(TextureAttention):
    """Texture attention that starts with body correspondence.

    Queries and keys also carry one shared linear embedding of how near each limb is, in the target
    and in the photo: places on the same limb attend to each other before anything is learnt of
    appearance.
    """

    def __init__(self, channels: int) -> None:
        super().__init__(channels)
        self.to_pose = nn.Linear(len(LIMBS), channels)

    def read(self, features: Tensor, pose: Tensor) -> KeyValue:
        """As without pose, with the photo's limbs in the keys."""
        read = super().read(features, pose)
        return read._replace(key=read.key + self.to_pose(limb_nearness(pose, features.shape[-2:])))

    def queries(self, h: Tensor, pose: Tensor) -> Tensor:
        """As without pose, with the target's limbs in the queries."""
        return super().queries(h, pose) + self.to_pose(limb_nearness(pose, h.shape[-2:]))


def limb_nearness(pose: Tensor, size: Sequence[int]) -> Tensor:
    """Pose maps `n 20 H W` → how near each limb is on a coarser grid, `n (h w) 17` in [0, 1]."""
    cells = pose[:, -len(LIMBS) :].unflatten(2, (size[0], -1))  # n limbs h rows W
    # Row by row, then along them: twice as fast on processors as torch's pooling, with the same result.
    whole = cells.float().sum(3).unflatten(3, (size[1], -1))  # n limbs h w columns
    distance = (whole.sum(4) / (cells.shape[3] * whole.shape[4])).to(pose.dtype)
    return torch.exp(-16 * rearrange(distance, "n limbs h w -> n (h w) limbs"))


class TemporalAttention(nn.Module):
    """Residual self-attention over the frames of a clip, at every spatial position by itself.

    4c² + 6c parameters. Frames know their distance by rotary embeddings (Su et al. 2021), which have
    no parameters and allow clips of any length. The output projection starts at zero: an untrained
    block leaves its input as it is.
    """

    def __init__(self, channels: int, *, head_channels: int) -> None:
        super().__init__()
        self.head_channels = head_channels
        self.norm = nn.LayerNorm(channels)
        self.to_qkv = nn.Linear(channels, 3 * channels)
        self.to_out = zero_init(nn.Linear(channels, channels))

    def forward(self, h: Tensor, f: int) -> Tensor:
        """`(b f) c h w` → the same shape, each position informed by the clip's other frames."""
        height, width = h.shape[-2:]
        tokens = rearrange(h, "(b f) c h w -> (b h w) f c", f=f)
        qkv = self.to_qkv(self.norm(tokens))
        q, k, v = rearrange(qkv, "n f (three heads d) -> three n heads f d", three=3, d=self.head_channels)
        seen = attend(rotate(q), rotate(k), v)
        out = self.to_out(rearrange(seen, "n heads f d -> n f (heads d)"))
        return h + rearrange(out, "(b h w) f c -> (b f) c h w", h=height, w=width)


def rotate(x: Tensor) -> Tensor:
    """Rotary position embedding `… f d` → `… f d` (Su et al. 2021, section 3.2.2).

    The product of a rotated query and a rotated key depends only on how many frames lie between.
    """
    f, d = x.shape[-2:]
    frequency = 10000 ** -(torch.arange(0, d, 2, device=x.device, dtype=torch.float32) / d)
    angle = torch.arange(f, device=x.device, dtype=torch.float32)[:, None] * frequency
    sin, cos = angle.sin().to(x.dtype), angle.cos().to(x.dtype)
    even, odd = x.unflatten(-1, (-1, 2)).unbind(-1)
    along, across = (torch.stack(pair, dim=-1).flatten(-2) for pair in ((cos, cos), (-sin, sin)))
    return x * along + torch.stack([odd, even], dim=-1).flatten(-2) * across
