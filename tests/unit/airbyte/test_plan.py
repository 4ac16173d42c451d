"""The difference between declarations and Airbyte: what counts, what does not, and what a person must do."""

from __future__ import annotations

from typing import Any

import pytest

from include.airbyte.desired import Actor, Connection, Desired, Kind
from include.airbyte.plan import Actual, Change, PlanError, Verb, plan

WANTED = Desired(
    actors=(
        Actor(
            kind=Kind.SOURCE,
            name="payments",
            definition="stripe",
            configuration={"account_id": "acct_1", "start_date": "2026-01-01T00:00:00Z"},
            secrets={"client_secret": "sk_1"},
        ),
        Actor(
            kind=Kind.DESTINATION,
            name="snowflake",
            definition="snowflake",
            configuration={"host": "h", "credentials": {"auth_type": "Username and Password"}},
            secrets={"credentials.password": "p"},
        ),
    ),
    connections=(
        Connection(
            name="payments",
            source="payments",
            destination="snowflake",
            settings={
                "status": "active",
                "schedule": {"scheduleType": "manual"},
                "namespaceFormat": "payments",
                "prefix": "",
            },
            streams={
                "refunds": {"syncMode": "incremental_append", "cursorField": ["created"]},
                "charges": {
                    "syncMode": "incremental_deduped_history",
                    "cursorField": ["created"],
                    "primaryKey": [["id"]],
                },
            },
        ),
    ),
)


def source(**configuration: Any) -> dict[str, Any]:
    has = {"account_id": "acct_1", "start_date": "2026-01-01T00:00:00Z", "client_secret": "**********"}
    return {
        "sourceId": "s1",
        "name": "payments",
        "sourceType": "stripe",
        "configuration": {**has, **configuration},
    }


def destination(**credentials: Any) -> dict[str, Any]:
    has = {"auth_type": "Username and Password", "password": "**********", **credentials}
    return {
        "destinationId": "d1",
        "name": "snowflake",
        "destinationType": "snowflake",
        "configuration": {"host": "h", "destinationType": "snowflake", "credentials": has},
    }


def connection(**changes: Any) -> dict[str, Any]:
    """As Airbyte returns it: streams in another order, with what the server fills in."""
    return {
        "connectionId": "c1",
        "name": "payments",
        "sourceId": "s1",
        "destinationId": "d1",
        "workspaceId": "w1",
        "status": "active",
        "schedule": {"scheduleType": "manual", "basicTiming": None},
        "namespaceDefinition": "custom_format",
        "namespaceFormat": "payments",
        "prefix": None,
        "configurations": {
            "streams": [
                {
                    "name": "charges",
                    "namespace": "public",
                    "syncMode": "incremental_deduped_history",
                    "cursorField": [],
                    "primaryKey": [["id"]],
                    "mappers": [],
                    "selectedFields": [{"fieldPath": ["id"]}],
                },
                {"name": "refunds", "syncMode": "incremental_append", "cursorField": ["created"], "primaryKey": []},
            ]
        },
        "createdAt": 1,
        "tags": [],
        **changes,
    }


def streams(**changed: dict[str, Any]) -> dict[str, Any]:
    found = {item["name"]: item for item in connection()["configurations"]["streams"]}
    found |= {name: {**found.get(name, {}), "name": name, **item} for name, item in changed.items()}
    return {"configurations": {"streams": list(found.values())}}


def actual(
    sources: list[dict[str, Any]] | None = None,
    destinations: list[dict[str, Any]] | None = None,
    connections: list[dict[str, Any]] | None = None,
) -> Actual:
    return Actual.of(
        {
            Kind.SOURCE: [source()] if sources is None else sources,
            Kind.DESTINATION: [destination()] if destinations is None else destinations,
            Kind.CONNECTION: [connection()] if connections is None else connections,
        }
    )


def changes(has: Actual, *secrets: str) -> tuple[Change, ...]:
    return plan(WANTED, has, lambda identity, actor: [path for path in secrets if path in actor.secrets])


def only(has: Actual, *secrets: str) -> Change:
    (change,) = changes(has, *secrets)
    return change


def test_equal_needs_nothing_whatever_the_server_fills_in():
    assert changes(actual()) == ()


def test_an_empty_airbyte_gets_everything_in_the_order_it_needs():
    found = changes(actual([], [], []))
    assert [(change.verb, change.kind) for change in found] == [
        (Verb.CREATE, Kind.SOURCE),
        (Verb.CREATE, Kind.DESTINATION),
        (Verb.CREATE, Kind.CONNECTION),
    ]
    assert found[0].body["configuration"] == {
        "sourceType": "stripe",
        "account_id": "acct_1",
        "start_date": "2026-01-01T00:00:00Z",
        "client_secret": "sk_1",
    }
    assert found[1].body["configuration"]["credentials"] == {"auth_type": "Username and Password", "password": "p"}
    assert [stream["name"] for stream in found[2].body["configurations"]["streams"]] == ["charges", "refunds"]


def test_a_changed_key_is_patched_alone_and_named_with_both_values():
    change = only(actual([source(account_id="acct_2")]))
    assert str(change) == "update source payments: account_id is acct_1, was acct_2"
    assert change.body == {"configuration": {"sourceType": "stripe", "account_id": "acct_1"}}
    assert change.id == "s1"


def test_a_changed_key_of_a_group_is_sent_with_its_whole_group_and_secret():
    change = only(actual(destinations=[destination(auth_type="Key Pair Authentication")]))
    assert change.body == {
        "configuration": {
            "destinationType": "snowflake",
            "credentials": {"auth_type": "Username and Password", "password": "p"},
        }
    }


def test_a_key_that_is_not_declared_is_taken_away_by_a_whole_new_configuration():
    change = only(actual([source(base_url="http://elsewhere")]))
    assert (change.verb, change.why) == (Verb.REPLACE, ("base_url is not declared",))
    assert change.body["configuration"].keys() == {"sourceType", "account_id", "start_date", "client_secret"}


def test_a_rotated_secret_is_sent_and_never_shown():
    change = only(actual(), "client_secret")
    assert change.why == ("client_secret is a new secret",)
    assert change.body == {"configuration": {"sourceType": "stripe", "client_secret": "sk_1"}}
    assert "sk_1" not in str(change)
    assert "sk_1" not in repr(change)


def test_a_secret_that_airbyte_lost_is_sent_again():
    found = source()
    del found["configuration"]["client_secret"]
    assert only(actual([found])).why == ("client_secret is a new secret",)


@pytest.mark.parametrize(
    ("has", "why"),
    [
        ({"status": "inactive"}, "status is active, was inactive"),
        ({"namespaceFormat": "else"}, "namespaceFormat is payments, was else"),
        ({"prefix": "x_"}, "prefix is '', was x_"),
        (
            {"schedule": {"scheduleType": "cron", "cronExpression": "0 0 * * * ? UTC"}},
            "schedule is manual, was cron 0 0 * * * ?",
        ),
        ({"schedule": {"scheduleType": "basic", "basicTiming": "Every 24 HOURS"}}, "schedule is manual, was basic"),
    ],
)
def test_a_changed_setting_of_a_connection_is_patched_alone(has, why):
    change = only(actual(connections=[connection(**has)]))
    assert (change.verb, change.why) == (Verb.UPDATE, (why,))
    assert change.body.keys() == has.keys()


@pytest.mark.parametrize(
    ("has", "why"),
    [
        ({"charges": {"syncMode": "full_refresh_append"}}, "stream charges: syncMode is incremental_deduped_history"),
        ({"charges": {"primaryKey": [["other"]]}}, "stream charges: primaryKey is id, was other"),
        ({"refunds": {"cursorField": ["updated"]}}, "stream refunds: cursorField is created, was updated"),
        ({"payouts": {"syncMode": "incremental_append"}}, "stream payouts is not declared"),
    ],
)
def test_a_changed_stream_sends_the_whole_selection(has, why):
    change = only(actual(connections=[connection(**streams(**has))]))
    assert change.why[0].startswith(why)
    assert change.body.keys() == {"configurations"}
    assert [stream["name"] for stream in change.body["configurations"]["streams"]] == ["charges", "refunds"]


def test_a_missing_stream_is_named():
    found = connection()
    del found["configurations"]["streams"][0]
    assert only(actual(connections=[found])).why == ("stream charges is missing",)


@pytest.mark.parametrize("kind", list(Kind))
def test_a_name_that_stands_for_two_objects_is_refused_with_both_ids(kind):
    twice = [{"name": "payments", kind.id_key: "first"}, {"name": "payments", kind.id_key: "second"}]
    with pytest.raises(PlanError, match=f"two {kind}s named `payments` .first and second."):
        Actual.of({kind: twice})


def test_another_connector_under_our_name_needs_a_person():
    with pytest.raises(PlanError, match="is a postgres in Airbyte and a stripe in its declaration"):
        changes(actual([{**source(), "sourceType": "postgres"}]))


@pytest.mark.parametrize("has", [{"sourceId": "another"}, {"destinationId": "another"}])
def test_a_connection_that_joins_something_else_needs_a_person(has):
    with pytest.raises(PlanError, match="cannot move a connection: delete it there"):
        changes(actual(connections=[connection(**has)]))


def test_what_is_not_declared_is_deleted_by_asking_only_and_connections_first():
    other = {"sourceId": "s2", "name": "old", "sourceType": "stripe", "configuration": {}}
    old = {**connection(), "connectionId": "c2", "name": "old"}
    has = actual([source(), other], connections=[connection(), old])
    assert changes(has) == ()
    assert [str(change) for change in has.undeclared(WANTED)] == [
        "delete connection old: not declared",
        "delete source old: not declared",
    ]
