"""The effects of one sample, done: neighbouring moves as one resampling, neighbouring tones as one pass."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from boda.augment import affine, tone
from boda.augment.effects import Effect, Move, Tone
from boda.augment.shrink import shrink
from boda.augment.warp import warp

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


def render(image: np.ndarray, plan: Sequence[Effect], out: np.ndarray | None = None) -> np.ndarray:
    """Apply what `arrange` made of a sample's effects to `image` (h, w, c); float32 (h', w', c), in `out` if given."""
    moves = [i for i, effect in enumerate(plan) if isinstance(effect, Move)]
    last_move = moves[-1] if moves else -1
    fresh = False  # whether `pixels` is ours to write into
    pixels, tones = image, []
    for i, effect in enumerate(plan):
        if isinstance(effect, Tone):
            tones.append(effect)
            continue
        if tones:
            pixels, fresh, tones = _recolour(pixels, tones, None, fresh=fresh), True, []
        if isinstance(effect, Move):
            pixels = _resample(pixels, effect, out if i == last_move else None)
        else:
            pixels = effect.paint(pixels if fresh and pixels is not out else pixels.astype(np.float32))
        fresh = True
    if tones:
        pixels, fresh = _recolour(pixels, tones, out, fresh=fresh), True
    return _hand_over(pixels, out, fresh=fresh)


def arrange(effects: Iterable[Effect]) -> list[Effect]:
    """Join moves with moves, also across rescalings, which commute with them; the rest keeps its order."""
    plan: list[Effect] = []
    for effect in effects:
        joined = _join(plan, effect) if isinstance(effect, Move) else None
        plan = [*plan, effect] if joined is None else joined
    return plan


def _join(plan: list[Effect], move: Move) -> list[Effect] | None:
    """`plan` with `move` brought into its last Move, or None where it has to stay behind it."""
    behind: list[Effect] = []
    for place in range(len(plan) - 1, -1, -1):
        effect = plan[place]
        if isinstance(effect, Move):
            joined = effect.then(move)
            return None if joined is None else [*plan[:place], joined, *behind]
        if not isinstance(effect, Tone) or effect.linear is None:
            return None
        gain, offset = effect.linear
        move = replace(move, fill_value=(move.fill_value - offset) / gain)
        behind = [effect, *behind]
    return [move, *behind] if behind else None


def _resample(pixels: np.ndarray, move: Move, out: np.ndarray | None) -> np.ndarray:
    if move.antialias:
        return _hand_over(shrink(pixels, move.matrix, move.size, move.order or 1, move.fill_value), out, fresh=True)
    back = affine.sampling_matrix(move.matrix)
    if move.order is None:
        return _copy(_cut(pixels, back, move.size), out)
    if move.order == 0:
        moved = warp(
            pixels, back, move.size, fill_mode=move.fill_mode or "nearest", fill_value=move.fill_value, order=0
        )
        return _hand_over(moved, out, fresh=True)
    return warp(
        pixels,
        back,
        move.size,
        fill_mode=move.fill_mode or "nearest",
        fill_value=move.fill_value,
        order=move.order,
        out=None if out is None or np.shares_memory(out, pixels) else out,
    )


def _cut(pixels: np.ndarray, back: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """The window of `size` (h, w) whose pixels `back`, of whole numbers, names; a view, mirrored where it says so."""
    (across, _, left), (_, along, top), _ = np.rint(back).astype(int).tolist()
    left, top = min(left, left + across * (size[1] - 1)), min(top, top + along * (size[0] - 1))
    return pixels[top : top + size[0], left : left + size[1]][::along, ::across]


def _copy(view: np.ndarray, out: np.ndarray | None) -> np.ndarray:
    if view.strides[1] > 0:
        return _hand_over(view, out, fresh=False)
    from boda.augment import warp_kernels  # NumPy takes three times as long where columns run backwards

    free = np.empty(view.shape, np.float32) if out is None or np.shares_memory(out, view) else out
    warp_kernels.copy_flat(view, free.reshape(-1))
    return _hand_over(free, out, fresh=True)


def _recolour(pixels: np.ndarray, tones: list[Tone], out: np.ndarray | None, *, fresh: bool) -> np.ndarray:
    if not fresh or pixels.dtype != np.float32 or not pixels.flags.c_contiguous:
        pixels = _hand_over(pixels, out, fresh=False)
    tone.apply(pixels, tone.join(tones))
    return pixels


def _hand_over(pixels: np.ndarray, out: np.ndarray | None, *, fresh: bool) -> np.ndarray:
    """`pixels` as contiguous float32 that is ours, in `out` where that is given."""
    if out is not None:
        if pixels is not out:
            out[...] = pixels
        return out
    if fresh and pixels.dtype == np.float32 and pixels.flags.c_contiguous:
        return pixels
    return np.array(pixels, np.float32, order="C")
