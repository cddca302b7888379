"""A few sequences of each task, written as a person has them, and what trains on them within seconds."""

import datetime as dt

import numpy as np

SMALL = {
    "classify": {"units": 8, "epochs": 2, "embedding": 4},
    "regress": {"units": 8, "epochs": 2, "embedding": 4},
    "tag": {"units": 8, "epochs": 2, "embedding": 4},
    "language": {"units": 8, "epochs": 2, "embedding": 4, "batch_size": 8},
    "lines": {"units": 8, "epochs": 2, "embedding": 4},
    "music": {"units": 8, "epochs": 2},
    "pairs": {"units": 8, "epochs": 2, "embedding": 4},
    "forecast": {"units": 8, "epochs": 2, "context": 14, "horizon": 3, "season": 7},
}
READING = {
    "regress": {"task": "regress", "label_column": "letters"},
    "language": {"task": "language"},
    "lines": {"task": "language"},
}
SYLLABLES = {"German": ("berg", "sch", "mann", "feld"), "Korean": ("kim", "ho", "seo", "yun")}
WORDS = {"the": "O", "went": "O", "saw": "O", "kim": "B-PER", "anna": "B-PER", "seoul": "B-LOC", "paris": "B-LOC"}
SONG = "the sea is wide, the sea is deep,\nand all the little fishes sleep.\n"


def names_of(label, count, seed=0):
    """Names that sound like `label`, all different."""
    rng, found = np.random.default_rng([seed, *label.encode()]), {}
    while len(found) < count:
        found["".join(rng.choice(SYLLABLES[label], rng.integers(2, 5))).capitalize()] = None
    return [*found]


def write_names(folder, count=20, seed=0):
    """FOLDER/LABEL.txt with a name a line."""
    folder.mkdir()
    for label in SYLLABLES:
        (folder / f"{label}.txt").write_text("\n".join(names_of(label, count, seed)) + "\n", "utf-8")
    return folder


def write_lengths(path, count=30):
    """Texts and how many letters they have."""
    rows = [(name, float(len(name))) for label in SYLLABLES for name in names_of(label, count // 2)]
    path.write_text("text,letters\n" + "".join(f"{text},{value}\n" for text, value in rows), "utf-8")
    return path


def write_tags(path, count=30):
    """Sentences with a token and a tag a line."""
    rng = np.random.default_rng(0)
    sentences = [rng.choice([*WORDS], rng.integers(3, 7)) for _ in range(count)]
    path.write_text("\n\n".join("\n".join(f"{w} {WORDS[w]}" for w in words) for words in sentences) + "\n", "utf-8")
    return path


def write_song(path, times=40):
    """One long text."""
    rng = np.random.default_rng(0)
    path.write_text("".join(SONG.replace("wide", rng.choice(["wide", "blue"])) for _ in range(times)), "utf-8")
    return path


def write_rolls(path, count=12, keys=6):
    """Pieces of rising keys, a .npz file with the parts that JSB Chorales have."""
    rng = np.random.default_rng(0)
    pieces = [np.eye(keys, dtype=np.uint8)[(np.arange(12) + rng.integers(keys)) % keys] for _ in range(count)]
    parts = ["train"] * (count - 4) + ["valid"] * 2 + ["test"] * 2
    np.savez(path, **{f"{part}_{i}": piece for i, (part, piece) in enumerate(zip(parts, pieces, strict=True))})
    return path


def write_pairs(path, count=40):
    """Words and the same backwards."""
    words = [name.lower() for label in SYLLABLES for name in names_of(label, count // 2)]
    path.write_text("source\ttarget\n" + "".join(f"{word}\t{word[::-1]}\n" for word in words), "utf-8")
    return path


def write_series(path, days=150, first=dt.date(2020, 1, 1), seed=0):
    """Two channels with a week's rhythm."""
    rng = np.random.default_rng(seed)
    rows = ["date,sales,visits"]
    for day in range(days):
        wave = np.sin(2 * np.pi * day / 7)
        sales, visits = 100 + 20 * wave + rng.normal(0, 2), 50 - 10 * wave + rng.normal(0, 2)
        rows.append(f"{first + dt.timedelta(days=day)},{sales:.2f},{visits:.2f}")
    path.write_text("\n".join(rows) + "\n", "utf-8")
    return path


WRITERS = {
    "classify": ("names", write_names),
    "regress": ("lengths.csv", write_lengths),
    "tag": ("tags.conll", write_tags),
    "language": ("song.txt", write_song),
    "lines": ("lines", write_names),
    "music": ("rolls.npz", write_rolls),
    "pairs": ("pairs.tsv", write_pairs),
    "forecast": ("sales.csv", write_series),
}


def write(kind, folder):
    """The data of a task (or of "lines", a language of lines with labels) below `folder`; its path."""
    name, writer = WRITERS[kind]
    return writer(folder / name)
