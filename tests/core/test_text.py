import pytest

from tempose.core.text import decoded, unicode_of

LETTERS = "左腕 Hüfte"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_any_unicode(encoding):
    assert decoded(LETTERS.encode(encoding)) == LETTERS


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf_16_without_a_mark(encoding):
    assert decoded("ROOT Hips".encode(encoding)) == "ROOT Hips"


def test_what_is_not_unicode():
    assert decoded("左腕".encode("shift-jis")) == "左腕"
    assert decoded("Hüfte".encode("latin-1")) == "Hüfte"


@pytest.mark.parametrize(
    "data", [b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01", b"ab\x00\x01\x02" * 9, b"PK\x03\x04\x14\x00"]
)
def test_no_text(data):
    with pytest.raises(UnicodeError):
        decoded(data)


def test_names_of_files_become_text():
    assert unicode_of("Фото 写真.jpg") == "Фото 写真.jpg"
    assert unicode_of(b"a\xff\xd0\xa4.jpg".decode("utf-8", "surrogateescape")) == "a\\xffФ.jpg"
    assert unicode_of("Фото.jpg".encode().decode("ascii", "surrogateescape")) == "Фото.jpg"
