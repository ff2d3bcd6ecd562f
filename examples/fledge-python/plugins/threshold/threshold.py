"""A notification rule: triggers while a data point is over a limit."""

import copy

from fledge.plugins.common import utils

_DEFAULT_CONFIG = {
    'plugin': {'description': 'Triggers over a limit', 'type': 'string', 'default': 'threshold', 'readonly': 'true'},
    'asset': {'description': 'Asset to watch', 'type': 'string', 'default': 'tank', 'order': '1'},
    'datapoint': {'description': 'Data point to watch', 'type': 'string', 'default': 'level', 'order': '2'},
    'limit': {'description': 'Triggers over this', 'type': 'float', 'default': '80', 'order': '3'},
}


def plugin_info():
    return {
        'name': 'threshold',
        'version': '1.0.0',
        'mode': 'none',
        'type': 'notificationRule',
        'interface': '1.0.0',
        'config': _DEFAULT_CONFIG,
    }


def plugin_init(config):
    handle = copy.deepcopy(config)
    handle['triggered'] = False
    return handle


def plugin_triggers(handle):
    return {'triggers': [{'asset': handle['asset']['value']}]}


def plugin_eval(handle, data):
    value = data[handle['asset']['value']][handle['datapoint']['value']]
    handle['triggered'] = value > float(handle['limit']['value'])
    return handle['triggered']


def plugin_reason(handle):
    return {
        'reason': 'triggered' if handle['triggered'] else 'cleared',
        'asset': [handle['asset']['value']],
        'timestamp': utils.local_timestamp(),
    }


def plugin_reconfigure(handle, new_config):
    return plugin_init(new_config)


def plugin_shutdown(handle):
    pass
