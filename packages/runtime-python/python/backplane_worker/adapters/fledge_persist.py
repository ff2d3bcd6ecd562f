"""Data that a plugin with the persist flag keeps from one run to the next."""

import json
import os

FILE = "fledge-data.json"


def load_data(host):
    """Gives what was kept, as JSON text, or None."""
    if host.state_dir is None:
        return None
    try:
        with open(os.path.join(host.state_dir, FILE), encoding="utf-8") as file:
            text = file.read()
        json.loads(text)
        return text
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        host.log("warn", "the plugin's kept data cannot be read, and it starts without: %s" % error)
        return None


def save_data(host, data):
    """Keeps what plugin_shutdown gave; gives it as JSON text, or None where there is nothing that can be kept."""
    if data is None:
        return None
    try:
        text = data if isinstance(data, str) else json.dumps(data)
        if text == "":
            return None
        json.loads(text)
    except (TypeError, ValueError) as error:
        # As in Fledge: what was kept before stays.
        host.log("warn", "plugin_shutdown returned what is no JSON, and it is not kept: %s" % error)
        return None
    if host.state_dir is not None:
        path = os.path.join(host.state_dir, FILE)
        try:
            with open(path + ".new", "w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            os.replace(path + ".new", path)
        except OSError as error:
            host.log("error", "the plugin's data could not be kept: %s" % error)
    return text
