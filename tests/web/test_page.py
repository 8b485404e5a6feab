"""The page in a real browser: from a photo to a video, mistakes, and several visitors."""

import json
import re
from pathlib import Path

import pytest
from conftest import ROOT
from web.servers import LONG

from tempose.animation.settings import AnimateSettings
from tempose.media.video import probe_video
from tempose.web.request import EXAMPLES

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
expect = sync_api.expect
expect.set_options(timeout=LONG)
PAGE = ROOT / "src" / "tempose" / "web" / "page"


def quick(page, *, frames=4, steps=1):
    """Few small frames and few steps, behind the fold."""
    page.evaluate("document.getElementById('more').open = true")
    for name, value in (("steps", steps), ("max_frames", frames), ("size", 256)):
        page.fill(f"#set-{name}", str(value))


def upload(page, where, path):
    page.locator(f"#{where}-file").set_input_files(path)


def example(page, number=0):
    page.locator("#examples button").nth(number).click()


def looked(page):
    """Wait until the motion is shown on the photo's body."""
    expect(page.locator("#found")).not_to_have_class(re.compile("old"))
    eventually(page, "document.getElementById('look-fitted').naturalWidth > 0")


def eventually(page, expression):
    """Wait until something is so; the page's policy forbids Playwright to wait for it within the page."""
    until(page, lambda: page.evaluate(expression))


def until(page, met):
    """Wait until a condition is met, while the page goes on."""
    for _ in range(LONG // 50):
        if met():
            return
        page.wait_for_timeout(50)
    raise AssertionError("it is still not so")


def finished(page, *, seconds=None):
    """Wait for the result; its video plays, and lasts so long."""
    expect(page.locator("#made")).to_be_visible()
    eventually(page, "document.getElementById('video').readyState === 4")
    if seconds is not None:
        assert page.evaluate("document.getElementById('video').duration") == pytest.approx(seconds, abs=0.05)


def made(page, *, frames=4, number=0):
    """A result of an example, quickly."""
    quick(page, frames=frames)
    example(page, number)
    before = page.url
    page.click("#run")
    until(page, lambda: page.url != before)  # the result before, if there is one, is seen no more
    finished(page)


def nothing_sideways(page):
    return page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


# From a photo to a video ---------------------------------------------------------------------------


def test_it_opens_with_a_sample_that_plays_and_motions_that_move(visit):
    page = visit(moving=True)
    eventually(page, "(([v]) => v.readyState === 4 && !v.paused)(document.querySelectorAll('#sample video'))")
    info = probe_video(PAGE / "sample.mp4")
    assert info.width > 2 * info.height * 0.5  # photo, driver and result beside one another
    eventually(page, "[...document.querySelectorAll('#motions img, #examples img')].every((i) => i.naturalWidth)")
    assert page.locator("#examples button").count() == len(EXAMPLES)
    page.click("#try")
    expect(page.locator("#photo-file")).to_be_focused()


def test_from_an_uploaded_photo_and_motion_to_the_video(visit, cache):
    page = visit()
    quick(page)
    upload(page, "photo", cache / "photo.png")
    upload(page, "motion", cache / "wave.npz")
    looked(page)
    expect(page.locator("#motions [aria-pressed=true]")).to_have_count(0)
    page.click("#run")
    finished(page, seconds=0.4)
    # So short a job may end before anyone looks: what counts is that its frames were asked for, at their full size.
    eventually(page, f"document.getElementById('preview').naturalHeight === {probe_height(page)}")
    expect(page.locator("#command")).to_contain_text("tempose animate photo.png wave.npz -o photo-wave.mp4")


def held_requests(page, where="**/gradio_api/upload"):
    """Requests to somewhere, which are on their way until each goes on."""
    held = []
    page.route(where, lambda route: held.append(route))  # Playwright marks what it calls
    return held


def test_animate_waits_for_a_photo_that_is_on_its_way(visit, cache):
    page = visit()
    quick(page)
    held = held_requests(page)
    upload(page, "photo", cache / "photo.png")
    until(page, lambda: held)
    page.click("#run")
    expect(page.locator("#run")).to_be_disabled()
    held[0].continue_()
    finished(page)
    expect(page.locator("#photo-note")).to_have_text("")


def test_a_photo_that_arrives_late_does_not_replace_the_one_that_was_chosen_after_it(visit, cache):
    page = visit()
    quick(page)
    held = held_requests(page)
    upload(page, "photo", cache / "photo.png")
    until(page, lambda: held)
    example(page)
    looked(page)
    held[0].continue_()
    page.click("#run")  # which waits for what is on its way
    finished(page)
    expect(page.locator("#command")).to_contain_text(f"tempose animate {next(iter(EXAMPLES))}.jpg")


def probe_height(page):
    return page.evaluate("document.getElementById('video').videoHeight")


def test_what_can_be_done_with_a_result(visit):
    page = visit()
    made(page)
    page.get_by_role("button", name="Loop").click()
    assert page.evaluate("document.getElementById('video').loop") is False
    page.get_by_label("Speed").select_option("0.5")
    assert page.evaluate("document.getElementById('video').playbackRate") == 0.5
    page.get_by_role("button", name="Side by side").click()
    eventually(page, "document.getElementById('other').readyState === 4")
    names = page.locator("#files a").evaluate_all("(links) => links.map((link) => link.download)")
    assert {Path(name).suffix for name in names} == {".mp4", ".png", ".json", ".gif", ".webp"}
    for ending in (".gif", ".webp"):
        address = page.locator(f"#files a[download$='{ending}']").get_attribute("href")
        assert page.evaluate("(url) => fetch(url).then((a) => a.status)", address) == 200
    command = page.locator("#command").inner_text()
    page.get_by_role("button", name="Again, another seed").click()
    expect(page.locator("#command")).to_have_text(f"{command} --seed 1")
    page.get_by_role("button", name="Use as motion").click()
    expect(page.locator("#motions [aria-pressed=true]")).to_have_count(0)
    expect(page.locator("#length")).to_contain_text("The whole clip")


def test_the_whole_clip_is_taken_and_the_bar_takes_a_part(visit, cache):
    page = visit()
    upload(page, "motion", cache / "walker.mp4")
    expect(page.locator("#length")).to_have_text("The whole clip: 1.2 s, 12 frames.")
    expect(page.locator("#last")).to_have_js_property("naturalWidth", 288)
    page.evaluate("(to) => { to.value = 0.8; to.dispatchEvent(new Event('change')); }", page.query_selector("#to"))
    expect(page.locator("#length")).to_have_text("0.0 to 0.8 s: 8 of 12 frames.")
    upload(page, "motion", cache / "long.npz")
    said = "0.0 to 6.0 s: 60 of 80 frames. 60 are the limit here: move the bar to another part"
    expect(page.locator("#length")).to_contain_text(said)
    expect(page.locator("#motion-note")).to_have_text("")


def test_cancel_frees_the_machine(visit):
    page = visit()
    quick(page, frames=8, steps=900)  # minutes, if nobody stopped it
    example(page)
    page.click("#run")
    expect(page.locator("#preview")).to_be_visible()
    page.click("#cancel")
    expect(page.locator("#run-note")).to_contain_text("Stopped. The machine was free again after")
    expect(page.locator("#run")).to_be_enabled()


def test_a_job_has_an_address_and_a_gallery_that_others_do_not_see(visit):
    page = visit()
    quick(page, frames=8, steps=900)
    example(page)
    page.click("#run")
    expect(page.locator("#progress")).to_contain_text("Imagining")
    address = page.url
    assert re.search(r"\?job=[\w-]{32}$", address)
    page.reload()
    expect(page.locator("#progress")).to_contain_text("Imagining")
    expect(page.locator("#gallery li")).to_have_count(1)
    page.click("#cancel")
    expect(page.locator("#run-note")).to_contain_text("Stopped")
    made(page)
    page.reload()
    finished(page)
    other = visit()
    expect(other.locator("#kept")).to_have_text("Nothing yet.")
    expect(page.locator("#kept")).to_contain_text("kept for 60 minutes")
    page.get_by_role("button", name=re.compile("^Delete")).click()
    expect(page.locator("#gallery li")).to_have_count(0)
    page.reload()
    expect(page.locator("#run-note")).to_have_text("there is nothing at this address, or not any more")


def test_any_two_results_are_compared_under_a_slider(visit):
    page = visit()
    made(page)
    made(page, number=1)
    page.locator("#gallery li").nth(1).get_by_role("button", name=re.compile("^Compare")).click()
    eventually(page, "document.getElementById('other').readyState === 4")
    page.fill("#split", "25")
    assert page.evaluate("getComputedStyle(document.getElementById('other')).clipPath") == "inset(0px 0px 0px 25%)"
    page.evaluate("document.getElementById('video').pause()")
    page.evaluate("document.getElementById('video').currentTime = 0.2")
    eventually(page, "Math.abs(document.getElementById('other').currentTime - 0.2) < 0.07")


def test_three_visitors_at_once(visit):
    pages = [visit() for _ in range(3)]
    for number, page in enumerate(pages):
        quick(page, frames=4 + number, steps=2)
        example(page, number)
    for page in pages:
        page.click("#run")
    for number, page in enumerate(pages):
        finished(page, seconds=(4 + number) / 12)


# On the photo --------------------------------------------------------------------------------------


def test_the_photo_is_cropped_tapped_and_its_mask_mended(visit, cache):
    page, asked = visit(), []
    page.on("request", lambda r: asked.append(json.loads(r.post_data)) if r.url.endswith("/api/looks") else None)
    upload(page, "photo", cache / "photo.png")
    looked(page)
    eventually(page, "document.getElementById('mask').width > 0")

    def at(x, y):
        page.evaluate("document.getElementById('stage').scrollIntoView()")
        box = page.locator("#mask").bounding_box()
        return box["x"] + x * box["width"], box["y"] + y * box["height"]

    page.mouse.click(*at(0.5, 0.5))
    until(page, lambda: "photo_person" in asked[-1]["settings"])
    looked(page)
    x, y = map(float, asked[-1]["settings"]["photo_person"].split(","))
    assert (x, y) == pytest.approx((144, 192), abs=3)
    assert page.evaluate(STROKED) == 0
    page.get_by_role("button", name="Add", exact=True).click()
    page.mouse.move(*at(0.05, 0.1))
    page.mouse.down()
    page.mouse.move(*at(0.3, 0.1))
    page.mouse.up()
    assert page.evaluate(STROKED) > 0
    until(page, lambda: "mask" in asked[-1])
    assert asked[-1]["mask"]["orig_name"] == "mask.png"
    looked(page)
    page.get_by_role("button", name="Reset").click()
    until(page, lambda: "mask" not in asked[-1])
    page.get_by_role("button", name="Crop").click()
    page.mouse.move(*at(0.02, 0.02))
    page.mouse.down()
    page.mouse.move(*at(0.98, 0.9))
    page.mouse.up()
    eventually(page, "document.getElementById('photo').naturalHeight < 384")
    looked(page)
    expect(page.locator("#photo-note")).to_have_text("")


def marked(area):
    """The script that counts the pixels of the mask, within left, top, right and bottom as parts of it."""
    return f"""() => {{ const c = document.getElementById('mask'), [l, t, r, b] = {area};
        if (!c.width) return 0;
        const [w, h] = [c.width, c.height], context = c.getContext('2d');
        const {{ data }} = context.getImageData(l * w, t * h, (r - l) * w, (b - t) * h);
        return data.filter((value, at) => at % 4 === 3 && value > 128).length; }}"""


STROKED, ALL = marked([0.05, 0.08, 0.3, 0.12]), marked([0, 0, 1, 1])

# Counts the pictures that the page has waited for, whether they came or not.
COUNTING = """() => { const { decode } = Image.prototype;
    window.settled = 0;
    Image.prototype.decode = function () { return decode.call(this).finally(() => { window.settled++; }); }; }"""


def settled(page, count):
    """Wait until so many pictures have come or failed, and the page has done what follows."""
    eventually(page, f"window.settled === {count}")
    page.evaluate("new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)))")


def test_a_mask_that_comes_too_late_or_not_at_all_is_not_shown(visit, cache):
    page = visit()
    page.evaluate(COUNTING)
    held = held_requests(page, "**/files/matte.png")
    upload(page, "photo", cache / "photo.png")
    until(page, lambda: held)
    page.locator("#motions button").nth(1).click()
    until(page, lambda: len(held) == 2)  # the look before it is forgotten, and what it would have shown
    held[0].continue_()
    settled(page, 2)  # the photo is the first
    assert page.evaluate(ALL) == 0
    example(page)
    until(page, lambda: len(held) == 3)
    held[2].continue_()
    settled(page, 4)
    before = page.evaluate(ALL)
    assert before > 0
    held[1].fulfill(path=cache / "all.png")  # of the photo before, and white all over
    settled(page, 5)
    assert page.evaluate(ALL) == before


def test_a_mended_mask_that_comes_too_late_is_left_out(visit, cache):
    page, asked = visit(), []
    upload(page, "photo", cache / "photo.png")
    looked(page)
    eventually(page, f"({ALL})() > 0")
    held = held_requests(page)
    page.on(
        "request",
        lambda r: asked.append(json.loads(r.post_data)) if r.method == "POST" and r.url.endswith("/jobs") else None,
    )
    page.get_by_role("button", name="Add", exact=True).click()
    page.evaluate("document.getElementById('stage').scrollIntoView()")
    page.locator("#mask").click(position={"x": 10, "y": 20})
    until(page, lambda: held)
    page.get_by_role("button", name="Reset").click()
    quick(page)
    held[0].continue_()
    page.click("#run")
    finished(page)
    assert "mask" not in asked[0]


def test_a_photo_by_camera(visit):
    page = visit()
    page.click("#camera")
    eventually(page, "document.querySelector('#shot video').videoWidth > 0")
    page.click("#take")
    looked(page)
    expect(page.locator("#photo-note")).to_have_text("")


def test_a_drawn_person_becomes_the_photo(visit):
    page = visit()
    page.click("#drawn summary")
    page.click("#person button")
    expect(page.locator("#stage")).to_be_visible()
    looked(page)
    expect(page.locator("#photo-note")).to_have_text("")


def test_clothes_are_changed_in_the_same_form(visit, cache):
    page = visit()
    page.click("[data-task=dress]")
    upload(page, "photo", cache / "photo.png")
    page.click("#run")
    expect(page.locator("#style-note")).to_have_text("Choose a picture of the clothes first.")
    upload(page, "style", cache / "photo.png")
    expect(page.locator("#style")).to_be_visible()
    page.click("#run")
    expect(page.locator("#picture")).to_be_visible()
    expect(page.locator("#command")).to_contain_text("tempose dress photo.png photo.png")


# Mistakes ------------------------------------------------------------------------------------------


def test_a_mistake_is_told_at_its_place(visit, cache):
    page = visit()
    page.click("#run")
    expect(page.locator("#photo-note")).to_contain_text("Choose a photo first")
    for where, name, said in (
        ("photo", "words.png", "words.png is not a picture in a known format: it seems to be a text file"),
        ("motion", "words.npz", "words.npz is not a pose file of tempose"),
        ("motion", "black.mp4", "black.mp4: nobody was found"),
    ):
        upload(page, where, cache / name)
        expect(page.locator(f"#{where}-note")).to_contain_text(said)
    page.click("#run")
    expect(page.locator("#run-note")).not_to_be_empty()
    expect(page.locator("#run")).to_be_enabled()


def test_a_server_that_is_gone_is_told_wherever_it_is_missed(visit, cache):
    """And nothing breaks: `visit` looks after that."""
    page, gone = visit(), "The server cannot be reached"
    quick(page, frames=8, steps=900)
    example(page)
    looked(page)
    page.click("#run")
    expect(page.locator("#gallery li")).to_have_count(1)
    page.route("**/api/**", lambda route: route.abort())
    expect(page.locator("#run-note")).to_contain_text(gone)  # where the job was looked at
    page.evaluate("document.getElementById('run-note').textContent = ''")
    page.get_by_role("button", name=re.compile("^Delete")).click()
    expect(page.locator("#run-note")).to_contain_text(gone)
    page.click("#run")
    expect(page.locator("#run-note")).to_contain_text(gone)
    page.locator("#motions button").nth(1).click()
    expect(page.locator("#settings-note")).to_contain_text(gone)
    page.route("**/gradio_api/upload", lambda route: route.abort())
    for where, name in (("photo", "photo.png"), ("motion", "wave.npz"), ("further", "photo.png")):
        upload(page, where, cache / name)
        expect(page.locator(f"#{where}-note")).to_contain_text(gone)
    page.unroute("**/api/**")
    page.get_by_role("button", name=re.compile("^Delete")).click()
    expect(page.locator("#gallery li")).to_have_count(0)


def test_whoever_cancels_twice_cancels_once(visit):
    page = visit()
    quick(page, frames=8, steps=900)
    example(page)
    page.click("#run")
    expect(page.locator("#preview")).to_be_visible()
    page.evaluate("for (const _ of [1, 2]) document.getElementById('cancel').click()")
    expect(page.locator("#run-note")).to_contain_text("Stopped.")


@pytest.mark.parametrize("dropped", [False, True], ids=["chosen", "dropped"])
def test_what_is_not_taken_is_told_at_its_place_and_not_sent(visit, cache, dropped):
    page, sent = visit(), []
    page.on("request", lambda request: sent.append(request.url) if "/upload" in request.url else None)
    for where, name, kind, said in (
        ("photo", "large.png", "image/png", "large.png has more than 2 MB; make it smaller first"),
        ("motion", "large.png", "image/png", "large.png has more than 2 MB; make it smaller first"),
        ("photo", "wave.npz", "", "wave.npz is not a picture in a known format; wanted PNG, JPEG or WebP"),
    ):
        if dropped:
            drop(page, where, cache / name, kind)
        else:
            upload(page, where, cache / name)
        expect(page.locator(f"#{where}-note")).to_have_text(said)
    assert sent == []
    upload(page, "photo", cache / "photo.png")  # and the page goes on as ever
    looked(page)
    expect(page.locator("#photo-note")).to_have_text("")


def drop(page, where, path, kind):
    """Let go of a file over a field."""
    make = """([size, name, type]) => { const moved = new DataTransfer();
        moved.items.add(new File([new Uint8Array(size)], name, { type })); return moved; }"""
    moved = page.evaluate_handle(make, [path.stat().st_size, path.name, kind])
    page.locator(f"#{where}-drop").dispatch_event("drop", {"dataTransfer": moved})


def test_several_pose_files_are_a_motion_and_a_picture_the_background(visit, cache):
    page = visit()
    quick(page)
    example(page)
    upload(page, "motion", sorted((cache / "poses").iterdir()))
    upload(page, "background", cache / "words.png")
    expect(page.locator("#settings-note")).to_contain_text("words.png is not a picture")
    upload(page, "background", cache / "beach.png")
    looked(page)
    expect(page.locator("#settings-note, #motion-note")).to_have_text(["", ""])
    page.click("#run")
    finished(page, seconds=4 / 30)
    expect(page.locator("#command")).to_contain_text("--background beach.png")


# How it looks, and for whom ------------------------------------------------------------------------


def test_every_setting_of_the_command_line_stands_in_the_form(visit):
    page = visit()
    names = {entry.name for entry in AnimateSettings.entries() if entry.shown.title} - {"start", "duration"}
    shown = page.locator("#settings [name]").evaluate_all("(all) => all.map((one) => one.name)")
    assert names <= set(shown)


@pytest.mark.parametrize("width", [390, 1280])
def test_everybody_can_read_reach_and_touch_it(visit, width, screenshot):
    """axe-core finds nothing serious; what is touched is 44 pixels high; the action is in reach at every step."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed")
    page = visit(width=width, height=844)
    page.evaluate("for (const fold of document.querySelectorAll('details')) fold.open = true")
    for step in ("photo", "motion", "result") if width < 900 else ("photo",):
        if width < 900:
            page.click(f"[data-go={step}]")
        assert nothing_sideways(page), step
        box = page.locator("#run").bounding_box()
        assert box["y"] >= 0
        assert box["y"] + box["height"] <= 844
        small = page.locator("button:visible, a:visible, select:visible, summary:visible, input:visible").evaluate_all(
            "(all) => all.filter((one) => one.getBoundingClientRect().height < 44).map((one) => one.outerHTML)"
        )
        assert small == []
        for scheme, rules in (("light", {}), ("dark", {"runOnly": ["color-contrast"]})):  # only the colors change
            page.emulate_media(color_scheme=scheme)
            screenshot(page, f"{width}-{scheme}-{step}")
            found = axe.Axe().run(page, options=rules).response
            assert found["passes"], (step, scheme)
            bad = [each for each in found["violations"] if each["impact"] in ("serious", "critical")]
            assert [(each["id"], each["nodes"][0]["html"]) for each in bad] == [], (step, scheme)


def test_the_browser_chooses_the_language(visit, cache):
    page = visit(locale="de-DE")
    assert page.evaluate("document.documentElement.lang") == "de"
    expect(page.locator("#run")).to_have_text("Bewegen")
    expect(page.locator("#try")).to_have_text("Mit deinem Foto ausprobieren")
    upload(page, "photo", cache / "words.png")
    told = "words.png ist kein Bild in einem bekannten Format: es scheint etwas anderes zu sein (eine Textdatei)"
    expect(page.locator("#photo-note")).to_contain_text(told)
    french = visit(locale="fr-FR")
    assert french.evaluate("document.documentElement.lang") == "en"


def test_all_words_stand_in_one_file_in_every_language():
    words = json.loads((PAGE / "words.json").read_text(encoding="utf-8"))
    assert {tuple(texts) for texts in words.values()} == {("en", "de")}
    for key, texts in words.items():
        assert all(texts.values()), key
        assert len({frozenset(re.findall(r"\{\w+\}", text)) for text in texts.values()}) == 1, key
    page = (PAGE / "index.html").read_text(encoding="utf-8")
    used = set(re.findall(r'data-(?:word|label)="([\w-]+)"', page))
    for script in PAGE.glob("*.js"):
        used |= set(re.findall(r'\b(?:word|button)\("([\w-]+)"', script.read_text(encoding="utf-8")))
    assert used <= set(words)
    assert not re.search(r">\s*[A-Za-z]{3,}[^<]*</", re.sub(r"<title>.*?</title>|<h1>.*?</h1>", "", page))
