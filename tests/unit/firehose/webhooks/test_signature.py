"""Signatures: nothing passes that was not signed over these very bytes with the secret, in time."""

from __future__ import annotations

import pytest

from include.firehose.webhooks.signature import Forged, verify_buildkite, verify_buildkite_token, verify_github
from tests.unit.firehose.webhooks.payloads import SECRET, buildkite_headers, github_headers

NOW = 1_795_500_000.0
BODY = b'{"event": "ping"}'


def test_githubs_published_example_is_accepted():
    signature = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    verify_github(b"Hello, World!", {"x-hub-signature-256": signature}, "It's a Secret to Everybody", NOW)


@pytest.mark.parametrize(
    "header",
    [
        "",
        "sha256=",
        "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17",
        "sha1=d03207e4b030cf234e3447bac4d93add4c6643d8",
        "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e18",
        "sha256=757107EA0EB2509FC211221CCE984B8A37570B6D7586C22C46F4379C8B043E17",
        "sha256=é" + "7" * 63,
    ],
)
def test_any_other_signature_of_githubs_is_refused(header: str):
    with pytest.raises(Forged, match="X-Hub-Signature-256"):
        verify_github(b"Hello, World!", {"x-hub-signature-256": header}, SECRET, NOW)


def test_a_body_that_was_changed_by_one_byte_is_refused():
    headers = github_headers("push", BODY)
    verify_github(BODY, headers, SECRET, NOW)
    with pytest.raises(Forged):
        verify_github(BODY + b" ", headers, SECRET, NOW)


def test_another_secret_is_refused():
    with pytest.raises(Forged):
        verify_github(BODY, github_headers("push", BODY, secret="another"), SECRET, NOW)
    with pytest.raises(Forged):
        verify_buildkite(BODY, buildkite_headers(BODY, NOW, secret="another"), SECRET, NOW)


@pytest.mark.parametrize("seconds", [0, 299, -299])
def test_buildkites_signature_is_accepted_for_five_minutes_in_both_directions(seconds: int):
    verify_buildkite(BODY, buildkite_headers(BODY, NOW + seconds), SECRET, NOW)


@pytest.mark.parametrize("seconds", [301, -301, 86_400])
def test_buildkites_signature_of_another_time_is_refused(seconds: int):
    with pytest.raises(Forged, match="clock is wrong"):
        verify_buildkite(BODY, buildkite_headers(BODY, NOW + seconds), SECRET, NOW)


def test_an_old_signature_cannot_be_given_a_new_time():
    old = buildkite_headers(BODY, NOW - 3600)["x-buildkite-signature"]
    renewed = old.replace(str(int(NOW - 3600)), str(int(NOW)))
    with pytest.raises(Forged, match="does not fit the body"):
        verify_buildkite(BODY, {"x-buildkite-signature": renewed}, SECRET, NOW)


@pytest.mark.parametrize(
    "header",
    [
        "",
        "timestamp=,signature=",
        "timestamp=1795500000",
        "signature=ab",
        "timestamp=-1,signature=ab",
        "timestamp=١,signature=a",
    ],
)
def test_what_is_no_signature_of_buildkites_is_refused(header: str):
    with pytest.raises(Forged, match="has no X-Buildkite-Signature"):
        verify_buildkite(BODY, {"x-buildkite-signature": header}, SECRET, NOW)


def test_buildkites_token_is_no_signature():
    with pytest.raises(Forged):
        verify_buildkite(BODY, {"x-buildkite-token": SECRET}, SECRET, NOW)


def test_buildkites_token_is_compared_whole():
    verify_buildkite_token(BODY, {"x-buildkite-token": SECRET}, SECRET, NOW)
    for token in ("", SECRET[:-1], SECRET + " ", "é"):
        with pytest.raises(Forged):
            verify_buildkite_token(BODY, {"x-buildkite-token": token}, SECRET, NOW)
