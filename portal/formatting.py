"""Dates, numbers, sizes and durations as people here write them.

Indonesian: `14 Agustus 2022 23.59.07 WIB`, `1.234.567`, `43 MB`, `± 2 jam 10 menit`. Times are shown in
WIB, with the reader's own zone beside whenever its clock differs.
"""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

from babel.dates import format_date as babel_date
from babel.numbers import format_decimal
from flask import Flask
from flask_babel import gettext

from portal.babel import locale
from portal.context import actor_or_none, now

WIB = ZoneInfo("Asia/Jakarta")
_OTHERS = (ZoneInfo("Asia/Makassar"), ZoneInfo("Asia/Jayapura"))
_NAMES = {
    "Asia/Jakarta": "WIB",
    "Asia/Pontianak": "WIB",
    "Asia/Makassar": "WITA",
    "Asia/Jayapura": "WIT",
}
_HARD = "\N{NO-BREAK SPACE}"
_UNITS = ("B", "KB", "MB", "GB", "TB")


def install(app: Flask) -> None:
    """The filters of the templates, each called like its function."""
    app.jinja_env.filters.update(
        moment=moment,
        clock_time=clock_time,
        in_all_zones=in_all_zones,
        day=day,
        number=number,
        size=size,
        duration=duration,
        percent=percent,
    )


def moment(value: datetime | None, *, seconds: bool = False) -> str:
    """`14 Agustus 2022 23.59 WIB`, and `(15 Agustus 01.59 WIT)` for a reader in Papua."""
    if value is None:
        return "–"
    here = value.astimezone(WIB)
    text = f"{day(here.date())} {_time(here, seconds=seconds)} WIB"
    zone = reader_zone()
    there = value.astimezone(zone)
    if there.utcoffset() == here.utcoffset():
        return text
    beside = f"{_time(there, seconds=seconds)} {zone_name(zone)}"
    if there.date() != here.date():
        beside = f"{_day_of_year(there.date())} {beside}"
    return f"{text} ({beside})"


def in_all_zones(value: datetime) -> str:
    """`14 Agustus 2022 23.59 WIB · 15 Agustus 00.59 WITA · 15 Agustus 01.59 WIT`: for everybody."""
    here = value.astimezone(WIB)
    seconds = here.second > 0
    parts = [f"{day(here.date())} {_time(here, seconds=seconds)} WIB"]
    for zone in _OTHERS:
        there = value.astimezone(zone)
        date_ = f"{_day_of_year(there.date())} " if there.date() != here.date() else ""
        parts.append(f"{date_}{_time(there, seconds=seconds)} {zone_name(zone)}")
    # A line breaks between the zones, never within one.
    return " · ".join(part.replace(" ", _HARD) for part in parts)


def clock_time(value: datetime, *, seconds: bool = False) -> str:
    """`23.59 WIB`, with the reader's zone beside it: for moments of today."""
    here = value.astimezone(WIB)
    text = f"{_time(here, seconds=seconds)} WIB"
    zone = reader_zone()
    there = value.astimezone(zone)
    if there.utcoffset() == here.utcoffset():
        return text
    return f"{text} ({_time(there, seconds=seconds)} {zone_name(zone)})"


def day(value: date) -> str:
    """`14 Agustus 2022`."""
    return babel_date(value, "d MMMM y", locale=locale())


def number(value: float | None) -> str:
    """`1.234.567,89`."""
    return "–" if value is None else format_decimal(value, "#,##0.##", locale=locale())


def percent(part: float, whole: float) -> str:
    """`62 %`; nothing of nothing is 0. Never rounded up to 100."""
    share = 0 if whole <= 0 else int(100 * part / whole)
    return f"{number(share)} %"


def size(value: int | None) -> str:
    """Bytes as `43 MB`, `2,1 MB`, `1,2 GB`: decimal units, two figures."""
    if value is None:
        return "–"
    amount, unit = float(value), 0
    while amount >= 999.5 and unit < len(_UNITS) - 1:
        amount, unit = amount / 1000, unit + 1
    pattern = "0" if unit == 0 or amount >= 9.95 else "0.#"
    return f"{format_decimal(amount, pattern, locale=locale())} {_UNITS[unit]}"


def duration(seconds: float) -> str:
    """`2 jam 10 menit`, `4 menit`, `kurang dari satu menit`; the two largest parts only."""
    minutes = int(max(seconds, 0)) // 60
    days, hours, minutes = minutes // 1440, minutes % 1440 // 60, minutes % 60
    parts = [
        gettext("%(count)s hari", count=number(days)) if days else "",
        gettext("%(count)s jam", count=hours) if hours else "",
        gettext("%(count)s menit", count=minutes) if minutes and not days else "",
    ]
    return " ".join(part for part in parts if part) or gettext("kurang dari satu menit")


def until(value: datetime) -> str:
    """What is left until a moment of the future; `0` when it has passed."""
    return duration((value - now()).total_seconds())


def reader_zone() -> ZoneInfo:
    """The zone of the account that reads; WIB for everybody else."""
    who = actor_or_none()
    return ZoneInfo(who.time_zone) if who is not None else WIB


def zone_name(zone: ZoneInfo) -> str:
    """WIB, WITA or WIT; another zone by its own name."""
    return _NAMES.get(zone.key, zone.key)


def _day_of_year(value: date) -> str:
    return babel_date(value, "d MMMM", locale=locale())


def _time(value: datetime, *, seconds: bool) -> str:
    # English readers know the colon; the dot is Indonesian.
    mark = ":" if locale() == "en" else "."
    text = f"{value:%H}{mark}{value:%M}"
    return f"{text}{mark}{value:%S}" if seconds else text
