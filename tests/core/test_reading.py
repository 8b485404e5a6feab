"""Files from anywhere: what they say of their own size is not believed."""

import io
import json
import os
import random
import struct
import tracemalloc
import zipfile

import numpy as np
import pytest

from tempose.core.kinds import kind_of
from tempose.core.reading import (
    YAML_BYTES,
    ZIP_DIRECTORY,
    open_plain,
    opened_archive,
    parse_yaml,
    read_arrays,
    read_json,
    read_plain,
    read_yaml,
)


def npz(path, **members):
    """An archive of members with any content."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(f"{name}.npy", content)
    return path


def array(shape="(2,)", descr="'<f4'", order="False", content=bytes(8)):
    """An array in numpy's format that says anything of itself."""
    head = f"{{'descr': {descr}, 'fortran_order': {order}, 'shape': {shape}}}".encode()
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(head)) + head + content


def test_what_numpy_writes_comes_back(tmp_path):
    arrays = {
        "f": np.arange(6, dtype=np.float32).reshape(2, 3),
        "i": np.array(3),
        "b": np.array([True, False]),
        "t": np.array("a row"),
        "o": np.asfortranarray(np.arange(6).reshape(2, 3)),
        "empty": np.zeros((0, 3)),
    }
    for save in (np.savez, np.savez_compressed):
        save(tmp_path / "a.npz", **arrays)
        found = read_arrays(tmp_path / "a.npz", [*arrays, "none"], most=100)
        assert found.keys() == arrays.keys()
        for name, given in arrays.items():
            assert found[name].dtype == given.dtype
            np.testing.assert_array_equal(found[name], given)
    assert read_arrays(io.BytesIO((tmp_path / "a.npz").read_bytes()), ["i"], most=1)["i"] == 3


@pytest.mark.parametrize(
    "content",
    [
        array(shape="(10**9,)"), array(shape="(1000000000,)"), array(shape="(2**40,)"), array(shape="(-1,)"),
        array(shape="(2.0,)"), array(shape="2"), array(shape="(1,)*9"), array(shape="(True,)"), array(shape="(3,)"),
        array(descr="'|O'"), array(descr="[('a', '<f4')]"), array(descr="'<c16'"), array(descr="'|V8'"),
        array(descr="'<U1000000'"), array(descr="'M8[s]'"), array(descr="'f4' * 9"), array(descr="__import__('os')"),
        array(order="x"), array()[:20], b"", b"\x93NUMPY\x09\x00", array().replace(b"NUMPY", b"NUMPX"),
        b"\x93NUMPY\x02\x00" + struct.pack("<I", 2**31), b"\x93NUMPY\x01\x00\xff\xff" + b"(" * 65535,
    ],
)  # fmt: skip
def test_what_an_array_says_of_itself_is_checked_before_memory_is_taken(tmp_path, content):
    npz(tmp_path / "a.npz", x=content)
    tracemalloc.start()
    with pytest.raises(ValueError):  # noqa: PT011  # each has its own words
        read_arrays(tmp_path / "a.npz", ["x"], most=1000)
    assert tracemalloc.get_traced_memory()[1] < 20_000_000
    tracemalloc.stop()


def test_a_bomb_is_not_unpacked(tmp_path):
    content = array(shape="(2,)") + bytes(50_000_000)
    npz(tmp_path / "a.npz", x=content)
    tracemalloc.start()
    assert read_arrays(tmp_path / "a.npz", ["x"], most=1000)["x"].shape == (2,)
    assert tracemalloc.get_traced_memory()[1] < 5_000_000
    tracemalloc.stop()


def test_neither_is_one_whose_elements_are_long(tmp_path):
    """As many as are allowed, but each a text of 100,000 letters."""
    npz(tmp_path / "a.npz", x=array(descr="'<U100000'", shape="(100,)", content=bytes(40_000_000)))
    tracemalloc.start()
    with pytest.raises(ValueError, match=r"x\.npy has 100 elements \(<U100000\), more than 1,000 numbers"):
        read_arrays(tmp_path / "a.npz", ["x"], most=1000)
    assert tracemalloc.get_traced_memory()[1] < 5_000_000
    tracemalloc.stop()


def test_an_archive_of_too_many_members_is_not_opened(tmp_path):
    member = struct.pack("<4s4B4HL2L5H2L", b"PK\1\2", 20, 3, 20, 0, 0, 0, 0, 33, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0) + b"a"
    path = tmp_path / "a.npz"
    for count in (100, ZIP_DIRECTORY // len(member) + 1):
        size = count * len(member)
        end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 100, 100, size, 0, 0)
        large = struct.pack("<4sQ2H2L4Q", b"PK\6\6", 44, 45, 45, 0, 0, count, count, size, 0)
        large += struct.pack("<4sLQL", b"PK\6\7", 0, size, 1)
        for ended in (end, end[:-2] + b"\5\0hello", large + end.replace(size.to_bytes(4, "little"), bytes(4))):
            path.write_bytes(count * member + ended)
            if count == 100:
                with opened_archive(path) as archive:
                    assert len(archive.infolist()) == 100
            else:
                with pytest.raises(zipfile.BadZipFile, match="too many"), opened_archive(path):
                    pass
                with pytest.raises(ValueError, match="no archive"):
                    read_arrays(path, ["x"], most=1000)


def test_damaged_archives_are_refused_in_words_or_read(tmp_path):
    np.savez_compressed(tmp_path / "a.npz", x=np.arange(20.0), t=np.array("text"))
    whole, choose, refused = (tmp_path / "a.npz").read_bytes(), random.Random(0), 0
    for _ in range(1500):
        damaged = bytearray(whole)
        for _ in range(choose.randrange(1, 5)):
            damaged[choose.randrange(len(damaged))] = choose.randrange(256)
        try:
            read_arrays(io.BytesIO(damaged), ["x", "t"], most=1000)
        except ValueError:
            refused += 1
    assert refused > 500


def test_json_is_bounded(tmp_path):
    path = tmp_path / "a.json"
    path.write_text("\ufeff" + json.dumps({"a": [1, 2]}), encoding="utf-8")
    assert read_json(path) == {"a": [1, 2]}
    for content, most in (("[" * 100_000, 10**6), ("[1,2,3]", 5), ("{", 10), ("1" * 10_000, 10**6)):
        path.write_text(content)
        with pytest.raises(ValueError):  # noqa: PT011
            read_json(path, most=most)
    path.write_text('{"a": "左"}', encoding="utf-16")
    assert read_json(path) == {"a": "左"}
    path.write_bytes(b"\x00\x01\x02")
    with pytest.raises(ValueError, match="not text"):
        read_json(path)
    with pytest.raises(FileNotFoundError):
        read_json(tmp_path / "none")


# YAML -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a: 1\nb: [x, 2.5, null]", {"a": 1, "b": ["x", 2.5, None]}),
        ("a: 2020-01-01", {"a": "2020-01-01"}),
        ("a: 2020-99-99", {"a": "2020-99-99"}),
        ("a: &b {c: 1}\nd: *b\ne: {<<: *b, f: 2}", {"a": {"c": 1}, "d": {"c": 1}, "e": {"c": 1, "f": 2}}),
        ("", None),
    ],
)
def test_yaml_says_plain_values(text, value):
    assert parse_yaml(text) == value


@pytest.mark.parametrize(
    "text",
    [
        '!!int "x"', "!!timestamp x", '!!float ""', "!!bool x", "!!binary x", "!!python/object/apply:os.getcwd []",
        "!!binary aGk=", "!!set {a, b}", "!!omap [a: 1]", "!!timestamp 2020-01-01", "a: 1" + ":1" * 50_000,
        "1." + "0" * 500,
        "[" * 2000, "- " * 2000, "1" * 10_000, "a: &a [*a]", "? [a]\n: b", "a: \x01", "{a: *b}", "<<: 3", "a: b: c",
        "a: &a [x, x, x, x, x, x, x, x, x]\n" + "\n".join(
            f"{b}: &{b} [{', '.join(9 * [f'*{a}'])}]" for a, b in zip("abcdefgh", "bcdefghi", strict=True)
        ),
    ],
)  # fmt: skip
def test_yaml_that_is_none_is_refused_in_words(text):
    with pytest.raises(ValueError, match=r"\w{2}"):
        parse_yaml(text)


def test_yaml_files_are_bounded(tmp_path):
    path = tmp_path / "a.yaml"
    for content, message in ((b"#" * (YAML_BYTES + 1), "more than 0.3 MB"), (b"\xff\xfe", "not UTF-8 text")):
        path.write_bytes(content)
        with pytest.raises(ValueError, match=message):
            read_yaml(path)
    path.write_text("a: é", encoding="utf-8")
    assert read_yaml(path) == {"a": "é"}


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no such pipes here")
def test_pipes_and_devices_are_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "endless").symlink_to("/dev/zero")
    for name in ("pipe", "endless", ".", "missing"):
        with pytest.raises(OSError, match=name):
            open_plain(tmp_path / name)
        with pytest.raises(OSError, match=name):
            read_json(tmp_path / name)
        assert kind_of(tmp_path / name)
    (tmp_path / "plain").write_bytes(b"12345")
    assert read_plain(tmp_path / "plain") == b"12345"
    with pytest.raises(OSError, match="more than"):
        read_plain(tmp_path / "plain", most=4)
