"""Write the measured parts of docs/boxes.md, and draw its pictures.

python docs/boxes.py           write them
python docs/boxes.py --check   fail where the page is not what the source says

Between two marks of the page, <!-- made: NAME --> and <!-- end -->, stands what the function of that name returns.
"""
# ruff: noqa: INP001, T201 - a script that prints

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

import boda
import boda.boxes
from boda.boxes import FORMATS, OVERLAPS, convert, letterbox, nms, pairwise, soft_nms, squash
from boda.models.keras_import import import_keras
from boda.reports import canvas

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

DOCS = Path(__file__).resolve().parent
PAGE = DOCS / "boxes.md"
PICTURES = DOCS / "pictures" / "boxes"

SIZE = (12, 8)  # of the picture in which a box is written in every format
BOX = [2, 1, 8, 6]
WRITERS = {
    "xyxy": "boda, torchvision, Keras (`xyxy`)",
    "xywh": "COCO's JSON",
    "cxcywh": "heads that regress, Keras (`center_xywh`)",
    "rel_xyxy": "Keras (`rel_xyxy`)",
    "rel_xywh": "Keras (`rel_xywh`)",
    "yolo": "YOLO's text files, Keras (`rel_center_xywh`)",
    "voc": "Pascal VOC's XML",
}
PAIRS: dict[str, tuple[list[float], list[float]]] = {
    "overlapping": ([20, 30, 70, 80], [40, 45, 90, 85]),
    "apart": ([10, 30, 40, 70], [60, 40, 90, 80]),
    "within, aside": ([10, 20, 90, 90], [15, 25, 45, 50]),
    "within, in the middle": ([10, 20, 90, 90], [35, 42.5, 65, 67.5]),
    "one centre, other aspect": ([10, 40, 90, 70], [30, 15, 70, 95]),
}
LOOKS = {"iou": canvas.BLUE, "giou": canvas.ORANGE, "diou": canvas.GREEN, "ciou": canvas.PURPLE}
NAMES = {"iou": "IoU", "giou": "GIoU", "diou": "DIoU", "ciou": "CIoU"}
STEPS, STARTS = (50, 100, 200), 200
CONFUSED = {
    "one pixel off": ([10, 20, 50, 80], [11, 21, 51, 81], 101),
    "a sliver, three numbers right": ([10, 20, 50, 80], [10, 20, 50, 21], 101),
    "apart, in shares of the picture": ([0.1, 0.1, 0.4, 0.4], [0.6, 0.6, 0.9, 0.9], 2),
}
PAINTED = {
    "one pixel off": ([10, 20, 50, 80], [11, 21, 51, 81]),
    "half": ([10, 20, 50, 80], [10, 20, 50, 50]),
    "apart, large": ([0, 0, 40, 100], [60, 0, 100, 100]),
    "apart, small": ([10, 10, 20, 20], [60, 60, 70, 70]),
}


def formats() -> str:
    """One box in every format."""
    rows = [(f"`{name}`", WRITERS[name], numbers(convert([BOX], "xyxy", name, SIZE)[0])) for name in FORMATS]
    return table(("format", "written by", f"the box above, in a picture of {SIZE[0]} x {SIZE[1]}"), rows)


def letterboxes() -> str:
    """A picture on a canvas, both ways."""
    size, target, box = (640, 480), (320, 320), [[100, 100, 300, 400]]
    rows = []
    for how in (letterbox, squash):
        placed = how(size, target)
        there = placed.to_canvas(box)
        cells = f"{placed.inner[0]} x {placed.inner[1]}", f"{placed.offset[0]}, {placed.offset[1]}"
        rows.append((f"`{how.__name__}`", *cells, numbers(there[0]), numbers(placed.to_picture(there)[0])))
    where = f"A picture of {size[0]} x {size[1]} on a canvas of {target[0]} x {target[1]}"
    head = f"{where}, with a box {numbers(box[0])}:\n\n"
    return head + table(("how", "resized to", "placed at", "the box there", "and back"), rows)


def overlaps() -> str:
    """The family on five pairs."""
    rows = [(name, *(f"{overlap(kind, a, b):.3f}" for kind in OVERLAPS)) for name, (a, b) in PAIRS.items()]
    return table(("pair", *(NAMES[kind] for kind in OVERLAPS)), rows)


def pulls() -> str:
    """Where each loss leads boxes that start apart from their targets: mean IoU after so many steps of Adam."""
    losses = {
        "SmoothL1Loss(beta=0.1)": boda.SmoothL1Loss(beta=0.1, reduction=None, dtype="float64"),
        "IoULoss": boda.IoULoss(reduction=None, dtype="float64"),
        "GIoULoss": boda.GIoULoss(reduction=None, dtype="float64"),
        "DIoULoss": boda.DIoULoss(reduction=None, dtype="float64"),
        "CIoULoss": boda.CIoULoss(reduction=None, dtype="float64"),
    }
    true, found = starts()
    rows = [(f"`{name}`", *(f"{share:.2f}" for share in descend(loss, true, found))) for name, loss in losses.items()]
    head = (
        f"{STARTS} random pairs of boxes that do not meet, in shares of the picture, 0.05 to 0.4 a side; "
        "the four numbers of each are moved by Adam at a rate of 0.01. Mean IoU after\n\n"
    )
    return head + table(("loss", *(f"{steps} steps" for steps in STEPS)), rows)


def starts() -> tuple[np.ndarray, np.ndarray]:
    """Pairs (n, 4) of boxes in the unit square that do not meet."""
    rng = np.random.default_rng(0)
    side = rng.uniform(0.05, 0.4, (2, 5 * STARTS, 2))
    corner = rng.uniform(0, 1 - side)
    true, found = np.concatenate([corner, corner + side], axis=-1)
    apart = boda.boxes.iou(true, found) == 0
    return true[apart][:STARTS], found[apart][:STARTS]


def descend(loss: Any, true: np.ndarray, start: np.ndarray) -> list[float]:
    """Mean IoU after each of `STEPS`, every box moved by itself."""
    import tensorflow as tf

    keras = import_keras()
    found, optimizer = keras.Variable(start, dtype="float64"), keras.optimizers.Adam(0.01)
    optimizer.build([found])

    @tf.function  # type: ignore[untyped-decorator]
    def step() -> None:
        with tf.GradientTape() as tape:
            value = tf.reduce_sum(loss(true, found))
        optimizer.apply([tape.gradient(value, found.value)], [found])

    reached = []
    for number in range(1, max(STEPS) + 1):
        step()
        if number in STEPS:
            reached.append(float(boda.boxes.iou(true, np.asarray(found)).mean()))
    return reached


def confused() -> str:
    """What MeanIoU says of the numbers of boxes."""
    rows = []
    for name, (true, found, classes) in CONFUSED.items():
        metric = import_keras().metrics.MeanIoU(num_classes=classes)
        metric.update_state([true], [found])
        cells = numbers(true), numbers(found), f"{overlap('iou', true, found):.2f}", f"{float(metric.result()):.2f}"
        rows.append((name, *cells))
    return table(("pair", "true", "found", "IoU of the boxes", "`MeanIoU`"), rows)


def painted() -> str:
    """What Keras's metrics say of masks painted from the boxes."""
    keras, rows = import_keras(), []
    for name, (true, found) in PAINTED.items():
        masks = paint(true), paint(found)
        one = keras.metrics.IoU(num_classes=2, target_class_ids=[1])
        mean = keras.metrics.MeanIoU(num_classes=2)
        results = [float(metric(*masks)) for metric in (one, mean)]
        rows.append((name, f"{overlap('iou', true, found):.3f}", *(f"{result:.3f}" for result in results)))
    return table(
        ("pair, in 100 x 100", "IoU of the boxes", "`IoU(2, [1])` of the masks", "`MeanIoU(2)` of the masks"), rows
    )


def paint(box: Sequence[float]) -> np.ndarray:
    """A mask (100, 100) of 0, and of 1 within a box of whole pixels."""
    x0, y0, x1, y1 = (int(side) for side in box)
    mask = np.zeros((100, 100), np.int32)
    mask[y0:y1, x0:x1] = 1
    return mask


def suppression() -> str:
    """Three boxes, suppressed in four ways."""
    boxes, scores, labels = [[0, 0, 10, 10], [2, 0, 12, 10], [30, 0, 40, 10]], [0.9, 0.8, 0.7], [0, 1, 0]
    ways = {
        "`nms(boxes, scores)`": (nms(boxes, scores), None),
        "`nms(boxes, scores, labels=labels)`": (nms(boxes, scores, labels=labels), None),
        '`soft_nms(boxes, scores, method="linear")`': soft_nms(boxes, scores, method="linear"),
        '`soft_nms(boxes, scores, method="gaussian")`': soft_nms(boxes, scores, method="gaussian"),
    }
    rows = []
    for call, (kept, lowered) in ways.items():
        left = np.asarray(scores)[kept] if lowered is None else lowered
        rows.append((call, ", ".join(map(str, kept)), ", ".join(f"{score:.2f}" for score in left)))
    share = overlap("iou", boxes[0], boxes[1])
    ranks = ", ".join(map(str, scores))
    head = f"Three boxes of scores {ranks}; the first two have an IoU of {share:.2f} and are of two classes:\n\n"
    return head + table(("call", "stay", "their scores"), rows)


def draw() -> dict[str, bytes]:
    """The pictures by name, as PNG."""
    return {"formats": draw_formats(), "overlaps": draw_overlaps(), "falling": draw_falling()}


def draw_formats() -> bytes:
    """A box on a grid of pixels, with its sides in both ways of counting."""
    with canvas.style():
        fig, axes = canvas.figure(6.4, 4.4)
        width, height = SIZE
        axes.set(xlim=(-0.3, width + 0.3), ylim=(height + 0.3, -0.3), aspect="equal")
        axes.set_xticks(range(width + 1))
        axes.set_yticks(range(height + 1))
        canvas.tidy(axes)
        axes.grid(color=canvas.LINE, linewidth=0.8)
        axes.set_axisbelow(True)
        rectangle(axes, [0, 0, width, height], edgecolor=canvas.GREY, linewidth=1.2)
        rectangle(axes, BOX, facecolor=canvas.SHADES[1], edgecolor=canvas.BLUE, linewidth=2)
        x0, y0, x1, y1 = BOX
        dot(axes, x0, y0, f"x0, y0 = {x0}, {y0}\n(VOC counts: pixel {x0 + 1}, {y0 + 1})", (6, -12), "left")
        dot(axes, x1, y1, f"x1, y1 = {x1}, {y1}\n(VOC counts: pixel {x1}, {y1})", (-6, 12), "right")
        dot(axes, (x0 + x1) / 2, (y0 + y1) / 2, f"cx, cy = {(x0 + x1) / 2:g}, {(y0 + y1) / 2:g}", (6, 0), "left")
        axes.set_title(f"A box in a picture of {width} x {height} pixels: {x1 - x0} wide, {y1 - y0} high")
    return canvas.to_png(fig)


def dot(axes: Axes, x: float, y: float, text: str, away: tuple[float, float], side: str) -> None:
    """A point with its words."""
    axes.plot(x, y, "o", color=canvas.BLUE, markersize=5)
    axes.annotate(text, (x, y), away, textcoords="offset points", ha=side, va="center", fontsize=8)


def draw_overlaps() -> bytes:
    """The five pairs with their figures."""
    with canvas.style():
        fig, row = canvas.figure(canvas.WIDTH, 2.9, 1, len(PAIRS))
        for axes, (name, (a, b)) in zip(row, PAIRS.items(), strict=True):
            axes.set(xlim=(0, 100), ylim=(105, 10), aspect="equal", xticks=[], yticks=[])
            canvas.tidy(axes)
            rectangle(axes, a, facecolor=canvas.SHADES[1], edgecolor=canvas.BLUE, linewidth=1.6)
            rectangle(axes, b, edgecolor=canvas.ORANGE, linewidth=1.6)
            hull = [*np.minimum(a, b)[:2], *np.maximum(a, b)[2:]]
            rectangle(axes, hull, edgecolor=canvas.GREY, linewidth=1, linestyle=":")
            axes.set_title(name, fontsize=8.5)
            lines = [f"{NAMES[kind]}  {overlap(kind, a, b):+.2f}" for kind in OVERLAPS]
            axes.set_xlabel("\n".join(lines), color=canvas.INK)
    return canvas.to_png(fig)


def rectangle(axes: Axes, box: Sequence[float], **look: Any) -> None:
    """A box's outline, or the whole of it where a facecolor is given."""
    from matplotlib.patches import Rectangle

    x0, y0, x1, y1 = box
    axes.add_patch(Rectangle((x0, y0), x1 - x0, y1 - y0, **{"facecolor": "none", **look}))


def draw_falling() -> bytes:
    """How each loss falls: as a box comes nearer, as a small one moves to the middle, as an aspect becomes right."""
    way = np.linspace(0, 1, 241)
    near = np.stack([3 * (1 - way), 0 * way, 3 * (1 - way) + 1, 0 * way + 1], axis=1)
    inner = np.stack([0.35 * way, 0.35 * way, 0.35 * way + 0.3, 0.35 * way + 0.3], axis=1)
    half = 0.5 * 2 ** (1.5 * (1 - way))
    turned = np.stack([0.5 - half, 0.5 - 0.25 / half, 0.5 + half, 0.5 + 0.25 / half], axis=1)
    panels = (
        ("Coming nearer", "distance, in widths", 3 * (1 - way), near),
        (
            "A small box in a large one, to the middle",
            "distance of the centres, in sides",
            0.35 * (1 - way),
            inner,
        ),
        ("Of the right area, turning square", "width by height", 4 * half**2, turned),
    )
    with canvas.style():
        fig, row = canvas.figure(canvas.WIDTH, 3.1, 1, 3)
        for axes, (title, label, x, found) in zip(row, panels, strict=True):
            for place, kind in enumerate(OVERLAPS):
                losses = 1 - pairwise([[0, 0, 1, 1]], found, kind)[0]
                width = 7 - 1.9 * place  # so that lines on one another can all be seen
                axes.plot(x, losses, color=LOOKS[kind], label=f"1 - {NAMES[kind]}", linewidth=width)
            axes.set(xlabel=label, ylim=(-0.03, None))
            axes.invert_xaxis()
            axes.set_title(title, fontsize=8.5)
            canvas.tidy(axes, grid="y")
        row[0].legend(loc="lower left")
    return canvas.to_png(fig)


def overlap(kind: str, a: Sequence[float], b: Sequence[float]) -> float:
    """One measure of one pair."""
    return float(pairwise([a], [b], kind)[0, 0])


def numbers(values: Any) -> str:
    """Numbers as short as they can be."""
    return ", ".join(f"{value:.4g}" for value in values)


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table."""
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (header, ["---"] * len(header), *rows))


MADE = {
    "formats": formats,
    "letterboxes": letterboxes,
    "overlaps": overlaps,
    "pulls": pulls,
    "confused": confused,
    "painted": painted,
    "suppression": suppression,
}


def write(page: str) -> str:
    """The page with what is made between its marks."""
    for name, make in MADE.items():
        before, mark, rest = page.partition(f"<!-- made: {name} -->\n")
        if not mark:
            raise SystemExit(f"{PAGE.name} has no mark <!-- made: {name} -->.")
        page = f"{before}{mark}{make()}\n{rest[rest.index('<!-- end -->') :]}"
    return page


def main(arguments: list[str]) -> int:
    """Write or check; 0 when all is well."""
    old = PAGE.read_text(encoding="utf-8")
    new = write(old)
    if "--check" not in arguments:
        PICTURES.mkdir(parents=True, exist_ok=True)
        for name, picture in draw().items():
            (PICTURES / f"{name}.png").write_bytes(picture)
        PAGE.write_text(new, encoding="utf-8")
        old = new
    print(f"{PAGE.name} is {'' if old == new else 'not '}what the source says")
    return int(old != new)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
