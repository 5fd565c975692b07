"""The page in a browser: what a visitor does, and what can go wrong."""

import io
import json
import os
import shutil
import time
from pathlib import Path

import pytest
from PIL import Image
from tests.browser import NAMES, Browser
from tests.unit.app.conftest import Visitor

pytestmark = pytest.mark.browser

ITEMS = "[...document.querySelectorAll('.items .item')].map(i => i.innerText)"


def test_a_crystal_is_predicted_and_the_slider_moves_every_tc(visitor, browser):
    browser.call("Network.enable")
    visitor.open()
    visitor.press("Nb3Sn")
    browser.wait("document.querySelector('section[aria-label=Methods]')")
    first = visitor.tc()
    methods = "[...document.querySelectorAll('section[aria-label=Methods] tbody td')]"
    methods += ".map(t => Number(t.innerText))"
    before = browser.evaluate(methods)
    visitor.slide("Coulomb", 0.2)
    browser.wait("document.querySelector('caption').innerText.includes('0.20')")
    assert visitor.tc() < first
    assert len(before) == 6
    assert all(new < old for new, old in zip(browser.evaluate(methods), before, strict=True))
    assert "Pm-3n (223)" in visitor.text("section[aria-label^=What]")
    assert "--mu-star 0.2" in visitor.text(".command")
    asked = [
        event["params"]["request"]["url"]
        for event in browser.events
        if event.get("method") == "Network.requestWillBeSent"
    ]
    assert len(asked) > 5
    assert all(url.startswith((visitor.address, "data:", "blob:")) for url in asked)
    assert browser.complaints == []
    browser.call("Network.disable")


@pytest.mark.slow
def test_wrong_files_are_told_and_the_others_are_read(visitor, browser, wrong_files):
    visitor.open()
    names = [path.name for path in wrong_files]
    browser.give_files(wrong_files)
    browser.wait("!document.querySelector('.busy') && document.querySelector('.item')")
    items = browser.evaluate(ITEMS)
    wrong = browser.evaluate("document.querySelectorAll('.item.wrong').length")
    assert len(items) >= len(names)
    assert 10 < wrong < len(items)
    browser.evaluate("document.querySelector('.item.wrong button').click()")
    error = visitor.text(".error")
    assert error.count("\n") >= 1  # what, and why or what to do
    assert browser.complaints == []


def test_a_link_restores_the_view(visitor, browser, vanadium_silicide, tmp_path):
    mine = tmp_path / "mine.cif"
    mine.write_bytes(vanadium_silicide)
    visitor.open()
    browser.give_files([mine])
    browser.wait("document.querySelector('section[aria-label=Methods]')")
    visitor.slide("Coulomb", 0.16)
    visitor.tab("keep")
    browser.wait("location.hash.includes('tab=keep') && location.hash.includes('mu=0.16')")
    link = browser.evaluate("location.href")
    browser.open(link)
    assert "Whom to cite" in visitor.text("section[aria-label=Citations]")
    visitor.tab("tc")
    assert visitor.text(".file") == "mine.cif"
    browser.wait("document.querySelector('caption')?.innerText.includes('0.16')")
    browser.open(f"{visitor.address}#files=broken")
    assert "cannot be read" in visitor.text(".error")


def test_a_screening_is_searched_and_a_row_opens_its_crystal(visitor, browser):
    visitor.open("#run=0")
    names = "[...document.querySelectorAll('[data-testid=ranking] tbody tr')]"
    names += ".map(r => r.cells[2].innerText)"
    browser.wait("document.querySelectorAll('[data-testid=ranking] tbody tr').length")
    assert browser.evaluate(names) == ["c", "a", "near"]
    browser.evaluate(
        "(() => { const s = document.querySelector('input[type=search]'); s.value = 'Nb -Sn';"
        "s.dispatchEvent(new Event('input', {bubbles: true})); })()"
    )
    browser.wait(f"{names}.length === 1")
    browser.wait("location.hash.includes('q=Nb')")
    browser.evaluate("document.querySelector('[data-testid=ranking] .link').click()")
    assert visitor.text(".file") == "c.cif"
    assert browser.complaints == []


@pytest.mark.slow
def test_two_files_of_one_name_are_two(visitor, browser, niobium, vanadium_silicide, tmp_path):
    for folder, content in (("a", niobium), ("b", vanadium_silicide)):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "x.cif").write_bytes(content)
    visitor.open()
    browser.give_files([tmp_path / "a" / "x.cif", tmp_path / "b" / "x.cif"])
    browser.wait("document.querySelectorAll('.item').length === 2")
    browser.evaluate("document.querySelectorAll('.item')[1].querySelector('button').click()")
    visitor.tab("pressure")
    visitor.slide("Pressure", 5)
    volume = "document.querySelector('section[aria-label=Pressure] tbody td')?.innerText"
    assert 12.5 < float(browser.wait(volume, 120)) < 14  # of V3Si; that of Nb is 17.5
    browser.open(browser.evaluate("location.href"))
    browser.wait("document.querySelectorAll('.item').length === 2")
    assert [one.split()[0] for one in browser.evaluate(ITEMS)] == ["Nb", "V3Si"]


@pytest.mark.slow
def test_a_visitor_says_the_unit_of_a_table_and_takes_it_along(visitor, browser, tmp_path):
    table = tmp_path / "my table.dat"
    rows = ((x, max(0.0, x * (50 - x) / 600)) for x in range(1, 61))
    table.write_text("".join(f"{x} {value}\n" for x, value in rows))
    large = tmp_path / "large.dat"
    large.write_bytes(b"1" * (1 << 19))
    browser.call("Page.setDownloadBehavior", behavior="allow", downloadPath=str(tmp_path / "kept"))
    visitor.open()
    browser.give_files([table, large])
    assert "large.dat is too large" in visitor.text("main > .error")
    browser.wait("document.body.innerText.includes('does not say in which unit')")
    browser.wait("document.querySelectorAll('.reading option').length > 5")
    browser.evaluate(
        "(() => { const s = document.querySelector('.reading select'); s.value = 'meV';"
        "s.dispatchEvent(new Event('change', {bubbles: true})); })()"
    )
    browser.wait("document.querySelector('section[aria-label=Moments]')")
    visitor.slide("Coulomb", 0.16)
    browser.wait("document.querySelector('caption').innerText.includes('0.16')")
    shown = visitor.tc()
    command = "betenet tc 'my table.dat' --mu-star 0.16 --unit meV"
    assert visitor.text(".command code") == command
    visitor.tab("keep")
    visitor.press("Analysis, JSON")
    kept = tmp_path / "kept" / "my_table.json"
    end = time.monotonic() + 20
    while not kept.exists() and time.monotonic() < end:
        time.sleep(0.05)
    found = json.loads(kept.read_text("utf-8"))
    assert found["mu_star"] == 0.16
    assert found["tc_kelvin"] == pytest.approx(shown, rel=5e-3)
    browser.open(browser.evaluate("location.href"))
    visitor.tab("tc")
    assert visitor.text(".command code") == command
    assert browser.complaints == []


@pytest.mark.slow
def test_names_of_others_are_words_and_nothing_else(visitor, browser, niobium, tmp_path):
    hostile = tmp_path / "<img src=x onerror=document.title=1>.cif"
    hostile.write_bytes(niobium)
    visitor.open()
    browser.give_files([hostile])
    assert visitor.text(".file") == hostile.name
    assert browser.evaluate("document.querySelectorAll('img').length") == 0
    assert browser.evaluate("document.title") == "betenet"
    assert browser.complaints == []


@pytest.mark.slow
class TestLong:
    """What takes a force field, or many pages."""

    def test_every_example_is_shown(self, visitor, browser):
        visitor.open()
        names = browser.evaluate(
            "[...document.querySelectorAll('.chip')].map(c => c.textContent.trim())"
        )
        for name in names[:10]:  # behind them are screenings
            visitor.press(name)
        browser.wait(f"{ITEMS}.length === 10", 120)
        assert browser.evaluate("document.querySelectorAll('.item.wrong').length") == 0
        assert browser.complaints == []

    def test_a_phonon_job_is_cancelled_and_predictions_go_on(self, visitor, browser):
        visitor.open()
        visitor.press("Nb3Sn")
        browser.wait("document.querySelector('section[aria-label=Methods]')")
        visitor.tab("phonons")
        visitor.press("Compute phonons")
        browser.wait("document.querySelector('.job')?.innerText.includes('displacements')", 120)
        visitor.press("Al")  # meanwhile
        browser.wait("document.querySelectorAll('.item').length === 2")
        browser.evaluate("document.querySelector('.items .item button').click()")
        visitor.press("Cancel")
        browser.wait("document.querySelector('.job')?.innerText.includes('Cancelled')")

    def test_two_windows_share_a_job(self, visitor, address, tmp_path):
        second = Browser(shutil.which(next(filter(shutil.which, NAMES))), tmp_path)
        asked = "performance.getEntriesByType('resource').map(e => e.name)"
        asked += ".find(n => n.includes('/wave'))"
        try:
            both = [visitor, Visitor(second, address)]
            for one in both:
                one.open()
                one.press("V3Si")
                one.tab("phonons")
                one.press("Compute phonons")
            for one in both:
                one.browser.wait("document.querySelector('section[aria-label=Mode] button')")
                one.press("Show the highest", "section[aria-label=Mode]")
            assert len({one.browser.wait(asked) for one in both}) == 1
        finally:
            second.close()

    def test_phonons_come_in_and_a_mode_moves(self, visitor, browser):
        visitor.open()
        visitor.press("Pb")  # one atom: its phonons begin by themselves
        visitor.tab("phonons")
        assert visitor.text("[data-testid=verdict]").startswith("Stable")
        browser.wait("document.querySelector('section[aria-label=Mode] button')")
        browser.evaluate(
            "(() => { const b = document.querySelector('[data-testid=bands]');"
            "const { x, y, width, height } = b.getBoundingClientRect();"
            "for (let k = 5; k < height; k += 8) b.dispatchEvent(new MouseEvent('click',"
            "{ clientX: x + width / 3, clientY: y + k, bubbles: true })); })()"
        )
        assert "of 3" in visitor.text("[data-testid=mode]")
        seen = "document.querySelector('section[aria-label=Mode] canvas').toDataURL()"
        first = browser.evaluate(seen)
        browser.wait(f"{seen} !== {json.dumps(first)}")
        visitor.tab("tc")
        assert "with phonons of mattersim-1m" in visitor.text("section[aria-label=Prediction]")
        assert browser.complaints == []

    def test_tc_under_pressure_grows_point_by_point(self, visitor, browser):
        visitor.open()
        visitor.press("Al")
        browser.wait("document.querySelector('.tabs')")
        visitor.tab("pressure")
        visitor.slide("Pressure", 30)
        rows = "document.querySelectorAll('section[aria-label=Pressure] tbody tr').length"
        browser.wait(f"{rows} === 1", 120)
        browser.wait("location.hash.includes('pressures=30')")
        assert browser.complaints == []

    def test_two_spectra_stand_side_by_side(self, visitor, browser):
        visitor.open()
        visitor.press("Nb α²F")
        browser.wait("document.querySelector('section[aria-label=Moments]')")
        visitor.tab("gap")
        gap = visitor.text("section[aria-label=Gap] .numbers")
        assert "Δ₀" in gap
        visitor.press("Nb")
        browser.wait("document.querySelectorAll('.item').length === 2")
        visitor.tab("compare")
        visitor.press("Nb_a2f", "section[aria-label=Compare]")
        browser.wait("document.querySelectorAll('section[aria-label=Compare] thead th').length > 2")
        browser.wait("location.hash.includes('beside=0')")

    @pytest.mark.parametrize("scheme", ["light", "dark"])
    def test_letters_stand_out_and_narrow_screens_do_not_scroll(self, visitor, browser, scheme):
        from tests.unit.screening.report.test_in_browser import CONTRASTS

        browser.size(390, 844, dark=scheme == "dark")
        visitor.open()
        visitor.press("Nb")
        browser.wait("document.querySelector('section[aria-label=Methods]')")
        for tab in ("tc", "phonons", "pressure", "gap", "compare", "keep"):
            visitor.tab(tab)
            browser.wait("document.querySelector('[role=tabpanel] .card')")
            ratios = browser.evaluate(
                CONTRASTS.replace("'p, li,", "'p, li, dt, dd, button, label,")
            )
            assert min(ratios.values()) >= 4.5, ratios  # WCAG 2.1, level AA
            wide = browser.evaluate("document.documentElement.scrollWidth")
            assert wide <= 390, tab
        browser.size(1280, 900)


def keep_picture(browser, path: Path, *, whole: bool = False) -> None:
    """Write a picture in few colours: a tenth of the bytes."""
    browser.picture(path, whole=whole)
    found = io.BytesIO()
    picture = Image.open(path).convert("RGB")
    picture.quantize(128, dither=Image.Dither.NONE).save(found, "PNG", optimize=True)
    path.write_bytes(found.getvalue())


@pytest.mark.slow
def test_pictures_of_every_view(visitor, browser, tmp_path):
    """Pictures for the documentation, kept where BETENET_PICTURES says."""
    folder = Path(os.environ.get("BETENET_PICTURES", tmp_path))
    browser.size(1120, 860)
    visitor.open()
    visitor.press("Nb3Sn")
    browser.wait("document.querySelector('section[aria-label=Methods]')")
    point_at_the_spectrum = """(() => {
        const drawing = document.querySelector('section[aria-label=Spectrum] svg');
        const { x, y, width } = drawing.getBoundingClientRect();
        const place = { clientX: x + 0.2 * width, clientY: y + 50, bubbles: true };
        drawing.dispatchEvent(new PointerEvent('pointermove', place)); })()"""
    browser.evaluate(point_at_the_spectrum)
    time.sleep(0.3)
    keep_picture(browser, folder / "app_tc.png", whole=True)
    browser.size(390, 844, dark=True)
    time.sleep(0.3)
    keep_picture(browser, folder / "app_narrow.png")
    browser.size(1120, 860)
    visitor.press("MgB2")
    visitor.tab("phonons")
    browser.wait("document.querySelector('section[aria-label=Mode] button')", 180)
    visitor.press("Show the highest", "section[aria-label=Mode]")
    visitor.text("[data-testid=mode]")
    time.sleep(0.3)
    keep_picture(browser, folder / "app_phonons.png", whole=True)
    visitor.open("#run=0")
    visitor.text("[data-testid=ranking]")
    keep_picture(browser, folder / "app_screening.png", whole=True)
    browser.size(1280, 900)
    assert all(
        (folder / f"app_{name}.png").stat().st_size > 5_000
        for name in ("tc", "narrow", "phonons", "screening")
    )
