"""How well the likeness finds what was planted: recall of each kind, and what it finds besides.

People are made of syllables and hashes, so nobody is one of them and the same seed makes the same
ones. Real names repeat more in some places and less in others: the thresholds in
`verification.duplicates.names` are to be measured again on real lists, with this.

Next station: `sipol bench rosters --fuzzy` prints it.
"""

from __future__ import annotations

import gc
import random
import resource
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date

import polars as pl

from verification.duplicates.keys import Keys
from verification.duplicates.matching import alike, same_nik

CONSONANTS, VOWELS = "BDGHJKLMNPRSTWY", "AIUEO"
TITLED = ("H. {}", "Hj. {}", "Drs. {}", "Dr. {}", "{}, S.H.", "{}, S.Pd.", "{} SE", "Ir. {}, M.T.")
OLDEST = date(1950, 1, 1)
DAYS = 19_600
REGENCIES = 514
NEW_IDS = 1 << 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A row as it is planted."""

    nik: int
    name: str
    born: date
    regency: str


Change = Callable[[Person, random.Random], Person | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """`recall`: planted kind to the share found. `cpu`: seconds of comparing, keys being there.

    `unplanted`: pairs found by likeness that nobody planted. `keying`: seconds to make the keys.
    """

    fresh: int
    stored: int
    planted: int
    recall: dict[str, float]
    pairs: int
    unplanted: int
    cpu: float
    keying: float
    peak_mb: int

    @property
    def unplanted_share(self) -> float:
        """Of the pairs found by likeness, those nobody planted."""
        return self.unplanted / self.pairs if self.pairs else 0.0

    @property
    def cpu_per_million(self) -> float:
        """CPU seconds for a million rows against all stored."""
        return self.cpu / self.fresh * 1_000_000

    def lines(self) -> list[str]:
        """What a terminal shows."""
        return [
            f"{self.fresh:,} rows against {self.stored:,}, {self.planted:,} planted of each kind",
            *(f"  recall {kind:<14} {share:6.3f}" for kind, share in self.recall.items()),
            f"  pairs by likeness     {self.pairs:>8,}, not planted {self.unplanted:,}"
            f" ({self.unplanted_share:.1%})",
            f"  comparing {self.cpu:.2f} CPU s ({self.cpu_per_million:.2f} per million),"
            f" keys {self.keying:.2f} CPU s, peak {self.peak_mb:,} MB",
        ]


def evaluate(
    *,
    fresh: int = 1_000_000,
    stored: int = 10_000_000,
    parties: int = 10,
    planted: int = 5_000,
    seed: int = 20,
) -> Evaluation:
    """Plant `planted` pairs of each kind between a new list and stored ones, and look for them."""
    rng = random.Random(seed)  # noqa: S311 - test data, and it has to be repeatable
    each = stored // parties
    plants, truth = _plants(rng, each, parties, planted, seed)
    began = _cpu()
    mine = Keys.of(pl.concat([plants, _people(NEW_IDS, fresh - plants.height, seed)]))
    keying, comparing = _cpu() - began, 0.0
    found: set[tuple[int, int]] = set()
    likenesses: set[tuple[int, int]] = set()
    for party in range(parties):
        began = _cpu()
        theirs = Keys.of(_people(party * each, each, seed))
        keying += _cpu() - began
        began = _cpu()
        exact, like = same_nik(mine, theirs), alike(mine, theirs)
        comparing += _cpu() - began
        found.update(exact.iter_rows())
        likenesses.update(like.select("left", "right").iter_rows())
        del theirs
        gc.collect()
    found |= likenesses
    wanted = {pair for pairs in truth.values() for pair in pairs}
    return Evaluation(
        fresh=fresh,
        stored=each * parties,
        planted=planted,
        recall={kind: len(found.intersection(pairs)) / len(pairs) for kind, pairs in truth.items()},
        pairs=len(likenesses),
        unplanted=len(likenesses - wanted),
        cpu=comparing,
        keying=keying,
        peak_mb=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    )


def _typo(person: Person, rng: random.Random, times: int = 1) -> Person | None:
    letters = list(person.name)
    places = [index for index, letter in enumerate(letters) if letter != " "]
    for place in rng.sample(places, times):
        way = rng.randrange(4)
        if way == 0:
            letters[place] = rng.choice(CONSONANTS + VOWELS)
        elif way == 1:
            letters[place] = ""
        elif way == 2:
            letters[place] *= 2
        elif place + 1 < len(letters) and letters[place + 1].strip():
            letters[place], letters[place + 1] = letters[place + 1], letters[place]
    name = "".join(letters)
    return replace(person, name=name, nik=_other(person.nik)) if name != person.name else None


def _shortened(person: Person, rng: random.Random) -> Person | None:
    words = person.name.split()
    place = rng.randrange(len(words) - 1)
    words[place] = words[place][: rng.choice((1, 1, 3))]
    return replace(person, name=" ".join(words), nik=_other(person.nik))


def _turned(person: Person, _rng: random.Random) -> Person | None:
    born = person.born
    if born.day > 12 or born.day == born.month:
        return None
    return replace(
        person, born=born.replace(month=born.day, day=born.month), nik=_other(person.nik)
    )


def _other(nik: int) -> int:
    return (nik ^ 0x5A5A_5A5A_5A5A_5A5A) & 0xFFFF_FFFF_FFFF_FFFF


CHANGES: dict[str, Change] = {
    "same NIK": lambda person, _rng: person,
    "other name": lambda person, rng: replace(person, name=_name(rng)),
    "NIK typo": lambda person, _rng: replace(person, nik=_other(person.nik)),
    "1 typo": _typo,
    "2 typos": lambda person, rng: _typo(person, rng, 2),
    "abbreviation": _shortened,
    "title": lambda person, rng: replace(
        person, name=rng.choice(TITLED).format(person.name), nik=_other(person.nik)
    ),
    "day and month": _turned,
}


def _plants(
    rng: random.Random, each: int, parties: int, planted: int, seed: int
) -> tuple[pl.DataFrame, dict[str, list[tuple[int, int]]]]:
    """New rows made of stored ones, and which belong together."""
    wanted = min(planted * len(CHANGES) * 2, each * parties)
    ids = rng.sample(range(each * parties), wanted)
    people = iter(zip(ids, _some(ids, seed), strict=True))
    rows: list[tuple[int, int, date, str, str]] = []
    truth: dict[str, list[tuple[int, int]]] = {}
    number = NEW_IDS << 1
    for kind, change in CHANGES.items():
        pairs = truth.setdefault(kind, [])
        while len(pairs) < planted and (drawn := next(people, None)) is not None:
            changed = change(drawn[1], rng)
            if changed is None:
                continue
            number += 1
            rows.append((number, changed.nik, changed.born, changed.regency, changed.name))
            pairs.append((number, drawn[0]))
    return pl.DataFrame(rows, schema=_ROWS, orient="row"), truth


_ROWS = pl.Schema(
    {
        "id": pl.Int64(),
        "nik": pl.UInt64(),
        "born": pl.Date(),
        "regency": pl.String(),
        "name": pl.String(),
    }
)


def _some(ids: Sequence[int], seed: int) -> Iterator[Person]:
    rows = _made(pl.DataFrame({"id": ids}, schema={"id": pl.Int64}), seed)
    for _id, nik, born, regency, name in rows.iter_rows():
        yield Person(nik=nik, name=name, born=born, regency=regency)


def _people(first: int, count: int, seed: int) -> pl.DataFrame:
    return _made(pl.select(id=pl.int_range(first, first + max(0, count), dtype=pl.Int64)), seed)


def _made(ids: pl.DataFrame, seed: int) -> pl.DataFrame:
    def drawn(what: int, of: int) -> pl.Expr:
        return (pl.col("id").hash(seed * 100 + what) % of).cast(pl.Int64)

    def word(what: int) -> pl.Expr:
        return pl.lit(WORDS).gather(drawn(what, len(WORDS)))

    regency = drawn(1, REGENCIES)
    code = (regency // 20 + 11) * 100 + regency % 20 + 1
    middle = pl.when(drawn(4, 3) == 0).then(word(5) + " ").otherwise(pl.lit(""))
    return ids.select(
        "id",
        nik=pl.col("id").hash(seed * 100 + 99),
        born=pl.lit(OLDEST) + pl.duration(days=drawn(2, DAYS)),
        regency=(code // 100).cast(pl.String)
        + pl.lit(".")
        + (code % 100).cast(pl.String).str.zfill(2),
        name=word(3) + pl.lit(" ") + middle + word(6),
    )


def _name(rng: random.Random) -> str:
    return f"{rng.choice(list(WORDS))} {rng.choice(list(WORDS))}"


def _words() -> pl.Series:
    """Two hundred words of two to four syllables, of no language."""
    rng = random.Random(7)  # noqa: S311 - as above
    made: dict[str, None] = {}
    while len(made) < 200:
        made["".join(rng.choice(CONSONANTS) + rng.choice(VOWELS)
                     for _ in range(rng.choice((2, 3, 3, 4))))] = None  # fmt: skip
    return pl.Series(list(made))


WORDS = _words()


def _cpu() -> float:
    return time.process_time()
