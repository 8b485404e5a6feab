from subjects import save_small_model

from tempose.animation.demo import FRAMES, run_demo
from tempose.media.images import read_image
from tempose.media.video import probe_video


def test_the_demo_writes_a_video_and_a_sheet(tmp_path):
    model = str(save_small_model(tmp_path / "model"))
    made = run_demo(tmp_path / "new" / "out", model=model)
    info = probe_video(made.video)
    assert (info.frames, info.fps) == (FRAMES, 12)
    assert read_image(made.panels).shape[1] == 3 * info.width
    assert read_image(made.sheet).shape[1] > info.width
    assert made.seconds > 0
    assert sorted(path.name for path in (tmp_path / "new" / "out").iterdir()) == [
        "demo.jpg",
        "demo.mp4",
        "demo.mp4.json",
        "demo.webp",
    ]
