"""Creation of tus 1.0.0, with upload and with a length that comes later, sentence by sentence."""

import pytest

from tests.contracts.tus_process import TusProcess
from tests.contracts.tus_table import AT_4, Row, Rows, Table
from tests.unit.uploads.builders import OCTETS, metadata
from uploads.policy import DEFERRED_BYTES

NEW = {"Upload-Length": "3"}
DEFERRED = {"Upload-Defer-Length": "1"}
BODY = {"Content-Type": OCTETS}


def post(**changes: object) -> Row:
    facts: dict[str, object] = {"method": "POST", "path": "/files/", "headers": NEW, "status": 201}
    return Row(**facts | changes)  # type: ignore[arg-type]


CREATION: Rows = [
    post(section="POST", must="be acknowledged with 201 and a Location", has=("Location",)),
    post(section="POST", must="be possible without the slash", path="/files", has=("Location",)),
    post(section="POST", must="include Upload-Length or Upload-Defer-Length", headers={}, status=400,
         lacks=("Location",)),
    post(section="POST", must="include one of the two", headers=NEW | DEFERRED, status=400),
    post(section="POST", must="be possible for no bytes", headers={"Upload-Length": "0"}),
    post(section="POST", must="be 413 above the maximum",
         headers={"Upload-Length": str(64 * 1024**3 + 1)}, status=413, lacks=("Location",)),
    Row(section="POST", must="lead to the core protocol", path="{fresh}", body=b"hello",
        headers=BODY | {"Upload-Offset": "0"}, answers={"Upload-Offset": "5"}),
    Row(section="POST", must="be at the creation URL", method="POST", headers=NEW, status=405),
    *(post(section="Upload-Metadata", must=f"be key and base64, a key once: {text!r}", status=400,
           headers=NEW | {"Upload-Metadata": text})
      for text in ("a !", "a YQ==,a YQ==", ",", "a YQ", "a YQ==,", "a YQ== YQ==")),
    *(post(section="Upload-Metadata", must=f"be accepted: {text!r}",
           headers=NEW | {"Upload-Metadata": text})
      for text in ("", "a", "a ", "a YQ==,b", "a YQ==, b Yg==", "is_confidential,a YQ==")),
    Row(section="Upload-Metadata", must="be in responses to HEAD as it was sent", method="HEAD",
        status=200, answers={"Upload-Metadata": metadata(filename="a ☂.pdf")}),
    Row(section="Upload-Metadata", must="NOT be there when there are none", method="HEAD",
        path="{fresh}", status=200, lacks=("Upload-Metadata",)),
]  # fmt: skip

DEFERRING: Rows = [
    post(section="Upload-Defer-Length", must="be accepted when it is 1", headers=DEFERRED,
         has=("Location",)),
    *(post(section="Upload-Defer-Length", must=f"be 1: {text!r} is 400", status=400,
           headers={"Upload-Defer-Length": text}) for text in ("0", "2", "true", "", "01")),
    Row(section="Upload-Defer-Length", must="be in all responses to HEAD until it is known",
        method="HEAD", path="{deferred}", status=200, lacks=("Upload-Length",),
        answers={"Upload-Defer-Length": "1", "Upload-Offset": "4"}),
    Row(section="Upload-Defer-Length", must="be omitted when the length is not deferred",
        method="HEAD", status=200, lacks=("Upload-Defer-Length",)),
    Row(section="Upload-Defer-Length", must="be omitted when the length is known", method="HEAD",
        path="{declared}", status=200, lacks=("Upload-Defer-Length",),
        answers={"Upload-Length": "10"}),
    Row(section="Upload-Defer-Length", must="be followed by a length in a PATCH",
        path="{deferred}", headers=AT_4 | {"Upload-Length": "6"}, body=b"ef",
        answers={"Upload-Offset": "6"}, then={"{deferred}": 6}),
    Row(section="Upload-Defer-Length", must="NOT need a length in every PATCH", path="{deferred}",
        headers=AT_4, body=b"ef", answers={"Upload-Offset": "6"}),
    *(Row(section="Upload-Length", must=f"NOT be changed once set: {text}", path=path,
          headers=AT_4 | {"Upload-Length": text}, body=b"e", status=400, then={path: 4})
      for path in ("{declared}", "{open}") for text in ("9", "11", "4")),
    Row(section="Upload-Length", must="be accepted again when it is the same", path="{declared}",
        headers=AT_4 | {"Upload-Length": "10"}, body=b"ef", answers={"Upload-Offset": "6"}),
    Row(section="Upload-Length", must="NOT be below what is stored", path="{deferred}",
        headers=AT_4 | {"Upload-Length": "3"}, status=400, then={"{deferred}": 4}),
    Row(section="Upload-Length", must="NOT be below what is being sent", path="{deferred}",
        headers=AT_4 | {"Upload-Length": "5"}, body=b"ef", status=413, then={"{deferred}": 4}),
    Row(section="Upload-Length", must="be 413 above the maximum when it comes later",
        path="{deferred}", headers=AT_4 | {"Upload-Length": str(DEFERRED_BYTES + 1)}, status=413,
        then={"{deferred}": 4}),
    Row(section="Upload-Length", must="be a number when it comes later", path="{deferred}",
        headers=AT_4 | {"Upload-Length": "x"}, body=b"ef", status=400, then={"{deferred}": 4}),
]  # fmt: skip

WITH_UPLOAD: Rows = [
    post(section="Creation With Upload", must="tell the offset after the bytes accepted",
         headers=NEW | BODY, body=b"ab", answers={"Upload-Offset": "2"}),
    post(section="Creation With Upload", must="tell the offset: all of them", headers=NEW | BODY,
         body=b"abc", answers={"Upload-Offset": "3"}, lacks=("Upload-Expires",)),
    post(section="Creation With Upload", must="tell the offset: chunked", headers=NEW | BODY,
         body=b"ab", chunked=True, answers={"Upload-Offset": "2"}),
    post(section="Creation With Upload", must="tell the offset: no length yet", body=b"abcdef",
         headers=DEFERRED | BODY, answers={"Upload-Offset": "6"}),
    post(section="Creation With Upload", must="tell the offset: behind Expect",
         headers=NEW | BODY, body=b"abc", expect=True, answers={"Upload-Offset": "3"}),
    *(post(section="Creation With Upload", must=f"include the content type: {text}", body=b"ab",
           headers=NEW | {"Content-Type": text}, status=415, lacks=("Location",))
      for text in ("text/plain", "application/octet-stream")),
    post(section="Creation With Upload", must="NOT exceed the length", headers=NEW | BODY,
         body=b"abcd", status=413, lacks=("Location",)),
    post(section="Creation With Upload", must="NOT exceed the length: chunked",
         headers=NEW | BODY, body=b"abcd", chunked=True, status=413, lacks=("Location",)),
]  # fmt: skip


@pytest.mark.parametrize("row", CREATION, ids=str)
def test_creation(tus: TusProcess, row: Row) -> None:
    Table(tus).check(row)


@pytest.mark.parametrize("row", DEFERRING, ids=str)
def test_creation_defer_length(tus: TusProcess, row: Row) -> None:
    Table(tus).check(row)


@pytest.mark.parametrize("row", WITH_UPLOAD, ids=str)
def test_creation_with_upload(tus: TusProcess, row: Row) -> None:
    Table(tus).check(row)
