"""The nodes: Load model, Photo, Motion, Animate, Save.

Pictures are ComfyUI's: IMAGE float32 `b h w 3` in [0, 1], MASK float32 `b h w` in [0, 1], both on the processor. What
else goes from node to node are tempose's own objects. Widgets are made of `tempose.AnimateSettings`: its names,
bounds, defaults and help.
"""

from __future__ import annotations

import math
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch

from tempose.animation.animate import animate, read_subjects
from tempose.animation.motion import read_motion
from tempose.animation.result import Animation, write_animation
from tempose.animation.settings import AnimateSettings
from tempose.animation.subject import Subject
from tempose.body.motions import MOTIONS
from tempose.core.errors import InputError
from tempose.core.settings import Entry
from tempose.diffusion.hub import WARP, Model, find_device, load_model
from tempose.media.images import write_image
from tempose.pose.estimate import estimate_video
from tempose.pose.keypoints import Motion

CATEGORY = "tempose"
ENTRIES = {entry.name: entry for entry in AnimateSettings.entries()}
FORMATS = (".mp4", ".webm", ".gif", ".webp")


class LoadModel:
    """Weights by name: those that ship, a folder, or OWNER/NAME on the Hub; warp moves the photo without any."""

    CATEGORY, FUNCTION = CATEGORY, "load"
    RETURN_TYPES, RETURN_NAMES = ("TEMPOSE_MODEL",), ("model",)

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:
        return {"required": widgets("model") | {"device": (["auto", "cpu", "cuda", "mps"], {"default": "auto"})}}

    def load(self, model: str, device: str) -> tuple[Model | str]:
        return (WARP if model == WARP else load_model(model, device=find_device(device)),)


class Photo:
    """The person in a picture; a batch is several pictures of the same person, such as front and back."""

    CATEGORY, FUNCTION = CATEGORY, "read"
    RETURN_TYPES, RETURN_NAMES = ("TEMPOSE_PHOTO",), ("photo",)

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:
        return {"required": {"image": ("IMAGE",)} | widgets("photo_person"), "optional": {"mask": ("MASK",)}}

    def read(self, image: torch.Tensor, photo_person: str, mask: torch.Tensor | None = None) -> tuple[list[Subject]]:
        """Whom to take, and `mask`, which is 1 on the person, concern the first picture."""
        with TemporaryDirectory() as folder:
            photos, given = [], None
            for number, picture in enumerate(to_pictures(image)):
                photos.append(Path(folder) / f"photo-{number}.png")
                write_image(photos[-1], picture)
            if mask is not None:
                given = Path(folder) / "mask.png"
                write_image(given, np.repeat(to_pictures(mask[..., None]), 3, axis=-1)[0])
            chosen = AnimateSettings(photo_person=photo_person, mask=given)
            return (read_subjects(photos, chosen, estimator=chosen.estimator),)


class MotionFromFile:
    """The motion of a video, a BVH motion capture, OpenPose JSON (a folder of it, too), or one by name."""

    CATEGORY, FUNCTION = CATEGORY, "read"
    RETURN_TYPES, RETURN_NAMES = ("TEMPOSE_MOTION",), ("motion",)
    NAMES = ("start", "duration", "fps", "max_frames", "person", "yaw", "seed")

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:
        told = f"A file or folder, or the name of a built-in motion: {', '.join(MOTIONS)}."
        return {"required": {"source": ("STRING", {"default": "walk", "tooltip": told})} | widgets(*cls.NAMES)}

    @classmethod
    def IS_CHANGED(cls, source: str, **_: Any) -> float:
        """A file that was written anew is read again."""
        return Path(source).stat().st_mtime if Path(source).exists() else 0.0

    def read(self, source: str, **given: Any) -> tuple[Motion]:
        return (read_motion(source, **settings_of(given).reading),)


class MotionFromFrames:
    """The motion of the person in a batch of pictures, as nodes that load videos give them."""

    CATEGORY, FUNCTION = CATEGORY, "read"
    RETURN_TYPES, RETURN_NAMES = ("TEMPOSE_MOTION",), ("motion",)

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:
        rate = ("FLOAT", {"default": 24.0, "min": 1.0, "max": 240.0, "tooltip": "Frames per second of the pictures."})
        return {"required": {"frames": ("IMAGE",), "frame_rate": rate} | widgets("person")}

    def read(self, frames: torch.Tensor, frame_rate: float, person: str) -> tuple[Motion]:
        chosen = AnimateSettings(person=person)
        return (estimate_video(to_pictures(frames), fps=frame_rate, person=chosen.person)[0],)


class Animate:
    """The person of the photo in the poses of the motion."""

    CATEGORY, FUNCTION = CATEGORY, "animate"
    RETURN_TYPES = ("IMAGE", "MASK", "TEMPOSE_ANIMATION", "FLOAT")
    RETURN_NAMES = ("frames", "mask", "animation", "frame_rate")
    NAMES = ("seed", "steps", "size", "background", "retarget", "strategy", "guidance")

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:
        given = {"model": ("TEMPOSE_MODEL",), "photo": ("TEMPOSE_PHOTO",), "motion": ("TEMPOSE_MOTION",)}
        return {"required": given | widgets(*cls.NAMES)}

    def animate(
        self, model: Model | str, photo: list[Subject], motion: Motion, **given: Any
    ) -> tuple[torch.Tensor, torch.Tensor, Animation, float]:
        made = animate(photo, motion, settings_of(given), model=model)
        frames = torch.from_numpy(np.stack(list(made.frames()))).float() / 255
        return frames, torch.from_numpy(np.stack(list(made.mattes()))), made, float(made.motion.fps)


class Save:
    """A video in ComfyUI's folder of results, with tempose's record beside it."""

    CATEGORY, FUNCTION, OUTPUT_NODE = CATEGORY, "save", True
    RETURN_TYPES, RETURN_NAMES = ("STRING",), ("path",)

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:
        name = ("STRING", {"default": "tempose", "tooltip": "Of the file; a number is added."})
        kind = (list(FORMATS), {"default": FORMATS[0]})
        return {"required": {"animation": ("TEMPOSE_ANIMATION",), "filename_prefix": name, "format": kind}}

    def save(self, animation: Animation, filename_prefix: str, format: str) -> dict[str, Any]:
        ending = ".png" if len(animation) == 1 else format
        path = free_name(output_folder(), filename_prefix, ending)
        write_animation(animation, path)
        told = {"filename": path.name, "subfolder": "", "type": "output", "format": f"video/{ending[1:]}"}
        return {"ui": {"gifs": [told]}, "result": (str(path),)}


# Between ComfyUI and tempose --------------------------------------------------------------------------


def widgets(*names: str) -> dict[str, tuple[Any, ...]]:
    """ComfyUI's widgets for settings; it knows no empty number, so 0 says that nothing is asked for."""
    return {name: widget(ENTRIES[name]) for name in names}


def widget(entry: Entry) -> tuple[Any, ...]:
    """The widget of one setting."""
    unset = f" 0: {entry.shown.unset or 'no bound'}." if entry.optional else ""
    told: dict[str, Any] = {"default": 0 if entry.default is None else entry.default, "tooltip": entry.help + unset}
    if entry.choices:
        return list(entry.choices), told
    if entry.kind not in (int, float):
        return "STRING", told
    least = entry.bounds.get("ge", entry.bounds.get("gt", 0))
    told["min"] = entry.kind(min(0, least) if entry.optional else least)
    told["max"] = entry.kind(entry.bounds.get("le", entry.bounds.get("lt", 1_000_000)))
    return ("INT", told) if entry.kind is int else ("FLOAT", {**told, "step": 0.01})


def settings_of(given: dict[str, Any]) -> AnimateSettings:
    """Settings from widgets."""
    return AnimateSettings(**{name: value for name, value in given.items() if value or not ENTRIES[name].optional})


def to_pictures(pictures: torch.Tensor) -> np.ndarray:
    """IMAGE or MASK, `b h w c` in [0, 1] → uint8 `b h w c`; of four channels the alpha is left out.

    Raises:
        InputError: the shape or range is another.
    """
    if pictures.ndim != 4 or pictures.shape[-1] not in (1, 3, 4) or not len(pictures):
        raise InputError(f"pictures have the shape {tuple(pictures.shape)}; wanted (b, h, w, 3)")
    low, high = float(pictures.min()), float(pictures.max())
    if not (math.isfinite(low) and low >= -1e-3 and high <= 1 + 1e-3):
        raise InputError(f"pictures run from {low:g} to {high:g}; wanted 0 to 1")
    return (pictures[..., :3].cpu().float().clamp(0, 1) * 255).round().to(torch.uint8).numpy()


def output_folder() -> Path:
    """ComfyUI's folder of results; outside of it, the folder `output` here."""
    try:
        import folder_paths
    except ImportError:
        return Path("output")
    return Path(folder_paths.get_output_directory())


def free_name(folder: Path, prefix: str, ending: str) -> Path:
    """The first name with a number that is free.

    Raises:
        InputError: the prefix leads out of the folder, or can be no name.
    """
    if Path(prefix).name != prefix or not prefix.isprintable() or not prefix:
        raise InputError(f"filename_prefix is {prefix!r}; wanted a name without a folder")
    number = 1
    while (folder / f"{prefix}_{number:05}{ending}").exists():
        number += 1
    return folder / f"{prefix}_{number:05}{ending}"


NODE_CLASS_MAPPINGS = {
    "TemposeLoadModel": LoadModel,
    "TemposePhoto": Photo,
    "TemposeMotion": MotionFromFile,
    "TemposeMotionFromFrames": MotionFromFrames,
    "TemposeAnimate": Animate,
    "TemposeSave": Save,
}
NODE_DISPLAY_NAME_MAPPINGS = {
    "TemposeLoadModel": "Load model (tempose)",
    "TemposePhoto": "Photo (tempose)",
    "TemposeMotion": "Motion from video, BVH or OpenPose (tempose)",
    "TemposeMotionFromFrames": "Motion from frames (tempose)",
    "TemposeAnimate": "Animate (tempose)",
    "TemposeSave": "Save (tempose)",
}
