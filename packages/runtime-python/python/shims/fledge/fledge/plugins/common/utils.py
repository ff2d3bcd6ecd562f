"""Small helpers of plugins."""

from datetime import datetime, timezone

DEPRECATED_BIT_POSITION = 7
DEPRECATED_BIT_MASK_VALUE = 1 << DEPRECATED_BIT_POSITION


def local_timestamp():
    """Gives the time now with the machine's offset: `2018-05-08 14:06:40.517313+05:30`."""
    return str(datetime.now(timezone.utc).astimezone())


def get_diff(old, new):
    """Gives the keys of `new` that `old` lacks or has another value for."""
    return [key for key in new if key not in old or old[key] != new[key]]


def bit_at_given_position_set_or_unset(n, k):
    """Gives bit `k` of `n`, counted from the right from 0."""
    return (n >> k) & 1
