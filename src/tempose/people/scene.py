"""Where people stand: a place, its light and the shadows in it, drawn from a seed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tempose.people.places import PAINTERS, PLACES, Canvas
from tempose.people.render import FINE, Light, blurred


@dataclass(frozen=True)
class Scene:
    """A place, the same for every frame of a clip.

    Attributes:
        seed: what all the rest is drawn from.
        kind: a name of PLACES.
        light: what falls on the person and on the place.
        floor: whether the person's shadow lies on a floor.
        wall_shadow: how strongly it falls on a wall behind, 0 to 1.
    """

    seed: int
    kind: str
    light: Light
    floor: bool
    wall_shadow: float

    @staticmethod
    def draw(seed: int) -> Scene:
        rng = np.random.default_rng([seed, 23])
        kind = PLACES[rng.integers(len(PLACES))]
        around, height = rng.uniform(-1.5, 1.5), rng.uniform(0.15, 1.1)
        direction = (np.sin(around) * np.cos(height), np.sin(height), np.cos(around) * np.cos(height) + 0.15)
        warm, hard = rng.normal(0, 0.07), rng.uniform(0.15, 1.0)
        tint = np.array([1 + warm, 1.0, 1 - 1.2 * warm])
        key, sky = 0.35 + 0.65 * hard, 0.72 - 0.40 * hard
        light = Light(
            direction=tuple(float(v) for v in direction),  # type: ignore[arg-type]
            key=tuple(float(v) for v in key * tint),  # type: ignore[arg-type]
            sky=tuple(float(v) for v in sky * (2 - tint)),  # type: ignore[arg-type]
            ground=tuple(float(v) for v in 0.55 * sky * tint),  # type: ignore[arg-type]
            exposure=float(np.exp(rng.normal(0.0, 0.22))),
        )
        shadow = float(rng.uniform(0.2, 0.7)) if kind in ("plain", "wall") and rng.uniform() < 0.35 else 0.0
        return Scene(seed, kind, light, kind not in ("plain", "gradient", "leaves"), shadow)

    def paint(self, size: tuple[int, int], *, floor: float) -> np.ndarray:
        """The empty place, linear float32 `h w 3`; the person's feet stand at row `floor` (in pixels)."""
        rng = np.random.default_rng([self.seed, 29])
        canvas = Canvas.blank((size[0] * FINE, size[1] * FINE), floor / size[0])
        PAINTERS[self.kind](canvas, rng)
        image = np.clip(canvas.image, 0, 1).astype(np.float32) ** 2
        image = image.reshape(size[0], FINE, size[1], FINE, 3).mean((1, 3))
        soft = int(rng.choice([0, 1, 2, 4], p=[0.4, 0.25, 0.2, 0.15]) * size[0] / 256)
        if soft and self.kind not in ("plain", "gradient"):
            padded = np.pad(image, ((2 * soft,) * 2, (2 * soft,) * 2, (0, 0)), mode="edge")
            image = blurred(blurred(padded, soft), soft)[2 * soft : -2 * soft, 2 * soft : -2 * soft]
        across = np.linspace(-1, 1, size[1], dtype=np.float32)[None, :, None]
        falloff = 1 - 0.18 * rng.uniform() + 0.15 * rng.uniform(-1, 1) * across
        return image * falloff * (0.45 * np.array(self.light.key, np.float32) + np.array(self.light.sky, np.float32))

    def shadowed(
        self, background: np.ndarray, *, cover: np.ndarray, feet: np.ndarray, scale: float, pitch: float
    ) -> np.ndarray:
        """The background with a person's shadow.

        Args:
            background: linear `h w 3`.
            cover: `h w`: where the person is.
            feet: `n 2`: pixels where they touch the ground.
            scale: pixels per metre.
            pitch: of the camera, radians.
        """
        height, width = cover.shape
        dark = np.zeros_like(cover)
        if self.wall_shadow:
            away = np.round(np.array([-self.light.direction[0], self.light.direction[1]]) * 0.22 * scale).astype(int)
            moved = np.zeros_like(cover)
            x, y = np.clip(away, -width + 1, width - 1)
            source = cover[max(-y, 0) : height - max(y, 0), max(-x, 0) : width - max(x, 0)]
            moved[max(y, 0) : height - max(-y, 0), max(x, 0) : width - max(-x, 0)] = source
            dark = self.wall_shadow * blurred(moved, max(1, round(0.03 * scale)))
        if self.floor:
            rows, columns = np.arange(height) + 0.5, np.arange(width) + 0.5
            lean = -0.22 * self.light.direction[0]
            for x, y in feet:
                for reach, strength, shift in ((0.11, 0.55, 0.0), (0.30, 0.30, lean)):
                    spread, flat = reach * scale, reach * scale * (0.18 + abs(np.sin(pitch)))
                    blob = np.outer(
                        np.exp(-(((rows - y) / flat) ** 2)), np.exp(-(((columns - x - shift * scale) / spread) ** 2))
                    )
                    dark = np.maximum(dark, (strength * blob).astype(np.float32))
        return background * (1 - 0.75 * dark[..., None])
