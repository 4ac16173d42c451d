"""What Airbyte may answer, as the one sentence a person gets."""

from __future__ import annotations

import pytest
from airflow.providers.airbyte.hooks.airbyte import AirbyteHook

from include.airbyte.client import AirbyteRefused, AirbyteUnavailable, Client


@pytest.fixture
def client(airbyte) -> Client:
    return Client(AirbyteHook().airbyte_api)


def test_every_page_is_read_until_an_empty_one(airbyte, client):
    for number in range(6):
        airbyte.add_connection(f"other_{number}")
    assert len(list(client.pages("/connections"))) == 7


def test_a_token_is_asked_for_once_and_used_again(airbyte, client):
    for _ in range(3):
        list(client.pages("/connections"))
    assert airbyte.tokens == 1


def test_a_rejected_token_is_renewed_and_the_request_repeated(airbyte, client):
    list(client.pages("/connections"))
    airbyte.answer_next("GET", "/connections", 401, {"title": "invalid-api-key"})
    assert len(list(client.pages("/connections"))) == 1
    assert [request.token for request in airbyte.made("GET", "/connections")][-2:] == ["token-2", "token-2"]


def test_a_token_that_is_rejected_twice_is_an_error(airbyte, client):
    for _ in range(2):
        airbyte.answer_next("GET", "/connections", 401, {"title": "invalid-api-key"})
    with pytest.raises(AirbyteRefused, match=r"answered 401: invalid-api-key \(check the client id and secret\)"):
        list(client.pages("/connections"))


@pytest.mark.parametrize(
    ("status", "body", "message"),
    [
        (403, {"title": "forbidden"}, "403: forbidden .the application's role does not allow this"),
        (404, {"title": "resource-not-found"}, "404: resource-not-found .check the id"),
        (409, {"data": {"message": "A sync is already running for: x"}}, "409: A sync is already running for: x"),
        (422, {"detail": "Refreshes are not supported"}, "422: Refreshes are not supported"),
        (400, "no JSON at all", "answered 400"),
        (400, ["a", "list"], "answered 400"),
    ],
)
def test_a_refusal_says_what_airbyte_said(airbyte, client, status, body, message):
    airbyte.answer_next("GET", "/connections", status, body)
    with pytest.raises(AirbyteRefused, match=message) as error:
        list(client.pages("/connections"))
    assert error.value.status == status
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("status", [429, 500, 502, 503, 0])
def test_what_may_pass_is_told_apart_from_a_refusal(airbyte, client, status):
    airbyte.answer_next("GET", "/connections", status, {})
    with pytest.raises(AirbyteUnavailable):
        list(client.pages("/connections"))


@pytest.mark.parametrize(("status", "kind"), [(401, AirbyteRefused), (404, AirbyteRefused), (503, AirbyteUnavailable)])
def test_a_refused_token_request_says_so(airbyte, client, status, kind):
    airbyte.answer_next("POST", "/applications/token", status, {})
    with pytest.raises(kind, match=f"answered {status} to the request for a token"):
        list(client.pages("/connections"))


def test_a_token_answer_that_is_no_token_is_no_crash(airbyte, client):
    airbyte.answer_next("POST", "/applications/token", 200, "<html>")
    with pytest.raises(AirbyteUnavailable, match="gave no usable token"):
        list(client.pages("/connections"))


def test_an_address_that_is_no_api_is_named(airbyte, client):
    airbyte.answer_next("GET", "/connections", 200, "<html>the web application</html>")
    with pytest.raises(AirbyteUnavailable, match="is that address Airbyte's API"):
        list(client.pages("/connections"))


def test_the_config_api_is_beside_the_public_one(airbyte, client):
    airbyte.report = {"job": {}}
    assert client.call_config_api("/jobs/get_without_logs", {"id": 1}) == {"job": {}}
    assert airbyte.requests[-1].path == "/api/v1/jobs/get_without_logs"
