"""Ownership on small graphs made for each rule, and the failing side of each."""

from __future__ import annotations

from typing import Any

import pytest

from include.transform.ownership import SHARED, feeds, judges, owned_by, owners, runs_of_tests, slice_of


def manifest(nodes: dict[str, list[str]], tests: dict[str, list[str]] | None = None) -> dict[str, Any]:
    """A manifest of models (`name: parents`) over the sources `shop.x` and `pay.x`, and of tests on them."""

    def key(name: str) -> str:
        return f"source.p.{name}" if "." in name else f"model.p.{name}"

    found: dict[str, Any] = {
        f"model.p.{name}": {"resource_type": "model", "depends_on": {"nodes": [key(parent) for parent in parents]}}
        for name, parents in nodes.items()
    }
    for name, parents in (tests or {}).items():
        found[f"test.p.{name}"] = {
            "resource_type": "test",
            "depends_on": {"nodes": [key(parent) for parent in parents]},
        }
    sources = {f"source.p.{name}": {"source_name": name.partition(".")[0]} for name in ("shop.orders", "pay.charges")}
    return {"nodes": found, "sources": sources}


GRAPH = manifest(
    {
        "stg_orders": ["shop.orders"],
        "fct_orders": ["stg_orders"],
        "stg_charges": ["pay.charges"],
        "daily": ["fct_orders", "stg_charges"],
        "weekly": ["daily"],
        "calendar": [],
        "orders_by_day": ["stg_orders", "calendar"],
    },
    {
        "unique_orders": ["fct_orders"],
        "orders_have_charges": ["fct_orders", "daily"],
        "orders_against_charges": ["fct_orders", "stg_charges"],
        "weekly_against_orders": ["weekly", "stg_orders"],
    },
)


def test_a_model_of_one_source_belongs_to_it_through_any_number_of_models() -> None:
    assert owners(GRAPH)["model.p.stg_orders"] == "shop"
    assert owners(GRAPH)["model.p.fct_orders"] == "shop"
    assert owners(GRAPH)["model.p.stg_charges"] == "pay"


def test_a_model_of_two_sources_is_shared_and_so_is_what_stands_on_it() -> None:
    assert owners(GRAPH)["model.p.daily"] == SHARED
    assert owners(GRAPH)["model.p.weekly"] == SHARED


def test_a_model_without_source_is_shared_and_makes_what_reads_it_shared() -> None:
    assert owners(GRAPH)["model.p.calendar"] == SHARED
    assert owners(GRAPH)["model.p.orders_by_day"] == SHARED


def test_an_owner_without_models_is_an_error_that_names_the_owners_there_are() -> None:
    with pytest.raises(LookupError, match=r"'shops'.*\['pay', 'shared', 'shop'\]"):
        owned_by(GRAPH, "shops")


def test_feeds_are_the_nodes_of_others_that_are_read_directly() -> None:
    assert feeds(GRAPH, SHARED) == ["model.p.fct_orders", "model.p.stg_charges", "model.p.stg_orders"]
    assert feeds(GRAPH, "shop") == []


def test_a_runs_of_tests_where_its_nodes_are_built_or_stand_above() -> None:
    assert runs_of_tests(GRAPH)["test.p.unique_orders"] == ["shop"]
    assert runs_of_tests(GRAPH)["test.p.orders_have_charges"] == [SHARED]
    assert runs_of_tests(GRAPH)["test.p.weekly_against_orders"] == [SHARED]


def test_a_test_of_two_pipelines_alone_runs_nowhere_and_is_found() -> None:
    assert runs_of_tests(GRAPH)["test.p.orders_against_charges"] == []


def test_a_test_judges_the_node_it_is_declared_on() -> None:
    graph = manifest({"a": ["shop.orders"], "b": ["a"]}, {"b_has_a": ["a", "b"]})
    graph["nodes"]["test.p.b_has_a"]["attached_node"] = "model.p.a"
    assert judges(graph, "shop") == {"model.p.a": ["test.p.b_has_a"], "model.p.b": []}


def test_a_test_of_its_own_file_judges_the_last_of_its_nodes() -> None:
    graph = manifest({"a": ["shop.orders"], "b": ["a"], "c": ["shop.orders"]}, {"a_equals_b": ["a", "b"]})
    assert judges(graph, "shop")["model.p.b"] == ["test.p.a_equals_b"]


def test_every_test_of_a_pipeline_judges_exactly_one_of_its_nodes() -> None:
    for owner in set(owners(GRAPH).values()):
        judging = [test for tests in judges(GRAPH, owner).values() for test in tests]
        assert sorted(judging) == sorted(test for test, runs in runs_of_tests(GRAPH).items() if owner in runs)


def test_a_slice_has_a_pipelines_nodes_its_tests_and_what_they_read() -> None:
    graph = {**GRAPH, "metadata": {"project_name": "p"}}
    part = slice_of(graph, SHARED)
    assert {"model.p.daily", "model.p.weekly", "model.p.calendar", "model.p.orders_by_day"} <= part["nodes"].keys()
    assert part["parents"].keys() == {"model.p.fct_orders", "model.p.stg_charges", "model.p.stg_orders"}
    assert "model.p.fct_orders" not in part["nodes"]
    assert part["judges"].keys() == {key for key, owner in owners(graph).items() if owner == SHARED}
