"""The head that says where one object is: what it is asked for, in NumPy."""

from __future__ import annotations

import numpy as np

STRIDES = (16,)


def encode_locate(boxes: np.ndarray, labels: np.ndarray, size: int) -> np.ndarray:
    """What the network is asked for: the box in 0 to 1 of the view, and the index of its class, (5,) float32.

    Args:
        boxes: (1, 4) xyxy pixels of the view.
        labels: (1,) class indices.
        size: side of the view, pixels.

    Example:
        >>> encode_locate(np.array([[0, 10, 50, 100]]), np.array([2]), size=100).tolist()
        [0.0, 0.10000000149011612, 0.5, 1.0, 2.0]
    """
    return np.concatenate([np.asarray(boxes, np.float32)[0] / np.float32(size), labels[:1]]).astype(np.float32)
