import numpy as np
import pytest

from boda.reports import canvas
from boda.reports.sequences import figures, forecast_figures, inside_figures
from boda.reports.sequences.measures import MEASURES


def made(origin, steps=4, **told):
    return {"origin": origin, "values": [1.0] * steps, **told}


def test_bars_begin_at_0_and_boda_is_on_top():
    axes = figures.scores([("other", 3.0, None), ("boda", 2.0, [1.5, 2.5])], MEASURES["mae"], "mean error").axes[0]

    assert [bar.get_width() for bar in axes.patches] == [3.0, 2.0]
    assert axes.get_yticklabels()[-1].get_text() == "boda"
    assert axes.get_xlim()[0] == 0


def test_bars_of_a_figure_below_0_are_shown():
    assert figures.scores([("boda", -0.2, None)], MEASURES["r2"], "R²").axes[0].get_xlim()[0] == -0.2


def test_the_lowest_loss_is_marked():
    lines = [{"epoch": i, "loss": 1.0, "val_loss": loss} for i, loss in enumerate([0.9, 0.4, None, 0.6])]
    axes = figures.learning(lines).axes[0]

    assert (axes.lines[-1].get_xdata()[0], axes.lines[-1].get_ydata()[0]) == (1, 0.4)


def test_each_sounding_key_is_a_bar():
    axes = figures.rolls([("truth", [[40, 44], [], [41]])]).axes[0]

    assert sorted((bar.get_x(), bar.get_y() + bar.get_height() / 2) for bar in axes.patches) == [
        (0, 40),
        (0, 44),
        (2, 41),
    ]


def test_a_roll_of_silence_can_be_drawn():
    figures.rolls([("truth", [[], []]), ("generated", [])], prompt=1)


def test_forecasts_that_are_drawn_do_not_cover_each_other():
    shown = forecast_figures._apart([made(origin) for origin in range(10)])

    assert [one["origin"] for one in shown] == [1, 5, 9]


def test_a_forecast_is_drawn_where_it_was_made():
    one = {"name": "a", "truth": [1.0] * 20, "forecasts": [made(12, low=[0] * 4, high=[2] * 4, naive=[1] * 4)]}
    axes = forecast_figures.forecast(one, 0.9).axes[0]

    assert next(line for line in axes.lines if line.get_label() == "forecast").get_xdata().tolist() == [12, 13, 14, 15]
    assert axes.collections


def test_states_are_drawn_with_0_in_the_middle():
    image = inside_figures.states({"h": [[0.5, -1.0]], "tokens": ["a", " "]}).axes[0].images[0]

    assert (image.norm.vmin, image.norm.vmax) == (-1.0, 1.0)


def test_steps_are_named_by_their_tokens():
    axes = inside_figures.states({"h": [[0.5, -1.0]], "tokens": ["a", " "]}).axes[0]

    assert [label.get_text() for label in axes.get_xticklabels()] == ["a", "␣"]


def test_a_gradient_of_0_leaves_a_gap():
    own = {"cell": "lstm", "norms": [1.0, 0.1, 0.0]}
    axes = inside_figures.reach({"own": own, "fresh": []}).axes[0]

    assert np.isnan(axes.lines[0].get_ydata()[2])
    assert axes.get_yscale() == "log"


def test_attention_is_cut_to_its_tokens():
    axes = inside_figures.attention([[0.5, 0.5, 0.0]] * 3, ["a", "b"], ["c"]).axes[0]

    assert axes.images[0].get_array().shape == (1, 2)


@pytest.mark.parametrize("token", ["<script>", "$x$", "\x00", "한", "\u202e"])
def test_any_token_can_be_drawn(token):
    fig = inside_figures.attention([[1.0]], [token], [token])

    assert canvas.to_png(fig)[:4] == b"\x89PNG"
    assert "<script>" not in canvas.to_svg(fig)
