"""References to variables: required, optional, as text and as numbers."""

from __future__ import annotations

import pytest

from include.settings.environment import MissingVariable, load
from include.sources import references

ENVIRONMENT = load({"HOST": "db", "PORT": "5442", "EMPTY": ""})


@pytest.mark.parametrize(
    ("value", "resolved"),
    [
        ({"host": "${HOST}"}, {"host": "db"}),
        ({"port": "${PORT}"}, {"port": 5442}),
        ({"url": "https://${HOST}:${PORT}/x"}, {"url": "https://db:5442/x"}),
        ({"mode": "${UNSET:-prefer}"}, {"mode": "prefer"}),
        ({"mode": "${EMPTY:-prefer}"}, {"mode": "prefer"}),
        ({"port": "${UNSET:-443}"}, {"port": 443}),
        ({"base_url": "${UNSET:-}", "kept": ""}, {"kept": ""}),
        ({"group": {"base_url": "${UNSET:-}"}, "list": ["${HOST}", 1]}, {"group": {}, "list": ["db", 1]}),
        ({"number": 1, "flag": True, "none": None}, {"number": 1, "flag": True, "none": None}),
    ],
)
def test_references_get_their_values(value, resolved):
    assert references.resolve(value, ENVIRONMENT) == resolved


@pytest.mark.parametrize("name", ["UNSET", "EMPTY"])
def test_a_required_variable_that_is_not_set_is_named(name):
    with pytest.raises(MissingVariable, match=name):
        references.resolve({"host": f"${{{name}}}"}, ENVIRONMENT)


def test_a_secret_of_digits_stays_text():
    assert references.resolve_text("${PORT}", ENVIRONMENT) == "5442"


def test_every_variable_is_found_wherever_it_stands():
    value = {"a": "${ONE}", "b": ["x ${TWO:-2} y"], "c": {"d": "${THREE:-}"}, "e": 5}
    assert references.variables(value) == {"ONE", "TWO", "THREE"}


def test_what_only_looks_like_a_reference_is_found():
    assert list(references.unreadable({"a": "${RIGHT}", "b": "${wrong}", "c": ["${ALSO WRONG}"]})) == [
        "${wrong}",
        "${ALSO WRONG}",
    ]
