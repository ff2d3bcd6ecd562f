"""A north plugin of the asynchronous kind: hands readings to a server, and says how far it came."""

import asyncio
import copy
import json

from fledge.common import logger
from fledge.plugins.north.common.common import *

_LOGGER = logger.setup(__name__)

_DEFAULT_CONFIG = {
    'plugin': {'description': 'Sends readings over TCP', 'type': 'string', 'default': 'journal_async', 'readonly': 'true'},
    'host': {'description': 'Where the server is', 'type': 'string', 'default': '127.0.0.1', 'order': '1'},
    'port': {'description': 'Its port', 'type': 'integer', 'default': '0', 'order': '2'},
}


def plugin_info():
    return {'name': 'journal_async', 'version': '1.0.0', 'type': 'north', 'interface': '1.0', 'config': _DEFAULT_CONFIG}


def plugin_init(config):
    return copy.deepcopy(config)


async def plugin_send(handle, payload, stream_id):
    sent, last_id = 0, 0
    try:
        reader, writer = await asyncio.open_connection(handle['host']['value'], int(handle['port']['value']))
        for row in payload:
            writer.write((json.dumps({'asset': row['asset_code'], **row['reading']}) + '\n').encode())
            await writer.drain()
            if not await reader.readline():
                break
            sent, last_id = sent + 1, row['id']
        writer.close()
    except OSError as error:
        _LOGGER.error('the server cannot be reached: %s', error)
    return sent > 0, last_id, sent


def plugin_shutdown(handle):
    pass


# North plugins are begun anew with another configuration; many carry this all the same.
def plugin_reconfigure():
    pass
