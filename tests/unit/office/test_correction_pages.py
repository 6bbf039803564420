"""A published result that a later duplicate has overtaken: one chief proposes, another confirms."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from tests.builders import VERIFIER
from tests.portal_stand import Stand
from tests.world import NOON
from verification.models import Duplicate, Item
from verification.states import DuplicateKind, DuplicateState, ItemState, Outcome, Resolution

OFFICE = "/pengawas/kantor/32.73"
MINUTE = "BA 12/PL.01.1/2026"
MINUTE_FIELDS = {"acuan": MINUTE, "alasan": "ganda-identik"}


@pytest.fixture
def lost(stand: Stand) -> str:
    """The id of an item that is published at MS, while its member was settled for party B."""
    with stand.sessions.begin() as session:
        item = session.scalars(select(Item).order_by(Item.id)).first()
        assert item is not None
        pair(session, item, stand.parties["b"].id)
        session.execute(
            update(Item)
            .where(Item.id == item.id)
            .values(
                state=ItemState.PUBLISHED.value, outcome=Outcome.MS.value, decided_by=VERIFIER,
                decided_at=NOON,
            )
        )  # fmt: skip
        return item.public_id


def pair(session: Session, item: Item, rival: int) -> None:
    mine = (item.participation_id, item.subject.key)
    left, right = sorted([mine, (rival, "f" * 32)])
    session.add(
        Duplicate(
            kind=DuplicateKind.IDENTICAL.value,
            left_participation_id=left[0],
            left_key=left[1],
            left_member_id=item.member_id or 0,
            right_participation_id=right[0],
            right_key=right[1],
            right_member_id=item.member_id or 0,
            score=1000,
            state=DuplicateState.SETTLED.value,
            resolution=Resolution.CHOICE.value,
            kept_participation_id=rival,
            found_at=NOON,
            settled_at=NOON,
            settled_by=VERIFIER,
        )
    )


def confirmation(page: str) -> str:
    found = re.search(r"/pengawas/koreksi/[0-9a-f]{32}/sahkan", page)
    assert found is not None
    return found[0]


def test_one_proposes_another_confirms(stand: Stand, lost: str) -> None:
    chief, other = stand.browser("pengawas"), stand.browser("administrator")
    assert f'{OFFICE}/koreksi"' in chief.get(OFFICE).text
    reply = chief.send(f"/pengawas/butir/{lost}/koreksi", **MINUTE_FIELDS)
    assert (reply.status_code, reply.location) == (303, f"{OFFICE}/koreksi")
    assert "Menunggu orang kedua" in chief.get(reply.location).text
    address = confirmation(other.get(reply.location).text)
    assert chief.send(address).status_code == 409
    assert other.send(address).status_code == 303
    assert "Tidak ada yang perlu dikoreksi" in chief.get(reply.location).text
    assert "Koreksi disahkan" in chief.get(f"{OFFICE}/riwayat").text
    party = stand.browser("koordinator.a").get("/hasil").text
    assert MINUTE in party
    assert "TMS" in party


def test_the_api_does_what_the_pages_do(stand: Stand, lost: str) -> None:
    chief, other = stand.bearer("pengawas"), stand.bearer("administrator")
    client = stand.client()
    listed = "/api/v1/offices/32.73/corrections"
    (doubt,) = client.get(listed, headers=chief).json["items"]
    assert (doubt["item"], doubt["lost"], doubt["proposed"]) == (lost, True, None)
    words = {"reason": "ganda-identik", "reference": MINUTE}
    made = client.post(f"/api/v1/items/{lost}/correction", json=words, headers=chief)
    assert made.status_code == 201
    again = client.post(f"/api/v1/items/{lost}/correction", json=words, headers=other)
    assert again.status_code == 409
    address = f"/api/v1/corrections/{made.json['id']}"
    assert client.post(f"{address}/confirm", json={}, headers=chief).status_code == 409
    done = client.post(f"{address}/confirm", json={}, headers=other).json
    assert (done["confirmed"], done["reference"]) == (True, MINUTE)
    assert client.post(f"{address}/drop", json={}, headers=chief).status_code == 409
    assert client.get(listed, headers=chief).json["items"] == []


def test_a_proposal_without_a_minute_is_refused_and_one_may_be_dropped(
    stand: Stand, lost: str
) -> None:
    chief = stand.browser("pengawas")
    assert chief.send(f"/pengawas/butir/{lost}/koreksi", alasan="ganda-identik").status_code == 422
    chief.send(f"/pengawas/butir/{lost}/koreksi", **MINUTE_FIELDS)
    address = confirmation(stand.browser("administrator").get(f"{OFFICE}/koreksi").text)
    assert chief.send(address.replace("sahkan", "batalkan")).status_code == 303
    assert "Usulkan koreksi" in chief.get(f"{OFFICE}/koreksi").text


@pytest.mark.parametrize("login", ["verifikator.a", "pengawas.ri", "pengamat", "koordinator.a"])
def test_nobody_else_corrects(stand: Stand, lost: str, login: str) -> None:
    browser = stand.browser(login)
    assert browser.get(f"{OFFICE}/koreksi").status_code in (403, 404)
    reply = browser.send(f"/pengawas/butir/{lost}/koreksi", **MINUTE_FIELDS)
    assert reply.status_code in (403, 404)
