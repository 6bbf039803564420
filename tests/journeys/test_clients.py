"""Other people's programs: tuspy and tus-js-client, unwrapped, through nginx with an API token."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from tusclient.client import TusClient
from tusclient.exceptions import TusCommunicationError

from tests.contracts.tusjs import tusjs
from tests.files import pdf
from tests.large_files import padded_pdf
from tests.stack import Stack
from tests.traffic import AD_ART, OFFICE, TUS, Caller, Visitor, ask, assert_proven, upload_id

SIZE = 1_500_000
CHUNK = 400_000


@pytest.fixture(scope="module", params=["builtin", "tusd"])
def stack(seeded_home: Path, request: pytest.FixtureRequest) -> Iterator[Stack]:
    with Stack(seeded_home, line=True, uploads=request.param) as stack:
        yield stack


@pytest.fixture
def file(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return padded_pdf(tmp_path / AD_ART.filename, SIZE, seed=request.node.name)


def cuts(stack: Stack, seed: str, count: int) -> None:
    """Cut the line at `count` places within the next SIZE bytes."""
    assert stack.line is not None
    signs = random.Random(seed)
    stack.line.cut_at(*(stack.line.up + signs.randrange(SIZE) for _ in range(count)))


def tuspy(party: Caller, file: Path, **settings: object) -> str:
    client = TusClient(f"{party.address}/files/", headers=party.bearer)
    with file.open("rb") as stream:
        uploader = client.uploader(file_stream=stream, metadata=AD_ART.metadata(), **settings)
        uploader.upload()
    return upload_id(uploader.url)


@pytest.mark.parametrize("checksum", [False, True])
def test_tuspy(stack: Stack, party: Caller, file: Path, tmp_path: Path, checksum: bool) -> None:
    upload = tuspy(party, file, chunk_size=CHUNK, upload_checksum=checksum)
    assert_proven(stack, party, upload, file, tmp_path)


def test_tuspy_on_a_line_that_breaks(
    stack: Stack, party: Caller, file: Path, tmp_path: Path
) -> None:
    cuts(stack, "tuspy", 3)
    upload = tuspy(party, file, chunk_size=SIZE, retries=8, retry_delay=0.1)
    assert_proven(stack, party, upload, file, tmp_path)


def test_tuspy_hears_why_it_was_refused(party: Caller, file: Path) -> None:
    stranger = Caller(party.address, "sipol_a_" + "x" * 43)
    with pytest.raises(TusCommunicationError) as caught:
        tuspy(stranger, file, chunk_size=CHUNK)
    assert caught.value.status_code == 401
    assert "Masuk lagi" in caught.value.response_content.decode()


@pytest.mark.parametrize(
    ("chunk", "mode"), [(CHUNK, "plain"), (0, "plain"), (0, "with-creation"), (200_000, "abort")]
)
def test_tusjs(
    stack: Stack, party: Caller, file: Path, tmp_path: Path, chunk: int, mode: str
) -> None:
    report = tusjs(
        f"{party.address}/files/", file, chunk, mode,
        {"metadata": AD_ART.metadata(), "headers": party.bearer},
    )  # fmt: skip
    assert report["creations"] == 1
    assert_proven(stack, party, report["id"], file, tmp_path)


@pytest.mark.parametrize("chunk", [0, 150_000])
def test_tusjs_in_four_parallel_parts(
    stack: Stack, party: Caller, file: Path, tmp_path: Path, chunk: int
) -> None:
    """Parts say nothing of what the file is for; the final upload does, and is judged."""
    report = tusjs(
        f"{party.address}/files/", file, chunk, "plain",
        {"metadata": AD_ART.metadata(), "headers": party.bearer, "parallelUploads": 4},
    )  # fmt: skip
    assert report["creations"] == 5
    assert_proven(stack, party, report["id"], file, tmp_path)


def test_tusjs_does_not_know_the_length_before_the_end(
    stack: Stack, party: Caller, file: Path, tmp_path: Path
) -> None:
    offered = ask(party.address, "OPTIONS", "/files/").headers["tus-extension"].split(",")
    if "creation-defer-length" not in offered:
        fields = {**TUS, **party.bearer, "Upload-Defer-Length": "1"}
        refused = ask(party.address, "POST", "/files/", fields).expect(400)
        assert refused.json()["code"] == "not_offered"
        return
    report = tusjs(
        f"{party.address}/files/", file, CHUNK, "deferred",
        {"metadata": AD_ART.metadata(), "headers": party.bearer},
    )  # fmt: skip
    assert report["creations"] == 1
    assert_proven(stack, party, report["id"], file, tmp_path)


def test_tusjs_on_a_line_that_breaks(
    stack: Stack, party: Caller, file: Path, tmp_path: Path
) -> None:
    cuts(stack, "tusjs", 3)
    report = tusjs(
        f"{party.address}/files/", file, 0, "plain",
        {"metadata": AD_ART.metadata(), "headers": party.bearer},
    )  # fmt: skip
    assert report["creations"] == 1
    assert_proven(stack, party, report["id"], file, tmp_path)


def test_a_token_of_another_kind_sends_nothing(stack: Stack, party: Caller) -> None:
    """An operator outside his regions, a verifier, a token without the scope: each its own sentence."""
    content = pdf(text="tidak akan sampai")
    sender = Caller(party.address, stack.logins["operator.a.ambon"].token)
    assert sender.post(len(content), OFFICE).expect(403).json()["code"] == "out_of_scope"
    sender = Caller(party.address, stack.logins["verifikator.bandung.1"].token)
    assert sender.post(len(content), OFFICE).status == 403
    person = Visitor(party.address, stack.logins["koordinator.a"])
    made = person.api("POST", "tokens", {"label": "baca", "scopes": ["read"]}).expect(201).json()
    sender = Caller(party.address, made["token"])
    assert sender.post(len(content), OFFICE).expect(403).json()["code"] == "scope_missing"
