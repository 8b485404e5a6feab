"""A checkpoint is read, and nothing else happens: no code, no more memory or time than its size allows."""

import os
import pickle
import random
import struct
import time
import zipfile
from collections import OrderedDict
from pathlib import Path

import pytest
import torch

from tempose.core.errors import CheckpointError
from tempose.models.pickles import Inert, load_inert


class Settings:
    """A foreign class, as in a published checkpoint."""

    def __init__(self):
        self.steps = 3


class RunsCommand:
    def __init__(self, command):
        self.command = command

    def __reduce__(self):
        return os.system, (self.command,)


class SetsItemsOnImport:
    def __reduce__(self):
        return eval, ("__import__('pathlib').Path('{}').touch()",), None, iter([1, 2]), iter([("a", 1)])


def archive(path, program, *, storages=(), compression=zipfile.ZIP_STORED, more=()):
    """A file such as torch.save writes, around any pickle."""
    with zipfile.ZipFile(path, "w", compression) as members:
        members.writestr("a/data.pkl", program)
        for key, content in enumerate(storages):
            members.writestr(f"a/data/{key}", content)
        for name, content in dict(more).items():
            members.writestr(name, content)
    return path


def tensor(*, key=b"0", count=4, offset=0, size=(4,), stride=(1,), kind=b"FloatStorage"):
    """The program that describes one tensor, as torch.save writes it."""

    def number(value):
        return b"\x8a\x09" + value.to_bytes(9, "little", signed=True)

    def text(value):
        return b"X" + struct.pack("<I", len(value)) + value

    def numbers(values):
        return b"(" + b"".join(map(number, values)) + b"t"

    storage = b"(" + text(b"storage") + b"ctorch\n" + kind + b"\n" + text(key) + text(b"cpu") + number(count) + b"tQ"
    rest = number(offset) + numbers(size) + numbers(stride) + b"\x89ccollections\nOrderedDict\n)R"
    return b"\x80\x02ctorch._utils\n_rebuild_tensor_v2\n(" + storage + rest + b"tR."


def refusal(path):
    """What is said of a file that is not read; nothing where it is."""
    try:
        load_inert(path)
    except CheckpointError as error:
        return str(error)
    return ""


def test_tensors_and_containers_come_through(tmp_path):
    content = {"ema": {"w": torch.arange(6.0).view(2, 3), "h": torch.ones(2, dtype=torch.bfloat16)}, "n": [1, "a"]}
    torch.save(content, tmp_path / "a.pt")
    loaded = load_inert(tmp_path / "a.pt")
    assert torch.equal(loaded["ema"]["w"], content["ema"]["w"])
    assert loaded["ema"]["h"].dtype == torch.bfloat16
    assert loaded["n"] == [1, "a"]


def test_whatever_a_checkpoint_holds_besides_comes_through(tmp_path):
    network = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.BatchNorm1d(2))
    optimizer = torch.optim.Adam(network.parameters())
    network(torch.ones(2, 3)).sum().backward()
    optimizer.step()
    whole = torch.arange(12.0).view(3, 4)
    content = {
        "model": network.state_dict(),
        "optimizer": optimizer.state_dict(),
        "views": [whole[1], whole.t(), whole[:0], torch.tensor(3.0), torch.empty(0)],
        "parameter": torch.nn.Parameter(whole),
        "size": torch.Size([2, 3]),
        "types": [torch.zeros(2, dtype=dtype) for dtype in (torch.float64, torch.float16, torch.int64, torch.bool)],
        "plain": (None, True, -1, 2**40, 0.5, "ü", ((), [])),
        "ordered": OrderedDict(a=1),
    }
    torch.save(content, tmp_path / "a.pt")
    loaded = load_inert(tmp_path / "a.pt")
    for name, value in network.state_dict().items():
        assert torch.equal(loaded["model"][name], value), name
    assert torch.equal(loaded["optimizer"]["state"][0]["exp_avg"], optimizer.state_dict()["state"][0]["exp_avg"])
    for found, given in zip(loaded["views"] + loaded["types"], content["views"] + content["types"], strict=True):
        assert torch.equal(found, given)
        assert found.dtype == given.dtype
    assert torch.equal(loaded["parameter"], whole)
    assert (loaded["size"], loaded["plain"], loaded["ordered"]) == ((2, 3), content["plain"], {"a": 1})


def test_foreign_objects_become_placeholders(tmp_path):
    torch.save({"conf": Settings(), "ema": {"w": torch.ones(1)}, "odd": SetsItemsOnImport()}, tmp_path / "a.pt")
    loaded = load_inert(tmp_path / "a.pt")
    assert type(loaded["conf"]) is Inert
    assert type(loaded["odd"]) is Inert
    assert loaded["ema"]["w"].item() == 1


def test_a_pickle_that_would_run_a_command_runs_nothing(tmp_path):
    witness = tmp_path / "ran"
    torch.save({"ema": {"w": torch.ones(1)}, "bad": RunsCommand(f"touch {witness}")}, tmp_path / "a.pt")
    loaded = load_inert(tmp_path / "a.pt")
    assert type(loaded["bad"]) is Inert
    assert not witness.exists()
    # The same program does run it when unpickled carelessly: the test is able to fail.
    pickle.loads(pickle.dumps(RunsCommand(f"touch {witness}"), 2))
    assert witness.exists()


@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_program_for_torch_is_refused(tmp_path, compression):
    for more in ({"a/constants.pkl": b"\x80\x02)."}, {"a/code/__torch__.py": b""}):
        archive(tmp_path / "a.pt", pickle.dumps({}, 2), more=more, compression=compression)
        with pytest.raises(CheckpointError, match="TorchScript"):
            load_inert(tmp_path / "a.pt")


@pytest.mark.parametrize("content", [b"", b"not a checkpoint", b"\x80\x02cos\nsystem\nq\x00."])
def test_other_files_are_refused(tmp_path, content):
    path: Path = tmp_path / "a.pt"
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match="zip form"):
        load_inert(path)


def test_a_zip_behind_something_else_is_refused(tmp_path):
    inside = archive(tmp_path / "inside.pt", pickle.dumps({}, 2)).read_bytes()
    (tmp_path / "tar.pt").write_bytes(b"storages".ljust(512, b"\0") + inside)
    (tmp_path / "local.pt").write_bytes(b"PK\x03\x04".ljust(512, b"\0") + inside)
    for name in ("tar.pt", "local.pt"):
        with pytest.raises(CheckpointError):
            load_inert(tmp_path / name)
    torch.save({"w": torch.ones(2)}, tmp_path / "old.pt", _use_new_zipfile_serialization=False)
    with pytest.raises(CheckpointError, match="zip form"):
        load_inert(tmp_path / "old.pt")


def test_truncated_and_missing_files_are_refused(tmp_path):
    torch.save({"w": torch.ones(1000)}, tmp_path / "a.pt")
    whole = (tmp_path / "a.pt").read_bytes()
    (tmp_path / "cut.pt").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(CheckpointError):
        load_inert(tmp_path / "cut.pt")
    with pytest.raises(CheckpointError, match="there is no checkpoint"):
        load_inert(tmp_path / "none.pt")


def test_compressed_members_are_refused(tmp_path):
    archive(tmp_path / "a.pt", b"\x80\x02" + bytes(10_000_000), compression=zipfile.ZIP_DEFLATED)
    assert (tmp_path / "a.pt").stat().st_size < 50_000
    with pytest.raises(CheckpointError, match="compressed"):
        load_inert(tmp_path / "a.pt")


def test_a_tensor_lies_within_its_numbers(tmp_path):
    numbers = torch.arange(4.0).numpy().tobytes()
    archive(tmp_path / "a.pt", tensor(offset=1, size=(3,)), storages=[numbers])
    assert load_inert(tmp_path / "a.pt").tolist() == [1, 2, 3]
    for wrong in (
        {"count": 10**9},
        {"count": -4},
        {"offset": 1},
        {"offset": -1},
        {"size": (2**62,)},
        {"size": (2**62, 4), "stride": (0, 1)},
        {"size": (2, 2), "stride": (3, 1)},
        {"size": (2,), "stride": (-1,)},
        {"size": (2, 2)},
        {"size": (1,) * 200_000, "stride": (1,) * 200_000},
        {"kind": b"LongStorage"},
        {"kind": b"system"},
        {"key": b"1"},
        {"key": b"../data.pkl"},
        {"key": b"0/../0"},
    ):
        archive(tmp_path / "a.pt", tensor(**wrong), storages=[numbers])
        with pytest.raises(CheckpointError):
            load_inert(tmp_path / "a.pt")


def test_hanging_programs_are_refused_at_once(tmp_path):
    nested = b"\x80\x02}" + b"K\x01" + b"q\x00h\x00\x86" * 60 + b"K\x01s."  # a key that takes 2⁶⁰ steps to hash
    alike = (
        b"\x80\x02}("
        + b"".join(b"\x8a\x0c" + (n * (2**61 - 1)).to_bytes(12, "little") + b"N" for n in range(1, 50_000))
        + b"u."
    )  # keys of one hash
    long = b"\x80\x02\x8b" + struct.pack("<i", 1_000_000) + bytes(999_999) + b"\x01."
    many = b"\x80\x02" + b"N0" * 2_000_000 + b"N."
    deep = b"\x80\x02" + b"]" * 500_000 + b"a" * 499_999 + b"."
    for program, refused in ((nested, True), (alike, True), (long, True), (many, True), (deep, False)):
        archive(tmp_path / "a.pt", program)
        encoded = time.process_time()
        if refused:
            with pytest.raises(CheckpointError):
                load_inert(tmp_path / "a.pt")
        else:
            load_inert(tmp_path / "a.pt")
        assert time.process_time() - encoded < 30


def test_a_damaged_file_is_refused_in_words_or_read(tmp_path):
    torch.save({"ema": {"w": torch.arange(6.0)}, "conf": Settings(), "n": [1, (2, "a")]}, tmp_path / "a.pt")
    whole = (tmp_path / "a.pt").read_bytes()
    choose = random.Random(0)
    refused = 0
    for _ in range(400):
        damaged = bytearray(whole)
        for _ in range(choose.randrange(1, 5)):
            damaged[choose.randrange(len(damaged))] = choose.randrange(256)
        (tmp_path / "b.pt").write_bytes(damaged)
        said = refusal(tmp_path / "b.pt")
        refused += bool(said)
        assert len(said) < 600
    assert refused > 100


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_damaged_pickle_is_refused_in_words_or_read(tmp_path):
    program = pickle.dumps({"ema": {"w": [1, 2.5, 2**40]}, "conf": Settings(), "n": ((), (1,), None, True)}, 2)
    choose = random.Random(0)
    for _ in range(1000):
        damaged = bytearray(program)
        for _ in range(choose.randrange(1, 4)):
            damaged[choose.randrange(2, len(damaged))] = choose.randrange(256)
        archive(tmp_path / "b.pt", bytes(damaged))
        assert len(refusal(tmp_path / "b.pt")) < 600


def test_members_over_one_another_are_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.pt", "w") as members:
        members.writestr("a/data.pkl", pickle.dumps({}, 2))
        members.writestr("a/data/0", bytes(1000))
        twice = zipfile.ZipInfo("a/data/1")
        first = members.infolist()[1]
        twice.header_offset, twice.CRC = first.header_offset, first.CRC
        twice.file_size = twice.compress_size = first.file_size
        members.filelist.append(twice)
    with pytest.raises(CheckpointError, match="overlap"):
        load_inert(tmp_path / "a.pt")


def test_the_careless_way_is_nowhere():
    root = Path(__file__).parents[2]
    careless = "weights_only=" + "False"
    for path in [*root.glob("src/**/*.py"), *root.glob("tests/**/*.py"), *root.glob("benchmarks/**/*.py")]:
        text = path.read_text(encoding="utf-8")
        assert careless not in text, path
        for call in text.split("torch.load(")[1:]:
            assert "weights_only=True" in call[:200] or path == Path(__file__), path
