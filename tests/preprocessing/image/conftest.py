"""What these tests share: Keras's own module, smooth pictures, and advice that is said anew in each test."""

import numpy as np
import pytest
from PIL import Image

from boda.preprocessing.image import advice
from boda.progress import Settings


@pytest.fixture(autouse=True)
def fresh(monkeypatch):
    """Advice is said once a process: here, once a test; and nothing is printed."""
    monkeypatch.setattr(advice, "_said", set())
    monkeypatch.setattr(Settings, "quiet", True)


@pytest.fixture(scope="session")
def keras_image():
    """Keras's own module, in silence."""
    keras = pytest.importorskip("keras")
    keras.config.disable_interactive_logging()
    from keras.src.legacy.preprocessing import image

    yield image
    keras.config.enable_interactive_logging()


@pytest.fixture(scope="session")
def smooth():
    """Smooth pictures (n, h, w, c) uint8 from black to white."""

    def paint(n, height, width, channels, seed=0):
        coarse = np.random.default_rng(seed).integers(0, 256, (n, height // 8 + 2, width // 8 + 2, channels), np.uint8)
        planes = [
            [np.asarray(Image.fromarray(one[..., k]).resize((width, height), 3)) for k in range(channels)]
            for one in coarse
        ]
        return np.moveaxis(np.array(planes), 1, -1)

    return paint


@pytest.fixture
def class_folders(tmp_path, smooth):
    """Two folders of five pictures each, in four formats and some subfolders."""
    endings = ("png", "jpg", "bmp", "tif", "jpeg")
    for number, name in enumerate(("ant", "bee")):
        (tmp_path / name / "deep").mkdir(parents=True)
        for i, picture in enumerate(smooth(5, 20 + 4 * number, 33, 3, seed=number)):
            folder = tmp_path / name / ("deep" if i % 2 else "")
            Image.fromarray(picture).save(folder / f"{i}.{endings[i]}")
    return tmp_path
