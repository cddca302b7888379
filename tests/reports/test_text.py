import io

from fake_run import HOSTILE, make_run
from rich.cells import cell_len
from rich.console import Console

from boda.reports.text import runs_table, summary
from boda.run import Run
from boda.verbs.next_steps import next_steps


def printed(renderable, width=100, **console):
    file = io.StringIO()
    Console(file=file, width=width, **console).print(renderable)
    return file.getvalue().replace("\u202f", " ")


def test_the_summary_tells_the_score_beside_the_baselines(session_run):
    text = printed(summary(session_run))

    for words in (
        "boda",
        "linear model on raw pixels",
        "95 % interval",
        "Answer only above 0.83",
        "report.html",
        "What next",
    ):
        assert words in text


def test_three_mix_ups_at_most_are_told(session_run):
    assert printed(summary(session_run), 400).count("→") == 3


def test_names_are_never_markup(tmp_path):
    run = make_run(tmp_path / "001", classes=["[red]a[/red]", "[/]", HOSTILE], accuracy=0.3)

    assert "[red]a[/red]" in printed(summary(run), 400)


def test_korean_names_keep_within_the_width(tmp_path):
    run = make_run(tmp_path / "001", classes=["해바라기" * 8, "튤립" * 9], accuracy=0.3)

    assert all(cell_len(line) <= 60 for line in printed(summary(run), 60).splitlines())


def test_no_color_is_honoured(session_run, monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")

    assert "\x1b[3" not in printed(summary(session_run), force_terminal=True)


def test_runs_are_listed_with_their_state(session_run, tmp_path):
    unfinished = Run.create(tmp_path / "002", task="classify", seed=0)

    text = printed(runs_table([session_run, unfinished]), 110)

    assert "running" in text
    assert "efficientnet_lite0" in text
    assert "2026-11-24 05:00" in text


def test_runs_tell_what_their_recipes_change(run):
    run.write_text(
        "recipe.toml", 'resize = "crop"\nbackbone = "mobilenet_v2"\n[head]\nhidden = [256]\nclass_weight = "balanced"\n'
    )

    text = printed(runs_table([run]), 200)

    assert "resize=crop head.class_weight=balanced head.hidden=[256]" in text


def test_a_plain_recipe_is_the_default(run):
    assert " default " in printed(runs_table([run]), 110)


def test_the_commands_of_next_steps_have_only_options_that_they_take(run):
    run.write_json("data.json", {"n": 40})
    run.update(reading={"format": "folders", "group_column": "patient", "label_column": "kind", "group_pattern": "x"})
    commands = {" ".join(step["command"].split()[:2]): step["command"] for step in next_steps(run)}

    assert commands["boda look"].endswith(" --format folders --label-column kind")
    assert "boda ladder" not in commands


def test_a_recipe_of_another_version_does_not_stop_the_list(run):
    run.write_text("recipe.toml", "unheard_of = 1\n")

    assert "cannot be read" in printed(runs_table([run]), 110)


def test_a_long_path_leaves_a_line_a_run(run):
    run.update(data="/home/me/" + "photos" * 30)
    run.write_text("recipe.toml", 'resize = "crop"\n')

    lines = printed(runs_table([run]), 110).splitlines()

    assert len(lines) == 3  # two are the heads
    assert all(cell_len(line) <= 110 for line in lines)


def test_what_makes_the_accuracy_doubtful_is_said(run):
    run.write_json("data.json", {"bad_count": 1, "leaks_count": 4})

    text = printed(summary(run), 200)

    assert "1 file that cannot be read, see bad_files.csv" in text
    assert "4 pictures are in more than one part; the accuracy on them flatters. boda look shows them" in text


def test_a_run_without_figures_has_a_summary(tmp_path):
    assert "report.html" in printed(summary(Run.create(tmp_path / "001", task="classify", seed=0)), 400)


def test_the_summary_says_what_became_of_each_stage(run):
    rolled = {"stage": "last-5", "kept": False, "log_loss": 0.144, "log_loss_before": 0.122}
    scratch = {"stage": "scratch", "kept": True, "log_loss": 0.9, "log_loss_before": None}
    run.write_json("metrics.json", {**run.metrics, "stages": [rolled, scratch]})
    text = " ".join(printed(summary(run), 200).split())

    assert "last-5 rolled back (log loss 0.144 on inner folds, 0.122 before)" in text
    assert "scratch kept (log loss 0.900 on inner folds)" in text
