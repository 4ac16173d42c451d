"""Stripe's list API from a client's side: pages, filters, errors, keys."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import httpx
import pytest

from tests.contracts.world.conftest import PAYMENTS_KEY, START, MakeWorld, World

RESOURCES = ("charges", "refunds", "payouts", "balance_transactions")


def _error(answer: httpx.Response) -> dict[str, Any]:
    return answer.json()["error"]


@pytest.mark.parametrize("path", RESOURCES)
def test_a_list_is_newest_first_and_ten_long_by_default(world: World, path: str) -> None:
    page = world.stripe(path).raise_for_status().json()
    assert (page["object"], page["url"]) == ("list", f"/v1/{path}")
    whole = world.stripe_all(path)
    assert page["data"] == whole[:10]
    assert page["has_more"] == (len(whole) > 10)
    assert all(newer["created"] >= older["created"] for newer, older in pairwise(whole))
    assert len({item["id"] for item in whole}) == len(whole) == world.value(f"select count(*) from payments.{path}")
    assert {item["object"] for item in whole} == {path.removesuffix("s")}


def test_paging_while_the_clock_runs_loses_none_and_doubles_none(make_world: MakeWorld) -> None:
    world = make_world(days=2)
    there = {item["id"] for item in world.stripe_all("charges")}
    seen: list[str] = []
    for page in world.stripe_pages("charges"):
        seen += [item["id"] for item in page]
        world.clock(advance_seconds=1_800)
    assert len(seen) == len(set(seen))
    assert set(seen) == there
    newer = {item["id"] for item in world.stripe_all("charges")} - there
    assert newer
    last_seen = int(START.timestamp())
    assert {item["id"] for item in world.stripe_all("charges", **{"created[gt]": last_seen})} == newer


def test_ending_before_pages_towards_the_newest(world: World) -> None:
    whole = world.stripe_all("charges")
    page = world.stripe("charges", limit=5, ending_before=whole[20]["id"]).json()
    assert page["data"] == whole[15:20]
    assert page["has_more"]
    page = world.stripe("charges", limit=5, ending_before=whole[3]["id"]).json()
    assert page["data"] == whole[:3]
    assert not page["has_more"]


def test_created_filters_are_exact_at_their_bounds(world: World) -> None:
    whole = world.stripe_all("charges")
    low, high = whole[60]["created"], whole[30]["created"]

    def found(**bounds: int) -> list[dict[str, Any]]:
        return world.stripe_all("charges", **{f"created[{name}]": bound for name, bound in bounds.items()})

    assert found(gte=low, lte=high) == [item for item in whole if low <= item["created"] <= high]
    assert found(gt=low, lt=high) == [item for item in whole if low < item["created"] < high]
    assert world.stripe_all("charges", created=low) == [item for item in whole if item["created"] == low]


@pytest.mark.parametrize("path", RESOURCES)
def test_an_object_can_be_read_by_its_id(world: World, path: str) -> None:
    newest = world.stripe(path, limit=1).json()["data"][0]
    assert world.stripe(f"{path}/{newest['id']}").raise_for_status().json() == newest
    missing = world.stripe(f"{path}/nothing")
    assert missing.status_code == 404
    assert _error(missing) == {
        "type": "invalid_request_error",
        "code": "resource_missing",
        "param": "id",
        "message": f"No such {path.removesuffix('s').replace('_', ' ')}: 'nothing'",
    }


@pytest.mark.parametrize(
    ("parameters", "code", "param"),
    [
        ({"starting_after": "ch_unknown"}, "resource_missing", "starting_after"),
        ({"ending_before": "ch_unknown"}, "resource_missing", "ending_before"),
        ({"limit": 0}, None, "limit"),
        ({"limit": 101}, None, "limit"),
        ({"limit": "many"}, "parameter_invalid_integer", "limit"),
        ({"created[gte]": "2026-01-01"}, "parameter_invalid_integer", "created[gte]"),
        ({"created[near]": "1"}, "parameter_unknown", "created[near]"),
        ({"colour": "blue"}, "parameter_unknown", "colour"),
        ({"starting_after": "a", "ending_before": "b"}, None, None),
    ],
)
def test_a_bad_query_is_refused_in_stripes_words(
    world: World, parameters: dict[str, Any], code: str | None, param: str | None
) -> None:
    refused = world.stripe("charges", **parameters)
    assert refused.status_code == 400
    error = _error(refused)
    assert (error["type"], error.get("code"), error.get("param")) == ("invalid_request_error", code, param)
    assert error["message"]


def test_expand_is_accepted(world: World) -> None:
    assert world.stripe("charges", limit=1, **{"expand[]": "data.refunds"}).status_code == 200


def test_a_path_that_is_not_served_is_said_to_be_unknown(world: World) -> None:
    refused = world.stripe("customers")
    assert refused.status_code == 404
    assert "/v1/customers" in _error(refused)["message"]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 401),
        ({"Authorization": "Bearer sk_test_wrong_000000000000"}, 401),
        ({"Authorization": "Basic not-base64"}, 401),
        ({"Authorization": f"Bearer {PAYMENTS_KEY}"}, 200),
    ],
)
def test_only_the_key_opens_the_api(world: World, headers: dict[str, str], status: int) -> None:
    answer = world.http.get("/payments/v1/charges", headers=headers)
    assert answer.status_code == status
    if status == 401:
        assert _error(answer)["type"] == "invalid_request_error"
        assert "sk_test_wrong_000000000000" not in answer.text
    assert world.http.get("/payments/v1/charges", auth=(PAYMENTS_KEY, "")).status_code == 200


def test_objects_carry_stripes_fields_and_types(world: World) -> None:
    charge = world.stripe("charges", limit=1).json()["data"][0]
    assert charge["object"] == "charge"
    assert charge["id"].startswith("ch_")
    assert charge["payment_intent"].startswith("pi_")
    assert charge["balance_transaction"].startswith("txn_")
    assert (charge["currency"], charge["status"], charge["paid"], charge["captured"]) == (
        "usd",
        "succeeded",
        True,
        True,
    )
    assert type(charge["amount"]) is type(charge["created"]) is int
    assert all(type(value) is str for value in charge["metadata"].values())
    assert charge["payment_method_details"]["card"]["last4"].isdigit()
    payout = world.stripe("payouts", limit=1).json()["data"][0]
    assert (payout["status"], payout["arrival_date"]) == ("paid", payout["created"])
    entry = world.stripe("balance_transactions", limit=1).json()["data"][0]
    assert entry["status"] == ("available" if entry["available_on"] <= START.timestamp() else "pending")
