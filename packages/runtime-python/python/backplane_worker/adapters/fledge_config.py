"""Makes the configuration that a plugin gets: a category in Fledge's form, whose values are text."""

import copy
import json

_plain_loads = json.loads


def let_json_load_objects():
    """Makes `json.loads` of this process take an object or array as if it were its text, and give a copy of it.

    JSON items, a rule's data and a delivery's reason are objects since Fledge 2 and were text before; plugins are written for
    either. Some ask for `type(data) == dict`, so what they get is plain.
    """

    def loads(s, *args, **kwargs):
        return copy.deepcopy(s) if isinstance(s, (dict, list)) else _plain_loads(s, *args, **kwargs)

    loads.__doc__ = _plain_loads.__doc__
    json.loads = loads


def category(items, values):
    """Gives plugin_info's items with the host's values in them, all again, so that a plugin may change them."""
    made = {}
    for name, item in items.items():
        if item.get("deprecated", "").lower() == "true":
            # Registering takes it out of the category.
            continue
        own = copy.deepcopy(item)
        kind = own["type"]
        default = own.get("default", "")
        own["value"] = _value(own, values.get(name, default))
        if kind == "JSON":
            own["default"] = _json(default)
        made[name] = own
    return made


def _value(item, value):
    kind = item["type"]
    if kind == "JSON":
        return _json(value)
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if kind == "float" and isinstance(value, (int, float)):
        return repr(float(value))
    if kind in ("list", "kvlist"):
        return _elements(item, value)
    return json.dumps(value)


def _json(value):
    if isinstance(value, str):
        try:
            return _plain_loads(value)
        except ValueError:
            return value
    return copy.deepcopy(value)


def _elements(item, value):
    """Gives a list's text: numbers in it are text of their own, and a named list stands under its name once it was set."""
    if item.get("items") in ("integer", "float"):
        number = (lambda n: repr(float(n))) if item["items"] == "float" else str
        one = lambda element: element if isinstance(element, str) else number(element)  # noqa: E731
        if isinstance(value, dict):
            value = {key: one(element) for key, element in value.items()}
        else:
            value = [one(element) for element in value]
    if isinstance(value, list) and item.get("listName") and value != _json(item.get("default")):
        value = {item["listName"]: value}
    return json.dumps(value)
