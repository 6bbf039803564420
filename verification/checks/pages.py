"""Behind the walls: a PDF is opened, counted, measured and rasterised by pdfium.

Scripts do not run (pdfium is built without them), attachments are not looked at, links lead nowhere:
what leaves is pixels. Tasks ``document.pdf``.

Next station: ``verification/checks/raster.py``.
"""

from __future__ import annotations

from pathlib import Path

import pypdfium2
from PIL import Image
from pypdfium2 import raw

from verification.checks.raster import write_page
from verification.checks.sizes import SIZES, ImageKind, fitted
from verification.sandbox.job import JSON, Job, Refuse

_PASSWORD_NEEDED = raw.FPDF_ERR_PASSWORD


def read_pdf(job: Job) -> JSON:
    """``arguments``: ``pages`` (numbers to render; None: the first ``eager``), ``max_pages``.

    Answer: ``pages``, ``restricted`` (printing or copying was forbidden by its maker), ``blank``
    (numbers of rendered pages with nothing on them). Refuses what does not open, has no page, has
    too many, or has a page that cannot be drawn.
    """
    assert job.output
    with _opened(job.source) as document:
        count = len(document)
        most = _number(job, "max_pages")
        if count > most:
            raise Refuse("document.too_many_pages", pages=count, most=most)
        wanted = _wanted(job, count)
        if document.get_formtype() != raw.FORMTYPE_NONE:
            document.init_forms()  # a form's filled fields are drawn apart from the page
        for number in range(1, count + 1):
            _sides(document, number)
        blank: list[JSON] = [
            number for number in wanted if write_page(_drawn(document, number), job.output, number)
        ]
        restricted = raw.FPDF_GetSecurityHandlerRevision(document) >= 0
    return {"pages": count, "restricted": restricted, "blank": blank}


def _wanted(job: Job, count: int) -> list[int]:
    asked = job.arguments["pages"]
    if not isinstance(asked, list):
        return list(range(1, min(count, _number(job, "eager")) + 1))
    numbers = [number for number in asked if isinstance(number, int) and 1 <= number <= count]
    if len(numbers) != len(asked):
        raise Refuse("document.no_such_page", pages=count)
    return numbers


def _opened(source: Path) -> pypdfium2.PdfDocument:
    try:
        return pypdfium2.PdfDocument(source)
    except pypdfium2.PdfiumError as error:
        if error.err_code == _PASSWORD_NEEDED:
            raise Refuse("document.encrypted") from error
        if error.err_code == raw.FPDF_ERR_SUCCESS:
            raise Refuse("document.no_pages") from error
        raise Refuse("document.damaged", type="pdf") from error


def _drawn(document: pypdfium2.PdfDocument, number: int) -> Image.Image:
    width, height = _sides(document, number)
    target = fitted(width, height, SIZES[ImageKind.ZOOM], enlarge=True)
    try:
        page = document[number - 1]
    except pypdfium2.PdfiumError as error:
        raise Refuse("document.page_damaged", page=number) from error
    bitmap = page.render(scale=min(target[0] / width, target[1] / height))
    image: Image.Image = bitmap.to_pil()
    bitmap.close()
    page.close()
    return image if image.mode == "RGB" else image.convert("RGB")


def _sides(document: pypdfium2.PdfDocument, number: int) -> tuple[float, float]:
    """In points. A page without an area cannot be drawn."""
    try:
        width, height = document.get_page_size(number - 1)
    except pypdfium2.PdfiumError as error:
        raise Refuse("document.page_damaged", page=number) from error
    if not (0 < width < 1e6 and 0 < height < 1e6):
        raise Refuse("document.page_damaged", page=number)
    return width, height


def _number(job: Job, name: str) -> int:
    value = job.arguments[name]
    assert isinstance(value, int)
    return value
