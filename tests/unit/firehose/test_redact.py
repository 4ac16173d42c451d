"""Secrets and tricks in foreign text: masked or taken out, and ordinary text left alone."""

from __future__ import annotations

import pytest

from include.firehose.redact import clean, mask, secret_values


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("connect postgresql://loader:s3cr3tPass@db:5432/x failed", "s3cr3tPass"),
        ("postgresql+psycopg://u:p%40ss%2Fword@h/db", "p%40ss%2Fword"),
        ("password=hunter2hunter2 is wrong", "hunter2hunter2"),
        ("{'password': 'hunter2hunter2'}", "hunter2hunter2"),
        ('{"api_key": "abcdef123456"}', "abcdef123456"),
        ("SNOWFLAKE_PRIVATE_KEY_PASSPHRASE=correcthorse", "correcthorse"),
        ("Authorization: Bearer abcdefghijklmnop.qrstuv", "abcdefghijklmnop"),
        ("Authorization: Basic bG9hZGVyOnMzY3IzdFBhc3M=", "bG9hZGVyOnMzY3IzdFBhc3M"),
        ("token xoxb-1234-5678-abcdefgh", "xoxb-1234-5678-abcdefgh"),
        ("sk_live_51HxxxxxxxxxxxY is invalid", "sk_live_51HxxxxxxxxxxxY"),
        ("ghp_0123456789abcdef0123456789abcdef0123", "ghp_0123456789abcdef0123456789abcdef0123"),
        ("key AKIAIOSFODNN7EXAMPLE", "AKIAIOSFODNN7EXAMPLE"),
        ("jwt eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.abc-def_ghi", "eyJzdWIiOiIxMjM0In0"),
        ("-----BEGIN PRIVATE KEY-----\nMIIEvQIBADAN\n-----END PRIVATE KEY-----", "MIIEvQIBADAN"),
        ("-----BEGIN RSA PRIVATE KEY-----\nMIIEvQIBADAN cut off", "MIIEvQIBADAN"),
    ],
)
def test_a_credential_is_masked(text: str, secret: str):
    assert secret not in mask(text)
    assert "***" in mask(text)


@pytest.mark.parametrize(
    "text",
    [
        "1 of 3 tests failed: unique_fct_orders_order_id has 37 rows",
        'relation "orders" does not exist at http://127.0.0.1:8080/dags/x?a=1',
        "Basic authentication failed for the user loader",
        "The key 'region' is missing; sort by key: done",
        "HTTPSConnectionPool(host='api.stripe.com', port=443): Read timed out.",
    ],
)
def test_ordinary_text_is_left_alone(text: str):
    assert mask(text) == text


def test_a_known_secret_is_masked_wherever_it_stands():
    assert mask("it said opensesame-42!", secrets=["opensesame-42"]) == "it said ***!"


def test_an_invisible_character_does_not_hide_a_credential():
    assert "hunter2" not in mask("pass\u200bword=hunter2hunter2")


def test_a_short_value_is_no_secret():
    assert mask("local and local", secrets=["local"]) == "local and local"


def test_secrets_are_the_values_of_variables_with_secret_names():
    variables = [("SLACK_BOT_TOKEN", "xoxb-aaaaaaaa"), ("FIREHOSE_DSN", "postgresql://x"), ("HOME", "/home/somebody")]
    assert secret_values(variables) == ("xoxb-aaaaaaaa", "postgresql://x")


def test_masking_a_long_hostile_text_ends():
    assert mask("a-" * 50_000 + "password" * 5_000)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("nul\x00 bell\x07", "nul bell"),
        ("\x1b[31mred\x1b[0m", "red"),
        ("\u202egnp.exe", "gnp.exe"),
        ("tab\tand\nline\r\n", "tab\tand\nline\n"),
        ("half \ud83d surrogate", "half ? surrogate"),
        ("مرحبا ✕", "مرحبا ✕"),
    ],
)
def test_text_is_cleaned_of_what_nobody_can_see(text: str, shown: str):
    assert clean(text) == shown
