"""Leave for a creation: asked once, given once, given back when nobody takes it."""

import asyncio
from typing import Any

import pytest

from tests.unit.uploads.builders import an_upload
from uploads.creation import Wanted
from uploads.errors import CreationRefused, Refusal
from uploads.model import Upload
from uploads.tusd.asking import NONCE, Desk

WANTED = Wanted(length=10, metadata={})


class Permits:
    """A Creation that says what it was told to say, when it is told to."""

    def __init__(self, what: Upload | Refusal) -> None:
        self.what = what
        self.given_up: list[str] = []
        self.may = asyncio.Event()
        self.may.set()

    async def permit(self, wanted: Wanted) -> Upload:
        await self.may.wait()
        if isinstance(self.what, Refusal):
            raise self.what
        return self.what

    def give_up(self, upload_id: str) -> None:
        self.given_up.append(upload_id)


def event(nonce: str, **changes: Any) -> dict[str, Any]:
    upload = {"Size": 10, "SizeIsDeferred": False, "IsPartial": False, "PartialUploads": None}
    return {"Upload": upload | changes, "HTTPRequest": {"Header": {NONCE: [nonce]}}}


def desk_of(creation: Permits) -> Desk:
    return Desk(creation)  # type: ignore[arg-type]


def test_a_nonce_is_good_for_one_question() -> None:
    async def run() -> None:
        upload = an_upload(length=10)
        desk = desk_of(Permits(upload))
        with desk.wait(WANTED) as asked:
            first = await desk.answer(event(asked.nonce))
            second = await desk.answer(event(asked.nonce))
            assert asked.granted == upload
        assert first["ChangeFileInfo"]["ID"] == upload.upload_id
        assert first["ChangeFileInfo"]["MetaData"]["sipol-owner"] == upload.owner
        assert second["RejectUpload"]
        assert (await desk.answer(event(asked.nonce)))["RejectUpload"]

    asyncio.run(run())


def test_a_refusal_keeps_its_status_code_and_sentence() -> None:
    async def run() -> None:
        no = CreationRefused(403, "not_yours", "Bukan wilayah Anda.", "Not your region.")
        desk = desk_of(Permits(no))
        with desk.wait(WANTED) as asked:
            told = await desk.answer(event(asked.nonce))
            assert asked.refusal is no
        assert told["HTTPResponse"]["StatusCode"] == 403
        assert '"not_yours"' in told["HTTPResponse"]["Body"]
        assert "Bukan wilayah Anda." in told["HTTPResponse"]["Body"]

    asyncio.run(run())


@pytest.mark.parametrize(
    "changes",
    [{"Size": 11}, {"SizeIsDeferred": True}, {"IsPartial": True}, {"PartialUploads": ["a"]}],
    ids=str,
)
def test_leave_is_for_what_was_asked_and_nothing_else(changes: dict[str, Any]) -> None:
    async def run() -> None:
        upload = an_upload(length=10)
        creation = Permits(upload)
        desk = desk_of(creation)
        with desk.wait(WANTED) as asked:
            assert (await desk.answer(event(asked.nonce, **changes)))["RejectUpload"]
            assert asked.granted is None
            assert asked.refusal is not None
        assert creation.given_up == [upload.upload_id]

    asyncio.run(run())


def test_leave_that_comes_too_late_is_given_back() -> None:
    async def run() -> None:
        upload = an_upload(length=10)
        creation = Permits(upload)
        creation.may.clear()
        desk = desk_of(creation)
        with desk.wait(WANTED) as asked:
            answering = asyncio.create_task(desk.answer(event(asked.nonce)))
            await asyncio.sleep(0)
        creation.may.set()
        assert (await answering)["RejectUpload"]
        assert creation.given_up == [upload.upload_id]
        assert asked.granted is None

    asyncio.run(run())
