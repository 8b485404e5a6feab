import numpy as np
import torch

from tempose.media.images import read_image
from tempose.media.tensors import to_uint8
from tempose.training.samples import row, write_samples
from tempose.training.stages import STAGES
from tempose.training.trainer import Trainer


def test_a_sheet_shows_photo_pose_truth_and_sample(config, one_thread):
    made = config()
    made.output.mkdir()
    trainer = Trainer(made)
    trainer.step = 7
    trainer.sample()
    sheet = read_image(made.output / "samples" / "00000007.png")
    assert sheet.shape == (3 * 16, 4 * 8, 3)
    sample = trainer.validation.samples[0, 0]
    photo, pose, truth, _ = np.split(sheet[:16], 4, axis=1)
    assert np.array_equal(photo, to_uint8(sample.photo[None])[0])
    assert np.array_equal(truth, to_uint8(sample.frames)[0])
    assert pose.any()
    trainer.sample()
    assert np.array_equal(sheet, read_image(made.output / "samples" / "00000007.png"))


def test_a_row_has_every_frame_of_a_clip(config, image_model, one_thread):
    made = config(stage="temporal", start=str(image_model))
    made.output.mkdir()
    trainer = Trainer(made)
    with trainer.averaged() as networks:
        from tempose.diffusion.pipeline import PersonVideoPipeline

        pipe = PersonVideoPipeline.from_networks(networks, config=made.model)
        sample = trainer.validation.samples[0, 1]
        assert row(pipe, sample, steps=1, seed=0).shape == (4, 16, 32, 3)
        write_samples(pipe, trainer.validation.samples, config=made, step=1)
    assert (made.output / "samples" / "00000001.mp4").is_file()
    assert isinstance(sample.frames, torch.Tensor)
    assert STAGES["temporal"].temporal
