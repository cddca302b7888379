import json
import shutil
from dataclasses import replace

import pytest
from fake_sequence_run import HOSTILE, TASKS, make_sequence_run
from page_reader import Page

from boda.reports.contents import Contents
from boda.reports.sequences.headline import headline_section
from boda.reports.sequences.page import write_sequence_report
from boda.run import Run

EVERY = {"headline", "states", "reach", "data", "problems", "split", "learning", "next", "recipe", "time"}
OWN = {
    "classify": {"confusion", "classes", "mistakes", "saliency", "reliability", "abstain", "units"},
    "regress": {"answers", "units"},
    "tag": {"classes", "sentences"},
    "language": {"rivals", "samples", "surprise", "units"},
    "music": {"rivals", "rolls", "surprise", "units"},
    "pairs": {"pairs", "attention", "units"},
    "forecast": {"forecasts", "steps", "intervals", "units"},
}
MISSING = [
    ("classify", ["calibration.json", "split.json", "next.json"]),
    ("classify", ["predictions.json", "inside.json", "recipe.toml"]),
    ("forecast", ["data.json", "calibration.json", "history.jsonl"]),
    ("language", ["samples.json", "model/network.json", "predictions.json"]),
    ("music", ["metrics.json"]),
]


@pytest.fixture(scope="module")
def pages(sequence_runs):
    return {task: Page((run.path / "report.html").read_text(encoding="utf-8")) for task, run in sequence_runs.items()}


@pytest.fixture(params=TASKS)
def task(request):
    return request.param


def test_every_tag_is_closed_and_every_id_stands_once(pages, task):
    assert pages[task].open == []
    assert len(pages[task].ids) == len(set(pages[task].ids))


def test_each_task_has_its_sections_and_no_others(pages, task):
    assert set(pages[task].ids) == EVERY | OWN[task]


def test_hostile_texts_are_text_and_turn_nothing_around(pages, task):
    assert "script" not in pages[task].tags
    assert "\u202e" not in pages[task].text


def test_hostile_names_are_shown(pages):
    assert HOSTILE in pages["classify"].text


def test_no_word_of_pictures_is_left(pages, task):
    assert "picture" not in pages[task].text


def test_nothing_is_loaded_from_anywhere(pages, task):
    loading = [value for key, value in pages[task].attributes if key in {"src", "href", "xlink:href", "srcset"}]
    assert all(value.startswith("#") for value in loading)


@pytest.mark.parametrize(
    ("task", "sentence"),
    [
        ("classify", "Better than the strongest baseline (linear model on n-grams) by 0.200 in macro F1"),
        ("regress", "No difference shown from the strongest baseline (linear model on n-grams) (−1.30 to +0.500"),  # noqa: RUF001
        ("tag", "Worse than the strongest baseline (each word's most frequent tag) by 6.0 points"),
        ("language", "by 0.144 bits a character (0.0866 to 0.202 on the same pieces)"),
        ("music", "by 2.09 nats a step (1.90 to 2.30 on the same pieces)"),
        ("pairs", "by 70.0 points (60.0 to 80.0 points on the same pairs)"),
        ("forecast", "which includes 0"),
    ],
)
def test_the_verdict_is_told_in_words(pages, task, sentence):
    assert sentence in pages[task].text


def test_the_surest_mistake_comes_first(sequence_runs, pages):
    told = sequence_runs["classify"].read_json("predictions.json")
    wrong = [
        (max(p), n)
        for p, n, k in zip(told["probabilities"], told["names"], told["labels"], strict=True)
        if p.index(max(p)) != k
    ]

    text = pages["classify"].text
    places = [text.index(f"{name}{100 * sure:.0f} %") for sure, name in sorted(wrong, reverse=True)]
    assert places == sorted(places)


def test_wrong_tags_are_marked_with_the_truth(sequence_runs, pages):
    told = sequence_runs["tag"].read_json("predictions.json")
    whole = sum(tags == answers for tags, answers in zip(told["tags"], told["answers"], strict=True))

    assert f"{100 * whole / 30:.1f} % of the 30 sentences have no mistake" in pages["tag"].text
    assert "mark" in pages["tag"].tags


def test_coverage_is_told_beside_what_was_wanted(pages):
    assert "84.0 % of what came lay inside (95 % interval 80.0 to 88.0 %); 90 % was wanted." in pages["forecast"].text
    assert "take the intervals as too narrow" in pages["forecast"].text


def test_the_first_and_the_last_samples_are_shown(pages):
    assert "After epoch 0" in pages["language"].text
    assert "After epoch 8" in pages["language"].text


def test_perplexity_is_explained(pages):
    assert "as unsure as among 4.48 equally likely ones" in pages["language"].text


def test_the_network_is_described(pages):
    assert "LSTM of 12 units, from both ends; answers at each step: 60 outputs." in pages["tag"].text


@pytest.mark.usefixtures("undrawn")
def test_sequences_stand_apart_in_the_strip_of_a_unit(sequence_runs, tmp_path):
    shutil.copytree(sequence_runs["classify"].path, tmp_path / "run")
    run = Run(tmp_path / "run")
    unit = {"feature": "vowel", "words": "vowels", "unit": 3, "r": 0.9, "r_chosen": 0.9, "r_fresh": 0.1}
    strip = {"tokens": [*"KimLee"], "states": [0, 1, 0, 0, 1, 1], "starts": [3]}
    run.write_json("inside.json", {"units": {"tried": 4, "looked_for": ["vowels"], "found": [unit | strip]}})

    text = Page(write_sequence_report(run).read_text("utf-8")).text
    assert "Looked for: vowels." in text
    assert "Kim · Lee" in text


@pytest.mark.usefixtures("undrawn")
@pytest.mark.parametrize(("task", "names"), MISSING)
def test_a_missing_file_leaves_its_sections_out(sequence_runs, task, names, tmp_path):
    shutil.copytree(sequence_runs[task].path, tmp_path / "run")
    for name in names:
        (tmp_path / "run" / name).unlink()

    page = Page(write_sequence_report(Run(tmp_path / "run")).read_text("utf-8"))
    assert page.open == []
    assert set(page.ids) < EVERY | OWN[task]


@pytest.mark.usefixtures("undrawn")
def test_an_unfinished_run_says_its_status(tmp_path):
    run = Run.create(tmp_path / "run", task="classify", seed=0)
    run.update(kind="sequences", classes=[])

    assert "its status is: running" in write_sequence_report(run).read_text("utf-8")


@pytest.mark.usefixtures("undrawn")
def test_figures_that_are_not_known_are_left_out(sequence_runs, task):
    contents = Contents.read(sequence_runs[task])
    metrics = {"task": task, "val": {"n": 3}, "baselines": {"mean": {}}, "test": {"n": 2}}
    section = headline_section(replace(contents, metrics=metrics))

    assert "There is no baseline to compare with." in section.body
    assert "Test part" not in section.body


@pytest.mark.slow
def test_every_figure_is_drawn_inline_and_kept_as_png(tmp_path, task):
    run = make_sequence_run(tmp_path / "run", task)
    text = write_sequence_report(run).read_text(encoding="utf-8")

    kept = [path.read_bytes()[:4] for path in (run.path / "figures").glob("*.png")]
    assert len(kept) == text.count("<svg") >= 5
    assert set(kept) == {b"\x89PNG"}
    assert "mathdefault" not in text
    assert json.loads((run.path / "run.json").read_text("utf-8"))["status"] == "complete"
