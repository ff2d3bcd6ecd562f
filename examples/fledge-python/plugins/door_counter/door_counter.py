"""A south plugin that hands readings over by itself and keeps its count: people who pass a door."""

import copy
import json
import threading

from fledge.common import logger
from fledge.plugins.common import utils
import async_ingest

_LOGGER = logger.setup(__name__)

# From Fledge's plugin_api.h: data is kept from one run to the next.
SP_PERSIST_DATA = 0x0008

_DEFAULT_CONFIG = {
    'plugin': {'description': 'Counts who passes a door', 'type': 'string', 'default': 'door_counter', 'readonly': 'true'},
    'assetName': {'description': 'Name of the asset', 'type': 'string', 'default': 'door', 'order': '1'},
    'interval': {
        'description': 'Milliseconds between two people',
        'type': 'integer',
        'default': '100',
        'minimum': '1',
        'order': '2',
    },
}


def plugin_info():
    return {
        'name': 'Door counter',
        'version': '2.0.0',
        'mode': 'async',
        'flag': SP_PERSIST_DATA,
        'type': 'south',
        'interface': '2.0.0',
        'config': _DEFAULT_CONFIG,
    }


def plugin_init(config):
    handle = copy.deepcopy(config)
    handle['count'] = 0
    handle['closed'] = threading.Event()
    return handle


def plugin_register_ingest(handle, callback, ingest_ref):
    handle['ingest'] = (callback, ingest_ref)


def plugin_start(handle, data):
    handle['count'] = json.loads(data).get('count', 0)
    handle['thread'] = threading.Thread(target=_count, args=(handle,), daemon=True)
    handle['thread'].start()


def _count(handle):
    while not handle['closed'].wait(int(handle['interval']['value']) / 1000):
        handle['count'] += 1
        reading = {
            'asset': handle['assetName']['value'],
            'timestamp': utils.local_timestamp(),
            'readings': {'count': handle['count']},
        }
        async_ingest.ingest_callback(*handle['ingest'], [reading])


def plugin_reconfigure(handle, new_config):
    state = plugin_shutdown(handle)
    new_handle = plugin_init(new_config)
    plugin_register_ingest(new_handle, *handle['ingest'])
    plugin_start(new_handle, state)
    return new_handle


def plugin_shutdown(handle):
    handle['closed'].set()
    handle['thread'].join()
    return json.dumps({'count': handle['count']})
