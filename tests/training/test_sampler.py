from collections import Counter
from itertools import chain

import pytest

from tempose.training.sampler import Batches


def names(samples=7, batch=4, start=0, stop=10, seed=0, **share):
    return list(Batches(samples, batch=batch, start=start, stop=stop, seed=seed, **share))


def test_every_epoch_has_every_sample_once_in_another_order():
    seen = list(chain(*names(samples=7, batch=4, stop=7)))  # 28 samples: four epochs
    assert Counter(epoch for epoch, _ in seen) == {0: 7, 1: 7, 2: 7, 3: 7}
    orders = [[index for e, index in seen if e == epoch] for epoch in range(4)]
    assert all(sorted(order) == list(range(7)) for order in orders)
    assert len(set(map(tuple, orders))) == 4


def test_it_goes_on_anywhere():
    assert names(start=6) == names()[6:]


@pytest.mark.parametrize("world", [2, 4])
def test_processes_share_each_batch(world):
    shares = [names(rank=rank, world=world) for rank in range(world)]
    for whole, *parts in zip(names(), *shares, strict=True):
        assert {len(part) for part in parts} == {4 // world}
        assert sorted(chain(*parts)) == sorted(whole)


def test_a_batch_may_be_larger_than_the_dataset():
    assert len(names(samples=1, batch=3)[0]) == 3


def test_the_seed_decides():
    assert names(seed=1) == names(seed=1) != names(seed=2)
