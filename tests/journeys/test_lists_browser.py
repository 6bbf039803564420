"""A folder of scans and a member list by hand, on a phone, on a line that is cut: sent, paired, corrected.

Every step is looked at as the person sees it, at 360 px and at the desk's width.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from portal.seed.regions import districts_of
from tests.browser import DESK, PATIENCE_MS, PHONE, chromium, sign_in, trouble_on
from tests.files import jpeg
from tests.large_files import padded_pdf
from tests.rosters import repair_workbook
from tests.stack import Stack
from verification.rosters import early
from verification.rosters.synthetic import KTA, NIK, SyntheticList, synthetic_list, write_csv

LOGIN = "koordinator.a"
OPERATOR = "operator.a.bandung"
BANDUNG = "32.73"
# Names that lead to nobody: a card number that no member has, and no number at all.
STRAYS = ("KTA_P01-99999999.jpg", "foto dompet.jpg")
BYTES_EARLY = 3 * early.FIRST


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """`picture`: width of a scan; `rate`: bytes a second while the line is cut; `wait`: ms."""

    rows: int
    scans: int
    picture: int
    rate: int
    wait: int = PATIENCE_MS


SHORT = Size(rows=400, scans=24, picture=320, rate=400_000)
WHOLE = Size(rows=10_000, scans=300, picture=1_600, rate=4_000_000, wait=600_000)


@pytest.fixture(scope="module")
def stack(seeded_home: Path) -> Iterator[Stack]:
    with Stack(seeded_home, line=True) as running:
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture
def page(stack: Stack, browser: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A phone, signed in; no script may fail, nothing break the page's own policy."""
    faults: list[str] = []
    context = browser.new_context(
        base_url=stack.base_url, locale="id-ID", viewport=PHONE, accept_downloads=True
    )
    page = context.new_page()
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("dialog", lambda dialog: dialog.accept())
    page.on(
        "console",
        lambda told: faults.append(told.text) if "Content Security" in told.text else None,
    )
    login = getattr(request, "param", LOGIN)
    sign_in(page, stack.base_url, login, stack.logins[login].password)
    yield page
    context.close()
    assert faults == []


def members(size: Size, *, bad: float = 0.03, warned: float = 0.02) -> SyntheticList:
    return synthetic_list(
        size.rows, seed=4, districts=districts_of(BANDUNG), bad=bad, warned=warned
    )


def folder_of_scans(path: Path, roster: SyntheticList, size: Size) -> Path:
    """Both cards of sound members, two pictures that lead to nobody, and what a system leaves behind."""
    path.mkdir()
    (path / "Thumbs.db").write_bytes(b"x")
    sound = [row for line, row in enumerate(roster.rows, start=2) if line not in roster.planted]
    names = [
        name
        for row in sound[: (size.scans - len(STRAYS)) // 2]
        for name in (f"KTP_{row[NIK]}.jpg", f"KTA_{row[KTA]}.jpg")
    ]
    for number, name in enumerate([*names, *STRAYS]):
        picture = jpeg(size.picture, size.picture * 5 // 8, seed=number)
        (path / name).write_bytes(picture)
    return path


def row(page: Page, name: str) -> Locator:
    return page.locator("[data-queue=rows] .app-upload").filter(has_text=name)


def looks_right(page: Page, name: str) -> None:
    """On a phone and on a desk; the phone's size stays."""
    assert trouble_on(page, DESK, picture=name) == []
    assert trouble_on(page, PHONE, picture=name) == []


@pytest.mark.parametrize("size", [SHORT, pytest.param(WHOLE, marks=pytest.mark.soak)])
def test_scans_and_a_list_by_hand_on_a_line_cut_twice(
    stack: Stack, page: Page, tmp_path: Path, size: Size
) -> None:
    sent = members(size)
    bad = len(sent.bad())
    cards = folder_of_scans(tmp_path / f"kartu {BANDUNG}", sent, size)
    list_file = write_csv(tmp_path / f"anggota {BANDUNG}.csv", sent)

    both = sum(path.stat().st_size for path in [list_file, *cards.glob("*.jpg")])
    send(stack, page, cards, list_file, cuts=(both // 4, both * 2 // 3), size=size)

    row(page, list_file.name).get_by_role("link", name="Lihat daftar").click()
    expect(page.locator(".app-sum")).to_contain_text(
        sum_of(size.rows, size.rows - bad, bad), timeout=size.wait
    )
    looks_right(page, "daftar")
    correct(page, sent, members(size, bad=0, warned=0), tmp_path, size)
    see_pairs(page, size)
    replace_by_a_part(page, sent, tmp_path, size)


def send(
    stack: Stack, page: Page, cards: Path, list_file: Path, *, cuts: tuple[int, ...], size: Size
) -> None:
    """A folder and a list in one go; the line breaks twice meanwhile, and nobody does anything."""
    line = stack.line
    assert line is not None
    page.goto("/unggah")
    page.wait_for_selector("[data-queue=choose]")
    looks_right(page, "unggah")
    line.cut_at(*(line.up + at for at in cuts))
    # Slow until everybody has seen that it is on its way.
    line.rate = size.rate / 20
    before = line.cuts
    page.set_input_files("[data-queue=folder]", str(cards))
    page.set_input_files("[data-queue=files]", str(list_file))
    expect(page.locator("[data-queue=line]")).to_contain_text("Mengunggah")
    looks_right(page, "mengunggah")
    line.rate = size.rate
    everything = f"{number(size.scans + 1)} berkas tersimpan"
    expect(page.locator("[data-queue=line]")).to_contain_text(everything, timeout=size.wait)
    line.rate = None
    assert line.cuts - before == len(cuts)
    group = row(page, cards.name)
    # One whose answer was cut off is sent again by the browser itself; then it "is there already".
    tag = group.locator("[data-part=tag]")
    expect(tag).to_contain_text("Lolos pemeriksaan sistem", timeout=size.wait)
    expect(group).to_contain_text(f"{number(size.scans)} dari {number(size.scans)} gambar")
    expect(group).to_contain_text("1 berkas lain di folder ini dilewati")
    expect(row(page, list_file.name)).to_contain_text("ditolak", timeout=size.wait)
    looks_right(page, "terunggah")


def correct(
    page: Page, sent: SyntheticList, sound: SyntheticList, folder: Path, size: Size
) -> None:
    """Download what was rejected, correct it, send the same file back; only those rows are new."""
    bad = sent.bad()
    with page.expect_download() as download:
        page.get_by_role("link", name="Unduh XLSX").click()
    content, lines = repair_workbook(
        download.value.path().read_bytes(), dict(enumerate(sound.rows, start=2))
    )
    assert lines == bad
    corrected = folder / "ditolak, diperbaiki.xlsx"
    corrected.write_bytes(content)
    page.set_input_files("[data-queue=files]", str(corrected))
    again = row(page, corrected.name)
    expect(again).to_contain_text(sum_of(size.rows, size.rows, 0, "baris "), timeout=size.wait)
    looks_right(page, "dikirim-lagi")
    again.get_by_role("link", name="Lihat daftar").click()
    expect(page.locator(".app-sum")).to_contain_text(
        sum_of(size.rows, size.rows, 0), timeout=size.wait
    )
    versions = page.locator("table").last.locator("tbody tr")
    expect(versions).to_have_count(2)
    expect(versions.first).to_contain_text("perbaikan")
    expect(versions.first.locator("[data-label=Ditambah]")).to_have_text(number(len(bad)))
    looks_right(page, "diperbaiki")


def replace_by_a_part(page: Page, sent: SyntheticList, folder: Path, size: Size) -> None:
    """Half of the list as if it were the whole: it is asked about, and the answer is no."""
    half = size.rows // 2
    part = write_csv(
        folder / "sebagian.csv", SyntheticList(headings=sent.headings, rows=sent.rows[:half])
    )
    page.goto(f"/dosir/anggota/{BANDUNG}")
    page.set_input_files("[data-queue=files]", str(part))
    expect(row(page, part.name)).to_contain_text("Menunggu kepastian Anda", timeout=size.wait)
    row(page, part.name).get_by_role("link", name="Lihat daftar").click()
    question = page.locator(".app-question")
    expect(question).to_contain_text("Versi 3 belum berlaku")
    expect(page.locator(".app-sum")).to_contain_text(sum_of(size.rows, size.rows, 0))
    looks_right(page, "menunggu")
    question.get_by_role("button", name="Tetap versi 2").click()
    expect(page.locator("main")).to_contain_text("Versi 3 tidak dipakai. Pakai juga?")
    expect(page.locator(".app-sum")).to_contain_text(sum_of(size.rows, size.rows, 0))
    looks_right(page, "tetap")


def test_a_list_without_its_columns_is_told_of_while_it_is_on_its_way(
    stack: Stack, page: Page, tmp_path: Path
) -> None:
    """The first 8 MiB are there, the rest is not: the row says what is wrong, and it is called off."""
    line = stack.line
    assert line is not None
    file = tmp_path / f"anggota {BANDUNG} panjang.csv"
    with file.open("w") as out:
        out.write("Nama,Alamat\n")
        out.writelines(f"ANGGOTA CONTOH,JALAN CONTOH {n}\n" for n in range(BYTES_EARLY // 30))
    page.goto("/unggah")
    page.wait_for_selector("[data-queue=choose]")
    start = line.up
    # Quick enough for a test, and seconds between the beginning and the end.
    line.rate = 2_000_000
    page.set_input_files("[data-queue=files]", str(file))
    while line.up < start + early.FIRST:
        page.wait_for_timeout(100)
    line.rate = 100_000
    told = row(page, file.name)
    expect(told).to_contain_text("Awal berkas sudah dilihat")
    looks_right(page, "awal")
    line.rate = None
    told.get_by_role("button", name="Batal").click()
    expect(told).to_contain_text("Dibatalkan")


@pytest.mark.parametrize("page", [OPERATOR], indirect=True)
def test_files_picked_while_the_line_is_away_go_when_it_is_back(page: Page, tmp_path: Path) -> None:
    """None is forgotten, the one that must be asked about included; the region is the operator's only one."""
    named = padded_pdf(tmp_path / "3273_sk-pengurus-kabupaten.pdf", 20_000, seed="named")
    plain = padded_pdf(tmp_path / "pindaian.pdf", 20_000, seed="plain")
    last = padded_pdf(tmp_path / "3273_rekening-kabupaten.pdf", 20_000, seed="last")
    page.goto("/unggah")
    page.wait_for_selector("[data-queue=choose]")
    page.context.set_offline(True)
    page.set_input_files("[data-queue=files]", [str(named), str(plain), str(last)])
    expect(row(page, named.name)).to_contain_text("dilanjutkan otomatis")
    expect(row(page, last.name)).to_be_visible()
    looks_right(page, "terputus")
    page.context.set_offline(False)
    for file in (named, last):
        expect(row(page, file.name)).to_contain_text("Lolos pemeriksaan sistem")
    asked = row(page, plain.name)
    asked.get_by_label("Syarat").select_option("kantor-kabupaten")
    expect(asked.get_by_label("Wilayah")).to_have_value("32.73 Kota Bandung")
    looks_right(page, "ditanyakan")
    elsewhere = padded_pdf(tmp_path / "8171_sk-pengurus-kabupaten.pdf", 20_000, seed="elsewhere")
    page.set_input_files("[data-queue=files]", str(elsewhere))
    expect(row(page, elsewhere.name)).to_contain_text("di luar wilayah Anda")
    expect(row(page, elsewhere.name).get_by_label("Wilayah")).to_have_value("")
    row(page, elsewhere.name).get_by_role("button", name="Keluarkan").click()
    # Its requirement is asked, its region stands in the name.
    half = padded_pdf(tmp_path / "3273_pindaian.pdf", 20_000, seed="half")
    page.set_input_files("[data-queue=files]", str(half))
    row(page, half.name).get_by_label("Syarat").select_option("kantor-kabupaten")
    expect(row(page, half.name).get_by_label("Wilayah")).to_have_value("32.73 Kota Bandung")
    row(page, half.name).get_by_role("button", name="Keluarkan").click()
    central = padded_pdf(tmp_path / "ad-art.pdf", 20_000, seed="central")
    page.set_input_files("[data-queue=files]", str(central))
    expect(row(page, central.name)).to_contain_text("koordinator partai yang mengirimnya")
    row(page, central.name).get_by_role("button", name="Keluarkan").click()
    page.context.set_offline(True)
    asked.get_by_role("button", name="Unggah berkas ini").click()
    expect(asked).to_contain_text("dilanjutkan otomatis")
    page.context.set_offline(False)
    expect(asked).to_contain_text("Lolos pemeriksaan sistem")


def see_pairs(page: Page, size: Size) -> None:
    """Which pictures found their member, which did not, who lacks what; one is paired by hand."""
    paired = size.scans - len(STRAYS)
    page.goto("/anggota")
    expect(page.locator("main")).to_contain_text(
        f"{number(paired)} dari {number(size.scans)} kartu berpasangan"
    )
    looks_right(page, "anggota")
    page.get_by_role("link", name="Pindaian KTP/KTA").first.click()
    expect(page.locator("main")).to_contain_text(f"{number(paired // 2)} dari")
    for name in STRAYS:
        expect(page.get_by_role("link", name=name)).to_be_visible()
    looks_right(page, "kartu")
    short = page.get_by_role("table", name="Kartu per anggota").locator("tbody tr").first
    card = short.locator("[data-label='Nomor KTA']").inner_text()
    page.get_by_role("link", name=STRAYS[-1]).click()
    page.select_option("#jenis", "ktp")
    page.fill("#anggota", card)
    looks_right(page, "pasangkan")
    page.get_by_role("button", name="Pasangkan").click()
    expect(page.locator("main")).to_contain_text(f"nomor KTA {card}")
    page.goto("/anggota/kartu")
    expect(page.locator("main")).to_contain_text(re.compile(f"{number(paired + 1)} / "))


def sum_of(sent: int, stored: int, rejected: int, what: str = "") -> str:
    return (
        f"{number(sent)} {what}terkirim = {number(stored)} tersimpan + {number(rejected)} ditolak"
    )


def number(value: int) -> str:
    """As Indonesians write it."""
    return f"{value:,}".replace(",", ".")
