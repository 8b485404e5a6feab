"""tempose: one photo of a person and one motion in, a video of that person moving out."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tempose.animation.animate import animate
    from tempose.animation.blend import blend
    from tempose.animation.settings import AnimateSettings
    from tempose.core.errors import TemposeError
    from tempose.diffusion.guidance import Guidance
    from tempose.diffusion.hub import load_model
    from tempose.diffusion.pipeline import Appearance, PersonVideoPipeline
    from tempose.models.texture_encoder import TextureEncoder
    from tempose.models.unet import PersonUNet
    from tempose.pose.keypoints import Motion

__version__ = "0.7.0"

# Names of the library that are loaded when first used, so that `import tempose` stays light.
# diffusers looks the model classes up here when it opens a saved pipeline.
_HOMES = {
    "AnimateSettings": "tempose.animation.settings",
    "Appearance": "tempose.diffusion.pipeline",
    "Guidance": "tempose.diffusion.guidance",
    "Motion": "tempose.pose.keypoints",
    "PersonUNet": "tempose.models.unet",
    "PersonVideoPipeline": "tempose.diffusion.pipeline",
    "TemposeError": "tempose.core.errors",
    "TextureEncoder": "tempose.models.texture_encoder",
    "animate": "tempose.animation.animate",
    "blend": "tempose.animation.blend",
    "load_model": "tempose.diffusion.hub",
}

__all__ = [
    "AnimateSettings",
    "Appearance",
    "Guidance",
    "Motion",
    "PersonUNet",
    "PersonVideoPipeline",
    "TemposeError",
    "TextureEncoder",
    "animate",
    "blend",
    "load_model",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'tempose' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
