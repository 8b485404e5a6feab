"""Light on a posed person: samples of the surface to pixels.

Colors are kept in linear light (the square of sRGB, close enough) until the picture is finished.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tempose.body.skeleton import Camera, Pose
from tempose.people.mesh import Surface
from tempose.people.raster import Samples, rasterise

SEAM, SEAM_WIDE = 0.25, 0.007  # how much darker the edge of cloth is, and how wide, metres
FINE = 2  # samples along a pixel's side

# A shadow: metres of a texel as the light sees it, how much nearer to the light counts as before, and at which texels
# around it is looked up, a spiral.
SHADOW_TEXEL, SHADOW_BIAS = 0.016, 0.03
SHADOW_TAPS = [
    (1.7 * np.sqrt((i + 0.5) / 8) * np.cos(2.4 * i), 1.7 * np.sqrt((i + 0.5) / 8) * np.sin(2.4 * i)) for i in range(8)
]


@dataclass(frozen=True, eq=False)
class Texture:
    """A picture on the surface that repeats: sRGB `h w 3` over `span` = (metres around, metres along)."""

    image: np.ndarray
    span: tuple[float, float]
    origin: tuple[float, float] = (0.0, 0.0)
    shine: float = 0.0
    folds: float = 0.0


@dataclass(frozen=True)
class Light:
    """A main light from `direction` (in the camera's axes: right, up, towards it), and light from all around."""

    direction: tuple[float, float, float]
    key: tuple[float, float, float]
    sky: tuple[float, float, float]
    ground: tuple[float, float, float]
    exposure: float


@dataclass(frozen=True, eq=False)
class Wardrobe:
    """All textures of a person as one list of texels, none finer than the picture can show."""

    texels: np.ndarray  # float32 n 3, linear
    offset: np.ndarray
    extent: np.ndarray  # m 2: columns and rows
    density: np.ndarray  # m 2: texels per metre
    origin: np.ndarray
    shine: np.ndarray
    folds: np.ndarray

    @staticmethod
    def of(textures: Sequence[Texture], *, scale: float) -> Wardrobe:
        """The textures for pictures of `scale` pixels per metre."""
        images = []
        for texture in textures:
            image = np.asarray(texture.image, np.float32) ** 2
            while min(image.shape[:2]) > 8 and image.shape[0] / texture.span[1] > 1.4 * FINE * scale:
                image = image.reshape(image.shape[0] // 2, 2, image.shape[1] // 2, 2, 3).mean((1, 3))
            images.append(image)
        extent = np.array([(image.shape[1], image.shape[0]) for image in images])
        offset = np.concatenate([[0], np.cumsum(extent.prod(1))[:-1]])
        return Wardrobe(
            texels=np.concatenate([image.reshape(-1, 3) for image in images]),
            offset=offset.astype(np.int32),
            extent=extent.astype(np.int32),
            density=(extent / np.array([t.span for t in textures])).astype(np.float32),
            origin=np.array([t.origin for t in textures], np.float32),
            shine=np.array([t.shine for t in textures], np.float32),
            folds=np.array([t.folds for t in textures], np.float32),
        )

    def colors(self, material: np.ndarray, cloth: np.ndarray) -> np.ndarray:
        """Linear colors `n 3` of the places `cloth` (`n 2`) of these materials (`n`)."""
        at = (cloth + self.origin[material]) * self.density[material] - np.float32(0.5)
        low = np.floor(at)
        right, below = ((at - low)[:, i, None] for i in (0, 1))
        extent, offset = self.extent[material], self.offset[material]
        low = low.astype(np.int32) % extent
        high = low + 1
        high[high == extent] = 0
        upper, lower = offset + low[:, 1] * extent[:, 0], offset + high[:, 1] * extent[:, 0]
        texels = self.texels
        top = texels[upper + low[:, 0]]
        top += right * (texels[upper + high[:, 0]] - top)
        bottom = texels[lower + low[:, 0]]
        bottom += right * (texels[lower + high[:, 0]] - bottom)
        return top + below * (bottom - top)


@dataclass(frozen=True, eq=False)
class View:
    """What a camera sees of a posed surface at `fine` samples along a pixel's side."""

    samples: Samples
    points: np.ndarray  # v 3: x, y in pixels and depth
    places: np.ndarray  # v 3: metres, in the camera's axes
    normals: np.ndarray  # v 3, in the camera's axes
    fine: int
    size: tuple[int, int]

    @staticmethod
    def of(surface: Surface, pose: Pose, frame: int, camera: Camera, *, fine: int = FINE) -> View:
        points, normals = surface.posed(pose, frame)
        seen = camera.project(points)
        height, width = camera.size
        scaled = seen * np.array([fine, fine, 1], np.float32)
        samples = rasterise(
            scaled, surface.triangles, cut=surface.cut, lined=surface.lined, size=(height * fine, width * fine)
        )
        axes = camera.rotation.T.astype(np.float32)
        return View(samples, seen, points @ axes, normals @ axes, fine, camera.size)

    def pixels(self) -> np.ndarray:
        """The index of the pixel that each sample lies in."""
        row, column = np.divmod(self.samples.place, self.size[1] * self.fine)
        return (row // self.fine) * self.size[1] + column // self.fine

    def cover(self, which: np.ndarray | slice = slice(None)) -> np.ndarray:
        """The share of each pixel that the samples, or `which` of them, cover: float32 `h w`."""
        count = self.size[0] * self.size[1]
        return (np.bincount(self.pixels()[which], minlength=count) / self.fine**2).astype(np.float32).reshape(self.size)


def fold_noise(cloth: np.ndarray) -> np.ndarray:
    """Wrinkles in [-1, 1] at places `n 2` on the cloth, a few centimetres apart and mostly slanting."""
    u, v = cloth[:, 0] * 7, cloth[:, 1] * 7
    bent = v + 0.6 * np.sin(1.7 * u + 1.1)
    return 0.6 * np.sin(2.3 * bent + 1.4 * u) * np.sin(1.1 * u - 0.6 * bent) + 0.4 * np.sin(4.9 * bent - 2.3 * u)


def shaded(view: View, surface: Surface, wardrobe: Wardrobe, light: Light, *, scale: float) -> np.ndarray:
    """Linear colors float32 `n 3` of a view's samples."""
    samples = view.samples
    flat = np.concatenate([view.normals, surface.cloth, surface.shade[:, None], surface.cut[:, None]], axis=1)
    values = samples.of(flat)
    normal, cloth, shade = values[:, :3], values[:, 3:5], values[:, 5] * (1 - SEAM * (values[:, 6] < SEAM_WIDE))
    material = surface.material[samples.corners[:, 0]]
    normal = normal / np.maximum(np.sqrt(np.einsum("ni,ni->n", normal, normal)), 1e-6)[:, None]
    inside = np.where(normal[:, 2] < -0.3, np.float32(-1), np.float32(1))  # the lining of open cloth
    normal, shade = normal * inside[:, None], shade * (0.75 + 0.25 * inside)
    shade = (
        shade
        * contact(samples.depth, (view.size[0] * view.fine, view.size[1] * view.fine), radius=0.05 * scale * view.fine)[
            samples.place
        ]
    )

    direction = np.array(light.direction, np.float32)
    direction /= np.linalg.norm(direction)
    reached = reached_by(direction, view, surface)
    folds = wardrobe.folds[material]
    facing = normal @ direction + 0.22 * folds * fold_noise(cloth)
    lit = np.clip((facing + 0.25) / 1.25, 0, 1)
    lit = lit * lit * (2 - lit) * reached
    up = (0.5 + 0.5 * normal[:, 1])[:, None]
    around = np.array(light.ground, np.float32) + up * np.array(np.subtract(light.sky, light.ground), np.float32)
    color = wardrobe.colors(material, cloth) * (
        (shade * lit)[:, None] * np.array(light.key, np.float32) + (shade * shade)[:, None] * around
    )
    half = direction + np.array([0, 0, 1], np.float32)
    half = (half / np.linalg.norm(half)).astype(np.float32)
    gloss = wardrobe.shine[material] * np.clip(normal @ half, 0, 1) ** 24 * shade * reached
    rim = 0.05 * np.clip(1 - normal[:, 2], 0, 1) ** 3 * up[:, 0]
    return color + gloss[:, None] * np.array(light.key, np.float32) + rim[:, None] * np.array(light.sky, np.float32)


def reached_by(direction: np.ndarray, view: View, surface: Surface) -> np.ndarray:
    """The share, float32 `n`, of a light from `direction` that reaches a view's samples past the surface itself.

    A depth buffer as the light sees it is compared at several places around (Reeves, Salesin and Cook 1987, "Rendering
    antialiased shadows with depth maps").
    """
    right = np.array([direction[2], 0, -direction[0]], np.float32)
    right = right / max(float(np.linalg.norm(right)), 1e-6)
    axes = np.stack([right, -np.cross(direction, right), -direction], axis=-1).astype(np.float32)
    seen = view.places @ axes
    low, high = seen.min(0), seen.max(0)
    columns, rows = np.ceil((high - low)[:2] / SHADOW_TEXEL).astype(int) + 1
    seen = (seen - low) / np.array([SHADOW_TEXEL, SHADOW_TEXEL, 1], np.float32)
    lined = np.ones(len(surface.triangles), bool)
    depth = rasterise(seen, surface.triangles, cut=surface.cut, lined=lined, size=(rows, columns)).depth
    at = view.samples.of(seen)
    column, row = at[:, 0], at[:, 1]
    behind = at[:, 2] - SHADOW_BIAS
    open_to = np.zeros(len(at), np.float32)
    for dx, dy in SHADOW_TAPS:
        x = np.clip(column + dx, 0, columns - 1).astype(np.int32)
        y = np.clip(row + dy, 0, rows - 1).astype(np.int32)
        open_to += depth[y * columns + x] > behind
    return open_to / len(SHADOW_TAPS)


def contact(depth: np.ndarray, size: tuple[int, int], *, radius: float) -> np.ndarray:
    """Light in [0, 1] that reaches surfaces behind near edges: the blurred depth buffer minus the depth
    (Luft, Colditz and Deussen 2006, "Image enhancement by unsharp masking the depth buffer").
    """
    depth = depth.reshape(size)
    solid = np.isfinite(depth)
    rows, columns = np.flatnonzero(solid.any(1)), np.flatnonzero(solid.any(0))
    light = np.ones(size, np.float32)
    if len(rows) == 0:
        return light.ravel()
    box = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    here, solid = np.where(solid, depth, 0)[box], solid[box].astype(np.float32)
    reach = max(1, round(radius))
    mean = blurred(here, reach) / np.maximum(blurred(solid, reach), 1e-3)
    light[box] = 1 - 0.55 * np.clip((here - mean) / 0.12, 0, 1) * solid
    return light.ravel()


def blurred(image: np.ndarray, reach: int) -> np.ndarray:
    """A box blur over 2·reach + 1 in both directions; nothing lies outside."""
    image = image.astype(np.float32)
    for axis in (0, 1):
        padding = [(0, 0)] * image.ndim
        padding[axis] = (reach + 1, reach)
        total = np.cumsum(np.pad(image, padding), axis=axis, dtype=np.float32)
        size = image.shape[axis]
        after = np.take(total, np.arange(2 * reach + 1, 2 * reach + 1 + size), axis=axis)
        before = np.take(total, np.arange(size), axis=axis)
        image = (after - before) / np.float32(2 * reach + 1)
    return image


def composed(view: View, color: np.ndarray, cover: np.ndarray, background: np.ndarray, exposure: float) -> np.ndarray:
    """The finished picture uint8 `h w 3`: the samples' linear `color` (`n 3`) over the background (`h w 3`)."""
    pixel, count = view.pixels(), cover.size
    sums = [np.bincount(pixel, color[:, channel], count) for channel in range(3)]
    person = np.stack(sums, axis=-1).reshape(background.shape).astype(np.float32) / np.float32(view.fine**2)
    return to_srgb((person + (1 - cover)[..., None] * background) * np.float32(exposure))


def to_srgb(linear: np.ndarray) -> np.ndarray:
    """Linear light → uint8, with a gentle shoulder for what is brighter than white."""
    value = np.sqrt(np.maximum(linear, 0))
    over = np.maximum(value - 0.8, 0)
    return (255 * (value - over * over / (over + 0.2)) + 0.5).astype(np.uint8)
