"""Findings on boxes to advice: what to mend or to know before training, in words for who trains a first detector."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

FEW = 50  # boxes of a class
UNEVEN = 5.0  # times the smallest class
CUT_OFF = 0.3  # the share of boxes at the picture's edge from which it is worth a word
SMALL = 0.25  # the share of tiny boxes from which a larger network size helps more than a look at each


def box_advice(found: Mapping[str, Any], network: Mapping[str, Any]) -> list[str]:
    """One sentence or two for each thing, the gravest first; nothing where all is well.

    Args:
        found: what `boda.data.box_findings.findings` gives.
        network: `size` and `resize`, as the usual recipe has them.
    """
    odd = found["odd"]
    return [*_about_files(found), *_about_marks(odd), *_about_classes(found), *_about_sizes(found, odd, network)]


def _about_files(found: Mapping[str, Any]) -> Iterator[str]:
    if n := found["other_bad_count"]:
        first = found["other_bad"][0]
        yield (
            f"{_many(n, 'file or row', 'files or rows')} cannot be used, such as {first['name']} "
            f"({first['reason']}). All are in bad_files.csv with their reasons."
        )
    if n := found["unlabelled_count"]:
        named = _some(found["unlabelled"], n)
        yield (
            f"{_many(n, 'picture')} without a box ({named}), so a model learns that nothing is to be found there. "
            "Look at them: is an object unmarked?"
        )


def _about_marks(odd: Mapping[str, Any]) -> Iterator[str]:
    dropped = [kind for kind in ("not finite", "inverted", "zero area", "outside") if odd[kind]["count"]]
    if dropped:
        n = sum(odd[kind]["count"] for kind in dropped)
        yield (
            f"{_many(n, 'box', 'boxes')} cannot be used and {_was(n)} dropped ({', '.join(dropped)}), such as "
            f"{_first(odd[dropped[0]])}. Mend them where they were drawn, or their objects count as background."
        )
    if n := odd["duplicated"]["count"]:
        yield (
            f"{_many(n, 'object')} {_was(n)} marked twice, such as {_first(odd['duplicated'])}. Remove one of each; "
            "the second counts as missed, however good the model is."
        )
    if n := odd["partly outside"]["count"]:
        yield (
            f"{_many(n, 'box', 'boxes')} reached beyond the picture and {_was(n)} clipped, such as "
            f"{_first(odd['partly outside'])}. Was the picture scaled or cropped after it was marked?"
        )
    if n := odd["nested"]["count"]:
        yield (
            f"{_many(n, 'box lies', 'boxes lie')} within another of the same class, such as {_first(odd['nested'])}. "
            "Look at them: one object behind another is fine, a part of an object, or a group marked as one, is not."
        )


def _about_classes(found: Mapping[str, Any]) -> Iterator[str]:
    counts = _by_class(found["counts"])
    few = sorted((n, name) for name, n in counts.items() if 0 < n < FEW)
    if few:
        listed = ", ".join(f"{name} ({n})" for n, name in few[:3]) + (" and more" if len(few) > 3 else "")
        yield f"Few boxes of {listed}. Add some: {FEW} a class are little, 200 are a good beginning."
    never = [name for name, n in counts.items() if not n]
    if never:
        yield f"No picture has a box of {_some(never, len(never))}. Add some, or take the name out of the classes."
    lacking = [each for each in found["absent"] if counts[each["class"]]]
    if lacking:
        where = "; ".join(f"{each['class']} in {each['part']}" for each in lacking[:3])
        more = f" and {len(lacking) - 3} more" if len(lacking) > 3 else ""
        yield (
            f"No boxes of {where}{more}. What is not in train is not learnt; what is not in val or test is not "
            "measured. Move pictures between the parts."
        )
    there = {name: n for name, n in counts.items() if n}
    if there and max(there.values()) >= UNEVEN * min(there.values()):
        most, least = max(there, key=lambda name: there[name]), min(there, key=lambda name: there[name])
        ratio = there[most] / there[least]
        yield (
            f"{most} has {ratio:.0f} times as many boxes as {least}. AP counts each class alike, so {least} weighs as "
            f"much as {most} and is measured least surely. Add pictures of {least}."
        )


def _about_sizes(found: Mapping[str, Any], odd: Mapping[str, Any], network: Mapping[str, Any]) -> Iterator[str]:
    n = odd["tiny"]["count"]
    if n and n >= SMALL * found["n"]:
        yield (
            f"{_many(n, 'box', 'boxes')} of {found['n']:,} are tiny once a picture is brought to {network['size']} "
            f"pixels. Train at a larger size (--set size={2 * network['size']}), or cut the pictures into tiles."
        )
    elif n:
        yield (
            f"{_many(n, 'box is', 'boxes are')} tiny once a picture is brought to {network['size']} pixels, such as "
            f"{_first(odd['tiny'])}. A slip of the mouse? Remove it; an object? Few models will find it."
        )
    share = found["at_border_share"]
    if share >= CUT_OFF:
        yield (
            f"{100 * share:.0f} % of the boxes touch the picture's edge: their objects are cut off, or fill the "
            "picture. A model will be used to that; see that the pictures it is meant for are alike."
        )


def _by_class(counts: Mapping[str, Mapping[str, int]]) -> dict[str, int]:
    names = dict.fromkeys(name for part in counts.values() for name in part)
    return {name: sum(part.get(name, 0) for part in counts.values()) for name in names}


def _first(odd: Mapping[str, Any]) -> str:
    one = odd["listed"][0]
    return f"{one['file']}, {one['object']} ({one['label']}: {one['what']})"


def _some(names: Sequence[str], n: int) -> str:
    return ", ".join(names[:3]) + (f" and {n - 3:,} more" if n > 3 else "")


def _many(n: int, one: str, many: str = "") -> str:
    return f"{n:,} {one if n == 1 else many or one + 's'}"


def _was(n: int) -> str:
    return "was" if n == 1 else "were"
