"""Whole numbers where a schema says float.

A caller's `2.0` may come as `2`: JSON has one kind of number, and who is no Python forgets the point.
"""


def floats_of(schema):
    """What turns the whole numbers in a value into floats where its schema says number; None where it says so nowhere."""
    kind = schema.get("type")
    if kind == "number":
        return _as_float
    if kind == "array":
        return _in_list(schema)
    if kind == "object":
        return _in_dict(schema)
    some = [each for each in schema.get("anyOf", ()) if each.get("type") != "null"]
    # Where several kinds will do, an integer may well be meant.
    return floats_of(some[0]) if len(some) == 1 else None


def _as_float(value):
    if type(value) is not int:
        return value
    try:
        made = float(value)
    except OverflowError:
        return value
    # Not at the price of a digit.
    return made if made == value else value


def _in_list(schema):
    items = schema.get("items")
    each = floats_of(items) if isinstance(items, dict) else None
    first = [floats_of(item) for item in schema.get("prefixItems", ())]
    if each is None and not any(first):
        return None

    def convert(value):
        if not isinstance(value, list):
            return value
        made = [change(item) if change else item for change, item in zip(first, value)]
        rest = value[len(made) :]
        return made + ([each(item) for item in rest] if each else rest)

    return convert


def _in_dict(schema):
    named = {name: floats_of(each) for name, each in schema.get("properties", {}).items() if isinstance(each, dict)}
    named = {name: change for name, change in named.items() if change}
    others = schema.get("additionalProperties")
    other = floats_of(others) if isinstance(others, dict) else None
    if not named and other is None:
        return None

    def convert(value):
        if not isinstance(value, dict):
            return value
        made = dict(value)
        for name, item in value.items():
            change = named.get(name, other)
            if change:
                made[name] = change(item)
        return made

    return convert
