"""Events in the words of Amplitude's export: one JSON object per event.

https://amplitude.com/docs/apis/analytics/export, "Response schema".
"""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

import numpy as np
import orjson
from numpy.typing import NDArray

from local.world.draws import Draws
from local.world.shop_names import CITIES
from local.world.visits import NO_ID, Events

APP_ID = 100_017

_EVENT_TYPES = ("shop_visited", "product_viewed", "checkout_started", "order_completed")
_DEVICES = (
    ("Web", "Chrome", "Windows"),
    ("Web", "Safari", "Mac OS X"),
    ("iOS", "ios", "Apple iPhone"),
    ("iOS", "ios", "Apple iPhone"),
    ("Android", "android", "Google Pixel"),
)
_NOT_COLLECTED = dict.fromkeys(
    (
        "adid",
        "amplitude_event_type",
        "device_brand",
        "device_carrier",
        "device_manufacturer",
        "device_model",
        "dma",
        "idfa",
        "ip_address",
        "is_attribution_event",
        "location_lat",
        "location_lng",
        "os_version",
        "paying",
        "sample_rate",
        "start_version",
        "user_creation_time",
    )
)


def json_lines(events: Events, draws: Draws, offset: int) -> Iterator[bytes]:
    """Each event as a line of JSON. What identifies an event or a device is drawn, so it is the same at each export."""
    keys = events.session * 8 + events.step
    uuids = draws.tokens("event/uuid", keys)
    inserts = draws.tokens("event/insert", keys)
    # An anonymous visitor is a new device in each session; a buyer always comes with the same one.
    visitor = np.where(events.buyer_id == NO_ID, -events.session, events.buyer_id)
    devices = draws.tokens("device/id", visitor)
    amplitude_ids = draws.between("device/amplitude", visitor, 10**11, 10**12 - 1).tolist()
    device_kinds = draws.between("device/kind", visitor, 0, len(_DEVICES) - 1).tolist()
    cities = draws.between("device/city", visitor, 0, len(CITIES) - 1).tolist()
    happened, uploaded = _stamps(events.happened + offset), _stamps(events.uploaded + offset)
    started = ((events.session_started + offset) * 1000).tolist()
    columns = (events.step, events.kind, events.buyer_id, events.shop_id, events.order_id, events.product_id)
    for at, (step, kind, buyer, shop, order, product) in enumerate(zip(*(c.tolist() for c in columns), strict=True)):
        platform, os_name, family = _DEVICES[device_kinds[at]]
        city, region = CITIES[cities[at]]
        properties = {"shop_id": shop}
        if order != NO_ID:
            properties["order_id"] = order
        if product != NO_ID:
            properties["product_id"] = product
        event = {
            "$insert_id": inserts[at],
            "$insert_key": None,
            "$schema": None,
            **_NOT_COLLECTED,
            "amplitude_attribution_ids": None,
            "amplitude_id": amplitude_ids[at],
            "app": APP_ID,
            "city": city,
            "client_event_time": happened[at],
            "client_upload_time": uploaded[at],
            "country": "United States",
            "data": {},
            "device_family": family,
            "device_id": devices[at],
            "device_type": family,
            "event_id": step + 1,
            "event_properties": properties,
            "event_time": happened[at],
            "event_type": _EVENT_TYPES[kind],
            "group_properties": {},
            "groups": {},
            "language": "English",
            "library": "http/2.0",
            "os_name": os_name,
            "platform": platform,
            "processed_time": uploaded[at],
            "region": region,
            "server_received_time": uploaded[at],
            "server_upload_time": uploaded[at],
            "session_id": started[at],
            "user_id": None if buyer == NO_ID else str(buyer),
            "user_properties": {},
            "uuid": str(UUID(hex=f"{uuids[at]}{inserts[at][:8]}", version=4)),
            "version_name": None,
        }
        yield orjson.dumps(event, option=orjson.OPT_APPEND_NEWLINE)


def _stamps(seconds: NDArray[np.int64]) -> list[str]:
    return [f"{stamp[:10]} {stamp[11:]}.000000" for stamp in np.datetime_as_string(seconds.astype("datetime64[s]"))]
