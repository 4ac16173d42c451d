"""Warehouses in Snowflake's words: sizes, and the settings that decide what a warehouse costs."""

from collections.abc import Mapping
from typing import Any

DEFAULT_AUTO_SUSPEND = 600

_SIZES = {
    "XSMALL": "X-Small",
    "SMALL": "Small",
    "MEDIUM": "Medium",
    "LARGE": "Large",
    "XLARGE": "X-Large",
    "XXLARGE": "2X-Large",
    "XXXLARGE": "3X-Large",
    "X2LARGE": "2X-Large",
    "X3LARGE": "3X-Large",
    "X4LARGE": "4X-Large",
    "X5LARGE": "5X-Large",
    "X6LARGE": "6X-Large",
    "2XLARGE": "2X-Large",
    "3XLARGE": "3X-Large",
    "4XLARGE": "4X-Large",
    "5XLARGE": "5X-Large",
    "6XLARGE": "6X-Large",
}


def size_name(properties: Mapping[str, Any]) -> str:
    """WAREHOUSE_SIZE as SHOW WAREHOUSES and QUERY_HISTORY spell it."""
    size = str(properties.get("WAREHOUSE_SIZE", "XSMALL")).upper().replace("-", "")
    return _SIZES.get(size, size)


def settings(properties: Mapping[str, Any]) -> dict[str, Any]:
    """The columns of `warehouse_changes` that describe a warehouse."""
    get = properties.get
    monitor = get("RESOURCE_MONITOR")
    return {
        "size": size_name(properties),
        "warehouse_type": str(get("WAREHOUSE_TYPE", "STANDARD")).upper(),
        "auto_suspend": _seconds(get("AUTO_SUSPEND", DEFAULT_AUTO_SUSPEND)),
        "auto_resume": str(get("AUTO_RESUME", True)).upper() == "TRUE",
        "min_cluster_count": int(get("MIN_CLUSTER_COUNT", 1)),
        "max_cluster_count": int(get("MAX_CLUSTER_COUNT", 1)),
        "resource_monitor": str(monitor) if monitor else None,
    }


def _seconds(value: Any) -> int | None:
    return None if value is None or str(value).upper() == "NULL" else int(value)
