from typer.testing import CliRunner

from tempose.cli import app
from tempose.core.errors import InputError


def test_evaluate_sees_what_it_cannot_do_before_it_works(tmp_path):
    def refused(*arguments):
        result = CliRunner().invoke(app, ["evaluate", *map(str, arguments)])
        assert isinstance(result.exception, InputError)
        return str(result.exception)

    file, finished = tmp_path / "file", tmp_path / "report"
    file.write_text("mine")
    finished.mkdir()
    (finished / "report.json").write_text("{}")
    assert "nothing to measure" in refused("-o", tmp_path / "new")
    assert "give --native for videos" in refused("a.mp4", "--data", tmp_path, "-o", tmp_path / "new")
    assert "is a file, and a report is a folder" in refused("--data", tmp_path, "-o", file)
    assert "--overwrite" in refused("--data", tmp_path, "-o", finished)
    new = tmp_path / "new"
    assert "with --native wanted the height alone" in refused("a.mp4", "--native", "--size", "128x96", "-o", new)
    assert "wanted HEIGHTxWIDTH, such as 128x96" in refused("--data", tmp_path, "--size", "128", "-o", new)
    assert "wanted a height of 64 to 2160" in refused("a.mp4", "--native", "--size", "32", "-o", new)
    assert "1 frame of a clip is to be measured" in refused("a.mp4", "--native", "--max-frames", "1", "-o", new)
    assert "leave the other settings to loop or overlap" in refused("--protocol", "strided", "--window", "2", "-o", new)
    assert "did you mean 'lpips'" in refused("--data", tmp_path, "--metrics", "lpip", "-o", tmp_path / "new")
