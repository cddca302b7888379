"""What holds for every task, cell and reader of sequences; a new one is tested here first."""

import inspect

import numpy as np
import pytest

from boda.cli import options
from boda.cli.predict_sequences import TASKS_OF as OPTIONS_OF
from boda.data.sequences import PATHS, READERS, TASKS_OF
from boda.data.sequences.dataset import TASKS
from boda.models import sequence_plan, sequence_weights
from boda.models.sequence_plan import Head, Input, Layer, Plan
from boda.models.step import Recurrent
from boda.recipe import sequence_tasks
from boda.recipe.sequence import CHECKS, SequenceRecipe
from boda.reports.sequences import words
from boda.reports.sequences.measures import LEADS, TILES
from boda.reports.sequences.measures import MEASURES as SHOWN
from boda.run import SCORES
from boda.verbs.measures import MEASURES
from boda.verbs.measures import Measure as Contract
from boda.verbs.sequence_next import ASK
from tiny_sequences import WRITERS

CELLS = tuple(sequence_weights.GATES)
STEPS = [name for name, value in vars(Contract).items() if inspect.isfunction(value) and not name.startswith("_")]


def test_the_tasks_are_the_same_wherever_they_are_listed():
    assert set(TASKS) == set(sequence_tasks.TASKS) == set(sequence_plan.TASKS)
    assert set(TASKS) == set(MEASURES) == set(words.TASKS) == set(LEADS) == set(TILES) == set(ASK)
    assert set(TASKS) == set(sequence_tasks.USUAL)
    assert set(TASKS) <= set(options.TASKS)
    assert set(TASKS) <= set(WRITERS)
    assert set(words.NOUNS) <= set(TASKS)


@pytest.mark.parametrize("task", TASKS)
def test_a_task_is_explained_on_the_command_line(task):
    assert task in options.TASK_WORDS


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("unit", ["characters", "words", "numbers", "events"])
@pytest.mark.parametrize("longest", [0, 10, 10_000])
def test_the_usual_recipe_of_a_task_is_one_that_it_heeds(task, unit, longest):
    for n in (0, 10, 10_000_000):
        recipe = SequenceRecipe.usual(task, n=n, longest=longest, unit=unit)
        recipe.check_task(task)

        assert SequenceRecipe.from_toml(recipe.to_toml()) == recipe


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("step", STEPS)
def test_a_measure_takes_what_the_contract_says(task, step):
    theirs, ours = (inspect.signature(getattr(owner, step)) for owner in (Contract, type(MEASURES[task])))

    assert [*ours.parameters] == [*theirs.parameters]
    assert inspect.getdoc(getattr(MEASURES[task], step))


@pytest.mark.parametrize("task", TASKS)
def test_what_leads_and_what_is_shown_of_a_task_has_words(task):
    assert SHOWN[LEADS[task]].words
    assert all(SHOWN[key].words for key in TILES[task])
    assert SCORES.get(task, ("accuracy",))[0] in SHOWN


@pytest.mark.parametrize("kind", WRITERS)
def test_what_is_measured_is_what_the_report_leads_with(kind, sequence_run):
    metrics = sequence_run(kind).metrics
    val = metrics["val"]

    assert val[LEADS[metrics["task"]]] is not None
    assert metrics["against_baseline"]["figure"] in val
    assert all(words.BASELINES.get(name) for name in metrics["baselines"])


def test_every_reader_reads_for_known_tasks_and_says_what_its_options_are():
    assert set(READERS) == set(TASKS_OF)
    assert set(PATHS) <= set(READERS)
    assert set(PATHS) <= set(options.FORMATS)
    for name, reader in READERS.items():
        assert TASKS_OF[name]
        assert set(TASKS_OF[name]) <= set(TASKS)
        described = inspect.getdoc(reader)
        for parameter in inspect.signature(reader).parameters.values():
            if parameter.kind is parameter.KEYWORD_ONLY:
                assert f"{parameter.name}:" in described, f"{name}: {parameter.name}"


def test_every_task_has_a_reader():
    assert {task for tasks in TASKS_OF.values() for task in tasks} == set(TASKS)


def test_every_entry_of_a_recipe_is_checked_and_described():
    entries = set(SequenceRecipe.__dataclass_fields__)

    assert set(CHECKS) == entries
    assert all(f"{name}:" in inspect.getdoc(SequenceRecipe) for name in entries)


@pytest.mark.parametrize("cell", CELLS)
def test_a_cell_can_be_asked_for(cell):
    assert SequenceRecipe(cell=cell).cell == cell


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("first", [Input("ids", 9, 4), Input("ids", 9), Input("numbers", 3)], ids=str)
def test_a_cell_reads_a_step_at_a_time_as_it_reads_a_whole(cell, first):
    plan = Plan("language", first, (Layer(cell, 5), Layer(cell, 5, layer_norm=True, residual=True)), Head("each", 9))
    rng = np.random.default_rng(0)
    shapes = sequence_weights.weight_shapes(plan)
    network = Recurrent(plan, {name: rng.normal(0, 0.5, shape).astype(np.float32) for name, shape in shapes.items()})
    x = rng.integers(1, 9, 12) if first.kind == "ids" else rng.normal(0, 1, (12, 3)).astype(np.float32)
    state, rows = network.initial_state(1), []
    for row in x:
        output, state = network.step(row[None], state)
        rows.append(output[0])

    np.testing.assert_allclose(rows, network.answers([x])[0], atol=1e-5)


def test_options_that_only_some_tasks_heed_are_those_of_the_command():
    from boda.cli.predict import command

    known = {option.name for option in command.params}

    assert set(OPTIONS_OF) <= known
    assert all(set(tasks) <= set(TASKS) for tasks in OPTIONS_OF.values())
