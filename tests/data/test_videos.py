"""`prepare videos` on videos made here, with an estimator that finds a red block instead of a person."""

import json
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from tempose.cli import app
from tempose.core.errors import DataError, DiskError, InputError
from tempose.data import videos
from tempose.data.clips import ClipDataset, ClipSampling
from tempose.data.find import clip_name, drawn_split
from tempose.data.prepared import SPLITS, Clip, read_metadata
from tempose.data.videos import VideoSettings, prepare_videos
from tempose.media.video import write_video
from tempose.pose.estimators import Detection

SMALL = VideoSettings(size=(48, 32), min_frames=5)
HEIGHT, WIDTH = 96, 64
BLOCK = (48, 20)  # height, width
PLACES = np.random.default_rng(0).uniform(0.1, 0.9, (18, 2))  # of the joints in the block


def picture(frame: int, *, person: bool = True, background: int = 60, size=(HEIGHT, WIDTH)) -> np.ndarray:
    rows, columns = np.mgrid[: size[0], : size[1]]
    shown = np.stack([rows + 20, columns + background, columns + rows], -1).clip(0, 110).astype(np.uint8)
    if person:
        top, left = 20 + frame % 4, 18 + frame % 6
        shown[top : top + BLOCK[0], left : left + BLOCK[1]] = (230, 30, 30)
    return shown


def write(path: Path, frames: int = 12, **about) -> Path:
    write_video(path, (picture(k, **about) for k in range(frames)), 25, crf=5)
    return path


class FindsRed:
    """An estimator of red blocks; it counts the pictures that it has seen."""

    def __init__(self) -> None:
        self.seen = 0

    def __call__(self, frame: np.ndarray) -> list[Detection]:
        self.seen += 1
        mask = (frame[..., 0] > 170) & (frame[..., 1] < 110)
        if mask.sum() < 100:
            return []
        rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
        corner, extent = np.array([columns[0], rows[0]]), np.array([np.ptp(columns), np.ptp(rows)]) + 1
        points = corner + PLACES * extent
        return [Detection(np.column_stack([points, np.full(18, 0.9)]).astype(np.float32), mask)]


@pytest.fixture
def finds_red(monkeypatch) -> FindsRed:
    estimator = FindsRed()
    monkeypatch.setattr(videos, "_estimator", lambda: estimator)
    return estimator


@pytest.fixture
def folder(tmp_path: Path, finds_red) -> Path:
    path = tmp_path / "videos"
    path.mkdir()
    return path


def clips_of(out: Path) -> Iterator[Clip]:
    for split in SPLITS:
        if (out / split).is_dir():
            yield from (Clip(out / split, row) for row in read_metadata(out, split))


def test_a_good_video_becomes_a_clip_with_its_ground_truth(folder: Path, tmp_path: Path) -> None:
    write(folder / "walk.mp4")
    (outcome,) = prepare_videos(folder, tmp_path / "out", settings=SMALL, split="train")
    assert str(outcome) == "kept    walk.mp4: 1 clip, 12 of 12 frames"
    (clip,) = clips_of(tmp_path / "out")
    clip.verify()
    assert (clip.name, len(clip), clip.row["person"]) == ("walk-000.mp4", 12, "walk")
    frames = clip.read_frames(range(12))
    motion, masks = clip.read_ground_truth()
    red = (frames[..., 0] > 150) & (frames[..., 1] < 120)
    assert (red & masks).sum() / (red | masks).sum() > 0.9
    assert masks.any(axis=(1, 2)).all()
    for mask, joints in zip(masks, motion.keypoints, strict=True):
        x, y = joints[joints[:, 2] > 0, :2].astype(int).T
        assert mask[y, x].mean() > 0.9
    sample = ClipDataset(tmp_path / "out", "train", sampling=ClipSampling(4))[0]
    assert sample.frames.shape == (4, 3, 48, 32)


def test_every_file_has_its_line_and_the_good_ones_are_done(folder: Path, tmp_path: Path) -> None:
    write(folder / "good one é 中.mp4")
    write(folder / "longer.mp4", 40)
    whole = (folder / "longer.mp4").read_bytes()
    (folder / "truncated.mp4").write_bytes(whole[: len(whole) // 2])
    (folder / "empty.mp4").write_bytes(b"")
    (folder / "not a video.mp4").write_text("words")
    write(folder / "one frame.mp4", 1)
    write(folder / "nobody.mp4", person=False)
    with av.open(str(folder / "sound.mp4"), "w") as container:
        stream = container.add_stream("aac", rate=16000)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 16000), np.float32), "fltp", layout="mono")
        frame.rate = 16000
        container.mux(stream.encode(frame))
        container.mux(stream.encode())
    (folder / "notes.txt").write_text("no video, and not meant to be")

    outcomes = prepare_videos(folder, tmp_path / "out", settings=SMALL)
    verdicts = {outcome.file: outcome.verdict for outcome in outcomes}
    refused = {"truncated.mp4", "empty.mp4", "not a video.mp4", "one frame.mp4", "nobody.mp4", "sound.mp4"}
    assert {file for file, verdict in verdicts.items() if verdict == "refused"} == refused
    assert set(verdicts) == refused | {"good one é 中.mp4", "longer.mp4"}
    details = {outcome.file: outcome.detail for outcome in outcomes}
    for file, words in {
        "empty.mp4": "is empty",
        "one frame.mp4": "1 in segments under 5 frames",
        "nobody.mp4": "12 without a person",
        "sound.mp4": "no video track",
    }.items():
        assert words in details[file]
    report = (tmp_path / "out" / "report.txt").read_text(encoding="utf-8").splitlines()
    assert report[:-1] == [str(outcome) for outcome in outcomes]
    assert report[-1] == "8 files: 2 kept, 0 cut, 6 refused; 2 clips, 52 frames"
    names = sorted(clip.name for clip in clips_of(tmp_path / "out"))
    assert names == ["good one é 中-000.mp4", "longer-000.mp4"]


def encode(path: Path, frames: list[np.ndarray], *, pixels="yuv420p", codec="libx264", times=None, rotate=None) -> None:
    """Videos that `write_video` does not make."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=25)
        stream.height, stream.width, stream.pix_fmt = *frames[0].shape[:2], pixels
        stream.codec_context.time_base = Fraction(1, 100)
        for index, shown in enumerate(frames):
            frame = av.VideoFrame.from_ndarray(shown, format="rgb24").reformat(format=pixels)
            frame.pts, frame.time_base = (times[index] if times else index * 4), Fraction(1, 100)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())


def test_unusual_videos_are_read(folder: Path, tmp_path: Path) -> None:
    frames = [picture(k) for k in range(12)]
    encode(folder / "ten bit.mkv", frames, pixels="yuv420p10le", codec="libx265")
    encode(folder / "vp9.webm", frames, codec="libvpx-vp9")
    encode(folder / "odd sides.mkv", [frame[:95, :63] for frame in frames], codec="ffv1", pixels="yuv444p")
    encode(folder / "uneven.mp4", frames, times=[0, 2, 4, 20, 22, 24, 40, 42, 44, 60, 62, 64])
    outcomes = prepare_videos(folder, tmp_path / "out", settings=SMALL)
    assert [outcome.verdict for outcome in outcomes] == ["kept"] * 4, "\n".join(map(str, outcomes))
    lengths = {clip.row["source"]: len(clip) for clip in clips_of(tmp_path / "out")}
    assert {lengths["ten bit.mkv"], lengths["vp9.webm"], lengths["odd sides.mkv"]} == {12}
    fps25 = prepare_videos(folder, tmp_path / "25", settings=VideoSettings(size=(48, 32), fps=25.0, min_frames=5))
    assert {outcome.verdict for outcome in fps25} == {"kept"}
    (uneven,) = (clip for clip in clips_of(tmp_path / "25") if clip.row["source"] == "uneven.mp4")
    assert 0.64 * 25 <= len(uneven) <= 0.64 * 25 + 5  # how long the last frame lasts is the container's choice


def test_grey_video_without_anybody_is_refused_and_nothing_stops(folder: Path, tmp_path: Path) -> None:
    encode(folder / "grey.mkv", [picture(k) for k in range(12)], pixels="gray", codec="ffv1")
    (outcome,) = prepare_videos(folder, tmp_path / "out", settings=SMALL)
    assert "12 without a person" in outcome.detail  # the red is gone


def test_cuts_and_empty_stretches_divide_a_video(folder: Path, tmp_path: Path) -> None:
    scenes = [picture(k) for k in range(10)]
    scenes += [picture(k, background=200).clip(0, 255)[:, ::-1] for k in range(10)]
    scenes[10:] = [np.where(frame > 150, frame, 255 - frame).astype(np.uint8) for frame in scenes[10:]]
    nobody = [picture(k, person=False) for k in range(15)]
    shots = [*scenes[:10], *nobody, *scenes[:10], *[scenes[0]] * 2, *nobody, *scenes[:3]]
    write_video(folder / "shots.mp4", iter(shots), 25, crf=5)
    (outcome,) = prepare_videos(folder, tmp_path / "out", settings=SMALL)
    assert outcome.verdict == "cut"
    assert outcome.detail == "2 clips, 22 of 55 frames (30 without a person; 3 in segments under 5 frames)"
    assert [len(clip) for clip in clips_of(tmp_path / "out")] == [10, 12]


def test_long_videos_are_looked_at_in_parts(folder: Path, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(videos, "LONGEST", 10)
    write(folder / "long.mp4", 34)
    (outcome,) = prepare_videos(folder, tmp_path / "out", settings=SMALL)
    assert outcome.detail == "3 clips, 30 of 34 frames (4 in segments under 5 frames)"
    clips = list(clips_of(tmp_path / "out"))
    first_of_second = clips[1].read_frames([0])[0]
    top = np.flatnonzero(((first_of_second[..., 0] > 150) & (first_of_second[..., 1] < 120)).any(1))[0]
    assert top > 0  # frame 10 of the video, not frame 0: nothing was lost between the parts


def test_a_person_too_small_is_refused(folder: Path, tmp_path: Path) -> None:
    write(folder / "far.mp4")
    (outcome,) = prepare_videos(folder, tmp_path / "out", settings=VideoSettings(size=(256, 176), min_frames=5))
    assert "12 with the person too small" in outcome.detail


def test_a_folder_of_pictures_is_a_video(folder: Path, tmp_path: Path) -> None:
    write_video(folder / "00001", (picture(k) for k in range(8)), 25)
    (refused,) = prepare_videos(folder, tmp_path / "a", settings=SMALL)
    assert "--fps" in refused.detail
    (kept,) = prepare_videos(folder, tmp_path / "b", settings=VideoSettings(size=(48, 32), fps=30.0, min_frames=5))
    assert str(kept) == "kept    00001: 1 clip, 8 of 8 frames"


def test_photos_of_a_person_stay_together_whatever_changes_between_them(folder: Path, tmp_path: Path) -> None:
    (folder / "pair").mkdir()
    Image.fromarray(picture(0)).save(folder / "pair" / "0.png")
    Image.fromarray(np.roll(picture(0), 26, axis=0)).save(folder / "pair" / "1.png")  # the person stands elsewhere
    asked = {"size": (48, 32), "fps": 1.0, "min_frames": 2}
    (film,) = prepare_videos(folder, tmp_path / "film", settings=VideoSettings(**asked))
    (kept,) = prepare_videos(folder, tmp_path / "out", settings=VideoSettings(**asked, photos=True))
    assert (film.verdict, str(kept)) == ("refused", "kept    pair: 1 clip, 2 of 2 frames")
    with pytest.raises(DataError, match="was prepared with"):
        prepare_videos(folder, tmp_path / "out", settings=VideoSettings(**asked))


@pytest.mark.parametrize("ending", ["webp", "png", "avif", "gif"])
def test_an_animation_is_a_video_and_a_picture_is_not(folder: Path, tmp_path: Path, ending: str) -> None:
    (folder / "moving").mkdir()
    pictures = [Image.fromarray(picture(k)) for k in range(12)]
    lossless = {"webp": {"lossless": True}, "avif": {"quality": 95}}.get(ending, {})
    whole = {"save_all": True, "append_images": pictures[1:], "duration": 40, **lossless}
    pictures[0].save(folder / "moving" / f"walk.{ending}", **whole)
    pictures[0].save(folder / "still.png")
    (folder / "damaged.webp").write_bytes(b"RIFF")
    outcomes = prepare_videos(folder, tmp_path / "out", settings=SMALL)
    assert [str(outcome) for outcome in outcomes] == [f"kept    moving/walk.{ending}: 1 clip, 12 of 12 frames"]
    (clip,) = clips_of(tmp_path / "out")
    assert clip.row["fps"] == 25


def test_what_is_finished_is_not_done_again(folder: Path, tmp_path: Path, finds_red) -> None:
    for name in "abc":
        write(folder / f"{name}.mp4")
    out = tmp_path / "out"
    first = prepare_videos(folder, out, settings=SMALL)
    looked = finds_red.seen
    contents = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    assert prepare_videos(folder, out, settings=SMALL) == first
    assert finds_red.seen == looked
    assert {path: path.read_bytes() for path in out.rglob("*") if path.is_file()} == contents
    for path in contents:  # killed once it had its name, before what it was made in was removed
        if path.suffix == ".mp4":  # of one, nothing is finished
            continue
        path.with_name(f".{path.name}.tmp0").mkdir()
    prepare_videos(folder, out, settings=SMALL)
    kept = {path.name for path in out.rglob(".*")}
    assert not kept, kept
    write(folder / "d.mp4")
    assert len(prepare_videos(folder, out, settings=SMALL)) == 4
    assert finds_red.seen == looked + 12


def test_a_stopped_command_goes_on(folder: Path, tmp_path: Path, finds_red, monkeypatch) -> None:
    for name in "abc":
        write(folder / f"{name}.mp4")
    whole = tmp_path / "whole"
    prepare_videos(folder, whole, settings=SMALL)

    stopped, looked = tmp_path / "stopped", finds_red.seen
    write_clip = videos.write_clip

    def killed(*arguments, **values) -> dict:
        if arguments[2].startswith("b"):
            raise KeyboardInterrupt
        return write_clip(*arguments, **values)

    monkeypatch.setattr(videos, "write_clip", killed)
    with pytest.raises(KeyboardInterrupt):
        prepare_videos(folder, stopped, settings=SMALL)
    monkeypatch.setattr(videos, "write_clip", write_clip)
    prepare_videos(folder, stopped, settings=SMALL)
    assert finds_red.seen == looked + 12 * 4  # a once, b twice, c once
    assert contents_of(stopped) == contents_of(whole)


def contents_of(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_full_disk_ends_the_command_and_leaves_nothing_half(folder: Path, tmp_path: Path, monkeypatch) -> None:
    write(folder / "a.mp4")
    write(folder / "b.mp4")
    savez = np.savez_compressed

    def full(path: Path, **values) -> None:
        if path.name.startswith("a"):
            path.write_bytes(b"half")
            raise OSError(28, "No space left on device")
        savez(path, **values)

    out = tmp_path / "out"
    with monkeypatch.context() as patch:
        patch.setattr(np, "savez_compressed", full)
        with pytest.raises(DiskError, match=r"cannot write .*a-000\.npz: No space left on device; free some space"):
            prepare_videos(folder, out, settings=SMALL, split="train")
    assert list((out / "train").iterdir()) == []
    a, b = prepare_videos(folder, out, settings=SMALL, split="train")
    assert (a.verdict, b.verdict) == ("kept", "kept")
    assert [clip.name for clip in clips_of(out)] == ["a-000.mp4", "b-000.mp4"]


@pytest.mark.parametrize("damaged", ["", "{", "[]", '{"clips": 3}', "null"])
def test_a_damaged_record_is_named(folder: Path, tmp_path: Path, damaged: str) -> None:
    write(folder / "a.mp4")
    prepare_videos(folder, tmp_path / "out", settings=SMALL, split="train")
    record = tmp_path / "out" / "report" / "train" / "a.json"
    record.write_text(damaged)
    with pytest.raises(DataError, match=r"a\.json: it is damaged; delete it, and the video is prepared again"):
        prepare_videos(folder, tmp_path / "out", settings=SMALL, split="train")
    record.unlink()
    (outcome,) = prepare_videos(folder, tmp_path / "out", settings=SMALL, split="train")
    assert outcome.verdict == "kept"


def test_a_video_that_breaks_off_late_leaves_no_clip(folder: Path, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(videos, "LONGEST", 8)
    content = write(folder / "a.mp4", 60).read_bytes()
    (folder / "a.mp4").write_bytes(content[:-400])
    (outcome,) = prepare_videos(folder, tmp_path / "out", settings=SMALL)
    assert outcome.verdict == "refused"
    assert "breaks off" in outcome.detail
    assert not list((tmp_path / "out").rglob("*.mp4"))


def test_out_holds_one_dataset(folder: Path, tmp_path: Path) -> None:
    write(folder / "a.mp4")
    out = tmp_path / "out"
    prepare_videos(folder, out, settings=SMALL, split="train")
    with pytest.raises(DataError, match="choose another folder"):
        prepare_videos(folder, out, settings=VideoSettings(size=(96, 64), min_frames=5), split="train")
    (outcome,) = prepare_videos(folder, out, settings=SMALL, split="test")
    assert "this video in train, now test" in outcome.detail
    write(folder / "a.mp4", 13)
    (outcome,) = prepare_videos(folder, out, settings=SMALL, split="train")
    assert "clips of another video a" in outcome.detail
    assert len(list(clips_of(out))) == 1


def test_the_folder_written_is_not_read(folder: Path) -> None:
    write(folder / "a.mp4")
    for _ in range(2):
        assert len(prepare_videos(folder, folder / "out", settings=SMALL)) == 1


def test_splits_come_from_the_name_alone() -> None:
    drawn = [drawn_split(f"video {number}.mp4") for number in range(2000)]
    assert drawn == [drawn_split(f"video {number}.mp4") for number in range(2000)]
    assert 0.80 < drawn.count("train") / 2000 < 0.90
    assert 0.03 < drawn.count("val") / 2000 < 0.07


def test_names_say_where_a_clip_comes_from(folder: Path, tmp_path: Path) -> None:
    assert [clip_name(file) for file in ("a/b c.mp4", "a.mov", "x#0:1.mp4", "00001")] == [
        "a-b c",
        "a-mov",
        "x#0_1",
        "00001",
    ]
    (folder / "a").mkdir()
    write(folder / "a" / "b.mp4")
    write(folder / "a-b.mp4")
    with pytest.raises(DataError, match="rename one"):
        prepare_videos(folder, tmp_path / "out", settings=SMALL)


@pytest.mark.parametrize("values", [{"size": (47, 32)}, {"size": (0, 2)}, {"fps": 0.0}, {"min_frames": 1}])
def test_impossible_settings_are_refused(values: dict) -> None:
    with pytest.raises(InputError):
        VideoSettings(**values)


def test_a_folder_without_videos_is_refused(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no video"):
        prepare_videos(folder, tmp_path / "out")
    with pytest.raises(DataError, match="no folder"):
        prepare_videos(folder / "nowhere", tmp_path / "out")


def test_the_command_says_everything_and_leaves_with_one_when_something_was_refused(
    folder: Path, tmp_path: Path
) -> None:
    write(folder / "a.mp4")
    arguments = ["prepare", "videos", str(folder), str(tmp_path / "out"), "--size", "48x32", "--min-frames", "5"]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0
    assert "kept    a.mp4: 1 clip, 12 of 12 frames" in result.output
    (folder / "b.mp4").write_bytes(b"")
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 1
    assert "refused b.mp4" in result.output
    assert "kept    a.mp4" in result.output


@pytest.mark.slow
def test_real_videos_give_the_same_bytes_with_any_number_of_workers(real: Path, tmp_path: Path) -> None:
    pytest.importorskip("mediapipe", reason="the pose extra is not installed")
    from itertools import islice

    from tempose.media.images import resize
    from tempose.media.video import read_frames

    folder = tmp_path / "videos"
    folder.mkdir()
    for name in ("squats", "dance_living_room", "fashion_floral_ubc"):
        frames = [resize(frame, (320, 200)) for frame in islice(read_frames(real / "videos" / f"{name}.mp4"), 8)]
        write_video(folder / f"{name}.mp4", iter(frames), 10)
    (folder / "broken.mp4").write_bytes(b"words")
    settings = VideoSettings(size=(128, 96), min_frames=5)
    for workers in (1, 2):
        outcomes = prepare_videos(folder, tmp_path / f"{workers}", settings=settings, workers=workers)
        assert [outcome.verdict for outcome in outcomes] == ["refused", "kept", "kept", "kept"]
    assert contents_of(tmp_path / "1") == contents_of(tmp_path / "2")
    rows = [json.dumps(clip.row) for clip in clips_of(tmp_path / "1")]
    assert len(rows) == 3
