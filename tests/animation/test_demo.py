import pytest
from subjects import save_small_model

from tempose.animation import demo
from tempose.animation.demo import FPS, MOTION, SAMPLES, SIZE, run_demo
from tempose.animation.result import read_record
from tempose.media.video import probe_video


@pytest.mark.slow
def test_the_demo_writes_photo_skeleton_and_result_beside_one_another(tmp_path, monkeypatch):
    monkeypatch.setattr(demo, "FRAMES", 5)
    made = run_demo(tmp_path / "new" / "out", model=str(save_small_model(tmp_path / "model")))
    info = probe_video(made.video)
    assert (info.frames, info.fps, info.height) == (5, FPS, SIZE)
    assert info.width > 3 * 0.6 * SIZE
    assert made.seconds > 0
    assert sorted(path.name for path in (tmp_path / "new" / "out").iterdir()) == ["demo.mp4", "demo.mp4.json"]
    record = read_record(tmp_path / "new" / "out" / "demo.mp4.json")
    assert (record.motion, record.side_by_side) == (MOTION, True)


def test_the_license_lies_beside_the_samples_and_they_are_small():
    pictures = sorted(SAMPLES.glob("*.jpg"))
    assert 4 <= len(pictures) <= 6
    assert sum(picture.stat().st_size for picture in pictures) < 900_000
    assert "MIT License" in (SAMPLES / "LICENSE-openpeople.txt").read_text(encoding="utf-8")
