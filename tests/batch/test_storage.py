import errno
import os
from pathlib import Path

import fsspec
import pytest

from tempose.batch.storage import Store, at_hand, listed, name_in
from tempose.core.errors import DiskError, InputError, MediaError


@pytest.fixture
def memory():
    """The address of an empty folder in memory."""
    files = fsspec.filesystem("memory")
    files.store.clear()
    files.pseudo_dirs[:] = [""]
    yield "memory://shelf"
    files.store.clear()


@pytest.fixture(params=["here", "elsewhere"])
def place(request, tmp_path, memory):
    return str(tmp_path / "shelf") if request.param == "here" else memory


def put(place, content=b"content"):
    with fsspec.open(place, "wb", auto_mkdir=True) as file:
        file.write(content)


def test_what_was_written_is_there_whole(place):
    store = Store(place)
    assert store.names() == set()
    store.write("a.txt", lambda path: path.write_bytes(b"a"))
    store.write("deep/er/b.txt", lambda path: path.write_bytes(b"b"))
    store.write("a.txt", lambda path: path.write_bytes(b"again"))
    assert store.names() == {"a.txt", "deep", "deep/er", "deep/er/b.txt"}
    assert store.read("a.txt") == b"again"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no such pipes here")
def test_a_pipe_in_the_folder_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "a.mp4.json")
    with pytest.raises(OSError, match="no plain file"):
        Store(str(tmp_path)).read("a.mp4.json")


def test_a_full_disk_leaves_nothing_and_says_so(place):
    def full(path):
        path.write_bytes(b"half")
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(DiskError, match="No space left on device; free some space"):
        Store(place).write("a.txt", full)
    assert Store(place).names() == set()


def test_what_lies_here_is_read_where_it_lies(tmp_path):
    with at_hand(str(tmp_path / "me.png")) as path:
        assert path == str(tmp_path / "me.png")


def test_what_lies_elsewhere_is_fetched_and_let_go(memory):
    put(f"{memory}/me.png", b"picture")
    put(f"{memory}/poses/0.json", b"{}")
    with at_hand(f"{memory}/me.png") as path:
        assert Path(path).name == "me.png"
        assert Path(path).read_bytes() == b"picture"
    assert not Path(path).exists()
    with at_hand(f"{memory}/poses") as path:
        assert [each.name for each in Path(path).iterdir()] == ["0.json"]
    with pytest.raises(MediaError, match=r"there is no file memory://shelf/none\.png"), at_hand(f"{memory}/none.png"):
        pass


def test_a_folder_is_listed_by_name(place):
    for name in ("b.png", "a.png", ".hidden"):
        put(f"{place}/{name}")
    assert listed(place) == [f"{place}/a.png", f"{place}/b.png"]
    with pytest.raises(InputError, match="there is no folder"):
        listed(f"{place}/none")


def test_a_file_system_that_nothing_opens_is_one_sentence(tmp_path):
    for place in ("nosuch://a/b", "nosuch://a"):
        with pytest.raises(InputError, match="nosuch"):
            Store(place)
        with pytest.raises(InputError, match="nosuch"):
            listed(place)
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="is a file; wanted a folder"):
        Store(str(tmp_path / "file"))


def test_names_of_files():
    assert name_in("a/b.png") == "b.png"
    assert name_in("s3://bucket/a/b.png") == name_in("https://host/a/b.png?key=1#x") == "b.png"
    assert name_in("hf://datasets/owner/name/me.jpg") == "me.jpg"


@pytest.mark.parametrize(
    "place",
    ["reference://a.jpg::{}/refs.json", "zip://a.jpg::file://{}/a.zip", "Reference://a.jpg", "filecache::file://{}/a",
     "simplecache::file://{}/a.jpg", "dask://{}/a.jpg", "file://{}/a/..", "memory://shelf/../a.jpg"],
)  # fmt: skip
def test_what_is_no_plain_place_is_not_opened(tmp_path, place):
    place = place.format(tmp_path)
    with pytest.raises(InputError, match="is no plain address"), at_hand(place):
        pytest.fail("it was opened")
    with pytest.raises(InputError, match="is no plain address"):
        Store(place)
