"""A north plugin: writes readings to a file, line by line."""

import copy
import json
import os

from fledge.common import logger
from fledge.common.common import _FLEDGE_DATA

_LOGGER = logger.setup(__name__)

_DEFAULT_CONFIG = {
    'plugin': {'description': 'Writes readings to a file', 'type': 'string', 'default': 'journal', 'readonly': 'true'},
    'file': {'description': 'Name of the file', 'type': 'string', 'default': 'journal.jsonl', 'order': '1'},
}


def plugin_info():
    return {'name': 'journal', 'version': '1.0.0', 'type': 'north', 'interface': '1.0', 'config': _DEFAULT_CONFIG}


def plugin_init(config):
    handle = copy.deepcopy(config)
    handle['path'] = os.path.join(_FLEDGE_DATA, config['file']['value'])
    return handle


def plugin_send(handle, payload, stream_id):
    with open(handle['path'], 'a') as file:
        for row in payload:
            file.write(json.dumps({'asset': row['asset_code'], 'at': row['user_ts'], **row['reading']}) + '\n')
    return len(payload)


def plugin_shutdown(handle):
    pass
