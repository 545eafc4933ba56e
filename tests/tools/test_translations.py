"""The shipped translations: complete, and with the figures of their sentences."""

import io
import re

import pytest
from babel.messages.pofile import read_po

from parts3d.languages import translations
from parts3d.sentences import in_language
from tools.extract_messages import languages, main, missing

HOLE = re.compile(r"%\((\w+)\)s|%\((\w+)\)d|\{(\w+)(?:[:!][^}]*)?\}")


def holes(text: str) -> set[str]:
    return {next(name for name in found if name) for found in HOLE.findall(text)}


def test_no_language_lacks_words_and_no_file_is_stale(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--check"]) == 0, capsys.readouterr().out


@pytest.mark.parametrize("language", [language for language, _ in languages()])
def test_a_translation_has_no_figure_that_its_sentence_lacks(language: str) -> None:
    (path,) = [path for known, path in languages() if known == language]
    text = path.read_text(encoding="utf-8")
    assert missing(text, language) == ()
    wrong = []
    for message in read_po(io.BytesIO(text.encode()), locale=language):
        pair = (message.id, message.id) if isinstance(message.id, str) else message.id
        said = message.string if isinstance(message.string, str) else "".join(message.string or ())
        if pair and pair[0] and not holes(said) <= holes("".join(pair)):
            wrong.append(pair[0])
    assert wrong == []


@pytest.mark.parametrize(
    ("english", "french"),
    [
        ("Left one: the bed is not clear.", "Left one\u00a0: le plateau n\u2019est pas libre."),
        ("Rejected at the check: warped", "Refusée au contrôle\u00a0: warped"),
        (
            "This code does not fit this order. 4 of 5 tries are left.",
            "Ce code ne correspond pas à cette commande. Il reste 4 essais sur 5.",
        ),
        ("Waits for a printer.", "Attend une imprimante."),
    ],
)
def test_staff_read_the_domains_sentences_in_french(english: str, french: str) -> None:
    assert in_language(english, translations("fr").gettext) == french
