"""How long `boda look` takes for N pictures, whole process, its peak memory, and which planted copies it finds.

    python benchmarks/look.py [--sizes 10000 100000] [--threads 2]

Pictures are distinct random low-frequency fields of 64 x 64 pixels; of every 100, one is copied byte for byte, one
re-encoded at quality 50, and one mirrored and re-encoded. Each look runs in a process of its own.
First the command is timed, page and sheet included; then the audit alone runs again, and is asked what it found.
"""

from __future__ import annotations

import argparse
import io
import json
import resource
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
from machine import boda, timed
from PIL import Image, ImageOps

EVERY = 100
KINDS = ("exact", "re-encoded", "mirrored")


def make(folder: Path, n: int) -> None:
    """Write `n` pictures, the copies among them."""
    starts = range(0, n, EVERY)
    with ProcessPoolExecutor() as pool:
        list(pool.map(make_hundred, [folder] * len(starts), starts, [n] * len(starts), chunksize=8))


def make_hundred(folder: Path, start: int, n: int) -> None:
    """Write pictures `start` to `start + 100`; the last three are copies of the first three."""
    rng = np.random.default_rng(start)
    originals = []
    for i in range(start, min(start + EVERY, n)):
        place = i - start - (EVERY - len(KINDS))
        data = copy(KINDS[place], originals[place]) if place >= 0 else encode(field(rng), 90)
        originals.append(data)
        path = folder / ("train" if i % 5 else "val") / "ab"[i % 2] / name(i, place)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


def name(i: int, place: int) -> str:
    """A name that says what was planted: `00000097-exact-of-00000000.jpg`."""
    return f"{i:08d}-{KINDS[place]}-of-{i - (EVERY - len(KINDS)):08d}.jpg" if place >= 0 else f"{i:08d}.jpg"


def field(rng: np.random.Generator) -> Image.Image:
    """A random picture of low frequencies."""
    coarse = rng.integers(0, 256, (8, 8, 3), dtype=np.uint8)
    return Image.fromarray(coarse).resize((64, 64), Image.Resampling.BICUBIC)


def copy(kind: str, data: bytes) -> bytes:
    """`data` copied in this way."""
    if kind == "exact":
        return data
    image = Image.open(io.BytesIO(data))
    return encode(ImageOps.mirror(image) if kind == "mirrored" else image, 50)


def encode(image: Image.Image, quality: int) -> bytes:
    """`image` as JPEG."""
    out = io.BytesIO()
    image.save(out, "JPEG", quality=quality)
    return out.getvalue()


def look(folder: Path, threads: int | None) -> dict[str, object]:
    """Audit `folder` in this process, and measure."""
    from boda.data.audit import audit
    from boda.data.folders import walk

    began = time.perf_counter()
    with audit(walk(folder), threads=threads) as found:
        looked = time.perf_counter() - began
        summary = found.to_json()
        seconds, cpu = time.perf_counter() - began, time.process_time()
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 if sys.platform != "darwin" else 1024**2)
        groups = [{Path(member.name).name[:8] for member in group} for group in shared_groups(found)]
    planted = {kind: [path.name for path in folder.rglob(f"*-{kind}-of-*")] for kind in KINDS}
    of = {number: i for i, group in enumerate(groups) for number in group}
    recall = {
        k: sum(of.get(p[:8], -1) == of.get(p[-12:-4], -2) for p in v) / max(1, len(v)) for k, v in planted.items()
    }
    wrong = sum(len(group) for group in groups) - len(groups) - sum(map(len, planted.values()))
    return {
        "pictures": summary["n"],
        "seconds": round(seconds, 1),
        "seconds_reading": round(looked, 1),
        "cpu_seconds": round(cpu, 1),
        "peak_mb": round(peak),
        "recall": recall,
        "wrong": wrong,
    }


def shared_groups(found: object) -> list[tuple]:
    """Groups of copies, exact and near ones united."""
    from boda.data.groups import shared

    return list(found.members(shared(found.groups.all)))


def main() -> None:
    """Make, look, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=[10_000, 100_000])
    parser.add_argument("--threads", type=int)
    parser.add_argument("--look", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.look:
        print(json.dumps(look(args.look, args.threads)))
        return
    print("| pictures | boda look | CPU | peak | audit alone | its peak | planted copies found | wrong |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    for n in args.sizes:
        with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as out:
            make(Path(folder), n)
            threads = ["--threads", str(args.threads)] if args.threads else []
            command = timed(boda("--quiet", "look", folder, "--out", Path(out), "--json"))
            found = json.loads(subprocess.check_output([sys.executable, __file__, "--look", folder, *threads]))
            recall = ", ".join(f"{kind} {share:.0%}" for kind, share in found["recall"].items())
            print(
                f"| {n:,} | {command.wall:.1f} s | {command.cpu:.1f} s | {command.peak:.0f} MB "
                f"| {found['seconds']} s | {found['peak_mb']} MB | {recall} | {found['wrong']} |"
            )


if __name__ == "__main__":
    main()
