"""Helpers of north plugins. They are imported with a star, so only what upstream has too is public."""

# Plugins that import this module with a star may rely on it.
import asyncio  # noqa: F401

# Texts by code, for plugins that log them. The wording is ours; the braces are upstream's.
MESSAGES_LIST = {
    "i000000": "information.",
    "e000000": "error.",
    "e000001": "a plugin cannot be run on its own.",
    "e000010": "the plugin's information cannot be given: |{0}|",
    "e000011": "the plugin cannot be initialised: |{0}|",
    "e000012": "the logger cannot be initialised: |{0}|",
    "e000013": "the plugin cannot be ended: |{0}|",
    "e000020": "nothing is known about the sensor.",
    "e000021": "the readings cannot be prepared in memory.",
    "e000022": "readings cannot be added in memory.",
    "e000023": "the sensor cannot be prepared at the destination: |{0}|",
    "e000024": "the request to |{0}| failed: |{1}|",
    "e000030": "the position cannot be moved on.",
    "e000031": "sending cannot be completed: |{0}|",
    "e000032": "the request failed and may be repeated, status |{0}|: |{1}|",
}


def evaluate_type(value):
    """Says what a value's text stands for: `integer`, `number`, `string`, or `array` for a list."""
    if isinstance(value, list):
        return "array"
    try:
        number = float(value)
        return "integer" if str(int(number)) == str(value) else "number"
    except (TypeError, ValueError, OverflowError):
        return "string"


def convert_to_type(value):
    """Gives a value in the type that its text stands for: `"180.2"` as 180.2."""
    kind = evaluate_type(value)
    return float(value) if kind == "number" else int(value) if kind == "integer" else value


def identify_unique_asset_codes(raw_data):
    """Gives the first row of each asset: `[{"asset_code", "asset_data"}]`."""
    first = {}
    for row in raw_data:
        first.setdefault(row["asset_code"], {"asset_code": row["asset_code"], "asset_data": row["reading"]})
    return list(first.values())
