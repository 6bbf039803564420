"""How a run ended, and the child's answer read as what it is: foreign bytes.

A parser taken over by its file writes whatever it likes to our end of the pipe. So the answer is
bounded, must be one JSON object of known shape, and a refusal may carry only short plain values;
what the object means is judged by the caller that knows the task.

Next station: ``verification/checks/documents.py`` turns outcomes into findings.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from verification.sandbox.job import JSON, Parameter

UNREADABLE = "file.unreadable_limits"
"""The refusal for a file whose parser crashed, or wanted more than it may have."""

_CODE = re.compile(r"[a-z][a-z0-9_]*(\.[a-z0-9_]+)+")
_PLACE = re.compile(r"[\w.: -]{0,80}", re.ASCII)
_LONGEST_TEXT, _MOST_PARAMETERS = 80, 8


class Ending(Enum):
    """``OUTPUT``: more bytes or files than allowed, or something that is no plain file."""

    OK = "ok"
    REFUSED = "refused"
    CRASHED = "crashed"
    TIMEOUT = "timeout"
    MEMORY = "memory"
    OUTPUT = "output"


class Malformed(ValueError):
    """The child's answer does not have the shape its task promises."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """``result`` when OK, otherwise ``code`` and ``params`` of the refusal.

    ``where`` names our own line or a signal after a crash, for logs. ``seconds`` is wall time.
    """

    ending: Ending
    result: JSON = None
    code: str | None = None
    params: Mapping[str, Parameter] = field(default_factory=dict)
    where: str = ""
    seconds: float = 0.0

    @property
    def ok(self) -> bool:
        return self.ending is Ending.OK


def stopped(ending: Ending, *, where: str = "", seconds: float = 0.0) -> Outcome:
    """An outcome without an answer: crashed, out of time, out of memory, too much output."""
    return Outcome(
        ending=ending,
        code=UNREADABLE,
        params={"limit": ending.value},
        where=where,
        seconds=seconds,
    )


def read_answer(line: bytes, *, seconds: float) -> Outcome:
    """One answer line of the child. Anything of the wrong shape is a crash, never an exception."""
    try:
        report = json.loads(line, parse_constant=_no_constant)
        if not isinstance(report, dict):
            raise Malformed("not an object")
        return _outcome(report, seconds)
    except (ValueError, RecursionError):
        return stopped(Ending.CRASHED, where="answer malformed", seconds=seconds)


def _outcome(report: dict[str, JSON], seconds: float) -> Outcome:
    match report:
        case {"ok": result}:
            return Outcome(ending=Ending.OK, result=result, seconds=seconds)
        case {"refused": str(code), "params": dict(params)}:
            return Outcome(
                ending=Ending.REFUSED,
                code=_code(code),
                params=parameters(params),
                seconds=seconds,
            )
        case {"memory": True}:
            return stopped(Ending.MEMORY, seconds=seconds)
        case {"crashed": str(kind), "where": str(place)}:
            where = f"{kind} {place}"
            return stopped(
                Ending.CRASHED,
                where=where if _PLACE.fullmatch(where) else "",
                seconds=seconds,
            )
        case _:
            raise Malformed("unknown answer")


def _code(code: str) -> str:
    if len(code) > _LONGEST_TEXT or not _CODE.fullmatch(code):
        raise Malformed("no code")
    return code


def parameters(params: dict[str, JSON]) -> dict[str, Parameter]:
    """A refusal's parameters as they may be shown: few, short, plain. Malformed: others."""
    if len(params) > _MOST_PARAMETERS:
        raise Malformed("too many parameters")
    checked: dict[str, Parameter] = {}
    for name, value in params.items():
        if not name.isidentifier() or not isinstance(value, str | int | float):
            raise Malformed("parameter")
        if isinstance(value, str) and (len(value) > _LONGEST_TEXT or not value.isprintable()):
            raise Malformed("parameter")
        checked[name] = value
    return checked


def _no_constant(name: str) -> JSON:
    raise Malformed(name)
