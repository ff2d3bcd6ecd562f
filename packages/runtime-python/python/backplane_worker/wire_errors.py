"""Errors as the host reads them."""
from .adapters.base import UnknownFunction
from .errors import PluginError
from .logs import traceback_of
from .modules import next_for_missing
from .wire import TooLarge

# What is left of the parts of an error that cannot be sent as it is, in characters.
MOST = 10000
# What is left of longer texts in any case: more helps nobody, and takes long to send.
LONGEST = 100000


def value_error(error, what):
    """The error of a value that cannot be sent."""
    if isinstance(error, TooLarge):
        next = "Send less at a time, or raise the limit: pythonRuntime({ maxMessageBytes })."
        return PluginError("%s is too large: %s" % (what, error), code="BP_PAYLOAD_TOO_LARGE", next=next)
    next = "Give JSON values and bytes only."
    return PluginError("%s cannot be carried: %s" % (what, error), code="BP_VALUE_INVALID", next=next)


def wire_error(error, fault=None):
    """Gives an exception as the host reads it; calls `fault` with its details where it is no answer of the plugin."""
    if isinstance(error, PluginError):
        message = error.message if isinstance(error.message, str) else text_of(error)
        wire = {"code": str(error.code), "message": message, "retryable": error.retryable, "details": error.details}
        if error.next:
            wire["next"] = error.next
        return wire
    if isinstance(error, UnknownFunction):
        return {"code": "BP_FUNCTION_UNKNOWN", "message": "Unknown method: %s" % error}
    if type(error).__name__ == "CancelledError":
        return {"code": "BP_ABORTED", "message": "It was cancelled."}
    details = {"type": type(error).__name__}
    try:
        details["traceback"] = _cut(traceback_of(error), LONGEST)
    except Exception:
        pass
    if fault is not None:
        fault(details)
    return {"code": "BP_PLUGIN_FAILED", "message": text_of(error), "details": details}


def load_error(error):
    """The same for an exception that kept the plugin from being loaded."""
    wire = wire_error(error)
    if wire["code"] == "BP_PLUGIN_FAILED":
        if not isinstance(error, PluginError):
            wire["message"] = "%s: %s" % (type(error).__name__, wire["message"])
        wire["code"] = "BP_PLUGIN_LOAD_FAILED"
        next = next_for_missing(error)
        if next is not None:
            wire["next"] = next
    return wire


def shortened(wire):
    """An error as the host reads it, of parts that can be sent whatever they were."""
    made = {"code": str(wire["code"]), "message": _cut(wire["message"]), "retryable": bool(wire.get("retryable"))}
    if wire.get("next"):
        made["next"] = _cut(wire["next"])
    details = wire.get("details")
    kept = details if isinstance(details, dict) else {"details": details}
    made["details"] = {_cut(name): _cut(value) for name, value in list(kept.items())[:20]}
    return made


def _cut(value, most=MOST):
    try:
        text = value if isinstance(value, str) else repr(value)
    except Exception:
        text = "a value of type '%s'" % type(value).__name__
    return text if len(text) <= most else text[:most] + "..."


def text_of(error):
    """The text of an exception; never empty, never raises."""
    try:
        return _cut(str(error), LONGEST) or type(error).__name__
    except Exception:
        return type(error).__name__
