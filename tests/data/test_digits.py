"""The pictures of the demo."""

import json

import numpy as np
import pytest
from PIL import Image

from boda.data import digits
from boda.data.digits import compose_digits, picture_name
from boda.errors import DataError


def pictures(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*.jpg")}


@pytest.fixture(scope="module")
def forty(tmp_path_factory):
    return compose_digits(tmp_path_factory.mktemp("digits") / "forty", count=40, seed=3, size=64)


def test_classes_take_turns(forty):
    assert sorted(pictures(forty)) == sorted(f"{i % 10}/digit-{i:04d}.jpg" for i in range(40))


def test_pictures_are_rgb_squares_of_the_wanted_size(forty):
    with Image.open(forty / picture_name(7)) as picture:
        assert (picture.size, picture.mode) == ((64, 64), "RGB")


def test_pictures_depend_on_seed_and_index_not_on_the_count(forty, tmp_path):
    twenty = compose_digits(tmp_path / "twenty", count=20, seed=3, size=64)

    assert pictures(twenty).items() <= pictures(forty).items()


def test_another_seed_gives_other_pictures(forty, tmp_path):
    other = compose_digits(tmp_path / "other", count=10, seed=4, size=64)

    assert all(pictures(forty)[name] != content for name, content in pictures(other).items())


def test_each_handwritten_digit_is_used_once_at_most():
    by_class = digits._shuffled_digits(seed=0)

    assert sum(map(len, by_class)) == 1797  # as many as scikit-learn has
    assert min(map(len, by_class)) == 174  # so that 1740 pictures never repeat one


def test_a_complete_folder_is_used_again(forty, monkeypatch):
    monkeypatch.setattr(digits, "compose_digit", None)

    assert compose_digits(forty, count=40, seed=3, size=64) == forty


def test_an_interruption_leaves_nothing(tmp_path, monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(digits, "_jpeg", interrupt)

    with pytest.raises(KeyboardInterrupt):
        compose_digits(tmp_path / "out", count=10, size=32)

    assert list(tmp_path.iterdir()) == []


def test_an_empty_folder_is_filled(tmp_path):
    compose_digits(tmp_path, count=10, size=32)

    assert len(pictures(tmp_path)) == 10


def test_a_folder_with_something_else_is_refused_and_kept(tmp_path):
    (tmp_path / "thesis.txt").write_text("dear")

    with pytest.raises(DataError, match="is there already"):
        compose_digits(tmp_path, count=10)

    assert (tmp_path / "thesis.txt").read_text() == "dear"


def test_a_folder_that_lost_a_picture_is_refused(tmp_path):
    compose_digits(tmp_path / "out", count=10, size=32)
    (tmp_path / "out" / picture_name(4)).unlink()

    with pytest.raises(DataError, match="not a complete folder of 10 digits"):
        compose_digits(tmp_path / "out", count=10, size=32)


def test_who_comes_second_takes_what_the_first_one_made(tmp_path):
    asked = {"count": 10, "seed": 0, "size": 32}
    first = compose_digits(tmp_path / "first", **asked)
    second = compose_digits(tmp_path / "second", **asked)

    digits._move(second, first, asked)

    assert json.loads((first / digits.MARKER).read_text()) == asked


@pytest.mark.parametrize(
    ("wrong", "said"), [({"count": 9}, "10 to 1740"), ({"count": 1741}, "10 to 1740"), ({"size": 8}, "32 to 4096")]
)
def test_numbers_out_of_range_are_refused(tmp_path, wrong, said):
    with pytest.raises(DataError, match=said):
        compose_digits(tmp_path / "out", **wrong)


def test_a_stroke_is_soft_and_fills_its_side():
    bar = np.zeros((8, 8))
    bar[2:6, 3:5] = 16  # four high, two wide

    stroke = np.asarray(digits._brush_stroke(bar, side=80))

    assert stroke.shape == (120, 80)  # the ink is 80 high, with a rim of a cell all around
    assert stroke[60, 40] == 255
    assert stroke[0, 0] == 0
    assert ((stroke > 0) & (stroke < 255)).any()


def test_contrast_of_black_and_white_is_21():
    assert digits._contrast(np.zeros(3), np.full(3, 255.0)) == pytest.approx(21)


@pytest.mark.parametrize("background", [(0, 0, 0), (255, 255, 255), (250, 150, 90)])
def test_the_colour_stands_out(background):
    rgb = [
        digits.colorsys.hsv_to_rgb(*digits._contrasting_colour(np.array(background), np.random.default_rng(i)))
        for i in range(20)
    ]

    assert min(digits._contrast(255 * np.array(colour), np.array(background)) for colour in rgb) > 2
