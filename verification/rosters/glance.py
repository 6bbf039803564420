"""The task behind the walls that looks at the beginning of a list.

Next station: `verification.rosters.early`, which keeps what is found.
"""

from __future__ import annotations

from verification.rosters.columns import match_columns
from verification.rosters.damage import refuse_damaged, refuse_names
from verification.rosters.decoding import LOOK, decode, refuse_known_types
from verification.rosters.lines import find_heading, read_lines
from verification.rosters.reading import SAMPLES, refuse_hopeless
from verification.sandbox.job import JSON, Job, Refuse


def look(job: Job) -> JSON:
    """The task behind the walls. Raises Refuse with the code that the whole list would get.

    Arguments: `required`, the fields a list must have. The file is the beginning of a list.
    """
    content = job.source.read_bytes()
    refuse_known_types(content[:LOOK])
    if content.startswith(b"PK\x03\x04"):
        return None
    text = decode(content).data
    # The last line is cut somewhere; UTF-16 may have lost half a character with it.
    text = text[: text.rfind(b"\n") + 1]
    find_heading(text)
    table = read_lines(text)
    required = job.arguments.get("required")
    wanted = (
        frozenset(str(name) for name in required) if isinstance(required, list) else frozenset()
    )
    columns = match_columns(table.headings, table.samples(SAMPLES), wanted, None)
    if not columns.sure:
        refuse_hopeless(columns)
        raise Refuse("list.columns_unclear")
    refuse_damaged(table.rows[f"c{columns.indices['nik']}"], 0)
    refuse_names(table.rows[f"c{columns.indices['district_code']}"])
    return None
