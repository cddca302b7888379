"""Draws calmly: the report's colours and fonts, new matplotlib figures, and these as PNG bytes or inline SVG.

Nothing here touches matplotlib's global settings, and pyplot is never imported.
"""

from __future__ import annotations

import contextlib
import functools
import io
import logging
import re
import warnings
from typing import TYPE_CHECKING, Any

from boda.reports.words import clean

if TYPE_CHECKING:
    from collections.abc import Iterator

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK, MUTED, LINE = "#1f2933", "#66727f", "#dfe3e8"
BLUE, ORANGE, GREEN, PURPLE, GREY = "#2166ac", "#d9730d", "#1b8a6b", "#8a5aa8", "#aab4bf"
PARTS = {"train": BLUE, "val": ORANGE, "test": PURPLE}
SHADES = ("#f4f6f8", "#d6e5f3", "#8db8dc", "#3f83bd", "#12467f")  # for shares, from 0 to 1
DPI = 110
WIDTH = 9.8  # inches, the width of the report's column

# The browser takes the page's own font; matplotlib needs names that are installed, for PNGs and for measuring.
_FAMILIES = (
    "DejaVu Sans",
    "NanumGothic",
    "Noto Sans CJK KR",
    "Noto Sans KR",
    "Malgun Gothic",
    "Apple SD Gothic Neo",
    "Noto Sans CJK JP",
    "Noto Sans CJK SC",
    "Microsoft YaHei",
    "PingFang SC",
    "WenQuanYi Micro Hei",
    "Unifont",
)


@contextlib.contextmanager
def style() -> Iterator[None]:
    """The report's settings, for drawing and for saving; glyphs that no font has become boxes, silently."""
    import matplotlib as mpl

    with mpl.rc_context(_settings()), warnings.catch_warnings(), _quiet_fonts():
        warnings.filterwarnings("ignore", message=r".*(Glyph|glyph|Matplotlib currently does not support).*")
        yield


def figure(width: float, height: float, rows: int = 1, columns: int = 1, **grid: Any) -> tuple[Figure, Any]:
    """A figure of `width` by `height` inches, and its axes as `Figure.subplots` gives them; call it within `style`."""
    from matplotlib.figure import Figure

    fig = Figure(figsize=(width, height), dpi=DPI, layout="constrained")
    return fig, fig.subplots(rows, columns, **grid)


def to_png(fig: Figure) -> bytes:
    """The figure as PNG, at 110 dots an inch."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    with style():
        _lay_out(fig)
        buffer = io.BytesIO()
        FigureCanvasAgg(fig).print_png(buffer, metadata={"Software": None})  # type: ignore[no-untyped-call]
    return buffer.getvalue()


def to_svg(fig: Figure, name: str = "figure") -> str:
    """The figure as an `<svg>` element to stand in HTML: text as text, every id prefixed by `name`, no dates."""
    from matplotlib.backends.backend_svg import FigureCanvasSVG

    with style():
        _lay_out(fig)
        buffer = io.StringIO()
        undated = dict.fromkeys(("Date", "Creator", "Format", "Type"))
        FigureCanvasSVG(fig).print_svg(buffer, metadata=undated)  # type: ignore[no-untyped-call]
    svg = buffer.getvalue()
    svg = re.sub(r"<metadata>.*?</metadata>|<!--.*?-->", "", svg[svg.index("<svg") :], flags=re.DOTALL)
    return re.sub(r"<[^>]+>", lambda tag: _prefix_ids(tag[0], name), svg)


def label(text: object, limit: int = 28) -> str:
    """A class name short enough for an axis."""
    return clean(text, limit)


def tidy(axes: Axes, *, grid: str = "") -> None:
    """Leave only what carries meaning: no frame, no ticks, and grid lines along `grid` ("x", "y" or none)."""
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
    if grid:
        axes.grid(axis=grid, color=LINE, linewidth=0.8)  # type: ignore[arg-type]
        axes.set_axisbelow(True)


def beside(axes: Axes, x: float, y: float, text: str, **look: Any) -> None:
    """Write `text` a little to the right of a point."""
    axes.annotate(text, (x, y), xytext=(5, 0), textcoords="offset points", va="center", **look)


def percent_axis(axis: Any) -> None:
    """Write an axis of shares, 0 to 1, as percent: ticks at whole ones, with a decimal only where all lie closer."""
    from matplotlib.ticker import MaxNLocator

    axis.set_major_locator(MaxNLocator(nbins=7, steps=[1, 2, 5, 10]))
    axis.set_major_formatter(lambda share, _: f"{100 * share:.{_decimals(axis)}f} %")


def _decimals(axis: Any) -> int:
    """How many decimals keep the ticks of an axis of percent apart."""
    return int(any(abs(100 * tick - round(100 * tick)) > 1e-6 for tick in axis.get_majorticklocs()))


@contextlib.contextmanager
def _quiet_fonts() -> Iterator[None]:
    """Keep matplotlib from logging that a fallback font has no bold face."""
    logger = logging.getLogger("matplotlib.font_manager")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)


@functools.cache
def _settings() -> Any:
    from matplotlib.font_manager import fontManager

    there = {font.name for font in fontManager.ttflist}
    return {
        "font.family": [name for name in _FAMILIES if name in there][:3] or ["sans-serif"],
        "font.size": 9,
        "axes.titlesize": 10,
        "axes.titleweight": "bold",
        "axes.titlelocation": "left",
        "axes.labelcolor": MUTED,
        "axes.unicode_minus": False,
        "legend.frameon": False,
        "legend.fontsize": 9,
        "text.color": INK,
        "text.parse_math": False,
        "text.usetex": False,
        "xtick.color": MUTED,
        "ytick.color": INK,
        "svg.fonttype": "none",
        "svg.hashsalt": "boda",
        "figure.facecolor": "white",
        "savefig.facecolor": "white",
    }


def _lay_out(fig: Figure) -> None:
    """Place everything once, so that the second format need not do it again."""
    engine = fig.get_layout_engine()
    if engine is not None:
        engine.execute(fig)
        fig.set_layout_engine("none")


def _prefix_ids(tag: str, name: str) -> str:
    return re.sub(r'(\bid="|url\(#|href="#)', rf"\g<1>{name}-", tag)
