"""`train` on sequences: each task to a complete Run, the same to the bit, stopped and gone on with, or refused."""

import json
import shutil
import signal

import numpy as np
import pytest

import boda
from boda.errors import DataError, Interrupted, RecipeError, RunError, SplitError
from boda.recipe import Recipe
from boda.recipe.sequence import SequenceRecipe
from boda.run import Run
from boda.verbs.train import resume
from tiny_sequences import READING, WRITERS, write_names

KINDS = tuple(WRITERS)
FILES = (
    *("recipe.toml", "split.json", "data.json", "bad_files.csv", "history.jsonl", "metrics.json", "calibration.json"),
    *("encoder.json", "model/network.json", "model/network.npz", "predictions.json", "inside.json", "next.json"),
)
FIGURES = {  # what val of each has, each with an interval, and without one
    "classify": ({"accuracy", "macro_f1", "log_loss", "ece"}, {"confusion"}),
    "regress": ({"mae"}, {"rmse", "r2"}),
    "tag": ({"accuracy", "macro_f1", "entity_f1"}, {"steps"}),
    "language": ({"nll"}, {"perplexity", "bits", "steps"}),
    "lines": ({"nll"}, {"perplexity", "bits", "steps"}),
    "music": ({"nll"}, {"steps"}),
    "pairs": ({"exact_match"}, {"token_accuracy", "character_error_rate"}),
    "forecast": ({"mae"}, {"mase", "per_step", "coverage"}),
}
BASELINES = {
    "classify": {"most_frequent", "ngrams"},
    "regress": {"mean", "ngrams"},
    "tag": {"frequent_tag", "neighbours"},
    "language": {"unigram", "ngram"},
    "lines": {"unigram", "ngram"},
    "music": {"marginal", "markov"},
    "pairs": {"most_frequent", "nearest"},
    "forecast": {"seasonal_naive", "linear"},
}
PREDICTIONS = {
    "classify": {"names", "texts", "labels", "probabilities"},
    "regress": {"names", "texts", "targets", "answers"},
    "tag": {"names", "tokens", "tags", "answers"},
    "language": {"names", "texts", "nll", "steps"},
    "lines": {"names", "texts", "nll", "steps"},
    "music": {"names", "nll", "steps"},
    "pairs": {"names", "sources", "targets", "answers", "right"},
    "forecast": {"series"},
}


def weights(run):
    return (run.path / "model" / "network.npz").read_bytes()


def figures(run):
    return {name: value for name, value in run.metrics.items() if name != "seconds"}


def watcher(*, stopping):
    """A Keras callback during which SIGTERM comes, in the second epoch while a batch is learned from, or never."""
    from boda.models.keras_import import import_keras

    class Watcher(import_keras().callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):  # noqa: ARG002 - Keras's signature
            self.epoch = epoch

        def on_train_batch_end(self, batch, logs=None):  # noqa: ARG002 - Keras's signature
            if stopping and self.epoch == 1:
                signal.raise_signal(signal.SIGTERM)

    return Watcher()


@pytest.fixture
def stopped(sequence_data, train_sequences, tmp_path):
    """A Run that was stopped in its second epoch, on data of its own."""

    def stop(kind):
        data = shutil.copytree(sequence_data(kind), tmp_path / "data") if kind == "classify" else sequence_data(kind)
        with pytest.raises(Interrupted, match="terminated"):
            train_sequences(kind, data, tmp_path / "stopped", callbacks=[watcher(stopping=True)])
        return Run.open(tmp_path / "stopped")

    return stop


@pytest.mark.parametrize("kind", KINDS)
def test_a_run_is_complete_and_says_what_it_is(kind, sequence_run):
    run = sequence_run(kind)
    about = run.about

    assert (about["status"], about["kind"]) == ("complete", "sequences")
    assert about["task"] == ("language" if kind == "lines" else kind) == run.metrics["task"]
    assert [name for name in FILES if not run.has(name)] == []
    assert not (run.path / "checkpoints").exists()
    assert SequenceRecipe.read(run.path / "recipe.toml").units == 8
    assert [line["epoch"] for line in map(json.loads, (run.path / "history.jsonl").read_text().splitlines())] == [1, 2]


@pytest.mark.parametrize("kind", KINDS)
def test_the_figures_of_a_run_are_those_of_its_task_with_intervals(kind, sequence_run):
    metrics = sequence_run(kind).metrics
    spread, plain = FIGURES[kind]

    assert metrics["val"].keys() >= spread | {f"{name}_interval" for name in spread} | plain | {"n"}
    assert np.isfinite([metrics["val"][name] for name in spread]).all()
    assert metrics["seconds"]["total"] > 0


@pytest.mark.parametrize("kind", KINDS)
def test_the_baselines_have_the_same_figures_and_the_strongest_is_compared_with(kind, sequence_run):
    metrics = sequence_run(kind).metrics
    against = metrics["against_baseline"]

    assert metrics["baselines"].keys() == BASELINES[kind]
    assert all(scores.keys() >= FIGURES[kind][0] for scores in metrics["baselines"].values())
    assert against["baseline"] in BASELINES[kind]
    assert against["verdict"] in {"better", "same", "worse"}


@pytest.mark.parametrize("kind", KINDS)
def test_every_answer_on_the_held_out_part_is_kept(kind, sequence_run):
    run = sequence_run(kind)
    kept = run.read_json("predictions.json")
    lengths = {len(rows) for rows in kept.values()}

    assert kept.keys() == PREDICTIONS[kind]
    assert len(lengths) == 1
    assert kind == "forecast" or lengths == {len(run.read_json("split.json")["parts"][run.metrics["reported"]])}


def test_a_test_part_is_reported_on_and_the_validation_part_makes_the_choices(sequence_run):
    run = sequence_run("music")

    assert run.metrics["reported"] == "test"
    assert run.metrics["val"]["n"] == run.metrics["test"]["n"] == 2
    assert run.about["choices_on"] == 2
    assert run.read_json("predictions.json")["names"] == run.read_json("split.json")["parts"]["test"]


def test_a_network_of_texts_writes_a_sample_after_each_epoch(sequence_run):
    samples = sequence_run("lines").read_json("samples.json")

    assert [one["epoch"] for one in samples] == [1, 2]
    assert all(line.split(":")[0] in {"German", "Korean"} for line in samples[-1]["text"].splitlines())


@pytest.mark.parametrize("kind", ["classify", "language"])
def test_the_same_seed_gives_the_same_run_to_the_bit(kind, sequence_run, sequence_data, train_sequences, tmp_path):
    run, again = sequence_run(kind), train_sequences(kind, sequence_data(kind), tmp_path / "again")

    assert weights(again) == weights(run)
    assert figures(again) == figures(run)
    assert again.read_json("predictions.json") == run.read_json("predictions.json")


@pytest.mark.parametrize("kind", ["classify", "language"])
def test_a_training_that_was_stopped_goes_on_to_the_same_bits(kind, stopped, sequence_run):
    run = stopped(kind)
    status = run.about["status"]
    resume(run, callbacks=[watcher(stopping=False)])

    assert status == "interrupted"
    assert run.about["status"] == "complete"
    assert weights(run) == weights(sequence_run(kind))
    assert run.read_json("predictions.json") == sequence_run(kind).read_json("predictions.json")
    assert run.has("report.html")


def test_sequences_that_have_changed_or_are_gone_are_not_gone_on_with(stopped, tmp_path):
    run, names = stopped("classify"), tmp_path / "data" / "German.txt"
    names.write_text(names.read_text().upper())
    with pytest.raises(DataError, match=r"sequences are not those that .*stopped began with"):
        resume(run)
    shutil.rmtree(tmp_path / "data")

    with pytest.raises(RunError, match=r"data, on which .* was trained, is not here"):
        resume(run)


def test_a_complete_run_is_not_resumed(sequence_run):
    with pytest.raises(RunError, match="is complete; there is nothing to go on with"):
        resume(sequence_run("classify"))


def test_the_split_of_another_run_gives_the_same_parts(sequence_run, sequence_data, train_sequences, tmp_path):
    run = sequence_run("classify")
    again = train_sequences("classify", sequence_data("classify"), tmp_path / "again", split=run.path, seed=5, epochs=1)

    assert again.read_json("split.json")["parts"] == run.read_json("split.json")["parts"]
    assert again.about["seed"] == 5


def test_the_split_of_other_sequences_is_refused(sequence_run, tmp_path):
    names = write_names(tmp_path / "names", count=5, seed=3)

    with pytest.raises(SplitError, match="The split is of other samples: 30 are missing"):
        boda.train(names, out=tmp_path / "run", split=sequence_run("classify"))


@pytest.fixture
def reviews(tmp_path):
    """A table of which two rows of thirty cannot serve."""
    rows = [f"{'good' if i % 2 else 'bad'} film number {i},{(i % 2 and 'yes') or 'no'}" for i in range(28)]
    path = tmp_path / "reviews.csv"
    path.write_text("\n".join(["text,label", *rows[:9], ",yes", *rows[9:], "no label at all,"]) + "\n")
    return path


def test_damaged_rows_are_counted_and_listed(reviews, train_sequences, tmp_path):
    run = train_sequences("classify", reviews, tmp_path / "run", epochs=1)
    listed = (run.path / "bad_files.csv").read_text()

    assert run.read_json("data.json")["bad_count"] == 2
    assert "reviews.csv:11," in listed
    assert "reviews.csv:31," in listed
    assert sum(map(len, run.read_json("split.json")["parts"].values())) == 28


def test_a_damaged_row_stops_a_training_that_shall_have_none(reviews, tmp_path):
    with pytest.raises(DataError, match=r"reviews.csv:11: "):
        boda.train(reviews, out=tmp_path / "run", on_bad="error")

    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("count", [3, 6])
def test_a_handful_of_sequences_is_enough_to_train(count, train_sequences, tmp_path):
    run = train_sequences("classify", write_names(tmp_path / "names", count=count), tmp_path / "run", epochs=1)

    assert run.about["status"] == "complete"


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("fold", 1),
        ("augment", "default"),
        ("backbone", "mobilenet"),
        ("weights", "none"),
        ("stages", "head,last-5"),
    ],
)
def test_what_is_for_pictures_is_refused(option, value, sequence_data, tmp_path):
    with pytest.raises(RecipeError, match=f"{option} is for pictures, and the data holds sequences. Received: {value}"):
        boda.train(sequence_data("classify"), out=tmp_path / "run", **{option: value})

    assert not (tmp_path / "run").exists()


def test_recipes_of_the_other_kind_are_refused_on_both_sides(sequence_data, photos, tmp_path):
    with pytest.raises(RecipeError, match="has no entry head_hidden"):
        boda.train(sequence_data("classify"), out=tmp_path / "run", head_hidden=(8,))
    with pytest.raises(RecipeError, match=r"the recipe is one of pictures. Give a SequenceRecipe"):
        boda.train(sequence_data("classify"), out=tmp_path / "run", recipe=Recipe())
    with pytest.raises(RecipeError, match="photos holds pictures, and the recipe is one of sequences"):
        boda.train(photos, out=tmp_path / "run", recipe=SequenceRecipe())
    with pytest.raises(RecipeError, match="has no entry units"):
        boda.train(photos, out=tmp_path / "run", units=8)


def test_what_a_task_would_not_heed_is_refused_and_said_in_the_run(sequence_data, tmp_path):
    with pytest.raises(RecipeError, match="bidirectional would read the very step that language is to tell"):
        boda.train(sequence_data("lines"), out=tmp_path / "run", reading=READING["lines"], bidirectional=True, bptt=0)

    assert Run.open(tmp_path / "run").about["status"] == "failed"


def test_updates_more_often_than_the_usual_truncation_are_no_contradiction(tmp_path):
    with pytest.raises(DataError, match="there is no such folder or file"):
        boda.train(tmp_path / "nowhere.txt", bptt_every=64)


def test_a_run_within_the_data_is_refused(sequence_data):
    with pytest.raises(RunError, match="which boda never writes to"):
        boda.train(sequence_data("classify"), out=sequence_data("classify") / "run")


@pytest.mark.usefixtures("without_report")
def test_pictures_of_which_classes_are_asked_are_still_pictures(photos, tmp_path):
    run = boda.train(photos, out=tmp_path / "run", reading={"task": "classify"})

    assert "kind" not in run.about
    assert run.metrics["val"]["n"] == 6
