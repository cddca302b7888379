import pytest

from boda.metrics.entities import are_entities, entity_tallies, spans


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ("O O", []),
        ("B-PER I-PER O", [("PER", 0, 2)]),
        ("B-PER B-PER", [("PER", 0, 1), ("PER", 1, 2)]),
        ("I-LOC I-LOC", [("LOC", 0, 2)]),
        ("B-PER I-LOC", [("PER", 0, 1), ("LOC", 1, 2)]),
        ("O B-ORG", [("ORG", 1, 2)]),
    ],
)
def test_spans_are_counted_as_conlleval_does(tags, expected):
    assert spans(tags.split()) == expected


@pytest.mark.parametrize(
    ("names", "answer"), [(["O"], False), (["O", "B-PER"], True), (["B-X", "I-X"], True), (["O", "NOUN", "B-X"], False)]
)
def test_tags_mark_entities_where_all_of_them_do(names, answer):
    assert are_entities(names) is answer


def test_an_entity_is_right_in_kind_begin_and_end():
    truth = [["B-PER", "I-PER", "O", "B-LOC"]]
    answer = [["B-PER", "O", "O", "B-LOC"]]

    tallies = entity_tallies(truth, answer)

    assert (tallies.right.sum(), tallies.answered.sum(), tallies.true.sum()) == (1, 2, 2)
    assert tallies.macro_f1() == 0.5
