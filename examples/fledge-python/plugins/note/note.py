"""A notification delivery: leaves a note in a file."""

import copy
import os

from fledge.common.common import _FLEDGE_DATA

_DEFAULT_CONFIG = {
    'plugin': {'description': 'Leaves notes in a file', 'type': 'string', 'default': 'note', 'readonly': 'true'},
    'enable': {'description': 'Whether it delivers', 'type': 'boolean', 'default': 'true', 'order': '1'},
    'file': {'description': 'Name of the file', 'type': 'string', 'default': 'notes.txt', 'order': '2'},
}


def plugin_info():
    return {
        'name': 'note',
        'version': '1.0.0',
        'mode': 'none',
        'type': 'notificationDelivery',
        'interface': '1.0',
        'config': _DEFAULT_CONFIG,
    }


def plugin_init(config):
    return copy.deepcopy(config)


def plugin_deliver(handle, deliveryName, notificationName, triggerReason, message):
    if handle['enable']['value'] != 'true':
        return False
    with open(os.path.join(_FLEDGE_DATA, handle['file']['value']), 'a') as file:
        file.write('{}: {} ({})\n'.format(notificationName, message, triggerReason['reason']))
    return True


def plugin_reconfigure(handle, new_config):
    return plugin_init(new_config)


def plugin_shutdown(handle):
    pass
