"""The domain's finished sentences, said in another language."""

from parts3d.promises.snapshot import Refusal, RefusalCode
from parts3d.promises.words import refusal_sentence
from parts3d.sentences import in_language


def french(msgid: str) -> str:
    return {
        "This part is not on sale.": "Cette pièce n'est pas en vente.",
        "{quantity} copies cannot be ordered here. Choose from 1 to {most}.": (
            "Choisissez de 1 à {most} : {quantity}, c'est trop."
        ),
        "{point} is fully booked for the next {days} days. Choose another point.": (
            "{point} est complet pour {days} jours."
        ),
    }.get(msgid, msgid)


def test_a_plain_sentence_is_translated() -> None:
    assert in_language("This part is not on sale.", french) == "Cette pièce n'est pas en vente."


def test_a_sentence_with_figures_keeps_them_where_the_language_wants_them() -> None:
    said = in_language("99 copies cannot be ordered here. Choose from 1 to 10.", french)
    assert said == "Choisissez de 1 à 10 : 99, c'est trop."


def test_a_refusal_that_was_raised_is_recognised_by_its_template() -> None:
    raised = refusal_sentence(
        Refusal("x", RefusalCode.FULLY_BOOKED, {"days": 14, "quantity": 1}),
        point_name="Point 3D Huy",
        _=str,
    )
    assert in_language(raised, french) == "Point 3D Huy est complet pour 14 jours."


def test_an_unknown_sentence_and_an_empty_one_stay_as_they_are() -> None:
    assert in_language("Nobody wrote this.", french) == "Nobody wrote this."
    assert in_language("", french) == ""
