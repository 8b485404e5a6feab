"""What was made is found by who knows its address, listed for its own browser, and removed in time."""

import os

import pytest

from tempose.web.gallery import LOOKS, Gallery, Gone
from tempose.web.jobs import Desk
from tempose.web.studio import Finished
from tempose.web.uploads import COOKIE, Uploads, Visitor


def visitor(cookie="", user=""):
    return Visitor.of({COOKIE: cookie.ljust(32, "x")} if cookie else {}, address="a", user=user)


@pytest.fixture
def gallery(tmp_path):
    return Gallery(60.0, Uploads(tmp_path))


@pytest.fixture
def desk():
    return Desk(at_once=1, queue=9, per_client=9, seconds=60)


def added(gallery, desk, who, *, kind="animate", folder=None):
    """A piece whose job has made one file."""

    def work(job):
        folder.mkdir(exist_ok=True)
        (folder / "a.mp4").touch()
        return Finished(folder / "a.mp4", (), {})

    piece = gallery.add(desk, work, kind=kind, title="a", visitor=who)
    piece.job.finished.wait(600)
    return piece


def test_who_knows_the_address_sees_it_and_no_address_can_be_guessed(gallery, desk, tmp_path):
    piece = added(gallery, desk, visitor("me"), folder=tmp_path / "one")
    assert gallery.get(piece.token, visitor("you")) is piece
    assert len(piece.token) == 32
    for wrong in ("", piece.token[:-1], piece.token + "x", None, 3, ["x"]):
        with pytest.raises(Gone):
            gallery.get(wrong, visitor("me"))


def test_with_passwords_an_address_is_its_users_alone(gallery, desk, tmp_path):
    piece = added(gallery, desk, visitor("me", user="a"), folder=tmp_path / "one")
    with pytest.raises(Gone):
        gallery.get(piece.token, visitor("me", user="b"))


def test_a_browser_sees_its_own_and_who_has_no_cookie_sees_none(gallery, desk, tmp_path):
    first = visitor()
    pieces = [added(gallery, desk, who, folder=tmp_path / "one") for who in (visitor("me"), visitor("you"), first)]
    assert gallery.of(visitor("me"), kinds=("animate",)) == pieces[:1]
    assert gallery.of(visitor("me"), kinds=("dress",)) == []
    assert gallery.of(visitor(), kinds=("animate",)) == []
    assert gallery.of(Visitor.of({COOKIE: first.given}, address="b"), kinds=("animate",)) == pieces[2:]


def test_of_many_pieces_the_oldest_go(gallery, desk, tmp_path, monkeypatch):
    monkeypatch.setattr("tempose.web.gallery.PIECES_EACH", 2)
    first, second, third = (added(gallery, desk, visitor(), folder=tmp_path / str(n)) for n in range(3))
    assert [path.name for path in sorted(tmp_path.iterdir())] == ["1", "2"]
    monkeypatch.setattr("tempose.web.gallery.PIECES", 2)
    added(gallery, desk, visitor(user="another"), folder=tmp_path / "3")
    assert [path.name for path in sorted(tmp_path.iterdir())] == ["2", "3"]
    assert gallery.get(third.token, visitor()) is third
    for gone in (first, second):
        with pytest.raises(Gone):
            gallery.get(gone.token, visitor())


def test_what_is_deleted_or_too_old_is_gone_with_its_files(gallery, desk, tmp_path):
    deleted, old = (added(gallery, desk, visitor("me"), folder=tmp_path / name) for name in ("one", "two"))
    gallery.remove(deleted)
    assert not (tmp_path / "one").exists()
    upload = tmp_path / "hash" / "a.png"
    upload.parent.mkdir()
    upload.touch()
    gallery.uploads.add(upload, visitor("me"))
    gallery.sweep()
    assert upload.exists()
    assert len(gallery) == 1
    os.utime(upload, (0, 0))
    gallery.keep = 0.0
    gallery.sweep()
    assert not upload.parent.exists()
    assert not (tmp_path / "two").exists()
    with pytest.raises(Gone):
        gallery.get(old.token, visitor("me"))


def test_of_the_looks_of_a_browser_the_last_few_are_kept(gallery, desk, tmp_path):
    who = visitor("me")
    looks = [added(gallery, desk, who, kind="look", folder=tmp_path / str(number)) for number in range(LOOKS + 2)]
    assert gallery.of(who, kinds=("look",)) == looks[: -LOOKS - 1 : -1]
    assert not (tmp_path / "0").exists()
