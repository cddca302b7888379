"""A rung in its process: what it leaves, that a kill loses one fold at most, and when it gives up."""

import time

import numpy as np
import pytest

from boda.errors import BodaError
from boda.recipe import Recipe
from boda.sample import Sample
from boda.training import rung
from boda.training.cells import Cell, read_cells, write_cell
from boda.training.ladder_pictures import LadderPictures
from boda.training.rung import Job, is_hopeless, main, read_answers, read_state, run_rung
from boda.training.rung_answers import answerer

CELLS = ((0, 0), (0, 1), (0, 2), (0, 3))


@pytest.fixture
def pictures(tmp_path):
    """Twenty pictures without pixels, in four folds, in a ladder's folder."""
    samples = [Sample(f"{i}.png", tmp_path / f"{i}.png") for i in range(20)]
    targets = np.arange(20) % 2
    dealt = LadderPictures.dealt(
        samples, [""] * 20, targets, np.arange(20), classes=2, count=4, repeats=1, seed=0
    )  # fmt: skip
    dealt.write(tmp_path)
    return dealt


@pytest.fixture
def job(tmp_path):
    def make(**changes):
        return Job(**{"ladder": tmp_path, "name": "some", "recipe": Recipe().to_toml(), "cells": CELLS, **changes})

    return make


@pytest.fixture
def answers(monkeypatch, pictures):
    """Let rungs answer without networks: right, or as a test wants; the cells that were asked for."""
    asked = []

    def install(answer=None):
        def right(repeat, fold):
            targets = pictures.targets[pictures.cell(repeat, fold)[1]]
            return np.eye(2, dtype=np.float32)[targets][None] * 4, [{"epoch": 1, "loss": 0.1}]

        def noted(repeat, fold):
            asked.append((repeat, fold))
            return (answer or right)(repeat, fold)

        monkeypatch.setattr(rung, "answerer", lambda *_: noted)
        return asked

    return install


def wrong(pictures):
    def answer(repeat, fold):
        targets = pictures.targets[pictures.cell(repeat, fold)[1]]
        return np.eye(2, dtype=np.float32)[1 - targets][None] * 4, []

    return answer


def test_a_rung_answers_every_picture_once(job, answers):
    answers()

    state = run_rung(job())

    assert state["status"] == "done"
    assert state["cells"] == 4
    assert read_answers(job().folder).shape == (1, 20, 2)
    assert np.isfinite(read_answers(job().folder)).all()


def test_its_state_tells_time_and_memory(job, answers):
    answers()

    run_rung(job())
    state = read_state(job().folder)

    assert state["seconds"] > 0
    assert state["cpu_seconds"] > 0
    assert state["peak_mb"] > 10


def test_a_cell_that_is_there_is_not_done_again(job, answers):
    asked = answers()
    run_rung(job(cells=CELLS[:3]))

    run_rung(job())

    assert asked == list(CELLS)


def test_what_was_done_before_a_crash_is_kept(job, answers):
    def crash(_, fold):
        if fold == 2:
            raise RuntimeError
        return np.zeros((1, 5, 2)), []

    answers(crash)
    with pytest.raises(RuntimeError):
        run_rung(job())

    assert len(read_cells(job().folder / "cells")) == 2
    assert read_state(job().folder)["status"] == "running"


def test_an_error_that_the_user_can_mend_is_the_reason_of_the_failure(job, answers):
    def refuse(*_):
        raise BodaError("the loss became NaN")

    answers(refuse)

    assert main([str(job().write())]) == 1
    assert read_state(job().folder)["status"] == "failed"
    assert read_state(job().folder)["reason"] == "the loss became NaN"


def test_a_job_is_read_back_as_it_was_written(job):
    given = job(base="head", deadline=12.5, seed=3)

    assert Job.read(given.write()) == given


def test_no_fold_begins_after_the_deadline(job, answers):
    answers()

    state = run_rung(job(deadline=time.time() - 1))

    assert state["status"] == "stopped early"
    assert state["cells"] == 1
    assert state["reason"].startswith("time: 1 of 4 folds were done")


def test_a_rung_that_ran_out_of_time_can_go_on(job, answers):
    answers()
    run_rung(job(deadline=time.time() - 1))

    state = run_rung(job())

    assert (state["status"], state["cells"]) == ("done", 4)
    assert "goes_on" not in state


def test_a_rung_gives_up_where_no_gain_over_the_base_is_in_sight(job, answers, pictures):
    answers()
    run_rung(job(name="head"))
    answers(wrong(pictures))

    state = run_rung(job(base="head"))

    assert state["status"] == "stopped early"
    assert state["reason"] == "no gain in sight after 2 of 4 folds"


def test_a_rung_whose_log_loss_alone_gains_goes_on(job, answers, pictures):
    """Both err on the same pictures, the base as surely as it is right elsewhere."""

    def by(margin_of_errors):
        def answer(repeat, fold):
            unseen = pictures.cell(repeat, fold)[1]
            margin = np.where(unseen % 3 == 0, -margin_of_errors, 4.0)
            return (np.eye(2, dtype=np.float32)[pictures.targets[unseen]] * margin[:, None])[None], []

        return answer

    answers(by(4.0))
    run_rung(job(name="head"))
    answers(by(0.1))

    assert run_rung(job(base="head"))["status"] == "done"


def test_a_rung_is_never_stopped_for_success(job, answers, pictures):
    answers(wrong(pictures))
    run_rung(job(name="head"))
    answers()

    assert run_rung(job(base="head"))["status"] == "done"


def test_one_fold_is_too_few_to_give_up():
    assert not is_hopeless(np.full(100, -1.0), done=1, planned=5)


def test_after_the_last_fold_there_is_nothing_to_give_up():
    assert not is_hopeless(np.full(100, -1.0), done=5, planned=5)


def test_a_rung_that_gains_nothing_anywhere_is_hopeless():
    assert is_hopeless(np.zeros(100), done=2, planned=5)


@pytest.mark.parametrize(("mean", "hopeless"), [(0.0, True), (0.01, False)])
def test_hope_is_the_upper_end_of_the_interval_for_the_rest(mean, hopeless):
    """With s = 0.1 and 2 of 5 folds: mean + 0.12 against 2 * 0.1 * sqrt(0.4) = 0.1265."""
    spread = np.tile([1.0, -1.0], 50) * np.sqrt(99 / 100) + mean

    assert is_hopeless(spread, done=2, planned=5) is hopeless


def test_the_same_pictures_and_folds_are_read_from_disk(tmp_path, pictures):
    found = LadderPictures.read(tmp_path)

    assert [s.name for s in found.samples] == [s.name for s in pictures.samples]
    assert np.array_equal(found.fits, pictures.fits)
    assert found.folds == 4


def test_pictures_in_memory_come_back_pixel_by_pixel(tmp_path):
    rng = np.random.default_rng(0)
    images = [rng.integers(0, 256, (4 + i, 5, 3), dtype=np.uint8) for i in range(4)]
    samples = [Sample(str(i), image) for i, image in enumerate(images)]
    LadderPictures.dealt(
        samples, [""] * 4, np.array([0, 1, 0, 1]), np.arange(4), classes=2, count=2, repeats=1, seed=0
    ).write(tmp_path)

    found = LadderPictures.read(tmp_path)

    assert all(np.array_equal(one.image, image) for one, image in zip(found.samples, images, strict=True))
    assert found.samples[2].read_bytes() == samples[2].read_bytes()


def test_copies_are_answered_in_the_same_fold(tmp_path):
    samples = [Sample(str(i), tmp_path / str(i)) for i in range(8)]
    groups = np.array([0, 0, 1, 2, 3, 4, 5, 6])

    fits = LadderPictures.dealt(
        samples, [""] * 8, np.arange(8) % 2, groups, classes=2, count=2, repeats=5, seed=0
    ).fits  # fmt: skip

    assert (fits[:, 0] == fits[:, 1]).all()


def test_an_exact_head_and_the_nearest_mean_learn_the_tints(picture):
    tints = ("berry", "leaf")
    samples = [Sample(f"{name}{i}", picture(name, i)) for name in tints for i in range(6)]
    from boda.data.duplicates import content_digest

    digests = [content_digest(sample.read_bytes()) for sample in samples]
    pictures = LadderPictures.dealt(
        samples, digests, np.repeat([0, 1], 6), np.arange(12), classes=2, count=2, repeats=1, seed=0
    )
    exact = answerer(Recipe(), pictures, 0)
    as_is = answerer(Recipe(stages="as-is"), pictures, 0)

    for answer, places in ((exact, 9), (as_is, 1)):
        logits, _ = answer(0, 0)
        right = logits.argmax(axis=2) == pictures.targets[pictures.cell(0, 0)[1]]
        assert logits.shape == (places, 6, 2)
        assert right[places // 2].mean() > 0.8


def test_cells_of_the_base_choose_with_which_penalty_thawed_layers_begin(monkeypatch, tmp_path):
    """The base's other fold is right with the weakest penalty alone, so the path is walked to its end."""
    from boda.training import rung_answers

    rng = np.random.default_rng(0)
    training = rung_answers.Training((rng.normal(size=(8, 3)).astype(np.float32),), np.arange(8) % 2, 2, folds=[])
    good = np.eye(2, dtype=np.float32)[np.arange(4) % 2] * 3
    write_cell(tmp_path, Cell(0, 1, np.arange(4), np.stack([-good] * 8 + [good]), 0.0, []))
    walked = []
    path = rung_answers.solve_path
    monkeypatch.setattr(rung_answers, "solve_path", lambda *a, **k: walked.append(len(a[3])) or path(*a, **k))

    rung_answers._first_head(training, Recipe(), np.arange(4, 8), read_cells(tmp_path), 0)

    assert walked == [9]


def test_thawed_layers_after_as_is_begin_with_the_class_means():
    from boda.training import rung_answers
    from boda.training.choose import class_means

    rng = np.random.default_rng(0)
    training = rung_answers.Training((rng.normal(size=(8, 3)).astype(np.float32),), np.arange(8) % 2, 2, folds=[])
    seen = np.arange(4, 8)

    head = rung_answers._first_head(training, Recipe(stages="as-is,last-1"), seen, [], 0)

    assert np.array_equal(head.logits(training.views[0]), class_means(training, seen).logits(training.views[0]))
