"""The page in a real browser: from a photo to a video, mistakes, and several visitors."""

import pytest

from tempose.web.examples import EXAMPLES

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
expect = sync_api.expect
LONG = 90_000  # milliseconds on a busy machine


def quick(page, *, frames=4, steps=1):
    """Few frames and few steps, behind the fold."""
    page.locator("#more button").first.click()
    for label, value in (("Steps", steps), ("Frames at most", frames)):
        field = page.locator(f"#more input[type=number][aria-label*='{label}']")
        field.fill(str(value))
        field.press("Enter")


def upload(page, where, path):
    page.locator(f"#{where} input[type=file]").set_input_files(path)


def looked(page):
    """Wait until the motion is shown on the photo's body."""
    expect(page.locator("#look-photo img")).to_be_visible(timeout=LONG)
    expect(page.locator("#look-fitted img")).to_be_visible(timeout=LONG)
    expect(page.locator("#remarks progress")).to_have_count(0, timeout=LONG)


def finished(page, *, seconds):
    """Wait for the result; its video plays, and lasts so long."""
    expect(page.locator("#progress")).to_contain_text("a second", timeout=LONG)
    page.wait_for_function("document.querySelector('#video video')?.readyState === 4", timeout=LONG)
    assert page.evaluate("document.querySelector('#video video').duration") == pytest.approx(seconds, abs=0.05)


def idle(page):
    expect(page.locator("#queue")).to_contain_text("No jobs under way", timeout=LONG)


def test_from_an_uploaded_photo_and_motion_to_the_video(visit, cache):
    page = visit()
    quick(page)
    upload(page, "photo", cache / "photo.png")
    upload(page, "motion-file", cache / "wave.npz")
    looked(page)
    expect(page.locator("#motions input:checked")).to_have_count(0)
    page.click("#run")
    finished(page, seconds=0.4)
    page.get_by_role("tab", name="Files").click()
    expect(page.get_by_role("row", name="photo-wave.mp4.json")).to_be_visible()
    expect(page.locator(".cm-content")).to_contain_text("tempose animate photo.png wave.npz -o photo-wave.mp4")


def test_every_example_runs_without_an_upload(visit):
    page = visit()
    quick(page)
    examples = page.locator("#examples label")
    assert examples.count() == len(EXAMPLES)
    for number in range(len(EXAMPLES)):
        examples.nth(number).click()
        looked(page)
        expect(page.locator("#photo-note")).to_have_text("")
        expect(page.locator("#motion-note")).to_have_text("")
    page.locator("#motions label", has_text="Squat").click()
    looked(page)
    page.click("#run")
    finished(page, seconds=4 / 12)


def test_cancel_frees_the_machine(visit):
    page = visit()
    quick(page, frames=8, steps=900)  # minutes, if nobody stopped it
    page.locator("#examples label").first.click()
    looked(page)
    page.click("#run")
    expect(page.locator("#progress img")).to_be_visible(timeout=LONG)
    page.click("#cancel")
    expect(page.locator("#progress")).to_contain_text("Stopped. The machine was free again after", timeout=LONG)
    expect(page.locator("#run")).to_be_enabled()
    idle(page)


def test_a_visitor_who_leaves_frees_the_machine(visit):
    page, other = visit(), visit()
    quick(page, frames=8, steps=900)  # minutes, if nobody stopped it
    page.locator("#examples label").first.click()
    page.click("#run")
    expect(page.locator("#progress img")).to_be_visible(timeout=LONG)
    expect(other.locator("#queue")).to_contain_text("1 job under way", timeout=LONG)
    page.close()
    idle(other)


@pytest.mark.parametrize(
    ("where", "name", "said"),
    [
        ("photo", "words.png", "words.png is not a picture in a known format: it seems to be a text file"),
        ("motion-file", "words.npz", "words.npz is not a pose file of tempose"),
        ("motion-file", "black.mp4", "black.mp4: nobody was found"),
    ],
)
def test_a_mistake_is_told_at_its_place(visit, cache, where, name, said):
    page = visit()
    upload(page, where, cache / name)
    expect(page.locator("#photo-note" if where == "photo" else "#motion-note")).to_contain_text(said, timeout=LONG)
    page.click("#run")
    expect(page.locator("#progress [role=alert]")).not_to_be_empty(timeout=LONG)
    expect(page.locator("#run")).to_be_enabled()


@pytest.mark.parametrize("dropped", [False, True], ids=["chosen", "dropped"])
@pytest.mark.parametrize(
    ("where", "name", "kind", "said"),
    [
        ("photo", "large.png", "image/png", "large.png has more than 2 MB; make it smaller first"),
        ("motion-file", "large.png", "image/png", "large.png has more than 2 MB; make it smaller first"),
        ("photo", "wave.npz", "", "wave.npz is not a picture in a known format; wanted PNG, JPEG or WebP"),
    ],
)
def test_what_is_not_taken_is_told_at_its_place_and_not_sent(visit, cache, where, name, kind, said, dropped):
    page = visit()
    sent = []
    page.on("request", lambda request: sent.append(request.url) if "/upload" in request.url else None)
    if dropped:
        drop(page, where, cache / name, kind)
    else:
        upload(page, where, cache / name)
    expect(page.locator("#photo-note" if where == "photo" else "#motion-note")).to_have_text(said)
    expect(page.locator(".toast-body")).to_have_count(0)
    assert sent == []
    upload(page, "photo", cache / "photo.png")  # and the page goes on as ever
    looked(page)
    expect(page.locator("#photo-note")).to_have_text("")
    expect(page.locator("#motion-note")).to_have_text("")


def test_what_the_page_tells_is_not_wiped_by_an_answer_that_was_on_its_way(visit, cache):
    page, held = visit(), []
    upload(page, "photo", cache / "photo.png")
    looked(page)
    page.route("**/queue/join*", lambda route: held.append(route))
    upload(page, "motion-file", cache / "black.mp4")
    for _ in range(100):
        page.wait_for_timeout(100)
        if held:
            break
    upload(page, "photo", cache / "large.png")
    expect(page.locator("#photo-note")).to_contain_text("large.png has more than 2 MB")
    for route in held:
        route.continue_()
    page.unroute("**/queue/join*")
    expect(page.locator("#motion-note")).to_contain_text("black.mp4: nobody was found", timeout=LONG)
    page.wait_for_timeout(1000)
    expect(page.locator("#photo-note")).to_contain_text("large.png has more than 2 MB")
    upload(page, "motion-file", cache / "wave.npz")  # a newer question
    expect(page.locator("#photo-note")).to_have_text("", timeout=LONG)


def drop(page, where, path, kind):
    """Let go of a file over a field."""
    make = """([size, name, type]) => { const moved = new DataTransfer();
        moved.items.add(new File([new Uint8Array(size)], name, { type })); return moved; }"""
    moved = page.evaluate_handle(make, [path.stat().st_size, path.name, kind])
    page.locator(f"#{where} input[type=file]").locator("..").dispatch_event("drop", {"dataTransfer": moved})


def test_a_photo_by_camera(visit):
    page = visit()
    page.get_by_label("Capture from camera").click()
    page.get_by_role("button", name="Click to Access Webcam").click()
    page.get_by_label("capture photo").click()
    looked(page)
    expect(page.locator("#photo-note")).to_have_text("")


def test_several_pose_files_are_a_motion(visit, cache):
    page = visit()
    page.locator("#examples label").first.click()
    looked(page)
    upload(page, "motion-file", sorted((cache / "poses").iterdir()))
    expect(page.locator("#motions input:checked")).to_have_count(0)
    looked(page)
    expect(page.locator("#motion-note")).to_have_text("")


def test_a_picture_as_the_background(visit, cache):
    page = visit()
    quick(page)
    page.locator("#examples label").first.click()
    upload(page, "background-file", cache / "words.png")
    expect(page.locator("#settings-note")).to_contain_text("words.png is not a picture", timeout=LONG)
    page.locator("#background-file button[aria-label='Remove Image']").click()
    expect(page.locator("#settings-note")).to_have_text("", timeout=LONG)
    upload(page, "background-file", cache / "beach.png")
    expect(page.locator("#background input:checked")).to_have_value("picture")
    looked(page)
    page.click("#run")
    finished(page, seconds=4 / 12)
    page.get_by_role("tab", name="Files").click()
    expect(page.locator(".cm-content").first).to_contain_text("--background beach.png")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_phone_shows_every_tab_without_sideways_scroll(visit, theme):
    page = visit(width=360, height=740, query=f"?__theme={theme}")
    for tab in ("Animate", "People", "Compare"):
        page.get_by_role("tab", name=tab).click()
        page.wait_for_timeout(300)
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), tab
    red, *_ = page.evaluate("getComputedStyle(document.querySelector('h1')).color.match(/\\d+/g).map(Number)")
    assert (red > 128) == (theme == "dark")  # light letters on dark


def test_everything_that_can_be_set_has_a_name(visit):
    page = visit()
    page.locator("#more button").first.click()
    nameless = """() => [...document.querySelectorAll('button, input:not([type=file]), select, textarea')]
        .filter((part) => part.offsetParent && !(part.getAttribute('aria-label') || part.title || part.innerText
            || part.labels?.length || part.getAttribute('aria-labelledby') || part.closest('label')))
        .map((part) => part.outerHTML.slice(0, 200))"""
    assert page.evaluate(nameless) == []


def test_three_visitors_at_once(visit):
    pages = [visit() for _ in range(3)]
    for number, page in enumerate(pages):
        quick(page, frames=4 + number, steps=2)
        page.locator("#examples label").nth(number).click()
        looked(page)
    for page in pages:
        page.click("#run")
    for number, page in enumerate(pages):
        finished(page, seconds=(4 + number) / 12)


def test_a_drawn_person_becomes_the_photo(visit):
    page = visit()
    page.get_by_role("tab", name="People").click()
    page.click("#draw")
    expect(page.locator("#person img")).to_be_visible(timeout=LONG)
    page.click("#use-person")
    looked(page)
    expect(page.locator("#photo-note")).to_have_text("")


def test_two_results_in_step(visit):
    page = visit()
    quick(page, frames=5)
    page.locator("#examples label").first.click()
    looked(page)
    page.get_by_role("tab", name="Compare").click()
    page.locator("#what label").last.click()
    page.click("#compare-run")
    expect(page.locator("#compare-progress")).to_contain_text("Ready", timeout=LONG)
    commands = page.locator("#commands .cm-content")
    expect(commands).to_contain_text("-dance-1.mp4 --model")
    expect(commands).to_contain_text(":image --")
    expect(commands).to_contain_text("-dance-2.mp4 --model")
    ready = "[...document.querySelectorAll('#compare video')].filter((video) => video.readyState === 4).length === 2"
    page.wait_for_function(ready, timeout=LONG)
    slider = page.locator("#moment input[type=range]")
    slider.focus()
    for _ in range(5):
        slider.press("ArrowRight")
    moments = "[...document.querySelectorAll('#compare video')].map((video) => video.currentTime)"
    page.wait_for_function(f"{moments}.every((moment) => Math.abs(moment - 0.2) < 0.01)")
