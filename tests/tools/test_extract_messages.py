"""Collecting message ids, and what a translation file lacks."""

from pathlib import Path

from tools.extract_messages import missing, python_ids, template, template_ids, updated


def package(folder: Path) -> Path:
    """A package that says four things."""
    (folder / "templates").mkdir(parents=True)
    (folder / "templates" / "page.html").write_text(
        '{{ _("Hello %(name)s", name="x") }}{{ ngettext("%(num)d part", "%(num)d parts", 2) }}'
    )
    (folder / "rules.py").write_text(
        'raise Conflict("It is too late.")\nmove(reason="Waits for a printer.")\n'
    )
    return folder


def test_ids_come_from_templates_errors_and_reasons(tmp_path: Path) -> None:
    found = template(package(tmp_path / "shop"))
    for identity in ("Hello %(name)s", "It is too late.", "Waits for a printer."):
        assert identity in found
    assert found["%(num)d part"].id == ("%(num)d part", "%(num)d parts")


def test_a_sentence_with_figures_in_it_is_no_id() -> None:
    assert list(python_ids('raise Conflict(f"{count} are open. " "Close one.")')) == []
    assert list(python_ids('_("One " "sentence.")')) == ["One sentence."]
    assert list(python_ids('raise Conflict("Say why.", place="reason")')) == ["Say why."]


def test_template_ids_are_read_from_calls_inside_expressions() -> None:
    assert list(template_ids(b'{{ {"a": _("one")}[x] }}{% set y = _("two") %}')) == ["one", "two"]


def test_an_update_keeps_words_adds_ids_and_drops_what_nobody_says(tmp_path: Path) -> None:
    words = template(package(tmp_path / "shop"))
    old = updated("", words, "fr").replace(
        'msgid "It is too late."\nmsgstr ""', 'msgid "It is too late."\nmsgstr "Trop tard."'
    )
    old += '\nmsgid "Gone long ago"\nmsgstr "Parti"\n'
    new = updated(old, words, "fr")
    assert 'msgstr "Trop tard."' in new
    assert "Gone long ago" not in new
    assert updated(new, words, "fr") == new
    assert "It is too late." not in missing(new, "fr")
    assert "Waits for a printer." in missing(new, "fr")


def test_a_plural_with_one_form_only_is_missing(tmp_path: Path) -> None:
    new = updated("", template(package(tmp_path / "shop")), "fr")
    half = new.replace('msgstr[0] ""', 'msgstr[0] "%(num)d pièce"')
    assert "%(num)d part" in missing(half, "fr")
    assert "%(num)d part" not in missing(
        half.replace('msgstr[1] ""', 'msgstr[1] "%(num)d pièces"'), "fr"
    )
