"""Batches filled ahead by threads: the same whatever their number, in bounded memory, and never a hang."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

from boda import batches
from boda.batches import Batches, WorkerError, batched, in_order, shuffled
from boda.errors import DataError, ImageError, RecipeError

SHAPE = (4, 5, 3)


def noise(index, row):
    """Chance as a function of the sample; some samples take longer than others."""
    rng = np.random.default_rng(index)
    time.sleep(rng.uniform(0, 0.002))
    row[:] = rng.uniform(0, 255, SHAPE)
    return f"label {index}"


def number(index, row):
    row[...] = index


def working():
    return [thread for thread in threading.enumerate() if thread.name == batches.THREAD]


def wait_until(fact, seconds=5.0):
    until = time.monotonic() + seconds
    while not fact() and time.monotonic() < until:
        time.sleep(0.01)
    return fact()


@pytest.fixture(autouse=True)
def no_thread_is_left():
    yield
    assert wait_until(lambda: not working())


@pytest.mark.parametrize("threads", [1, 2, 4])
def test_batches_are_byte_equal_for_any_number_of_threads(threads):
    order = shuffled(37, seed=3, epoch=1)

    alone = list(Batches(noise, order, SHAPE, batch_size=8, threads=0))
    together = list(Batches(noise, order, SHAPE, batch_size=8, threads=threads))

    assert [batch.rows.tobytes() for batch in together] == [batch.rows.tobytes() for batch in alone]
    assert [batch.indices.tolist() for batch in together] == [batch.indices.tolist() for batch in alone]
    assert [batch.returned for batch in together] == [batch.returned for batch in alone]


@pytest.mark.parametrize("threads", [0, 3])
def test_each_sample_comes_once_an_epoch_in_the_order_asked_for(threads):
    order = shuffled(23, seed=0, epoch=0)
    plan = Batches(number, order, (), np.int64, batch_size=5, threads=threads)

    got = list(plan)

    assert [len(batch.rows) for batch in got] == [5, 5, 5, 5, 3]
    assert len(plan) == 5
    assert np.concatenate([batch.rows for batch in got]).tolist() == order.tolist()
    assert sorted(order.tolist()) == list(range(23))


def test_the_order_is_a_function_of_seed_and_epoch():
    first = shuffled(50, seed=1, epoch=0).tolist()

    assert shuffled(50, seed=1, epoch=0).tolist() == first
    assert shuffled(50, seed=1, epoch=1).tolist() != first
    assert shuffled(50, seed=2, epoch=0).tolist() != first


def test_the_order_leaves_numpys_global_state_alone():
    before = np.random.get_state()[1].tolist()  # noqa: NPY002 - the state that others use

    shuffled(50, seed=1, epoch=0)

    assert np.random.get_state()[1].tolist() == before  # noqa: NPY002


def test_a_row_has_the_asked_shape_and_dtype_and_what_fill_returns_goes_along():
    seen = []

    def fill(index, row):
        seen.append((row.shape, row.dtype))
        return {"label": index}

    (batch,) = Batches(fill, [7, 8], (2, 3), np.uint8, threads=1)

    assert seen == [((2, 3), np.uint8)] * 2
    assert batch.returned == [{"label": 7}, {"label": 8}]


@pytest.mark.parametrize("threads", [0, 2])
def test_no_samples_give_no_batches(threads):
    assert list(Batches(number, [], SHAPE, threads=threads)) == []


@pytest.mark.parametrize("ahead", [1, 3])
def test_only_the_stated_number_of_batches_is_prepared_ahead(ahead):
    begun = []

    def fill(index, row):
        begun.append(index)
        number(index, row)

    stream = iter(Batches(fill, range(100), (), batch_size=4, threads=3, ahead=ahead))
    next(stream)

    assert wait_until(lambda: len(begun) == 4 * (1 + ahead))
    time.sleep(0.1)
    assert len(begun) == 4 * (1 + ahead)
    stream.close()


def test_batches_are_prepared_while_the_caller_works():
    filled = threading.Event()

    def fill(index, row):
        number(index, row)
        if index == 5:
            filled.set()

    stream = iter(Batches(fill, range(6), (), batch_size=3, threads=1))
    next(stream)

    assert filled.wait(5)
    stream.close()


@pytest.mark.parametrize("threads", [0, 2])
def test_arrays_that_nobody_holds_are_filled_again(threads):
    plan = Batches(number, range(400), (16,), batch_size=4, threads=threads, ahead=2)

    places = {batch.rows.__array_interface__["data"][0] for batch in plan}

    assert len(places) <= 4  # one with the caller, one more that it is about to let go, two ahead


@pytest.mark.parametrize("threads", [0, 2])
@pytest.mark.parametrize("keep", [lambda rows: rows, lambda rows: rows[1:3, 2], lambda rows: memoryview(rows)[1:]])
def test_a_batch_or_a_view_that_is_held_is_never_written_on_again(threads, keep):
    order = range(1, 81)

    held = [keep(batch.rows) for batch in Batches(number, order, (16,), batch_size=4, threads=threads)]

    assert [int(np.asarray(part).ravel()[0]) for part in held] == [
        int(np.asarray(keep(np.repeat(np.arange(first, first + 4.0), 16).reshape(4, 16))).ravel()[0])
        for first in range(1, 81, 4)
    ]


@pytest.mark.parametrize("threads", [0, 2])
def test_an_error_comes_in_its_turn_and_names_its_sample(threads):
    def fill(index, row):
        if index == 5:
            raise ZeroDivisionError("a bug of the caller's")
        number(index, row)

    got = []
    with pytest.raises(ZeroDivisionError, match=r"a bug of the caller's\nThis happened while sample 5 was filled in"):
        got.extend(batch.rows.tolist() for batch in Batches(fill, range(9), (), batch_size=2, threads=threads))

    assert got == [[0, 1], [2, 3]]


def broken(index, row):
    if index in {1, 4, 5}:
        raise ImageError("cannot be decoded:\nimage file is truncated")
    if index == 6:
        raise FileNotFoundError(2, "No such file or directory", "6.jpg")
    number(index, row)
    return -index


@pytest.mark.parametrize("threads", [0, 2])
def test_a_damaged_file_is_an_error_with_its_name(threads):
    plan = Batches(broken, range(9), (), threads=threads, name="{}.jpg".format)

    with pytest.raises(ImageError, match=r"^1\.jpg: cannot be decoded: image file is truncated$"):
        list(plan)


@pytest.mark.parametrize("threads", [0, 2])
def test_damaged_files_are_skipped_and_listed_once(threads):
    plan = Batches(broken, range(9), (), batch_size=2, threads=threads, on_bad="skip", name="{}.jpg".format)

    for _ in range(2):
        got = list(plan)

        assert [batch.rows.tolist() for batch in got] == [[0], [2, 3], [7], [8]]  # [4, 5] is no batch any more
        assert [batch.indices.tolist() for batch in got] == [[0], [2, 3], [7], [8]]
        assert [batch.returned for batch in got] == [[0], [-2, -3], [-7], [-8]]
        assert [bad.name for bad in plan.bad] == ["1.jpg", "4.jpg", "5.jpg", "6.jpg"]
        assert [bad.reason for bad in plan.bad][2:] == [
            "cannot be decoded: image file is truncated",
            "No such file or directory",
        ]


def test_a_bug_is_never_skipped():
    def fill(_index, _row):
        raise TypeError("no picture")

    with pytest.raises(TypeError, match="no picture"):
        list(Batches(fill, [0], (), on_bad="skip"))


@pytest.mark.parametrize("threads", [0, 2])
def test_nothing_but_damaged_files_is_an_error(threads):
    plan = Batches(broken, [4, 5], (), threads=threads, on_bad="skip")

    with pytest.raises(DataError, match="none of 2 samples can be read; the first: cannot be decoded"):
        list(plan)


def test_closing_the_stream_stops_the_threads():
    stream = iter(Batches(noise, range(10_000), SHAPE, batch_size=4, threads=2))
    next(stream)

    stream.close()

    assert working() == []


def test_leaving_the_loop_stops_the_threads():
    for _ in Batches(noise, range(10_000), SHAPE, batch_size=4, threads=2):
        break

    assert wait_until(lambda: not working(), 2)


def test_an_error_of_the_callers_stops_the_threads():
    def train():
        for _ in Batches(noise, range(10_000), SHAPE, batch_size=4, threads=2):
            raise KeyError("of the caller")

    with pytest.raises(KeyError, match="of the caller"):
        train()

    assert wait_until(lambda: not working(), 2)


def test_an_error_of_fill_stops_the_threads_before_it_is_handled():
    def fill(_index, _row):
        raise ZeroDivisionError("a bug")

    try:
        list(Batches(fill, range(10_000), (), batch_size=4, threads=2))
    except ZeroDivisionError:
        left = working()

    assert left == []


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_thread_that_dies_is_noticed_within_seconds():
    def fill(index, row):
        if index == 3:
            raise SystemExit  # what ends a thread without a word
        number(index, row)

    began = time.monotonic()
    with pytest.raises(WorkerError, match=r"A thread that fills batches died at sample 3\. Leave it out, or use"):
        list(Batches(fill, range(100), (), batch_size=2, threads=2))

    assert time.monotonic() - began < 10


def test_threads_that_never_begin_are_noticed_within_seconds(monkeypatch):
    monkeypatch.setattr(batches._Crew, "_work", lambda _crew: None)

    began = time.monotonic()
    with pytest.raises(WorkerError, match="All threads that fill batches have died"):
        list(Batches(number, range(100), (), threads=2))

    assert time.monotonic() - began < 10


def test_a_thread_that_hangs_is_noticed_when_patience_ends():
    release = threading.Event()

    def fill(index, row):
        if index == 3:
            release.wait(20)
        number(index, row)

    began = time.monotonic()
    try:
        with pytest.raises(WorkerError, match=r"been at sample 3 for \d+ s, more than patience=0\.2\. Leave it out"):
            list(Batches(fill, range(100), (), batch_size=2, threads=2, patience=0.2))
        assert time.monotonic() - began < 10
    finally:
        release.set()


SLOW = """
import signal, sys, threading, time
from boda.batches import Batches

def fill(index, row):
    time.sleep(HANG if index == 3 else 0.01)
    row[...] = index

def stop(*_):
    raise SystemExit(143)

signal.signal(signal.SIGTERM, stop)
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs begin with Ctrl-C ignored
stream = Batches(fill, range(100_000), (8,), batch_size=2, threads=2, patience=PATIENCE)
print("ready", flush=True)
try:
    for batch in stream:
        WORK
finally:
    left = [t for t in threading.enumerate() if t.name == "boda-batches"]
    print("left", len(left), flush=True)
"""


@contextlib.contextmanager
def started(hang="0.01", patience="60", work="pass"):
    script = SLOW.replace("HANG", hang).replace("PATIENCE", patience).replace("WORK", work)
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-c", script], stdout=pipe, stderr=pipe, text=True) as child:
        try:
            assert child.stdout.readline() == "ready\n"
            yield child
        finally:
            child.kill()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")
@pytest.mark.parametrize("work", ["pass", "time.sleep(5)"])
@pytest.mark.parametrize(("sent", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, -signal.SIGINT)])
def test_signals_end_the_process_at_once(sent, code, work):
    with started(work=work) as child:
        time.sleep(0.2)
        began = time.monotonic()
        child.send_signal(sent)
        out, err = child.communicate(timeout=10)

    assert child.returncode == code, err
    assert "left" in out
    assert time.monotonic() - began < 3


def test_a_thread_that_hangs_does_not_keep_the_process_from_ending():
    with started(hang="1000", patience="0.1") as child:
        _, err = child.communicate(timeout=10)

    assert child.returncode == 1
    assert "WorkerError" in err


def test_a_stream_that_is_never_closed_does_not_disturb_the_end_of_the_process(python):
    done = python(
        "import numpy as np\n"
        "from boda.batches import Batches\n"
        "def fill(index, row): row[...] = np.random.default_rng(index).uniform(size=row.shape)\n"
        "stream = iter(Batches(fill, range(10_000), (64, 64, 3), threads=2))\n"
        "next(stream)\n"
    )

    assert done.stderr == b""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
def test_a_forked_process_is_told_that_it_has_no_threads(python):
    done = python(
        "import os, sys, warnings\n"
        "warnings.simplefilter('ignore')\n"
        "from boda.batches import Batches, WorkerError\n"
        "def fill(index, row): row[...] = index\n"
        "stream = iter(Batches(fill, range(1000), (), batch_size=2, threads=2))\n"
        "next(stream)\n"
        "child = os.fork()\n"
        "if child == 0:\n"
        "    try:\n"
        "        next(stream)\n"
        "    except WorkerError as error:\n"
        "        print(error, flush=True)\n"
        "    os._exit(0)\n"
        "os.waitpid(child, 0)\n"
        "stream.close()\n"
    )

    assert b"live in another process, from which this one was forked" in done.stdout


@pytest.mark.parametrize(("argument", "reason"), [
    ({"batch_size": 0}, r"batch_size must be 1 or more\. Received: 0"),
    ({"threads": -1}, r"threads must be 0 or more\. Received: -1"),
    ({"ahead": 0}, r"ahead must be 1 or more\. Received: 0"),
    ({"patience": 0}, r"patience must be above 0\. Received: 0"),
    ({"on_bad": "ignore"}, r'on_bad must be "error" or "skip"\. Received: \'ignore\''),
])  # fmt: skip
def test_arguments_out_of_range_are_refused(argument, reason):
    with pytest.raises(RecipeError, match=reason):
        Batches(number, [0], (), **argument)


def test_in_order_keeps_the_order_and_raises_in_turn():
    def slow(item):
        time.sleep(0.002 * (item % 3))
        return 10 // (7 - item)

    stream = in_order(slow, range(9), threads=3)

    assert [next(stream) for _ in range(7)] == [1, 1, 2, 2, 3, 5, 10]
    with pytest.raises(ZeroDivisionError, match="division"):
        next(stream)


def test_in_order_takes_a_bounded_number_of_items_ahead():
    taken = []

    def items():
        for item in range(1000):
            taken.append(item)
            yield item

    stream = in_order(lambda item: item, items(), threads=2)
    next(stream)

    assert len(taken) == batches.AHEAD
    stream.close()


def test_batched_stacks_pictures_the_last_ones_too():
    pictures = (np.full((2, 3, 3), i, np.uint8) for i in range(5))

    got = list(batched(pictures, 2))

    assert [len(batch) for batch in got] == [2, 2, 1]
    assert np.concatenate(got)[:, 0, 0, 0].tolist() == [0, 1, 2, 3, 4]
