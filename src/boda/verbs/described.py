"""What a Run says of its training before anything costly begins."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from importlib import metadata
from typing import TYPE_CHECKING, Any

from boda.models import backbones

if TYPE_CHECKING:
    from boda.data.box_view import BoxView
    from boda.data.view import View
    from boda.recipe import Recipe
    from boda.run import Run
    from boda.verbs.material import Material

PACKAGES = ("boda", "keras", "numpy", "openvino", "pillow", "scikit-learn", "scipy")


def describe(
    run: Run,
    recipe: Recipe,
    material: Material,
    view: View | BoxView,
    *,
    source: str,
    reading: dict[str, Any],
    on_bad: str = "skip",
) -> None:
    """Write down what is trained on what."""
    backbone = backbones.get(recipe.backbone)
    run.update(
        classes=list(material.dataset.classes),
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        data=source,
        reading=reading,
        on_bad=on_bad,
        fingerprint=material.fingerprint,
        backbone={
            "name": backbone.name,
            "title": backbone.title,
            "params": round(backbone.params * 1e6),
            "size": view.size,
            "features": backbone.features,
        },
        view=asdict(view),
        precision=recipe.precision,
        versions={name: metadata.version(name) for name in PACKAGES},
    )
    run.write_text("recipe.toml", recipe.to_toml())
    run.write_json("data.json", material.scanned.to_json(material.dataset, material.split))
    run.write_text("bad_files.csv", material.scanned.bad_csv(material.dataset))
    run.write_json("split.json", material.split.to_json())  # last: by it --resume knows that all of this is there
