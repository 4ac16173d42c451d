"""The payments service's objects as Stripe shows them, from rows of the ledger.

Fields that a shop platform's charges would leave empty are present and null, as in Stripe's own answers.
"""

from __future__ import annotations

from typing import Any

_CURRENCY = "usd"


def charge(row: dict[str, Any], _now: int) -> dict[str, Any]:
    """https://docs.stripe.com/api/charges/object"""
    return {
        "id": row["id"],
        "object": "charge",
        "amount": row["amount"],
        "amount_captured": row["amount"],
        "amount_refunded": row["amount_refunded"],
        "application": None,
        "application_fee": None,
        "application_fee_amount": None,
        "balance_transaction": row["balance_transaction"],
        "calculated_statement_descriptor": "BACKBEAT SHOPS",
        "captured": True,
        "created": row["created"],
        "currency": _CURRENCY,
        "customer": None,
        "description": f"Order {row['order_id']}",
        "disputed": False,
        "failure_code": None,
        "failure_message": None,
        "invoice": None,
        "livemode": False,
        "metadata": _metadata(row),
        "outcome": {"network_status": "approved_by_network", "risk_level": "normal", "type": "authorized"},
        "paid": True,
        "payment_intent": row["payment_intent"],
        "payment_method": None,
        "payment_method_details": {
            "card": {"brand": row["card_brand"], "country": "US", "funding": "credit", "last4": row["card_last4"]},
            "type": "card",
        },
        "receipt_email": None,
        "refunded": row["amount_refunded"] == row["amount"],
        "status": "succeeded",
    }


def refund(row: dict[str, Any], _now: int) -> dict[str, Any]:
    """https://docs.stripe.com/api/refunds/object"""
    return {
        "id": row["id"],
        "object": "refund",
        "amount": row["amount"],
        "balance_transaction": row["balance_transaction"],
        "charge": row["charge"],
        "created": row["created"],
        "currency": _CURRENCY,
        "metadata": _metadata(row),
        "payment_intent": row["payment_intent"],
        "reason": "requested_by_customer",
        "receipt_number": None,
        "source_transfer_reversal": None,
        "status": "succeeded",
        "transfer_reversal": None,
    }


def payout(row: dict[str, Any], _now: int) -> dict[str, Any]:
    """https://docs.stripe.com/api/payouts/object"""
    return {
        "id": row["id"],
        "object": "payout",
        "amount": row["amount"],
        "arrival_date": row["arrival_date"],
        "automatic": True,
        "balance_transaction": row["balance_transaction"],
        "created": row["created"],
        "currency": _CURRENCY,
        "description": "STRIPE PAYOUT",
        "destination": None,
        "failure_balance_transaction": None,
        "failure_code": None,
        "failure_message": None,
        "livemode": False,
        "metadata": {},
        "method": "standard",
        "reconciliation_status": "completed",
        "source_type": "card",
        "statement_descriptor": None,
        "status": "paid",
        "type": "bank_account",
    }


def balance_transaction(row: dict[str, Any], now: int) -> dict[str, Any]:
    """https://docs.stripe.com/api/balance_transactions/object"""
    fees = [{"amount": row["fee"], "application": None, "currency": _CURRENCY, "type": "stripe_fee"}]
    return {
        "id": row["id"],
        "object": "balance_transaction",
        "amount": row["amount"],
        "available_on": row["available_on"],
        "created": row["created"],
        "currency": _CURRENCY,
        "description": None,
        "exchange_rate": None,
        "fee": row["fee"],
        "fee_details": fees if row["fee"] else [],
        "net": row["net"],
        "reporting_category": row["type"],
        "source": row["source"],
        "status": "available" if row["available_on"] <= now else "pending",
        "type": row["type"],
    }


def _metadata(row: dict[str, Any]) -> dict[str, str]:
    return {name: str(row[name]) for name in ("order_id", "shop_id", "buyer_id")}
