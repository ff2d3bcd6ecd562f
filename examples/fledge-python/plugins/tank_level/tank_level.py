"""A south plugin that is polled, with control: the level of a tank that fills up."""

import copy
import logging

from fledge.common import logger
from fledge.plugins.common import utils

_LOGGER = logger.setup(__name__, level=logging.INFO)

_DEFAULT_CONFIG = {
    'plugin': {'description': 'Level of a tank', 'type': 'string', 'default': 'tank_level', 'readonly': 'true'},
    'assetName': {
        'description': 'Name of the asset',
        'type': 'string',
        'default': 'tank',
        'displayName': 'Asset name',
        'order': '1',
        'mandatory': 'true',
    },
    'inflow': {
        'description': 'Litres that come in between two readings',
        'type': 'float',
        'default': '1.5',
        'minimum': '0',
        'displayName': 'Inflow',
        'order': '2',
    },
}


def plugin_info():
    return {
        'name': 'Tank level',
        'version': '1.0.0',
        'mode': 'poll|control',
        'type': 'south',
        'interface': '1.0',
        'config': _DEFAULT_CONFIG,
    }


def plugin_init(config):
    handle = copy.deepcopy(config)
    handle['level'] = 0.0
    return handle


def plugin_poll(handle):
    handle['level'] += float(handle['inflow']['value'])
    return {
        'asset': handle['assetName']['value'],
        'timestamp': utils.local_timestamp(),
        'readings': {'level': handle['level']},
    }


def plugin_reconfigure(handle, new_config):
    if ' ' in new_config['assetName']['value']:
        raise ValueError('an asset name has no spaces')
    new_handle = plugin_init(new_config)
    new_handle['level'] = handle['level']
    _LOGGER.info('the inflow is %s now', new_handle['inflow']['value'])
    return new_handle


def plugin_write(handle, name, value):
    if name != 'level':
        return False
    handle['level'] = float(value)
    return True


def plugin_operation(handle, operation, params):
    if operation != 'drain':
        return False
    handle['level'] -= float(dict(params).get('litres', handle['level']))
    return True


def plugin_shutdown(handle):
    _LOGGER.info('the tank is left at %s', handle['level'])
