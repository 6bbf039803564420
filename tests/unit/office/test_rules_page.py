"""What member lists are judged by: an administrator makes a version, everybody may see that it was."""

from __future__ import annotations

from sqlalchemy import select

from tests.portal_stand import Stand
from verification.models import MemberRules

ADDRESS = "/kelola/aturan"
RULES = {
    "kecocokan": "four-field", "batas": "2027-02-14", "umur": "17",
    "terlarang": "tni\nKepala Desa\n\n", "mantan": "Pensiunan", "dasar": "Keputusan KPU 309/2022",
}  # fmt: skip


def test_a_new_version_holds_from_now_on_and_stands_in_the_journal(stand: Stand) -> None:
    browser = stand.browser("administrator")
    assert "PEGAWAI NEGERI SIPIL" in browser.get(ADDRESS).text
    assert browser.send(ADDRESS, **RULES).status_code == 303
    page = browser.get(ADDRESS).text
    assert '<option value="four-field" selected>' in page
    assert "KEPALA DESA" in page
    assert "PEGAWAI NEGERI SIPIL" not in page
    assert "Aturan daftar anggota diubah" in browser.get("/kelola/riwayat").text


def test_what_is_no_rule_is_refused_and_nobody_else_makes_one(stand: Stand) -> None:
    browser = stand.browser("administrator")
    for wrong in ({"batas": "kemarin"}, {"umur": ""}, {"umur": "0"}, {"dasar": " "},
                  {"kecocokan": "lima"}, {"terlarang": "X" * 100}):  # fmt: skip
        assert browser.send(ADDRESS, **(RULES | wrong)).status_code == 422
    assert stand.browser("pengawas.ri").send(ADDRESS, **RULES).status_code in (403, 404)
    with stand.sessions.read() as session:
        assert session.scalars(select(MemberRules)).all() == []


def test_the_api_does_what_the_page_does(stand: Stand) -> None:
    client, bearer = stand.client(), stand.bearer("administrator")
    held = client.get("/api/v1/member-rules", headers=bearer).json
    assert (held["current"]["version"], held["versions"]) == (0, [])
    wanted = {name: held["current"][name] for name in ("barred_occupations", "no_longer_in_office")}
    wanted |= {"preset": "four-field", "cut_off": "2027-02-14", "minimum_age": 17}
    wanted["legal_basis"] = "Keputusan KPU 309/2022"
    made = client.post("/api/v1/member-rules", json=wanted, headers=bearer)
    assert (made.status_code, made.json) == (201, {"version": 1} | wanted)
    held = client.get("/api/v1/member-rules", headers=bearer).json
    assert (held["current"], [each["version"] for each in held["versions"]]) == (made.json, [1])
    other = stand.bearer("pengawas.ri")
    assert client.post("/api/v1/member-rules", json=wanted, headers=other).status_code == 403
