import errno
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from tempose.core.errors import DiskError, InputError, MediaError
from tempose.core.files import (
    TEMPORARY,
    check_free_or_finished,
    disk_errors,
    full_disk,
    locked,
    remove_leftovers,
    temporary_folder,
    written_whole,
)


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


# What a process leaves that is killed ----------------------------------------------------------------


def killed_while_writing(path, *, replace=False):
    """What is beside a path after a process was killed that had written half of it."""
    program = (
        "import os, sys, tempose.core.files as files\n"
        f"with files.written_whole(sys.argv[1], replace={replace}) as beside:\n"
        "    (beside.mkdir(), (beside / 'half').touch()) if sys.argv[2] else beside.write_text('half')\n"
        "    os.kill(os.getpid(), 9)\n"
    )
    done = subprocess.run([sys.executable, "-c", program, str(path), "folder" if replace else ""])
    assert done.returncode == -signal.SIGKILL


def test_what_a_killed_process_leaves_goes_with_the_next_that_writes_the_same(tmp_path):
    path = tmp_path / "o.mp4"
    killed_while_writing(path)
    assert [each.name for each in tmp_path.iterdir()] == [".o.mp4.tmp0"]
    with written_whole(tmp_path / "another.mp4") as beside:
        beside.write_text("all")
    assert (tmp_path / ".o.mp4.tmp0").is_dir()
    with written_whole(path) as beside:
        beside.write_text("all")
    assert sorted(each.name for each in tmp_path.iterdir()) == ["another.mp4", "o.mp4"]
    killed_while_writing(path)
    remove_leftovers(path)
    assert sorted(each.name for each in tmp_path.iterdir()) == ["another.mp4", "o.mp4"]


def test_what_a_living_process_writes_stays(tmp_path):
    path = tmp_path / "a.txt"
    with written_whole(path) as first:
        first.write_text("first")
        remove_leftovers(path)
        with written_whole(path) as second:
            assert second != first
            second.write_text("second")
        assert (first.read_text(), path.read_text()) == ("first", "second")
    assert path.read_text() == "first"
    assert list(tmp_path.iterdir()) == [path]


def test_what_is_no_leftover_stays(tmp_path):
    (tmp_path / ".a.txt.tmp0").write_text("a file")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "kept").touch()
    (tmp_path / ".a.txt.tmp1").symlink_to(tmp_path / "elsewhere")
    with written_whole(tmp_path / "a.txt") as beside:
        beside.write_text("all")
    assert (tmp_path / ".a.txt.tmp0").read_text() == "a file"
    assert (tmp_path / "elsewhere" / "kept").exists()
    assert (tmp_path / "a.txt").read_text() == "all"


def test_a_lock_is_one_process_s_and_goes_with_the_file(tmp_path):
    held = locked(tmp_path)
    assert held is not None
    assert locked(tmp_path) is None
    os.close(held)
    os.close(locked(tmp_path))
    assert locked(tmp_path / "nowhere") is None


# Folders that are replaced ----------------------------------------------------------------------------


def replaced(folder, content, *, stop=None):
    with written_whole(folder, replace=True) as beside:
        beside.mkdir()
        (beside / "a").write_text(content)
        if stop is not None:
            raise stop


def test_temporary_files_of_a_killed_process_go_with_the_next(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    for name, mode in (("tempose-pictures", 0o755), ("tempose-mymodels", 0o700), ("tempose-pictures.tempose", 0o755)):
        (tmp_path / name).mkdir()
        (tmp_path / name).chmod(mode)  # somebody's own
    (tmp_path / "tempose-elsewher.tempose").symlink_to(tmp_path / "tempose-mymodels")
    own = sorted(tmp_path.iterdir())
    killed = Path(tempfile.mkdtemp(prefix="tempose-", suffix=TEMPORARY))
    (killed / "weights").write_bytes(b"half")
    with temporary_folder() as living:
        assert not killed.exists()
        with temporary_folder() as other:
            assert living.is_dir()
            assert other.is_dir()
        assert not other.exists()
    assert sorted(tmp_path.iterdir()) == own


def test_of_two_that_replace_a_folder_at_once_one_says_so(tmp_path, monkeypatch):
    folder, move = tmp_path / "folder", Path.replace
    replaced(folder, "1")

    def meanwhile(path, place):
        moved = move(path, place)
        if path == folder:  # it has left its place, and another process takes that
            folder.mkdir()
            (folder / "a").write_text("another's")
        return moved

    monkeypatch.setattr(Path, "replace", meanwhile)
    with pytest.raises(InputError, match="folder was written by another process meanwhile"):
        replaced(folder, "2")
    assert (folder / "a").read_text() == "another's"
    assert list(tmp_path.iterdir()) == [folder]


def test_a_folder_is_replaced_whole_or_not_at_all(tmp_path, monkeypatch):
    folder = tmp_path / "folder"
    replaced(folder, "1")
    replaced(folder, "2")
    with pytest.raises(KeyboardInterrupt):
        replaced(folder, "3", stop=KeyboardInterrupt())
    killed_while_writing(folder, replace=True)
    assert (folder / "a").read_text() == "2"
    # Killed after the old one left its place, and before the new one took it:
    folder.rename(tmp_path / ".folder.tmp0" / "folder.before")
    remove_leftovers(folder)
    assert (folder / "a").read_text() == "2"
    assert list(tmp_path.iterdir()) == [folder]


def test_what_is_finished_is_replaced_only_if_that_is_said(tmp_path):
    def check(**more):
        return check_free_or_finished(tmp_path / "out", kind="report", mark="end", names=("end", "a"), **more)

    check()
    (tmp_path / "out").mkdir()
    check()
    (tmp_path / "out" / "a").touch()
    with pytest.raises(InputError, match="a folder with something in it"):
        check(overwrite=True)
    (tmp_path / "out" / "end").touch()
    with pytest.raises(InputError, match="holds a finished report; --overwrite makes it again and replaces it"):
        check()
    check(overwrite=True)
    (tmp_path / "out" / "thesis.txt").touch()
    with pytest.raises(InputError, match=r"holds thesis\.txt, which is no part of a report"):
        check(overwrite=True)
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="is a file, and a report is a folder"):
        check_free_or_finished(tmp_path / "file", kind="report", mark="end", names=())


# The disk ---------------------------------------------------------------------------------------------


def told_by_rust():
    raise RuntimeError("Error while serializing: I/O error: No space left on device (os error 28)")


def told_by_torch():
    try:
        raise OSError(errno.ENOSPC, "No space left on device")
    finally:
        raise RuntimeError("unexpected pos 576 vs 534")  # as the end of its archive does


def told_by_the_system():
    raise OSError(errno.EFBIG, "File too large")


@pytest.mark.parametrize("refuse", [told_by_rust, told_by_torch, told_by_the_system])
def test_a_full_disk_is_one_sentence_whoever_notices_it(tmp_path, refuse):
    with pytest.raises(DiskError) as caught, written_whole(tmp_path / "a.bin"):
        refuse()
    assert str(caught.value).startswith(f"cannot write {tmp_path / 'a.bin'}: ")
    assert "or choose another disk" in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_other_errors_are_what_they_were(tmp_path):
    with pytest.raises(FileNotFoundError), full_disk("a"):
        (tmp_path / "nowhere").read_bytes()
    with pytest.raises(MediaError, match="cannot write a: Permission denied; choose another folder"), disk_errors("a"):
        raise PermissionError(errno.EACCES, "Permission denied")


def test_a_disk_that_is_full_in_earnest(tmp_path):
    resource = pytest.importorskip("resource", reason="only systems like Unix bound the size of files")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before[1]))
    try:
        with (
            pytest.raises(DiskError, match="File too large; write less, or choose another disk"),
            written_whole(tmp_path / "a") as beside,
        ):
            beside.write_bytes(bytes(2000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert list(tmp_path.iterdir()) == []
