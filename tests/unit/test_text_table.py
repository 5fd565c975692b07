from betenet.text_table import TextTable

TABLE = TextTable((("name", "<6"), ("K", ">4"), ("note", "")))


def test_names_are_cut_at_their_beginning_and_numbers_never() -> None:
    assert TABLE.row(["folder/Nb.cif", "123456", "a note\x1b"]) == "…b.cif  123456  a note\\x1b"


def test_a_page_cannot_be_broken_by_a_name() -> None:
    assert TABLE.html([("<b>", "1", "")]) == (
        "<table><tr><th>name</th><th>K</th><th>note</th></tr>"
        "<tr><td>&lt;b&gt;</td><td>1</td><td></td></tr></table>"
    )
