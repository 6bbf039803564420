"""The worker with its real handlers behind real walls: from bytes on disk to items in the queue."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from tests import files as contents
from tests.builders import SIGNER, build_arrival, build_party, build_submission
from tests.rosters import people, write_rows
from tests.unit.uploads.builders import an_upload
from tests.unit.verification.desk import again
from tests.world import NOON, build_world
from uploads.arrivals import ArrivalLog
from uploads.packs import PackStore
from uploads.shelf import Shelf
from verification import card_scans, handlers, intake, issuing
from verification.checks.scan_batches import Batches
from verification.db import Sessions
from verification.files import derived_path
from verification.models import Item, Job, Member, Participation, Receipt, ReceivedFile
from verification.models.jobs import JobState
from verification.receipts import Kind
from verification.sandbox.launcher import Bubblewrap, Sandbox, SandboxUnavailable
from verification.secrets import FieldKeys
from verification.states import FileState
from verification.tools import Tools
from verification.worker import Worker

KEYS = FieldKeys("k1", {"k1": b"1" * 32})


@dataclass
class Stand:
    """A party, a worker, and an upload root."""

    sessions: Sessions
    party: Participation
    root: Path
    worker: Worker

    def send(self, code: str, region: str, content: bytes, **metadata: str) -> str:
        """Put bytes on disk as an arrival and record it; the upload's id."""
        arrival = build_arrival(self.party, code, region, content=content, **metadata)
        path = ArrivalLog(self.root).data_path(arrival.upload_id)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        with self.sessions.begin() as session:
            intake.receive(session, arrival, NOON)
        return arrival.upload_id

    def pack(self, code: str, region: str, content: bytes, **metadata: str) -> str:
        """The same, the bytes in a pack."""
        arrival = build_arrival(self.party, code, region, content=content, **metadata)
        upload = an_upload(
            arrival.upload_id, arrival.size, max_size=arrival.size, claim=arrival.claim,
            metadata=arrival.metadata,
        )  # fmt: skip
        packs = PackStore(self.root, segment_bytes=1 << 20)
        packs.put(upload, content, NOON)
        packs.close()
        with self.sessions.begin() as session:
            intake.receive(session, arrival, NOON)
        return arrival.upload_id

    def work(self) -> None:
        """Everything that waits."""
        while self.worker.step(threading.Event()):
            pass

    def file(self, upload_id: str) -> ReceivedFile:
        with self.sessions.read() as session:
            file = intake.by_upload(session, upload_id)
            assert file is not None
            return file


@pytest.fixture
def stand(sessions: Sessions, tmp_path: Path) -> Stand:
    return build_stand(sessions, tmp_path, Bubblewrap())


def build_stand(sessions: Sessions, tmp_path: Path, sandbox: Sandbox) -> Stand:
    with sessions.begin() as session:
        party = build_party(session, build_world(session))
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    tools = Tools(
        sessions=sessions,
        shelf=Shelf(tmp_path / "uploads"),
        derived=tmp_path / "derived",
        scratch=scratch,
        sandbox=sandbox,
        field_keys=KEYS,
        signer=SIGNER,
    )
    worker = Worker(sessions, handlers.handlers(tools), name="w1", clock=lambda: NOON)
    return Stand(sessions, party, tmp_path / "uploads", worker)


def test_a_document_gets_its_receipt_its_images_and_its_state(stand: Stand, tmp_path: Path) -> None:
    upload_id = stand.send("ad-art", "ID", contents.pdf(2), filename="ad.pdf")
    stand.work()
    file = stand.file(upload_id)
    assert (file.state, file.pages, file.detected_type) == (FileState.PASSED, 2, "pdf")
    with stand.sessions.read() as session:
        assert issuing.receipt_of(session, Kind.ARRIVAL, upload_id) is not None
    images = derived_path(tmp_path / "derived", upload_id)
    assert {path.name for path in images.glob("*.page.webp")} == {
        "0001.page.webp", "0002.page.webp",
    }  # fmt: skip


def test_files_that_wait_get_their_receipts_in_one_go(stand: Stand) -> None:
    """But one whose job failed before goes alone, so that it holds up no others."""
    sent = [stand.send("ad-art", "ID", contents.pdf(1), filename="ad.pdf") for _ in range(4)]
    receipt_jobs = Job.kind == handlers.JobKind.ISSUE_RECEIPT
    with stand.sessions.begin() as session:
        session.execute(update(Job).where(receipt_jobs, Job.about == sent[2]).values(attempts=1))
    stand.worker.step(threading.Event())
    with stand.sessions.read() as session:
        open_ = select(Job.about).where(receipt_jobs, Job.state != JobState.DONE)
        assert session.scalars(open_).all() == [sent[2]]
        assert [_receipts(session, each) for each in sent] == [1, 1, 0, 1]
    stand.work()
    with stand.sessions.read() as session:
        assert [_receipts(session, each) for each in sent] == [1, 1, 1, 1]


def _receipts(session: Session, about: str) -> int:
    return session.scalar(select(func.count()).where(Receipt.about == about)) or 0


@pytest.mark.parametrize(
    ("content", "metadata", "code"),
    [
        (contents.archive({"a.txt": b"x"}), {}, "file.type_zip"),
        (contents.html(), {}, "file.type_html"),
        (contents.pdf(1), {"sha256": "0" * 64}, "file.declared_hash_differs"),
    ],
)
def test_what_is_refused_still_has_its_receipt(
    stand: Stand, content: bytes, metadata: dict[str, str], code: str
) -> None:
    upload_id = stand.send("ad-art", "ID", content, **metadata)
    stand.work()
    file = stand.file(upload_id)
    assert (file.state, file.rejection) == (FileState.REJECTED, code)
    with stand.sessions.read() as session:
        assert issuing.receipt_of(session, Kind.ARRIVAL, upload_id) is not None


def test_scans_become_rows_that_members_find(stand: Stand) -> None:
    upload_id = stand.send(
        "kartu-anggota", "32.73", contents.scans(2), purpose="scans", filename="kartu.zip"
    )
    stand.work()
    assert stand.file(upload_id).state == FileState.PASSED
    with stand.sessions.read() as session:
        rows = session.execute(select(card_scans.Scan.kind, func.count()).group_by("kind")).all()
    assert dict(rows) == {"ktp": 2, "kta": 2}


def test_a_list_is_imported_submitted_and_queued(stand: Stand, tmp_path: Path) -> None:
    body = write_rows(tmp_path / "anggota.csv", people(30)).read_bytes()
    upload_id = stand.send("anggota", "32.73", body, purpose="roster", filename="anggota.csv")
    stand.work()
    file = stand.file(upload_id)
    assert (file.state, file.rejection) == (FileState.PASSED, None)
    with stand.sessions.begin() as session:
        assert session.scalar(select(func.count()).select_from(Member)) == 30
        build_submission(session, again(session, stand.party), items=False)
    stand.work()
    with stand.sessions.read() as session:
        assert session.scalar(select(func.count()).select_from(Item)) == 30


def test_without_walls_nothing_is_judged(
    sessions: Sessions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fallen(*_: object, **__: object) -> None:
        raise SandboxUnavailable("no walls")

    monkeypatch.setattr(Bubblewrap, "run", fallen)
    stand = build_stand(sessions, tmp_path, Bubblewrap())
    upload_id = stand.send("ad-art", "ID", contents.pdf(1), filename="ad.pdf")
    stand.work()
    assert stand.file(upload_id).state == FileState.CHECKING
    with sessions.read() as session:
        job = session.scalars(select(Job).where(Job.kind == "check-document")).one()
    assert (job.state, job.attempts) == (JobState.WAITING, 0)
    assert job.ready_at > NOON


def test_a_packed_document_is_checked_as_a_file_is(stand: Stand, tmp_path: Path) -> None:
    """The walls see a copy of it, and only while it is checked."""
    upload_id = stand.pack("ad-art", "ID", contents.pdf(2), filename="ad.pdf")
    stand.work()
    assert stand.file(upload_id).state == FileState.PASSED
    assert list((tmp_path / "scratch").iterdir()) == []


def test_bytes_that_are_gone_are_tried_again(stand: Stand) -> None:
    upload_id = stand.send("ad-art", "ID", contents.pdf(1))
    ArrivalLog(stand.root).data_path(upload_id).unlink()
    stand.work()
    with stand.sessions.read() as session:
        job = session.scalars(select(Job).where(Job.kind == "check-document")).one()
    assert (job.state, job.error) == (JobState.WAITING, "UnknownUpload")


def test_every_kind_of_job_has_its_handler(stand: Stand) -> None:
    own: Callable[..., None] = lambda _task: None  # noqa: E731
    table = handlers.handlers(
        Tools(
            sessions=stand.sessions, shelf=Shelf(stand.root), derived=stand.root, scratch=stand.root,
            sandbox=Bubblewrap(), field_keys=KEYS, signer=SIGNER,
        ),
        {"reconcile": own, "look-early": own},
    )  # fmt: skip
    assert set(table) == set(handlers.JobKind)


def test_small_pictures_that_wait_are_checked_in_one_go(
    stand: Stand, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each ends as if alone: its own image, row and finding; what is no picture has its own way."""
    runs: list[int] = []
    real = Batches._run

    def counted(self: Batches, batch: list[int]) -> bool:
        runs.append(len(batch))
        return real(self, batch)

    monkeypatch.setattr(Batches, "_run", counted)
    sent = [
        stand.pack(
            "kartu-anggota", "32.73", contents.card(f"{number:016d}"), purpose="scans",
            filename=f"KTA_P01-{number:08d}.jpg", filetype="image/jpeg",
        )
        for number in range(1, 6)
    ]  # fmt: skip
    broken = stand.send(
        "kartu-anggota", "32.73", contents.card("9" * 16)[:4000], purpose="scans",
        filename="KTA_P01-9.jpg", filetype="image/jpeg",
    )  # fmt: skip
    text = stand.send(
        "kartu-anggota", "32.73", contents.html(), purpose="scans", filename="KTA_P01-8.jpg"
    )
    stand.work()
    assert {stand.file(upload).state for upload in sent} == {FileState.PASSED}
    assert stand.file(broken).rejection == "scans.entry_damaged"
    assert stand.file(text).rejection == "file.type_html"
    assert runs == [6]
    with stand.sessions.read() as session:
        cards = session.scalars(select(card_scans.Scan).order_by(card_scans.Scan.kta_number)).all()
        assert [card.kta_number for card in cards] == [f"P01-{n:08d}" for n in range(1, 6)]
        assert {card.number for card in cards} == {1}
        assert len({card.sha256 for card in cards}) == 5
        waiting = select(func.count()).where(Job.state != JobState.DONE)
        assert session.scalar(waiting) == 0
    for upload in sent:
        images = derived_path(tmp_path / "derived", upload)
        assert [path.name for path in images.iterdir()] == ["0001.card.webp"]
    assert list((tmp_path / "derived").glob(".making-*")) == []
