"""What Fledge plugins get wrong, by code. `src/fledge/errors.ts` holds the same texts; a test keeps them equal."""

from ..errors import PluginError

CATALOGUE = {
    "BP_FLEDGE_INFO_INVALID": (
        "plugin_info of '{plugin}' cannot be used: {reason}",
        "Let plugin_info return name, version, type, interface and config, as Fledge's plugin guide has them.",
    ),
    "BP_FLEDGE_INTERFACE_UNKNOWN": (
        "'{plugin}' has interface version {interface}, which nobody knows.",
        "Let plugin_info's 'interface' begin with '1.' or '2.'.",
    ),
    "BP_FLEDGE_ENTRY_MISSING": (
        "'{plugin}' has no {entry}, which a plugin of its kind needs.",
        "Define {entry} in the plugin's module, or correct 'type' and 'mode' in plugin_info.",
    ),
    "BP_FLEDGE_HANDLE_INVALID": (
        "{entry} of '{plugin}' returned {type}, which cannot be its handle.",
        "Let {entry} return the handle that later calls get: usually a copy of the configuration.",
    ),
    "BP_FLEDGE_READING_INVALID": (
        "{entry} of '{plugin}' gave what is no reading: {reason}",
        "Give {{'asset': name, 'timestamp': text, 'readings': {{name: value}}}}, a list of these, or None.",
    ),
    "BP_FLEDGE_RESULT_INVALID": (
        "{entry} of '{plugin}' returned {type}, not {expected}.",
        "Let {entry} return {expected}.",
    ),
}


def fledge_error(code, **details):
    # They cross to the host.
    details = {name: str(value) for name, value in details.items()}
    message, next_step = CATALOGUE[code]
    return PluginError(message.format(**details), code=code, next=next_step.format(**details), details=details)


def type_of(value):
    """Names a value's type for a person."""
    return "nothing" if value is None else "a value of type '%s'" % type(value).__name__


def raised(entry, error):
    """Says what an entry point raised."""
    return "%s raised %s" % (entry, error_text(error))


def error_text(error):
    """Gives an exception's type and text; never raises, though its text is the plugin's code."""
    try:
        text = str(error)
    except Exception:
        text = ""
    return type(error).__name__ + (": " + text if text else "")
