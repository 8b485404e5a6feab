import pytest

from benchmarks.faults.fuzz import READERS, faults, mutated

MUTATIONS = 300


@pytest.mark.parametrize("reader", READERS["all"], ids=lambda reader: reader.file)
def test_a_damaged_file_is_read_or_refused_in_one_sentence(tmp_path, reader):
    found = [(fault.seed, fault.what) for fault in faults(reader, range(MUTATIONS), tmp_path)]
    assert found == []


@pytest.mark.parametrize("reader", READERS["all"], ids=lambda reader: reader.file)
def test_the_whole_file_is_read(tmp_path, reader):
    (tmp_path / reader.file).parent.mkdir(exist_ok=True)
    reader.make(tmp_path / reader.file)
    reader.read(tmp_path / reader.file)


def test_the_seed_decides_the_damage():
    whole = bytes(range(256))
    assert mutated(whole, 3) == mutated(whole, 3)
    assert len({mutated(whole, seed) for seed in range(20)}) > 15
