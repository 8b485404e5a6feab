import sys
import zlib

import cv2
import numpy as np
import pytest
from PIL import Image, ImageCms

from tempose.core.errors import InputError, MediaError
from tempose.core.notes import collected
from tempose.media.images import read_image, resize, write_image


@pytest.fixture
def picture() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (20, 30, 3), dtype=np.uint8)


@pytest.mark.parametrize("ending", [".png", ".webp", ".bmp", ".tif"])
def test_lossless_endings_keep_every_pixel(tmp_path, picture, ending):
    path = tmp_path / f"größe und name{ending}"
    write_image(path, picture)
    assert np.array_equal(read_image(path), picture)
    assert list(tmp_path.iterdir()) == [path]


def test_jpeg_stays_close(tmp_path):
    smooth = np.broadcast_to(np.linspace(0, 255, 64).astype(np.uint8)[:, None, None], (64, 48, 3)).copy()
    write_image(tmp_path / "a.jpg", smooth)
    assert np.abs(read_image(tmp_path / "a.jpg").astype(int) - smooth).max() <= 4


@pytest.mark.parametrize(("orientation", "turns"), [(1, 0), (3, 2), (6, 3), (8, 1)])
def test_exif_turns_the_picture_upright(tmp_path, picture, orientation, turns):
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(picture).save(tmp_path / "a.png", exif=exif)
    assert np.array_equal(read_image(tmp_path / "a.png"), np.rot90(picture, turns))


def test_alpha_lies_over_white(tmp_path, picture):
    alpha = np.zeros((20, 30, 1), np.uint8)
    alpha[:, 10:20], alpha[:, 20:] = 128, 255
    Image.fromarray(np.concatenate([picture, alpha], axis=-1)).save(tmp_path / "a.png")
    seen = read_image(tmp_path / "a.png").astype(float)
    assert (seen[:, :10] == 255).all()
    assert np.abs(seen[:, 10:20] - (255 + picture[:, 10:20].astype(float)) / 2).max() < 2
    assert np.array_equal(seen[:, 20:], picture[:, 20:])


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "PA", "I;16", "I", "CMYK"])
def test_every_mode_becomes_rgb(tmp_path, mode):
    half = np.zeros((8, 6), np.uint8)
    half[:, 3:] = 255
    if mode in ("I;16", "I"):
        image = Image.fromarray(half.astype(np.uint16 if mode == "I;16" else np.int32) * 257)
        assert image.mode == mode
    else:
        image = Image.fromarray(half).convert(mode)
    image.save(tmp_path / "a.tif")
    seen = read_image(tmp_path / "a.tif")
    assert seen.shape == (8, 6, 3)
    assert seen.dtype == np.uint8
    assert seen[:, :3].max() <= 2
    assert seen[:, 3:].min() >= 253


def test_palette_with_a_transparent_color_lies_over_white(tmp_path):
    image = Image.fromarray(np.zeros((4, 4), np.uint8)).convert("P")
    image.save(tmp_path / "a.png", transparency=0)
    assert (read_image(tmp_path / "a.png") == 255).all()


def test_a_color_profile_is_applied_and_a_broken_one_ignored(tmp_path, picture):
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for name, embedded in (("srgb.png", profile), ("broken.png", b"not a profile")):
        Image.fromarray(picture).save(tmp_path / name, icc_profile=embedded)
        assert np.abs(read_image(tmp_path / name).astype(int) - picture).max() <= 1


@pytest.mark.parametrize("ending", [".png", ".jpg"])
def test_a_truncated_picture_is_named(tmp_path, picture, ending):
    write_image(tmp_path / f"whole{ending}", picture)
    broken = tmp_path / f"cut off{ending}"
    broken.write_bytes((tmp_path / f"whole{ending}").read_bytes()[:-40])
    with pytest.raises(MediaError, match=f"cut off{ending}"):
        read_image(broken)


def test_what_is_no_picture_is_named(tmp_path):
    (tmp_path / "empty.png").touch()
    (tmp_path / "text.jpg").write_text("no picture")
    (tmp_path / "folder.png").mkdir()
    Image.fromarray(np.ones((4, 4), np.float32)).save(tmp_path / "float.tif")
    for name in ("empty.png", "text.jpg", "folder.png", "float.tif", "missing.png"):
        with pytest.raises(MediaError, match=name):
            read_image(tmp_path / name)


def test_a_huge_picture_is_refused_by_its_size(tmp_path, picture):
    write_image(tmp_path / "a.png", picture)
    assert read_image(tmp_path / "a.png", max_pixels=600).shape == (20, 30, 3)
    with pytest.raises(MediaError, match="30×20 pixels, more than 599"):
        read_image(tmp_path / "a.png", max_pixels=599)


def test_writing_refuses_what_it_cannot_write(tmp_path, picture):
    with pytest.raises(MediaError, match=r"\.xyz"):
        write_image(tmp_path / "a.xyz", picture)
    with pytest.raises(InputError, match="float64"):
        write_image(tmp_path / "a.png", picture / 255)
    assert not list(tmp_path.iterdir())
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="file"):
        write_image(tmp_path / "file" / "a.png", picture)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_folder_that_is_not_there_is_made(tmp_path, picture):
    write_image(tmp_path / "new" / "deep" / "a.png", picture)
    assert [path.name for path in (tmp_path / "new" / "deep").iterdir()] == ["a.png"]


@pytest.mark.parametrize("size", [(5, 3), (40, 60), (5, 60), (41, 7)])
def test_a_flat_picture_stays_flat_in_any_size(size):
    flat = np.full((20, 30, 3), (10, 128, 250), np.uint8)
    resized = resize(flat, size)
    assert resized.shape == (*size, 3)
    assert (resized == flat[0, 0]).all()


def test_shrinking_averages_areas(picture):
    blocks = picture.reshape(10, 2, 10, 3, 3).astype(float).mean(axis=(1, 3))
    assert np.abs(resize(picture, (10, 10)) - blocks).max() <= 0.5 + 1e-9


def test_several_frames_are_resized_one_by_one(picture):
    frames = np.stack([picture, 255 - picture])
    assert np.array_equal(resize(frames, (7, 50)), np.stack([resize(frame, (7, 50)) for frame in frames]))
    assert np.array_equal(resize(frames, (20, 30)), frames)


@pytest.mark.parametrize("bits", [10, 12, 14, 16])
@pytest.mark.parametrize("mode", ["grey.png", "grey.tif", "color.png", "color.tif", "alpha.png"])
def test_few_bits_in_sixteen_fill_the_range(tmp_path, mode, bits):
    ramp = np.linspace(0, (1 << bits) - 1, 64).round().astype(np.uint16)[None].repeat(8, 0)
    stored = ramp if mode.startswith("grey") else np.repeat(ramp[..., None], 4 if mode.startswith("alpha") else 3, -1)
    if mode.startswith("alpha"):
        stored[..., 3] = 65535
    cv2.imwrite(str(tmp_path / mode), stored)
    with collected() as notes:
        seen = read_image(tmp_path / mode)
    assert seen.shape == (8, 64, 3)
    assert np.abs(seen[0, :, 0].astype(float) - np.linspace(0, 255, 64)).max() <= 1.5
    assert len(notes) == (bits < 16)


def test_a_deep_picture_is_turned_upright(tmp_path):
    stored = np.zeros((6, 10, 3), np.uint16)
    stored[:, :5] = 4095
    cv2.imwrite(str(tmp_path / "plain.png"), stored)
    plain = (tmp_path / "plain.png").read_bytes()
    exif = Image.Exif()
    exif[0x0112] = 6
    block = exif.tobytes().removeprefix(b"Exif\0\0")
    chunk = b"eXIf" + block
    whole = plain[:33] + len(block).to_bytes(4) + chunk + zlib.crc32(chunk).to_bytes(4) + plain[33:]
    (tmp_path / "turned.png").write_bytes(whole)
    assert np.array_equal(read_image(tmp_path / "turned.png"), np.rot90(read_image(tmp_path / "plain.png"), -1))


@pytest.mark.parametrize(("name", "several"), [("a.gif", 3), ("a.webp", 3), ("a.tif", 3), ("a.jpg", 1)])
def test_of_several_pictures_the_first_that_shows_something(tmp_path, name, several):
    blank = Image.new("RGB", (12, 8), "white")
    seen = Image.fromarray(np.kron([[[10], [240]], [[240], [10]]], np.ones((4, 6, 3))).astype(np.uint8))
    order = [seen] if several == 1 else [seen, blank, blank] if name == "a.tif" else [blank, seen, blank]
    order[0].save(tmp_path / name, **({"save_all": True, "append_images": order[1:]} if several > 1 else {}))
    with collected() as notes:
        picture = read_image(tmp_path / name)
    assert picture.min() < 40 < 200 < picture.max()
    assert len(notes) == (several > 1)
    if notes:
        assert f"only number {1 if name == 'a.tif' else 2} is used" in notes[0]


def test_blank_pictures_are_looked_at_up_to_so_many_pixels(tmp_path, monkeypatch):
    """A GIF of a few MB can hold hundreds of blank pictures of 36 million pixels."""
    white, looked = Image.new("RGB", (50, 40), "white"), []
    others = [Image.new("RGB", (50, 40), (20 * index, 9, 9)) for index in range(9)]
    white.save(tmp_path / "a.gif", save_all=True, append_images=others)
    monkeypatch.setattr("tempose.media.images._is_blank", lambda image: looked.append(image.tell()) or True)
    monkeypatch.setattr("tempose.media.images.LOOKED_AT_PIXELS", 50 * 40 * 4)
    assert (read_image(tmp_path / "a.gif") == 255).all()
    assert looked == [0, 1, 2, 3, 4]


def test_a_huge_photo_is_refused_without_a_warning_of_a_library(tmp_path, recwarn):
    Image.new("1", (12000, 9000)).save(tmp_path / "a.png")
    with pytest.raises(MediaError, match="12000×9000 pixels"):
        read_image(tmp_path / "a.png")
    Image.new("1", (2, 100_001)).save(tmp_path / "thin.png")  # few pixels, but something is kept of every row
    with pytest.raises(MediaError, match="2×100001 pixels; wanted sides of 100,000 at most"):
        read_image(tmp_path / "thin.png")
    assert [str(warning.message) for warning in recwarn] == []


def test_programs_and_playlists_named_as_pictures_are_not_opened(tmp_path):
    for name, content in (("a.png", "%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n"), ("b.jpg", "#EXTM3U\nfile\n")):
        (tmp_path / name).write_text(content)
        with pytest.raises(MediaError, match=f"{name} is not a picture in a known format"):
            read_image(tmp_path / name)


def test_heic_is_read_where_its_library_is(tmp_path):
    pillow_heif = pytest.importorskip("pillow_heif", reason="pillow-heif is an extra")
    smooth = np.broadcast_to(np.linspace(0, 255, 64).astype(np.uint8)[:, None, None], (64, 48, 3)).copy()
    pillow_heif.from_bytes("RGB", (48, 64), smooth.tobytes()).save(tmp_path / "a.heic", quality=95)
    assert np.abs(read_image(tmp_path / "a.heic").astype(int) - smooth).max() <= 12


def test_heic_says_what_is_missing(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    (tmp_path / "a.heic").write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(40))
    with pytest.raises(MediaError, match=r"a\.heic is a HEIC picture.*tempose\[heic\]"):
        read_image(tmp_path / "a.heic")
