"""Readings: from plugins, checked and in one form, and to plugins, in the form that each kind gets."""

import json
import math
import re
from datetime import datetime, timedelta, timezone

from .fledge_errors import error_text
from .fledge_images import array_text, with_arrays

_DROP = object()

_TIME = re.compile(
    r"^\s*(\d{4})-(\d\d)-(\d\d)[ T](\d\d):(\d\d):(\d\d)(?:[.,](\d{1,9}))?\s*(Z|[+-]\d\d(?::?\d\d)?)?\s*$", re.IGNORECASE
)


class BadReading(ValueError):
    """What a plugin gave is no reading."""


def now():
    """The time now, in UTC, in Fledge's form."""
    return str(datetime.now(timezone.utc))


def from_plugin(given, dropped=None):
    """Gives the readings in what a plugin handed over: a dict, a list of dicts, or None.

    Where `readings` of a dict is a list of dicts, each of these is a reading of that asset, as in Fledge. What is given has
    `asset`, `timestamp` and `readings`, and `key` and `id` where the plugin gave them. What a data point cannot hold is left
    out and told to `dropped(asset, name, value)`, as Fledge leaves it out. Raises BadReading.
    """
    if given is None:
        return []
    rows = [given] if isinstance(given, dict) else given
    if not isinstance(rows, (list, tuple)):
        raise BadReading("a value of type '%s'" % type(given).__name__)
    try:
        return [_reading(part, dropped) for row in rows for part in _parts(row)]
    except BadReading:
        raise
    except RecursionError:
        raise BadReading("it is nested too deep, or contains itself") from None
    except Exception as error:
        # Times beyond all calendars, and objects of the plugin's own that raise when they are read.
        raise BadReading(error_text(error)) from error


def _parts(row):
    points = row.get("readings", row.get("reading")) if isinstance(row, dict) else None
    return [dict(row, readings=part) for part in points] if isinstance(points, (list, tuple)) else [row]


def _reading(row, dropped):
    if not isinstance(row, dict):
        raise BadReading("a value of type '%s' among the readings" % type(row).__name__)
    asset = row.get("asset", row.get("asset_code"))
    points = row.get("readings", row.get("reading"))
    if isinstance(asset, bytes):
        asset = asset.decode("utf-8", "replace")
    if not isinstance(asset, str) or asset == "":
        raise BadReading("'asset' is no text")
    if not isinstance(points, dict):
        raise BadReading("'readings' of asset '%s' is no dict" % asset)
    kept = {}
    for name, value in points.items():
        plain = _point(value)
        if plain is _DROP:
            if dropped is not None:
                dropped(asset, name, value)
        else:
            kept[name.decode("utf-8", "replace") if isinstance(name, bytes) else str(name)] = plain
    time = next((row[key] for key in ("user_ts", "timestamp", "ts") if row.get(key) is not None), None)
    made = {"asset": asset, "timestamp": _time_text(time), "readings": kept}
    for key in ("key", "id"):
        if row.get(key) is not None:
            made[key] = row[key] if isinstance(row[key], (str, int)) else str(row[key])
    return made


def _time_text(time):
    if isinstance(time, str):
        return time
    if isinstance(time, (int, float)) and not isinstance(time, bool) and math.isfinite(time):
        return str(datetime.fromtimestamp(time, timezone.utc))
    return str(time) if isinstance(time, datetime) else now()


def _point(value):
    if value is None:
        return _DROP
    if isinstance(value, (bool, str)):
        return value
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return float(value)
    if isinstance(value, (bytes, bytearray)):
        return bytes(value).decode("utf-8", "replace")
    if isinstance(value, dict):
        made = {str(key): _point(part) for key, part in value.items()}
        return {key: part for key, part in made.items() if part is not _DROP}
    if isinstance(value, (list, tuple)):
        return [part for part in map(_point, value) if part is not _DROP]
    text = array_text(value)
    if text is not None:
        return text
    # numpy's other arrays and numbers, without needing numpy.
    plain = getattr(value, "tolist", None)
    return _point(plain()) if callable(plain) else _DROP


def for_north(readings, next_id):
    """Gives readings as a north plugin gets them: `id`, `asset_code`, `reading`, `ts`, `user_ts`."""
    return [_to_plugin(row, next_id, "asset_code", "reading") for row in from_plugin(readings)]


def for_filter(readings, next_id):
    """Gives readings as a filter plugin gets them: `id`, `asset`, `readings`, `ts`, `user_ts`."""
    return [_to_plugin(row, next_id, "asset", "readings") for row in from_plugin(readings)]


def _to_plugin(row, next_id, asset, points):
    time = fledge_time(row["timestamp"])
    given = row.get("id")
    number = given if isinstance(given, int) and not isinstance(given, bool) else next_id()
    return {points: with_arrays(row["readings"]), asset: row["asset"], "id": number, "ts": time, "user_ts": time}


def fledge_time(text):
    """Gives a time as Fledge's C++ service gives it to plugins: UTC, six digits, `+00:00`. Unreadable text stays."""
    match = _TIME.match(text)
    if match is None:
        return text
    numbers = [int(part) for part in match.groups()[:6]]
    micro = int((match.group(7) or "0").ljust(6, "0")[:6])
    try:
        time = datetime(*numbers, micro, timezone.utc) - _offset(match.group(8))
    except (ValueError, OverflowError):
        return text
    return time.strftime("%Y-%m-%d %H:%M:%S.") + "%06d+00:00" % time.microsecond


def _offset(text):
    if not text or text in "Zz":
        return timedelta()
    hours, minutes = int(text[1:3]), int(text[3:].lstrip(":") or 0)
    return timedelta(hours=hours, minutes=minutes) * (-1 if text[0] == "-" else 1)


def as_text(value):
    """Gives a set point's value as text, which is how Fledge hands it to plugins."""
    if isinstance(value, str):
        return value
    return ("true" if value else "false") if isinstance(value, bool) else json.dumps(value)
