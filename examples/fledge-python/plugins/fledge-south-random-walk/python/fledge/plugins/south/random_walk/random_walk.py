"""A south plugin as its repository has it, with a module of its own beside it: a random walk, several readings at a time."""

import copy
import random

from fledge.common import logger
from fledge.plugins.south.random_walk.steps import steps

_LOGGER = logger.setup(__name__)

_DEFAULT_CONFIG = {
    'plugin': {'description': 'A random walk', 'type': 'string', 'default': 'random_walk', 'readonly': 'true'},
    'steps': {'description': 'Steps between two polls', 'type': 'integer', 'default': '3', 'minimum': '0', 'order': '1'},
    'seed': {'description': 'Where chance begins', 'type': 'string', 'default': 'one', 'order': '2'},
}


def plugin_info():
    return {
        'name': 'Random walk',
        'version': '0.9.0',
        'mode': 'poll',
        'type': 'south',
        'interface': '2.0',
        'config': _DEFAULT_CONFIG,
    }


def plugin_init(config):
    handle = copy.deepcopy(config)
    handle['walk'] = steps(random.Random(config['seed']['value']))
    return handle


def plugin_poll(handle):
    count = int(handle['steps']['value'])
    return [{'asset': 'walker', 'readings': {'x': next(handle['walk'])}} for _ in range(count)] or None


def plugin_reconfigure(handle, new_config):
    return plugin_init(new_config)


def plugin_shutdown(handle):
    pass
