import json

import pytest

from tempose.animation.settings import AnimateSettings
from tempose.batch.jobs import AnimateJob, BrokenRow, inside, product, read_jobs
from tempose.core.errors import InputError

SETTINGS = AnimateSettings(model="warp")

# A list whose aliases stand for ten million values.
BOMB = "- &a0 [x]\n" + "".join(f"- &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 8))


def write(path, text):
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_a_table_in_three_forms_names_the_same_jobs(tmp_path):
    rows = [
        {"photo": "me.jpg", "motion": "walk", "seed": 3},
        {"photo": "you.jpg", "motion": "d.mp4", "output": "d.webm"},
    ]
    forms = {
        "a.csv": "photo,motion,seed,output\nme.jpg,walk,3,\nyou.jpg, d.mp4,,d.webm\n",
        "a.jsonl": "\n".join(map(json.dumps, rows)),
        "a.yaml": "- {photo: me.jpg, motion: walk, seed: 3}\n- photo: you.jpg\n  motion: d.mp4\n  output: d.webm\n",
    }
    read = [read_jobs(write(tmp_path / name, text), SETTINGS) for name, text in forms.items()]
    assert [[job.line for job in jobs] for jobs in read] == [[2, 3], [1, 2], [1, 2]]
    for jobs in read:
        first, second = jobs
        assert first.photos == (str(tmp_path / "me.jpg"),)
        assert (first.motion, first.settings) == ("walk", SETTINGS.changed(seed=3))
        assert first.output == f"me-walk-{first.key[:8]}.mp4"
        assert (second.motion, second.settings, second.output) == (str(tmp_path / "d.mp4"), SETTINGS, "d.webm")
    assert len({tuple(job.key for job in jobs) for jobs in read}) == 1


def test_several_photos_of_one_person_are_a_list_or_have_a_semicolon_between(tmp_path):
    forms = {
        "a.csv": "photo,motion\nfront.jpg; back.jpg,turn\nfront.jpg,turn\n",
        "a.jsonl": '{"photo": ["front.jpg", "back.jpg"], "motion": "turn"}\n{"photo": ["front.jpg"], "motion": "turn"}',
        "a.yaml": "- {photo: [front.jpg, back.jpg], motion: turn}\n- {photo: front.jpg, motion: turn}\n",
    }
    keys = set()
    for name, text in forms.items():
        both, one = read_jobs(write(tmp_path / name, text), SETTINGS)
        assert both.photos == (str(tmp_path / "front.jpg"), str(tmp_path / "back.jpg"))
        assert (both.photo, one.photo) == (list(both.photos), str(tmp_path / "front.jpg"))
        assert both.output == f"front-turn-{both.key[:8]}.mp4"
        keys.add((both.key, one.key))
    ((both, one),) = keys
    assert both != one


def test_a_name_follows_from_the_settings_and_from_nothing_else(tmp_path):
    def name(settings, **row):
        text = json.dumps({"photo": "me.jpg", "motion": "walk", **row})
        (tmp_path / settings.device).mkdir(exist_ok=True)
        return read_jobs(write(tmp_path / settings.device / "a.jsonl", text), settings)[0].output

    assert name(SETTINGS) == name(SETTINGS.changed(device="cpu")) == name(SETTINGS, seed=0)
    assert len({name(SETTINGS), name(SETTINGS, seed=1), name(SETTINGS, motion="wave"), name(SETTINGS, photo="u.jpg"),
                name(SETTINGS.changed(size=64)), name(SETTINGS, mask="m.png")}) == 6  # fmt: skip
    assert name(SETTINGS, motion="pose.png").endswith(".png")


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.csv", "photo,motion,sed\n", r"there is no column 'sed'; did you mean 'seed'\?"),
        ("a.csv", "photo\nme.jpg\n", "has no column 'motion'"),
        ("a.csv", "photo,motion\n", "has no jobs"),
        ("a.csv", "", "has no column 'photo'"),
        ("a.csv", "photo,motion\nme.jpg,walk\nyou.jpg,walk\nme.jpg,walk\n", "lines 2 and 4 would both write me-walk-"),
        (
            "a.csv",
            "photo,motion,output\nme.jpg,walk,a.mp4\nyou.jpg,walk,a.mp4\n",
            "lines 2 and 3 would",
        ),
        ("a.yaml", "photo: me.jpg", "is no list of jobs"),
        ("a.yaml", "- [", "is no list of jobs in YAML"),
        ("a.yaml", BOMB, "holds more than 1,000,000 values"),
        ("a.csv", f"{'x' * 200_000},motion\n", "cannot be read as a table: field larger"),
        ("a.txt", "me.jpg walk", "is no table of jobs; wanted .csv, .jsonl, .yaml"),
    ],
)
def test_a_table_that_cannot_be_meant_is_refused(tmp_path, name, text, message):
    with pytest.raises(InputError, match=message):
        read_jobs(write(tmp_path / name, text), SETTINGS)
    with pytest.raises(InputError, match="there is no table"):
        read_jobs(str(tmp_path / "none.csv"), SETTINGS)


@pytest.mark.parametrize(
    ("name", "text", "line", "reason"),
    [
        ("a.csv", "photo,motion,seed\nme.jpg,walk,-1\nme.jpg,walk,\n", 2, "seed is -1; wanted a whole number from 0"),
        ("a.csv", "photo,motion\nme.jpg,\nme.jpg,walk\n", 2, "it has no motion"),
        ("a.csv", "photo,motion\nme.jpg;,walk\nme.jpg,walk\n", 2, "one of its photos has no name"),
        ("a.yaml", "- {photo: [], motion: walk}\n- {photo: m, motion: walk}\n", 1, "it has no photo"),
        ("a.csv", "photo,motion\nme.jpg,walk\na,b,c\n", 3, "it has more cells than the 2 columns"),
        ("a.csv", "photo,motion,output\nme.jpg,walk,\na,b,../c.mp4\n", 3, "output is ../c.mp4; wanted a path in"),
        ("a.jsonl", '{"photo": "me.jpg", "motion": "walk"}\n{"pho\n', 2, "it is no JSON: "),
        ("a.jsonl", '{"photo": "me.jpg", "motion": "walk"}\n\n[1]\n', 3, "it is no JSON object"),
        ("a.jsonl", '{"photo": "m", "motion": "walk"}\n{"photo": "m", "motion": "w", "sed": 1}', 2,
         "there is no setting 'sed'; did you mean 'seed'?"),
        ("a.jsonl", '{"photo": "m", "motion": "walk"}\n{"photo": "m", "motion": "walk", "output": ""}', 2,
         "output is "),
        ("a.jsonl", '{"photo": "m", "motion": "walk"}\n{"photo": "m\\u0000", "motion": "walk"}', 2, "it has no photo"),
        ("a.jsonl", '{"photo": "m", "motion": "walk"}\n{"photo": "m", "motion": "walk", "mask": "\\u0000"}', 2,
         "mask is "),
        ("a.yaml", "- {photo: m, motion: walk}\n\n- 5\n", 3, "it is no mapping"),
        ("a.yaml", "- {photo: m, motion: walk}\n- {photo: m, motion: walk, 1: 2}\n", 2, "it is no mapping"),
        ("a.yaml", "- {photo: m, motion: walk}\n- {photo: m, motion: walk, seed: 2020-99-99}\n", 2, "seed is "),
        ("a.yaml", "- {photo: m, motion: walk}\n- {photo: m, motion: [1]}\n", 2, "it has no motion"),
    ],
)  # fmt: skip
def test_a_broken_row_is_told_by_its_line_and_the_others_stay(tmp_path, name, text, line, reason):
    jobs = read_jobs(write(tmp_path / name, text), SETTINGS)
    (broken,) = (job for job in jobs if isinstance(job, BrokenRow))
    assert broken.line == line
    assert broken.reason.startswith(reason)
    assert len(jobs) == 2
    assert any(isinstance(job, AnimateJob) for job in jobs)


def test_files_of_the_settings_are_found_beside_the_table_or_fetched(tmp_path):
    (tmp_path / "sky.png").touch()
    rows = [{"background": "sky.png", "mask": "m.png"}, {"background": "#20a0ff"}, {"background": "s3://b/sky.png"}]
    text = "\n".join(json.dumps({"photo": "s3://b/me.jpg", "motion": "walk", **row}) for row in rows)
    here, color, elsewhere = read_jobs(write(tmp_path / "a.jsonl", text), SETTINGS)
    assert (here.settings.background, here.settings.mask) == (str(tmp_path / "sky.png"), tmp_path / "m.png")
    assert (*here.photos, here.files) == ("s3://b/me.jpg", {})
    assert color.settings.background == "#20a0ff"
    assert (elsewhere.settings.background, elsewhere.files) == ("photo", {"background": "s3://b/sky.png"})


def test_every_photo_with_every_motion(tmp_path, monkeypatch):
    names = ("photos/b.jpg", "photos/a.png", "photos/.hidden.png", "photos/notes.txt", "motions/d.mp4", "motions/w.bvh")
    for name in (*names, "motions/poses/0.json", "motions/d.mp4.txt", "empty/x.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True, parents=True)
        (tmp_path / name).touch()
    monkeypatch.chdir(tmp_path)
    jobs = product("photos", "motions", SETTINGS)
    named = [(job.line, *job.photos, job.motion) for job in jobs]
    photos, motions = ("photos/a.png", "photos/b.jpg"), ("motions/d.mp4", "motions/poses", "motions/w.bvh")
    pairs = [(str(tmp_path / photo), str(tmp_path / motion)) for photo in photos for motion in motions]
    assert named == [(number, *pair) for number, pair in enumerate(pairs, 1)]
    assert [job.motion for job in product("photos", "walk,wave", SETTINGS)] == ["walk", "wave"] * 2
    for wrong in (("none", "walk"), ("empty", "walk"), ("photos", "none"), ("photos", "empty")):
        with pytest.raises(InputError, match=r"there is no folder|holds no"):
            product(*wrong, SETTINGS)


@pytest.mark.parametrize("output", ["/etc/passwd", "../a.mp4", "a/../../b.mp4", "s3://b/a.mp4", "C:\\a.mp4"])
def test_a_result_stays_in_its_folder(output):
    with pytest.raises(InputError, match="wanted a path in the folder of results"):
        inside(output)
    assert inside("a\\b.mp4") == "a/b.mp4"


def test_a_row_with_more_photos_than_are_taken_is_told_before_any_is_read(tmp_path):
    (tmp_path / "a.csv").write_text("photo,motion\n" + ";".join(["a.png"] * 101) + ",walk\n")
    (broken,) = read_jobs(str(tmp_path / "a.csv"), AnimateSettings())
    assert broken == BrokenRow(2, "101 photos are more than 100; leave some out")


def test_a_column_that_is_there_twice_is_told(tmp_path):
    (tmp_path / "a.csv").write_text("photo,motion, photo\na.png,walk,b.png\n")
    with pytest.raises(InputError, match="has the column 'photo' more than once; leave one out"):
        read_jobs(str(tmp_path / "a.csv"), AnimateSettings())
