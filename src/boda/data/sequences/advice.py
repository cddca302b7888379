"""An audit of sequences to advice: what to mend before training, in words for someone who trains a first model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from boda.data.sequences.season import candidates

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

FEW = 10  # sequences in a class
UNEVEN = 5.0  # times the smallest class
LONG = 500  # steps, beyond which a recurrent network hardly remembers
UNEVEN_LENGTHS = 10.0  # times the middle length
SHORT_TEXT = 100_000  # characters, below which little language is learned
FEW_SEASONS = 3


def advice(audit: Mapping[str, Any]) -> list[str]:
    """One sentence or two for each thing to mend, the gravest first; nothing where all is well.

    `audit` is what `audit_sequences` gives, without its warnings.
    """
    return [
        *_about_rows(audit),
        *_about_copies(audit),
        *_about_classes(audit),
        *_about_lengths(audit),
        *_about_series(audit),
    ]


def _about_rows(audit: Mapping[str, Any]) -> Iterator[str]:
    number = audit["bad_count"]
    if number:
        first = audit["bad"][0]
        subject = "1 line or file has damage" if number == 1 else f"{number} lines or files have damage"
        yield f"{subject}, such as {first['name']} ({first['reason']}). Mend them, or go on without."


def _about_copies(audit: Mapping[str, Any]) -> Iterator[str]:
    leaks, conflicts, copies = (audit.get(f"{what}_count", 0) for what in ("leaks", "conflicts", "duplicates"))
    if leaks:
        inside, outside = audit["leaks"][0]
        yield (
            f"{_sequences(leaks)} in training and outside it alike, such as {inside} and {outside}. The score on them "
            "will be too good. Keep each in one part, or give no parts and let boda split."
        )
    if conflicts:
        first = " and ".join(audit["conflicts"][0][:2])
        yield (
            f"{_sequences(conflicts)} there with different answers, such as {first}. No model can be right on all of "
            "them. Are the answers wrong, or is more than one right?"
        )
    if copies > audit["n"] / 2:
        yield f"{copies} of {audit['n']} sequences are copies of others: there is less to learn from than it seems."


def _about_classes(audit: Mapping[str, Any]) -> Iterator[str]:
    counts: dict[str, int] = audit.get("classes", {})
    if audit["task"] == "language" or not counts:
        return
    few = sorted((number, name) for name, number in counts.items() if number < FEW)
    if few:
        listed = ", ".join(f"{name} ({number})" for number, name in few[:3]) + (" and more" if len(few) > 3 else "")
        yield f"Few examples of {listed}. Add some: {FEW} a class are little, 50 are a good beginning."
    most, least = max(counts, key=lambda name: counts[name]), min(counts, key=lambda name: counts[name])
    if audit["task"] == "classify" and counts[most] >= UNEVEN * counts[least]:
        yield (
            f"{most} has {counts[most] / counts[least]:.0f} times as many sequences as {least}, so a model does well "
            f"by guessing {most}. Add sequences of {least}, and read the score of each class, not only the accuracy."
        )


def _about_lengths(audit: Mapping[str, Any]) -> Iterator[str]:
    lengths, task, unit = audit["lengths"], audit["task"], audit["unit"]
    if task in {"classify", "regress", "tag", "pairs"}:
        if lengths["most"] > LONG:
            yield (
                f"The longest sequence has {lengths['most']} {unit}, and a recurrent network hardly remembers over "
                f"{LONG} steps. Cut them (length in the recipe){', or read words' if unit == 'characters' else ''}."
            )
        elif lengths["most"] > UNEVEN_LENGTHS * max(1.0, lengths["median"]):
            yield (
                f"Lengths are mixed: {lengths['median']:.0f} {unit} at the median, {lengths['most']} at most. Most of "
                "the work will be on the few long ones; cut them (length in the recipe)."
            )
    if task == "language" and unit == "characters" and audit["steps"] < SHORT_TEXT:
        yield (
            f"There are {audit['steps']:,} characters in all, from which a model learns how words are spelled, but "
            f"hardly more. {SHORT_TEXT:,} are a beginning."
        )
    alphabet = audit.get("alphabet", {})
    if unit == "words" and alphabet and alphabet["once"] > alphabet["size"] / 2:
        yield (
            f"{alphabet['once']} of {alphabet['size']} words occur once, so that little can be learned of them. "
            'Where spelling tells enough, read characters: tokens="characters".'
        )


def _about_series(audit: Mapping[str, Any]) -> Iterator[str]:
    for entry in audit.get("series", ())[:20]:
        known = candidates(entry["step"])
        if entry["missing"]:
            yield f"{entry['missing']} of {entry['n']} values of {_called(entry)} were missing and have been filled in."
        if entry["least"] == entry["most"]:
            yield f"{_called(entry)} is the same at all times, so that there is nothing to forecast. Leave it out."
        elif known and entry["n"] < FEW_SEASONS * known[0]:
            yield (
                f"{_called(entry)} has {entry['n']} values, fewer than {FEW_SEASONS} seasons of {known[0]}, so that a "
                "season can neither be learned nor measured. Add older values."
            )


def _called(entry: Mapping[str, Any]) -> str:
    return f"{entry['name']} ({entry['channel']})"


def _sequences(number: int) -> str:
    return "1 sequence is" if number == 1 else f"{number} sequences are"
