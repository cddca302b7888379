"""Write docs/augmentation.md and its pictures: every augmentation step on a real picture, its box following.

python docs/augmentation.py           write them
python docs/augmentation.py --check   fail where the page is not what the source says

The pictures are the samples of scikit-learn, CC BY 2.0: flower.jpg by vultilion and china.jpg by danielbuechele.
"""
# ruff: noqa: INP001, T201, E501 - a script that prints, and paragraphs on one line

from __future__ import annotations

import inspect
import io
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from boda.augment import AUGMENTATIONS, Augmented, BatchAugmentation, Pipeline

if TYPE_CHECKING:
    from boda.augment import Augmentation

DOCS = Path(__file__).resolve().parent
PICTURES = DOCS / "pictures" / "augmentation"
BOX = np.array([[168.0, 83.0, 447.0, 357.0]])
WIDE, GAP, DRAWS = 150, 8, 5
RED, WHITE = (228, 26, 60), (255, 255, 255)

FAMILIES: dict[str, tuple[str, ...]] = {
    "Size and place": (
        "Resizing",
        "CenterCrop",
        "RandomCrop",
        "RandomFlip",
        "RandomRotation",
        "RandomTranslation",
        "RandomZoom",
        "RandomShear",
        "RandomPerspective",
    ),
    "Light and colour": (
        "RandomBrightness",
        "RandomContrast",
        "RandomSaturation",
        "RandomHue",
        "RandomColorJitter",
        "RandomColorDegeneration",
        "RandomGrayscale",
        "RandomChannelShift",
        "RandomGain",
        "RandomPosterization",
        "RandomInvert",
        "Solarization",
        "AutoContrast",
        "Equalization",
    ),
    "Detail": ("RandomGaussianBlur", "RandomSharpness", "RandomJpegCompression", "RandomErasing"),
    "Several pictures, several steps": ("MixUp", "CutMix", "Mosaic", "RandAugment", "AugMix"),
    "Values": (
        "Rescaling",
        "SamplewiseCenter",
        "SamplewiseNormalization",
        "FeaturewiseCenter",
        "FeaturewiseNormalization",
        "Whitening",
    ),
}
EXAMPLES: dict[str, dict[str, Any]] = {
    "Resizing": {"height": 200, "width": 200},
    "CenterCrop": {"height": 260, "width": 260},
    "RandomCrop": {"height": 260, "width": 300},
    "RandomRotation": {"factor": 0.1},
    "RandomTranslation": {"height_factor": 0.2, "width_factor": 0.2, "fill_mode": "constant"},
    "RandomZoom": {"height_factor": 0.3, "width_factor": 0.3, "fill_mode": "constant"},
    "RandomShear": {"x_factor": 0.3, "y_factor": 0.2, "fill_mode": "constant"},
    "RandomPerspective": {"factor": 1.0, "scale": 0.5},
    "RandomBrightness": {"factor": 0.4},
    "RandomContrast": {"factor": 0.6},
    "RandomSaturation": {"factor": (0.0, 1.0)},
    "RandomHue": {"factor": 0.5},
    "RandomColorJitter": {
        "brightness_factor": 0.3,
        "contrast_factor": 0.3,
        "saturation_factor": 0.5,
        "hue_factor": 0.2,
    },
    "RandomColorDegeneration": {"factor": 1.0},
    "RandomChannelShift": {"factor": 60.0},
    "RandomGain": {"factor": (0.5, 1.5)},
    "RandomPosterization": {"factor": 2},
    "MixUp": {"alpha": 1.0},
    "RandomGaussianBlur": {"factor": 1.0, "kernel_size": 15, "sigma": (2.0, 8.0)},
    "RandomJpegCompression": {"quality": (2, 20)},
    "RandomGrayscale": {"factor": 0.6},
    "RandomSharpness": {"factor": 1.0},
    "RandomErasing": {"factor": 1.0, "fill_value": 128.0},
    "Rescaling": {"scale": 1 / 255},
}
HEAD = """# Augmentation

Written by `python docs/augmentation.py` from the source; change it there.
The pictures are scikit-learn's samples, CC BY 2.0: the flower by vultilion, the temple by danielbuechele.

A pipeline is a list of steps, called on one picture:

```python
from boda.augment import Pipeline, Resizing, Rescaling

prepare = Pipeline([Resizing(200, 200), Rescaling(1 / 255)])
result = prepare(image)  # (h, w, 3) uint8 in, (200, 200, 3) float32 out
```

on a batch, or with labels, which follow:

```python
augment = Pipeline([RandomFlip("horizontal"), RandomRotation(0.1), RandomBrightness(0.2)], seed=1)
batch = augment(images)  # (n, h, w, 3)
drawn = augment(image, boxes=[[20, 30, 90, 80]], labels=["cat"], masks=mask, points=[[40, 50]])
drawn.image, drawn.boxes, drawn.labels, drawn.kept
```

Names, arguments and meaning are those of `keras.layers`.
What moves is resampled once, however many steps move it: five steps are as sharp as one, and cost as much.
Chance is a function of (seed, epoch, sample), so a result does not depend on the number of threads or on a restart: `augment(image, epoch=3, sample=17)`.

Boxes are xyxy pixels. They become the tightest that can be known, are clipped, and are dropped below `min_visible` of their area; after a turn, `box_shape="ellipse"` is tighter for round things, and `box_shape="mask"` takes the object's own mask.
In a mirrored picture the `point_pairs` (left and right eye) change places.

A pipeline is written to TOML, and read from it; `boda look PHOTOS --augment recipe.toml` shows it on your own pictures, and warns of steps that destroy your labels:

```toml
seed = 1

[[steps]]
step = "RandomFlip"
mode = "horizontal"

[[steps]]
step = "RandomRotation"
factor = 0.1
```

`boda.preprocessing.to_keras(pipeline)` gives the same as Keras layers, to stand inside a model.
Who comes from `ImageDataGenerator` reads [Moving from ImageDataGenerator](from-image-data-generator.md).

The first picture of each row is the original, with a box that follows.
"""


def main(arguments: list[str]) -> int:
    """Write or check; 0 when all is well."""
    page = DOCS / "augmentation.md"
    text = write(None if "--check" in arguments else PICTURES)
    if "--check" not in arguments:
        page.write_text(text, encoding="utf-8")
    same = page.is_file() and page.read_text(encoding="utf-8") == text
    print(f"{page.name} is {'' if same else 'not '}what the source says")
    return int(not same)


def write(folder: Path | None) -> str:
    """The page; its pictures go to `folder`, where one is given."""
    lines = [HEAD]
    for family, names in families().items():
        lines += [f"## {family}\n"]
        for name in names:
            lines += section(name)
            if folder is not None:
                folder.mkdir(parents=True, exist_ok=True)
                (folder / f"{name}.jpg").write_bytes(strip(name))
    return "\n".join(lines)


def families() -> dict[str, list[str]]:
    """Every row of the registry once; what no family names stands under "More"."""
    known = {family: [name for name in names if name in AUGMENTATIONS] for family, names in FAMILIES.items()}
    more = sorted(set(AUGMENTATIONS) - {name for names in known.values() for name in names})
    return {**known, "More": more} if more else known


def section(name: str) -> list[str]:
    """Heading, what it does, how it is called, and the picture."""
    kind = AUGMENTATIONS[name]
    what = (inspect.getdoc(kind) or "").split("\n\n")[0].replace("\n", " ")
    call = f"{name}({', '.join(f'{key}={value!r}' for key, value in EXAMPLES.get(name, {}).items())})"
    arguments = ", ".join(
        f"{p.name}={p.default!r}" if p.default is not p.empty else p.name
        for p in inspect.signature(kind).parameters.values()
    )
    picture = f"![{name}](pictures/augmentation/{name}.jpg)"
    return [f"### {name}\n", f"{what}\n", f"`{name}({arguments})`, below as `{call}`\n", f"{picture}\n"]


def strip(name: str) -> bytes:
    """The original and some draws side by side, as JPEG."""
    from PIL import Image
    from sklearn.datasets import load_sample_image

    flower, china = load_sample_image("flower.jpg"), load_sample_image("china.jpg")
    drawn = [
        Augmented(flower.astype(np.float32), BOX),
        *draws(AUGMENTATIONS[name](**EXAMPLES.get(name, {})), flower, china),
    ]
    height = WIDE * flower.shape[0] // flower.shape[1]
    canvas = Image.new("RGB", (len(drawn) * (WIDE + GAP) - GAP, height), WHITE)
    for i, one in enumerate(drawn):
        tile = thumbnail(one, (WIDE, height))
        canvas.paste(tile, (i * (WIDE + GAP) + (WIDE - tile.width) // 2, (height - tile.height) // 2))
    buffer = io.BytesIO()
    canvas.save(buffer, "JPEG", quality=82)
    return buffer.getvalue()


def draws(step: Augmentation, flower: np.ndarray, china: np.ndarray) -> list[Augmented]:
    """`DRAWS` draws of a step on the flower; a step that fits itself to data is shown both pictures, small."""
    pipeline = Pipeline([step], seed=4)
    if isinstance(step, BatchAugmentation):
        batch = np.stack([flower, china])
        mixed = [pipeline(batch, labels=np.eye(2), sample=[2 * i, 2 * i + 1]).image[0] for i in range(DRAWS)]
        return [Augmented(image) for image in mixed]
    if hasattr(step, "adapt"):
        small = np.stack([np.asarray(picture[::8, ::8]) for picture in (flower, china)])
        fitted = pipeline.adapt(small)
        return [Augmented(image) for image in fitted(small)]
    still = not type(step).__name__.startswith("Rand") and type(step).__name__ != "AugMix"
    return [pipeline(flower, boxes=BOX, sample=i) for i in range(1 if still else DRAWS)]


def thumbnail(one: Augmented, room: tuple[int, int]) -> Any:
    """A picture with its boxes in `room` (width, height); values outside 0 to 255 are stretched for the eye."""
    from PIL import Image, ImageDraw

    pixels = np.asarray(one.image, np.float32)
    if pixels.min() < -0.5 or pixels.max() <= 1.5:
        pixels = 255 * (pixels - pixels.min()) / max(float(np.ptp(pixels)), 1e-6)
    picture = Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).convert("RGB")
    share = min(room[0] / picture.width, room[1] / picture.height)
    picture = picture.resize((max(round(picture.width * share), 1), max(round(picture.height * share), 1)))
    draw = ImageDraw.Draw(picture)
    for box in one.boxes if one.boxes is not None else ():
        x0, y0, x1, y1 = (float(side) * share for side in box)
        draw.rectangle((x0, y0, min(x1, picture.width) - 1, min(y1, picture.height) - 1), outline=RED, width=2)
    return picture


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
