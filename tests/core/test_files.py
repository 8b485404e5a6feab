import pytest

from tempose.core.errors import InputError
from tempose.core.files import written_whole


def test_the_file_appears_whole(tmp_path):
    path = tmp_path / "a name.txt"
    with written_whole(path) as beside:
        beside.write_text("all")
        assert not path.exists()
        assert beside.suffix == ".txt"
    assert path.read_text() == "all"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("stopped_by", [OSError, KeyboardInterrupt])
def test_nothing_is_left_and_nothing_lost_when_the_writer_stops(tmp_path, stopped_by):
    path = tmp_path / "a.txt"
    path.write_text("before")

    def write_half():
        with written_whole(path) as beside:
            beside.write_text("half")
            raise stopped_by

    with pytest.raises(stopped_by):
        write_half()
    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]


def test_folders_too(tmp_path):
    with written_whole(tmp_path / "folder") as beside:
        beside.mkdir()
        (beside / "a").write_text("1")
    assert (tmp_path / "folder" / "a").read_text() == "1"


def test_a_folder_with_something_in_it_is_not_replaced(tmp_path):
    (tmp_path / "kept").write_text("precious")
    with pytest.raises(InputError, match="with something in it"), written_whole(tmp_path):
        pytest.fail("the block must not run")
    assert (tmp_path / "kept").read_text() == "precious"


def test_folders_above_are_made_and_go_again_when_the_writer_stops(tmp_path):
    path = tmp_path / "new" / "newer" / "a.txt"

    with pytest.raises(KeyboardInterrupt), written_whole(path):
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []
    with written_whole(path) as beside:
        beside.write_text("all")
    assert path.read_text() == "all"
    with pytest.raises(KeyboardInterrupt), written_whole(path.with_name("b.txt")):
        raise KeyboardInterrupt
    assert list(path.parent.iterdir()) == [path]


def test_a_file_holds_no_others(tmp_path):
    (tmp_path / "a.txt").write_text("1")
    for path in (tmp_path / "a.txt" / "b.txt", tmp_path / "a.txt" / "new" / "b.txt"):
        with pytest.raises(InputError, match=r"a\.txt is a file, not a folder"), written_whole(path):
            pytest.fail("the block must not run")
