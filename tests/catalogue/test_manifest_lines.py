"""Where a key stands in a TOML text."""

from parts3d.catalogue.manifest_lines import KeyLines


def test_keys_are_found_behind_long_strings_dots_quotes_and_lists() -> None:
    lines = KeyLines(
        'a = """\n[no]\nb = 1 \\"""\n""" # [no]\n'
        "c.d = '''\n]\n'''\n"
        'list = [ # "]\n  "x]", [1],\n]\n'
        '"quoted key" = 1\n'
        "[[t]]\nk = 1\n[[t]]\nk = 2\n[t.inner]\nz = {deep = 1}\n"
    )
    assert lines.line_of(("a",)) == 1
    assert lines.line_of(("b",)) == 1  # there is no b: the file's first line
    assert lines.line_of(("c", "d")) == 5
    assert lines.line_of(("list", 1)) == 8
    assert lines.line_of(("quoted key",)) == 11
    assert lines.line_of(("t", 0, "k")) == 13
    assert lines.line_of(("t", 1, "k")) == 15
    assert lines.line_of(("t", 1, "inner", "z", "deep")) == 17
