"""Every route has chosen who may enter, every API call its roles and scope, every refusal its answer."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator

import pytest

import portal
import verification
from portal.answers import ANSWERS, HTTP_ANSWERS
from portal.api.views import CALLS, bp
from portal.app import BLUEPRINTS
from portal.auth import guards
from portal.babel import missing
from verification.errors import DomainError

PUBLIC = {"auth", "diagnosis", "health", "public"}


def test_every_blueprint_stands_beside_its_guard() -> None:
    chosen = {blueprint.name: guard for blueprint, guard in BLUEPRINTS}
    assert len(chosen) == len(BLUEPRINTS)
    open_to_all = {name for name, guard in chosen.items() if guard is guards.public}
    assert open_to_all == PUBLIC


def test_every_call_names_its_roles_and_appears_once() -> None:
    assert all(call.roles for call in CALLS)
    assert len({call.name for call in CALLS}) == len(CALLS)
    assert len({(call.method, call.path) for call in CALLS}) == len(CALLS)


def test_nothing_is_in_the_api_but_declared_calls_and_their_description() -> None:
    # The blueprint's own functions: one a call, and the document.
    assert len(bp.deferred_functions) == len(CALLS) + 1


def test_changes_are_never_made_by_get_except_where_a_reading_is_logged() -> None:
    logged = {"show_item", "show_dispute", "export_journal"} | {
        f"export_{what}_{kind}" for what in ("rejected", "results") for kind in ("csv", "xlsx")
    }
    assert {call.name for call in CALLS if call.method == "GET" and call.writes} == logged


def refusals() -> list[type[DomainError]]:
    for package in (portal, verification):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if ".migrations." not in module.name:
                importlib.import_module(module.name)
    return sorted(below(DomainError), key=lambda kind: kind.__name__)


def below(kind: type[DomainError]) -> Iterator[type[DomainError]]:
    for each in kind.__subclasses__():
        yield each
        yield from below(each)


@pytest.mark.parametrize("kind", refusals(), ids=lambda kind: kind.__name__)
def test_every_refusal_has_one_answer(kind: type[DomainError]) -> None:
    assert kind in ANSWERS


def test_every_answer_belongs_to_a_refusal_and_has_its_own_code() -> None:
    assert set(ANSWERS) == set(refusals())
    codes = [answer.code for answer in (*ANSWERS.values(), *HTTP_ANSWERS.values())]
    assert len(codes) == len(set(codes))
    assert not {408, 502, 504} & {answer.status for answer in ANSWERS.values()}


def test_every_text_has_its_english() -> None:
    assert sorted({text for _, text in missing()}) == []
