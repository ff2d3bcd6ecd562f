"""Reads what plugin_info says."""

import json

from .fledge_errors import fledge_error, raised, type_of

# Flags of Fledge's C interface (plugin_api.h), which Python plugins may give as `flag`.
SP_ASYNC = 0x0004
SP_PERSIST_DATA = 0x0008
SP_INGEST = 0x0010
SP_DEPRECATED = 0x0080
SP_CONTROL = 0x1000

# Type names of Fledge's services, its REST interface and its documentation, by the kind that they mean.
KINDS = {
    "south": "south",
    "device": "south",
    "north": "north",
    "filter": "filter",
    "notificationRule": "rule",
    "rule": "rule",
    "notificationDelivery": "delivery",
    "notify": "delivery",
    "delivery": "delivery",
}

# What a plugin of each kind cannot do without, beyond plugin_info, plugin_init and plugin_shutdown.
NEEDS = {
    "north": ("plugin_send",),
    "filter": ("plugin_ingest",),
    "rule": ("plugin_triggers", "plugin_eval", "plugin_reason"),
    "delivery": ("plugin_deliver",),
}

# Properties of a configuration item that are no text.
STRUCTURED = ("options", "permissions", "properties", "schema")


class Info:
    """What a plugin says about itself, checked."""

    def __init__(self, name, version, kind, interface, flags, config, warnings):
        self.name = name
        self.version = version
        self.kind = kind
        self.interface = interface
        self.is_async = bool(flags & SP_ASYNC)
        self.control = bool(flags & SP_CONTROL)
        self.persist = bool(flags & SP_PERSIST_DATA)
        self.ingest = bool(flags & SP_INGEST)
        self.config = config
        self.warnings = warnings

    @property
    def description(self):
        return (self.config.get("plugin") or {}).get("description") or self.name


def read_info(plugin, module):
    """Calls plugin_info and checks what it gives. Raises BP_FLEDGE_ENTRY_MISSING, _INFO_INVALID or _INTERFACE_UNKNOWN."""
    function = getattr(module, "plugin_info", None)
    if not callable(function):
        raise fledge_error("BP_FLEDGE_ENTRY_MISSING", plugin=plugin, entry="plugin_info")
    try:
        given = function()
    except (Exception, SystemExit, KeyboardInterrupt) as error:
        raise fledge_error("BP_FLEDGE_INFO_INVALID", plugin=plugin, reason=raised("it", error)) from error
    info = _checked(plugin, given)
    has = lambda entry: callable(getattr(module, entry, None))  # noqa: E731
    needed = NEEDS.get(info.kind) or (("plugin_register_ingest",) if info.is_async else ("plugin_poll",))
    if info.control and (has("plugin_write") or has("plugin_operation")):
        # Made to be set and told, not to be polled: Fledge's service runs it too, and complains at each poll.
        needed = tuple(entry for entry in needed if entry != "plugin_poll")
    for entry in ("plugin_init",) + needed:
        if not has(entry):
            raise fledge_error("BP_FLEDGE_ENTRY_MISSING", plugin=plugin, entry=entry)
    return info


def check_place(plugin, info, folder):
    """Holds a plugin to the folder of its type that it lies in, as Fledge does. Raises BP_FLEDGE_INFO_INVALID."""
    if KINDS.get(folder, info.kind) != info.kind:
        reason = "it says that it is a %s plugin, but lies in the folder '%s'" % (info.kind, folder)
        raise fledge_error("BP_FLEDGE_INFO_INVALID", plugin=plugin, reason=reason)


def _checked(plugin, given):
    def invalid(reason):
        return fledge_error("BP_FLEDGE_INFO_INVALID", plugin=plugin, reason=reason)

    if not isinstance(given, dict):
        raise invalid("it returned %s, not a dict" % type_of(given))
    for key in ("name", "version", "type"):
        if not isinstance(given.get(key), str):
            raise invalid("'%s' must be text, but is %s" % (key, type_of(given.get(key))))
    kind = KINDS.get(given["type"])
    if kind is None:
        raise invalid("'type' must be one of %s, but is '%s'" % (", ".join(KINDS), given["type"]))
    warnings = []
    flags = _flags(given, warnings, invalid)
    if flags & SP_DEPRECATED:
        warnings.append("the plugin says that it is deprecated")
    config = _config(given.get("config", {}), warnings, invalid)
    return Info(given["name"], given["version"], kind, _interface(plugin, given), flags, config, warnings)


def _interface(plugin, given):
    version = given.get("interface")
    if isinstance(version, str) and version.split(".")[0] in ("1", "2"):
        return int(version.split(".")[0])
    shown = repr(version) if version is not None else "none"
    raise fledge_error("BP_FLEDGE_INTERFACE_UNKNOWN", plugin=plugin, interface=shown)


def _flags(given, warnings, invalid):
    mode = given.get("mode", "")
    if not isinstance(mode, str):
        raise invalid("'mode' must be text, but is %s" % type_of(mode))
    flags = given.get("flag", 0)
    if not isinstance(flags, int):
        raise invalid("'flag' must be a number, but is %s" % type_of(flags))
    for token in filter(None, (part.strip() for part in mode.split("|"))):
        if token == "async":
            flags |= SP_ASYNC
        elif token == "control":
            flags |= SP_CONTROL
        elif token not in ("poll", "none"):
            # Fledge warns too, and goes on.
            warnings.append("'mode' names '%s', which nobody knows" % token)
    return flags


def _config(config, warnings, invalid):
    if isinstance(config, str):
        try:
            config = json.loads(config)
        except ValueError as error:
            raise invalid("'config' is no JSON: %s" % error) from error
    if not isinstance(config, dict):
        raise invalid("'config' must be a dict, but is %s" % type_of(config))
    items = {}
    for name, item in config.items():
        if not isinstance(name, str) or not isinstance(item, dict):
            raise invalid("config item %r must be a dict, but is %s" % (name, type_of(item)))
        if not isinstance(item.get("type"), str):
            raise invalid("config item '%s' has no 'type'" % name)
        if item["type"] == "category":
            warnings.append("config item '%s' is a category within the category, which is left out" % name)
            continue
        # Upstream refuses a value at registration; here the default is what counts.
        items[name] = {}
        for key, part in item.items():
            if part is None or key == "value":
                continue
            try:
                items[name][_name(key)] = _text(key, part)
            except (TypeError, ValueError, RecursionError) as error:
                raise invalid("%r of config item '%s' is no JSON: %s" % (key, name, error)) from error
    return items


def _name(key):
    if not isinstance(key, str):
        raise TypeError("names of properties are text")
    return key


def _text(key, part):
    """Gives a property's value as Fledge's own C++ service would register it: as text."""
    if isinstance(part, str):
        return part
    if isinstance(part, bool):
        return "true" if part else "false"
    structured = key in STRUCTURED and isinstance(part, (list, dict, tuple))
    text = json.dumps(part, allow_nan=not structured)
    return json.loads(text) if structured else text
