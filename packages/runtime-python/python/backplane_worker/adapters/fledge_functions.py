"""What a Fledge plugin offers to callers, by its kind."""

READING = {
    "type": "object",
    "description": "One reading of one asset.",
    "properties": {
        "asset": {"type": "string"},
        "timestamp": {"type": "string", "description": "When it was read. Without it, now."},
        "readings": {"type": "object", "description": "Value by name of the data point."},
        "key": {"type": "string"},
        "id": {"type": "integer"},
    },
    "required": ["asset", "readings"],
}
READINGS = {"type": "array", "items": READING}

# The event by which readings leave that nobody asked for.
READINGS_EVENT = {
    "name": "readings",
    "description": "Readings that the plugin handed over on its own initiative, up to 100 at a time, in order.",
    "payload": {
        "type": "object",
        "properties": {"plugin": {"type": "string", "description": "The plugin's id."}, "readings": READINGS},
        "required": ["plugin", "readings"],
    },
}


def _object(required, **properties):
    return {"type": "object", "properties": properties, "required": list(required), "additionalProperties": False}


_NONE = _object(())
_SCALAR = {"type": ["string", "number", "boolean"]}

FUNCTIONS = {
    "poll": {
        "description": "Takes readings now (plugin_poll).",
        "parameters": _NONE,
        "result": READINGS,
    },
    "ingest": {
        "description": "Gives the readings that the plugin hands over from now on, one by one, until it is left.",
        "parameters": _object((), limit={"type": "integer", "minimum": 1, "description": "Ends after so many."}),
        "result": {"type": "integer", "description": "How many it gave."},
        "stream": "items",
    },
    "write": {
        "description": "Sets a set point (plugin_write). Says whether it was set.",
        "parameters": _object(("name", "value"), name={"type": "string"}, value=_SCALAR),
        "result": {"type": "boolean"},
    },
    "operation": {
        "description": "Runs an operation of the device (plugin_operation). Says whether it was done.",
        "parameters": _object(
            ("operation",),
            operation={"type": "string"},
            parameters={"type": "object", "additionalProperties": _SCALAR, "description": "Value by name."},
        ),
        "result": {"type": "boolean"},
    },
    "send": {
        "description": "Sends readings to where the plugin sends them (plugin_send).",
        "parameters": _object(
            ("readings",),
            readings=READINGS,
            stream_id={"type": "string", "description": "Handed to the plugin as it is."},
        ),
        "result": {
            "type": "object",
            "properties": {
                "sent": {"type": "integer", "description": "How many were sent, from the first on."},
                "last_id": {"type": "integer", "description": "Id of the last that was sent, where the plugin says it."},
            },
            "required": ["sent"],
        },
    },
    "filter": {
        "description": "Passes readings through the filter (plugin_ingest) and gives what comes out at once.",
        "parameters": _object(("readings",), readings=READINGS),
        "result": READINGS,
    },
    "triggers": {
        "description": "Says which data the rule wants to see (plugin_triggers).",
        "parameters": _NONE,
        "result": {"type": "object", "properties": {"triggers": {"type": "array", "items": {"type": "object"}}}},
    },
    "evaluate": {
        "description": "Says whether the rule triggers on this data (plugin_eval).",
        "parameters": _object(
            ("data",),
            data={
                "type": "object",
                "description": "Data points by asset, and the seconds of each reading as timestamp_<asset>.",
            },
        ),
        "result": {"type": "boolean"},
    },
    "reason": {
        "description": "Says why the last evaluation came out as it did (plugin_reason).",
        "parameters": _NONE,
        "result": {"type": "object"},
    },
    "deliver": {
        "description": "Delivers a notification (plugin_deliver). Says whether it was delivered.",
        "parameters": _object(
            ("notification", "reason", "message"),
            delivery={"type": "string", "description": "Name of the delivery. Without it, the plugin's id."},
            notification={"type": "string", "description": "Name of the notification."},
            reason={"type": "object", "description": "Why, as a rule's `reason` says it."},
            data={"type": "object", "description": "What the rule was given; the plugin finds it in the reason, as `data`."},
            message={"type": "string"},
        ),
        "result": {"type": "boolean"},
    },
}


def names_of(info, module):
    """Names the functions of a plugin, by its kind and flags and by what its module has."""
    if info.kind == "south":
        names = ["ingest"] if info.is_async else ["poll"] if callable(getattr(module, "plugin_poll", None)) else []
        if info.control:
            # Fledge resolves either only where the plugin says that it has control.
            names += [name for name in ("write", "operation") if callable(getattr(module, "plugin_" + name, None))]
        return names
    return {
        "north": ["send"],
        "filter": ["filter", "ingest"],
        "rule": ["triggers", "evaluate", "reason"],
        "delivery": ["deliver"],
    }[info.kind]


def described(names):
    """Gives the descriptors of functions."""
    return [dict(FUNCTIONS[name], name=name) for name in names]
