"""The core of tus 1.0.0, sentence by sentence, against a real process."""

import pytest

from tests.contracts.tus_process import TusProcess
from tests.contracts.tus_table import AT_4, Row, Rows, Table
from tests.unit.uploads.builders import OCTETS

NEW = {"Upload-Length": "3"}
EXTENSIONS = (
    "creation,creation-with-upload,creation-defer-length,expiration,checksum,checksum-trailer,"
    "termination,concatenation,concatenation-unfinished"
)

HEADERS: Rows = [
    *(Row(section="Upload-Offset", must=f"{text!r} is no non-negative integer",
          headers=AT_4 | {"Upload-Offset": text}, body=b"x", status=400, then={"{open}": 4})
      for text in ("-1", "4.0", "abc", "", "4, 4", "+4", "0x4", "9" * 40)),
    *(Row(section="Upload-Length", must=f"{text!r} is no non-negative integer", method="POST",
          path="/files/", headers={"Upload-Length": text}, status=400)
      for text in ("-1", "1.5", "abc", "", "1, 1", "+1", "9" * 40)),
    Row(section="Tus-Version", must="be a list of versions, the preferred one first",
        method="OPTIONS", path="/files/", version=None, answers={"Tus-Version": "1.0.0"}),
    *(Row(section="Tus-Resumable", must=f"be in every request and response: {method} without it",
          method=method, path=path, version=None, headers=headers, status=412,
          answers={"Tus-Version": "1.0.0"})
      for method, path, headers in (("HEAD", "{open}", {}), ("PATCH", "{open}", AT_4),
                                    ("DELETE", "{open}", {}), ("POST", "/files/", NEW))),
    *(Row(section="Tus-Resumable", must=f"answer 412 with Tus-Version: {method} in {version}",
          method=method, path=path, version=version, headers=headers, status=412,
          answers={"Tus-Version": "1.0.0"})
      for version in ("0.2.2", "1.0.1", "1.0", "2.0.0")
      for method, path, headers in (("HEAD", "{open}", {}), ("POST", "/files/", NEW))),
    Row(section="Tus-Resumable", must="NOT process a request in another version", version="0.2.2",
        headers=AT_4, body=b"xyz", status=412, then={"{open}": 4}),
    Row(section="Tus-Resumable", must="NOT process a removal in another version", version="2.0.0",
        method="DELETE", status=412, then={"{open}": 4}),
    Row(section="Tus-Resumable", must="be in a refusal too", path="{unknown}", headers=AT_4,
        body=b"x", status=404),
    Row(section="Tus-Extension", must="be a list of the extensions supported", method="OPTIONS",
        path="/files/", version=None, answers={"Tus-Extension": EXTENSIONS}),
    Row(section="Tus-Max-Size", must="be a non-negative integer", method="OPTIONS", path="/files/",
        version=None, answers={"Tus-Max-Size": str(64 * 1024**3)}),
    Row(section="X-HTTP-Method-Override", must="be interpreted as the method: PATCH", method="POST",
        headers=AT_4 | {"X-HTTP-Method-Override": "PATCH"}, body=b"xy", then={"{open}": 6},
        answers={"Upload-Offset": "6"}),
    Row(section="X-HTTP-Method-Override", must="be interpreted as the method: DELETE",
        method="POST", headers={"X-HTTP-Method-Override": "DELETE"}, then={"{open}": None}),
    Row(section="X-HTTP-Method-Override", must="have the actual method ignored: DELETE is a PATCH",
        method="DELETE", headers=AT_4 | {"X-HTTP-Method-Override": "PATCH"}, body=b"x",
        then={"{open}": 5}),
    Row(section="X-HTTP-Method-Override", must="have the actual method ignored: PATCH creates",
        method="PATCH", path="/files/", headers=NEW | {"X-HTTP-Method-Override": "POST"},
        status=201, has=("Location",)),
]  # fmt: skip

REQUESTS: Rows = [
    Row(section="HEAD", must="always include Upload-Offset: even 0", method="HEAD", path="{fresh}",
        status=200, answers={"Upload-Offset": "0"}),
    Row(section="HEAD", must="always include Upload-Offset: in between", method="HEAD", status=200,
        answers={"Upload-Offset": "4"}),
    Row(section="HEAD", must="always include Upload-Offset: completed", method="HEAD",
        path="{finished}", status=200, answers={"Upload-Offset": "3", "Upload-Length": "3"}),
    Row(section="HEAD", must="include Upload-Length if the size is known", method="HEAD",
        status=200, answers={"Upload-Length": "10"}),
    Row(section="HEAD", must="answer 404 without Upload-Offset for what is not there",
        method="HEAD", path="{unknown}", status=404, lacks=("Upload-Offset",)),
    Row(section="HEAD", must="answer without Upload-Offset for what was removed", method="HEAD",
        path="{removed}", status=404, lacks=("Upload-Offset",)),
    Row(section="HEAD", must="prevent caching", method="HEAD", status=200,
        answers={"Cache-Control": "no-store"}),
    Row(section="PATCH", must="apply the bytes at the offset and tell the new one", headers=AT_4,
        body=b"xyz", answers={"Upload-Offset": "7"}, then={"{open}": 7}),
    Row(section="PATCH", must="tell the sum: no bytes are no change", headers=AT_4,
        answers={"Upload-Offset": "4"}, then={"{open}": 4}),
    Row(section="PATCH", must="tell the sum: to the end", headers=AT_4, body=b"x" * 6,
        answers={"Upload-Offset": "10"}, then={"{open}": 10}),
    Row(section="PATCH", must="tell the sum: chunked", headers=AT_4, body=b"abcde", chunked=True,
        answers={"Upload-Offset": "9"}, then={"{open}": 9}),
    Row(section="PATCH", must="tell the sum: chunked to the end", headers=AT_4, body=b"x" * 6,
        chunked=True, answers={"Upload-Offset": "10"}, then={"{open}": 10}),
    *(Row(section="PATCH", must=f"use the content type: {text} is 415",
          headers=AT_4 | {"Content-Type": text}, body=b"x", status=415, then={"{open}": 4})
      for text in ("application/octet-stream", "text/plain", "application/offset", OCTETS + "x")),
    Row(section="PATCH", must="use the content type: none is 415", headers={"Upload-Offset": "4"},
        body=b"x", status=415, then={"{open}": 4}),
    *(Row(section="PATCH", must=f"have an equal offset: {text} is 409, nothing modified",
          headers=AT_4 | {"Upload-Offset": text}, body=b"x", status=409, then={"{open}": 4},
          answers={"Upload-Offset": "4"})
      for text in ("0", "3", "5", "10", "11")),
    Row(section="PATCH", must="have an offset", headers={"Content-Type": OCTETS}, body=b"x",
        status=400, then={"{open}": 4}),
    Row(section="PATCH", must="never exceed the length", headers=AT_4, body=b"x" * 7, status=413,
        then={"{open}": 4}),
    Row(section="PATCH", must="never exceed the length: chunked", headers=AT_4, body=b"x" * 7,
        chunked=True, status=413),
    Row(section="PATCH", must="answer 404 for what is not there", path="{unknown}", headers=AT_4,
        body=b"x", status=404),
    Row(section="PATCH", must="take nothing more when it is completed", path="{finished}",
        headers=AT_4 | {"Upload-Offset": "3"}, body=b"x", status=413, then={"{finished}": 3}),
    Row(section="PATCH", must="be told once more when the answer was lost", path="{finished}",
        headers=AT_4 | {"Upload-Offset": "3"}, answers={"Upload-Offset": "3"}),
    Row(section="PATCH", must="work behind Expect: 100-continue", headers=AT_4, body=b"xy",
        expect=True, answers={"Upload-Offset": "6"}, then={"{open}": 6}),
    *(Row(section="OPTIONS", must=f"contain Tus-Version and ignore Tus-Resumable {version}",
          method="OPTIONS", path=path, version=version, answers={"Tus-Version": "1.0.0"},
          has=("Tus-Extension", "Tus-Max-Size"))
      for version in (None, "1.0.0", "9.9.9") for path in ("/files/", "/files", "{open}")),
]  # fmt: skip


@pytest.mark.parametrize("row", HEADERS, ids=str)
def test_headers(tus: TusProcess, row: Row) -> None:
    Table(tus).check(row)


@pytest.mark.parametrize("row", REQUESTS, ids=str)
def test_requests(tus: TusProcess, row: Row) -> None:
    Table(tus).check(row)
