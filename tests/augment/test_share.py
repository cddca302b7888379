"""Work is shared among threads without anything being done twice, left out, or lost."""

import threading

import pytest

from boda.augment.share import share


@pytest.mark.parametrize("threads", [1, 2, 4])
@pytest.mark.parametrize("n", [0, 1, 3, 17])
def test_each_place_is_worked_on_once(threads, n):
    seen = []
    share(seen.append, n, threads)

    assert sorted(seen) == list(range(n))


def test_threads_live_on_from_batch_to_batch():
    share(str, 8, 2)
    before = {thread.ident for thread in threading.enumerate() if thread.name.startswith("boda-images")}
    share(str, 8, 2)

    assert before == {thread.ident for thread in threading.enumerate() if thread.name.startswith("boda-images")}


@pytest.mark.parametrize("bad", [2, 3])
def test_an_error_is_raised_whichever_thread_meets_it_and_the_next_batch_works(bad):
    def work(i):
        if i == bad:
            raise ValueError(f"picture {i}")

    with pytest.raises(ValueError, match=f"picture {bad}"):
        share(work, 8, 2)
    seen = []
    share(seen.append, 8, 2)

    assert sorted(seen) == list(range(8))
