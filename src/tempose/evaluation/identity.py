"""Identity drift: whether the parts of a person keep the colors that they have in the photo.

Parts are capsules around limbs, found by the key points, so a part is compared with itself however the
body has moved. What is compared are distributions of color: neither the folds of a sleeve nor the place
of a print matter, but a shirt that turns grey, a pattern that melts or an arm lost in the background does.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from tempose.pose.part_colors import color_distance, part_colors


def identity_drift(frames: Tensor, keypoints: Tensor, *, photo: Tensor, photo_keypoints: Tensor) -> Tensor:
    """How far the colors of the person's parts are from those in the photo.

    For each part the 1-Wasserstein distance between the distributions of L*, of a* and of b* (CIELAB),
    the three added as a vector's length; the mean over the parts seen in both. A part that only becomes
    d units lighter scores d, so the unit is that of ΔE*ab, where about 2.3 is just noticeable (Mahy et
    al. 1994).

    Turning, light and hidden parts also move it: compare with the truth's own, where there is one, and
    look at how it grows over time.

    Args:
        frames: `b f 3 h w` in [0, 1].
        keypoints: of the frames, `b f 18 3`.
        photo: `b 3 h w` in [0, 1], of any size.
        photo_keypoints: `b 18 3`, in pixels of the photo.

    Returns:
        `b f`; NaN where no part is seen in both.
    """
    b, f = frames.shape[:2]
    drift = torch.full((b, f), torch.nan)
    for i in range(b):
        known = part_colors(photo[i], photo_keypoints[i].cpu().numpy())
        for j in range(f):
            shown = part_colors(frames[i, j], keypoints[i, j].cpu().numpy())
            distances = [color_distance(known[name], shown[name]) for name in known if name in shown]
            if distances:
                drift[i, j] = float(np.mean(distances))
    return drift
