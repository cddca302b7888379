"""Label risk: what takes away what tells classes apart is warned of, what does not is not."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_digits

from boda.augment import MixUp, Pipeline, RandomFlip, RandomHue, Rescaling
from boda.data import read
from boda.sample import Sample
from boda.training import label_risk
from boda.training.label_risk import Answers, StepRisk, choose, holm, judge, measure_risk


@pytest.fixture(autouse=True)
def one_draw(monkeypatch):
    """A third of the time; what is shown here is large."""
    monkeypatch.setattr(label_risk, "DRAWS", 1)


def digits(count):
    images, labels = load_digits(return_X_y=True)
    return [
        Sample(f"{i:04d}", to_picture(image.reshape(8, 8) * 15.9), str(label))
        for i, (image, label) in enumerate(zip(images[:count], labels[:count], strict=True))
    ]


def to_picture(values):
    grey = Image.fromarray(values.astype(np.uint8)).resize((64, 64), Image.Resampling.BICUBIC)
    return np.repeat(np.asarray(grey)[..., None], 3, axis=2)


def painted(count=12):
    """The same blotches in red, green and blue: nothing but colour tells the classes apart."""
    samples = []
    for channel, name in enumerate(("red", "green", "blue")):
        for i in range(count):
            coarse = np.random.default_rng(i).integers(60, 256, (5, 5))
            grey = np.asarray(Image.fromarray(coarse.astype(np.uint8)).resize((48, 48), Image.Resampling.BICUBIC))
            picture = np.repeat(grey[..., None] // 4, 3, axis=2)
            picture[..., channel] = grey
            samples.append(Sample(f"{name}/{i}", picture, name))
    return samples


def by_step(risk):
    return {step.step: step for step in risk.steps}


def test_a_vertical_flip_of_digits_is_warned_of():
    (step,) = measure_risk(digits(400), Pipeline([RandomFlip("vertical")], seed=0)).steps

    assert step.verdict == "harms"
    assert step.interval[0] > label_risk.LEAST
    assert step.lost > step.gained
    assert sum(n for *_, n in step.confused) == step.lost


@pytest.mark.data
def test_a_horizontal_flip_of_flowers_is_not_warned_of(data_dir, monkeypatch):
    monkeypatch.setattr(label_risk, "PICTURES", 70)
    (step,) = measure_risk(read(data_dir / "flowers").samples, Pipeline([RandomFlip("horizontal")], seed=0)).steps

    assert step.right_before > 45
    assert step.verdict == "no difference shown"


def test_strong_hue_where_only_colour_tells_is_warned_of_and_a_flip_is_not():
    steps = [RandomFlip("horizontal"), Rescaling(1 / 255), RandomHue((0.6, 1.0), (0, 1))]
    found = by_step(measure_risk(painted(), Pipeline(steps, seed=0)))

    assert found["RandomFlip(horizontal)"].verdict == "no difference shown"
    hue = next(step for name, step in found.items() if name.startswith("RandomHue"))
    assert hue.verdict == "harms"
    assert {a for a, _, _ in hue.confused} == {"red", "green", "blue"}


def test_the_same_seeds_measure_the_same():
    pipeline = Pipeline([RandomHue(0.3)], seed=4)

    assert measure_risk(painted(), pipeline, seed=1) == measure_risk(painted(), pipeline, seed=1)


def labelled(*labels):
    return [Sample(str(i), np.zeros((8, 8, 3), np.uint8), label) for i, label in enumerate(labels)]


@pytest.mark.parametrize(
    ("samples", "reason"),
    [
        (labelled(*["a"] * 40), "one class only"),
        (labelled(*[None] * 40), "no labels"),
        (labelled(*[("a", "b")] * 40), "several labels each"),
        (labelled(*"abcabc"), "fewer than 32 pictures"),
        (labelled(*"ab" * 20), "the frozen network tells the classes of only"),
    ],
)
def test_what_cannot_be_measured_is_skipped_with_the_reason(samples, reason):
    risk = measure_risk(samples, Pipeline([RandomFlip()], seed=0))

    assert reason in str(risk.skipped)
    assert risk.steps == ()


def test_a_pipeline_that_only_mixes_is_skipped():
    assert "no step of this pipeline" in str(measure_risk(painted(), Pipeline([MixUp()], seed=0)).skipped)


def test_classes_are_chosen_equally_where_they_can_be():
    chosen = choose(labelled(*"a" * 90, *"b" * 20, *"c" * 5, "d"), seed=0, most=45)
    counts = {name: sum(sample.label == name for sample in chosen) for name in "abcd"}

    assert counts == {"a": 20, "b": 20, "c": 5, "d": 0}


def test_another_seed_chooses_others():
    samples = labelled(*"ab" * 50)

    assert [s.name for s in choose(samples, 0, 10)] == [s.name for s in choose(samples, 0, 10)]
    assert [s.name for s in choose(samples, 0, 10)] != [s.name for s in choose(samples, 1, 10)]


def test_answers_are_right_on_classes_that_lie_apart_and_guesses_on_noise():
    rng = np.random.default_rng(0)
    targets = np.repeat([0, 1, 2], 20)
    noise = rng.normal(size=(60, 200)).astype(np.float32)
    apart = noise + 4 * np.eye(3)[targets].repeat(10, axis=1) @ np.eye(30, 200)

    def share_right(features):
        return (Answers.of(features, targets)(features[:, None])[:, 0] == targets).mean()

    assert share_right(apart) == 1.0
    assert share_right(noise) < 0.6  # it does not know a picture by heart


def risk(lost, gained, *, p=0.0, interval=(0.1, 0.3), by_class=None):
    """What 100 pictures tell, all of which were answered rightly before."""
    after, fall = 100 - lost + gained, (lost - gained) / 100
    counts = (100, 100, after, lost, gained)
    return StepRisk("RandomFlip()", "RandomFlip", 3, *counts, fall, interval, p, "", (), by_class or {})


def test_a_fall_that_may_be_small_is_not_warned_of():
    (step,) = judge([risk(20, 0, interval=(0.04, 0.3))])

    assert step.verdict == "no difference shown"


def test_many_steps_need_stronger_evidence():
    alone, *_ = judge([risk(20, 5, p=0.02)])
    among, *_ = judge([risk(20, 5, p=0.02), *[risk(1, 1, p=1.0)] * 5])

    assert (alone.verdict, among.verdict) == ("harms", "no difference shown")


def test_a_class_that_is_hurt_alone_is_named():
    quiet = risk(12, 1, interval=(0.02, 0.2), by_class={"rose": (20, 12, 0), "tulip": (20, 0, 1)})
    (step,) = judge([quiet])

    assert (step.verdict, step.classes) == ("harms a class", ("rose",))


def test_a_class_that_gains_is_not_hurt():
    (step,) = judge([replace(risk(0, 12, interval=(-0.2, 0.0)), by_class={"rose": (8, 0, 12)})])

    assert step.verdict == "no difference shown"


def test_holm_corrects_in_order_and_never_beyond_1():
    assert holm([0.01, 0.04, 0.03, 0.9]) == pytest.approx([0.04, 0.09, 0.09, 0.9])
    assert holm([0.8, 0.9]) == [1.0, 1.0]
    assert holm([]) == []
