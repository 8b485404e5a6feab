"""Over HTTP, a studio reads what the same visitor uploaded, and nothing else, whatever the shape of the request."""

import json
import time
from pathlib import Path

import httpx
import pytest
from web.servers import START

from tempose.core.errors import InputError
from tempose.web.uploads import COOKIE, Uploads, Visitor, refusal

# How a job ends.
ENDED = ("done", "failed", "stopped")

MARK = {"meta": {"_type": "gradio.FileData"}}


class Someone:
    """A visitor who keeps cookies, or one who keeps none."""

    def __init__(self, server, *, cookies=True):
        self.url, self.cookies = server.url, cookies
        self.client = httpx.Client(timeout=START)

    def upload(self, path, name=None):
        """The path that the server gives to a file."""
        return self.upload_bytes(name or path.name, path.read_bytes())

    def upload_bytes(self, name, content):
        """As `upload`, of any content."""
        files = {"files": (name, content)}
        answer = self.client.post(f"{self.url}/gradio_api/upload", files=files)
        if not self.cookies:
            self.client.cookies.clear()
        return answer.json()[0]

    def ask(self, **body):
        """How a job ends that is asked for so, or the refusal itself."""
        asked = self.client.post(f"{self.url}/api/jobs", json={"settings": {"max_frames": 2, "steps": 1}, **body})
        if asked.status_code != 201:
            return f"refused {asked.status_code}: {asked.text}"
        while (state := self.client.get(f"{self.url}/api/jobs/{asked.json()['id']}").json())["state"] not in ENDED:
            time.sleep(0.05)
        return json.dumps({name: state[name] for name in ("state", "error", "files")})


@pytest.fixture
def me(server):
    return Someone(server)


@pytest.fixture(scope="module")
def private(server, cache, tmp_path_factory):
    """Pictures and motions that nobody uploaded, beside the server's folder and in it; by what they are."""
    folder = tmp_path_factory.mktemp("private")
    own = Path(Someone(server).upload(cache / "beach.png", "own.png")).parents[1]
    found = {}
    for kind, name in (("picture", "photo.png"), ("motion", "wave.npz")):
        secret = folder / f"secret-{kind}{Path(name).suffix}"
        secret.write_bytes((cache / name).read_bytes())
        link = own / f"link-{kind}{Path(name).suffix}"
        link.symlink_to(secret)
        inside = own / f"inside-{kind}{Path(name).suffix}"
        inside.write_bytes((cache / name).read_bytes())
        found[kind] = {
            "local": str(secret),
            "link": str(link),
            "never uploaded": str(inside),
            "above": str(own / ".." / folder.name / secret.name),
            "dots": f"{own}/x/../../..{secret}",
            "folder": str(folder),
            "own folder": str(own),
            "root": "/",
            "slashes": f"//{secret}",
            "file address": f"file://{secret}",
            "web address": "http://127.0.0.1/x.png",
            "nul": f"{secret}\0.png",
            "home": "~/x.png",
            "process": "/proc/self/environ",
            "relative": "x.png",
            "long": "/x" * 5000,
            "playlist": "concat:/etc/passwd",
        }
    yield found
    for path in own.glob("*-*.*"):
        path.unlink()


NAMES = ["local", "link", "never uploaded", "above", "dots", "folder", "own folder", "root", "slashes", "file address",
         "web address", "nul", "home", "process", "relative", "long", "playlist"]  # fmt: skip


def shapes(path):
    """One path in every form in which a file could be given."""
    named = {"path": path, "orig_name": "me.png"}
    return {
        "string": path,
        "dict": {"path": path},
        "named": named,
        "marked": {**named, **MARK},
        "stream": {**named, **MARK, "is_stream": True},
        "url": {"path": path, "url": f"file://{path}", **MARK},
        "only url": {"url": path, "orig_name": "me.png", **MARK},
        "list": [named],
        "list of marked": [{**named, **MARK}],
        "list of strings": [path],
        "nested list": [[{**named, **MARK}]],
        "nested dict": {"path": {**named, **MARK}, **MARK},
        "value": {"value": {**named, **MARK}, "path": path},
        "video": {"video": {**named, **MARK}},
    }


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("where", ["photo", "motion", "background_file"])
def test_what_was_not_uploaded_is_not_read(me, cache, private, name, where):
    path = private["motion" if where == "motion" else "picture"][name]
    good = {} if where == "photo" else {"photo": {"path": me.upload(cache / "photo.png"), "orig_name": "me.png"}}
    for shape, value in shapes(path).items():
        said = me.ask(**{**good, where: value})
        assert '"done"' not in said, shape
        assert '"failed"' in said or said.startswith("refused 4"), shape
        for secret in ("secret-", "environ", "passwd", "link-", "inside-"):
            if secret not in path:
                assert secret not in said, shape


@pytest.mark.parametrize("where", ["photo", "motion", "background_file"])
def test_another_visitors_upload_is_not_read(server, cache, where):
    owner, thief, beginner = Someone(server), Someone(server), Someone(server, cookies=False)
    name = "wave.npz" if where == "motion" else "photo.png"
    path = owner.upload(cache / name, f"owners-{name}")
    photo = {"path": owner.upload(cache / "photo.png", "owners-photo.png")}
    assert '"done"' in owner.ask(**{"photo": photo, where: {"path": path}})
    for other in (thief, beginner):
        other.upload(cache / "beach.png")
        good = {} if where == "photo" else {"photo": {"path": other.upload(cache / "photo.png", "mine.png")}}
        for shape, value in shapes(path).items():
            said = other.ask(**{**good, where: value})
            assert '"done"' not in said, shape
            assert '"failed"' in said or said.startswith("refused 4"), shape


PLAYLISTS = {
    "a.m3u8": "#EXTM3U\n#EXTINF:1,\nfile://{}\n#EXT-X-ENDLIST\n",
    "b.mp4": "#EXTM3U\n#EXT-X-VERSION:3\n#EXTINF:1,\n{}\n#EXT-X-ENDLIST\n",
    "c.mp4": "ffconcat version 1.0\nfile {}\n",
    "d.mov": "<MPD xmlns='urn:mpeg:dash:schema:mpd:2011'><Period><BaseURL>file://{}</BaseURL></Period></MPD>",
    "e.mkv": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns={}\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 5004 RTP/AVP 96\n",
    "f.webm": "[playlist]\nFile1={}\n",
    "g.gif": "concat:{}",
}


@pytest.mark.parametrize("name", PLAYLISTS)
def test_a_playlist_leads_to_no_other_file(me, cache, private, name):
    secret = private["picture"]["local"]
    path = me.upload_bytes(name, PLAYLISTS[name].format(secret).encode())
    photo = {"path": me.upload(cache / "photo.png")}
    said = me.ask(photo=photo, motion={"path": path, "orig_name": name})
    assert '"failed"' in said
    assert "secret-" not in said


def test_who_keeps_no_cookies_uses_their_own_uploads(server, cache):
    program = Someone(server, cookies=False)
    photo, motion = program.upload(cache / "photo.png"), program.upload(cache / "wave.npz")
    said = program.ask(photo={"path": photo, **MARK}, motion=[{"path": motion, "orig_name": "w.npz", **MARK}])
    assert '"done"' in said


def test_a_page_gives_a_cookie_that_nobody_can_guess(server):
    first, second = (httpx.get(server.url, timeout=START).headers["set-cookie"] for _ in range(2))
    assert first.startswith(f"{COOKIE}=")
    assert "HttpOnly; SameSite=Lax" in first
    assert first != second
    for weak in ("short", "x" * 5, "../../x"):
        assert (
            COOKIE in httpx.get(server.url, headers={"cookie": f"{COOKIE}={weak}"}, timeout=START).headers["set-cookie"]
        )


# Without a server ----------------------------------------------------------------------------------


def visitor(cookie="", address="a", user=""):
    return Visitor.of({COOKIE: cookie.ljust(32, "x")} if cookie else {}, address=address, user=user)


@pytest.fixture
def uploads(tmp_path):
    folder = tmp_path / "studio"
    (folder / "hash").mkdir(parents=True)
    (folder / "hash" / "a.png").write_bytes(b"picture")
    return Uploads(folder)


def test_a_file_is_found_by_its_owner_alone(uploads):
    path = str(uploads.folder / "hash" / "a.png")
    uploads.add(path, visitor("me"))
    assert uploads.find(path, visitor("me")) == Path(path)
    assert uploads.find(path, visitor("me", address="elsewhere")) == Path(path)
    for other in (visitor("you"), visitor(), visitor("me", user="b")):
        with pytest.raises(InputError, match=str(refusal())):
            uploads.find(path, other)


def test_a_cookie_that_comes_back_closes_the_way_by_address(uploads):
    path = str(uploads.folder / "hash" / "a.png")
    first = visitor()
    uploads.add(path, first)
    assert uploads.find(path, visitor()) == Path(path)
    with pytest.raises(InputError):
        uploads.find(path, visitor(address="b"))
    again = Visitor.of({COOKIE: first.given}, address="a")
    uploads.seen(again)
    assert uploads.find(path, again) == Path(path)
    with pytest.raises(InputError):
        uploads.find(path, visitor())


def test_two_owners_of_one_content_do_not_lock_each_other_out(uploads):
    path = str(uploads.folder / "hash" / "a.png")
    first, second = visitor(), visitor(address="b")
    uploads.add(path, first)
    uploads.add(path, second)
    assert uploads.find(path, Visitor.of({COOKIE: first.given}, address="a"))
    assert uploads.find(path, visitor(address="b"))


@pytest.mark.parametrize("given", [None, 3, True, [], {}, {"path": "x"}, "", "\0", "x\ud800", "/" * 9999])
def test_what_is_no_path_is_refused_in_the_same_words(uploads, given):
    with pytest.raises(InputError, match=str(refusal())):
        uploads.find(given, visitor("me"))


def test_a_path_is_taken_letter_by_letter_and_must_be_a_plain_file(uploads):
    folder = uploads.folder / "hash"
    (folder / "link.png").symlink_to("/etc/passwd")
    (folder / "pipe").mkdir()
    for path in (folder / "link.png", folder / "pipe", folder / "gone.png", Path("/etc/passwd")):
        uploads.add(path, visitor("me"))
        with pytest.raises(InputError, match=str(refusal())):
            uploads.find(str(path), visitor("me"))
    uploads.add(folder / "a.png", visitor("me"))
    for path in ("hash//a.png", "hash/./a.png", "hash/../hash/a.png", "hash/a.png/", "hash/a.png "):
        with pytest.raises(InputError, match=str(refusal())):
            uploads.find(f"{uploads.folder}/{path}", visitor("me"))
