"""`boda cache`: where kept networks and features are, how large, and how to clear them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from boda.training.cache import FeatureStore, cache_folder, cache_limit, cache_size, clear_cache

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Cache:
    """What is kept: the folder, its bytes, how many feature vectors, and the limit of these in bytes."""

    folder: Path
    size: int
    vectors: int
    limit: int


def cache(*, clear: bool = False) -> Cache:
    """What boda keeps between trainings; with `clear`, after it was removed."""
    if clear:
        clear_cache()
    return Cache(cache_folder(), cache_size(), FeatureStore.default().count(), cache_limit())
