from tempose.evaluation import page


def test_words_are_never_markup():
    whole = page.page(
        "<b>",
        [page.text("1 < 2"), page.table(["<i>"], [[page.cell("<u>", below="<s>")]]), page.legend(["<a>"]),
         page.video(b"x", caption="<q>", columns=["<p>"])],
    )  # fmt: skip
    for tag in ("<b>", "<i>", "<u>", "<s>", "<a>", "<q>"):
        assert tag not in whole
    assert "1 &lt; 2" in whole


def test_a_page_needs_no_other_file_and_no_script():
    whole = page.page("title", [page.video(b"abc", caption="c", columns=["photo", "model"])])
    assert 'src="data:video/mp4;base64,YWJj"' in whole
    assert "http" not in whole
    assert "<script" not in whole
    assert "prefers-color-scheme: dark" in whole
    assert 'name="viewport"' in whole
