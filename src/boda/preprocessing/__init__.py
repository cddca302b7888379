"""The face that Keras's users know: `image` in the place of `tensorflow.keras.preprocessing.image`, and `to_keras`."""

from __future__ import annotations

from typing import Any

__all__ = ["image", "to_keras"]


def __getattr__(name: str) -> Any:
    """Import a part when it is first used."""
    import importlib

    if name == "to_keras":
        return importlib.import_module("boda.preprocessing.to_keras").to_keras
    if name == "image":
        return importlib.import_module("boda.preprocessing.image")
    raise AttributeError(f"module 'boda.preprocessing' has no attribute {name!r}")
