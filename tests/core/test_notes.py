from tempose.core.notes import collected, note


def test_notes_reach_whoever_collects_once_each_and_else_the_log(caplog):
    with collected() as outer:
        note("a")
        with collected() as inner:
            note("b")
            note("b")
        note("a")
    assert (outer, inner) == (["a"], ["b"])
    assert not caplog.records
    note("c")
    assert [record.getMessage() for record in caplog.records] == ["c"]
