"""A filter plugin: multiplies every number."""

import copy

import filter_ingest

_DEFAULT_CONFIG = {
    'plugin': {'description': 'Multiplies numbers', 'type': 'string', 'default': 'scale', 'readonly': 'true'},
    'enable': {'description': 'Whether it does anything', 'type': 'boolean', 'default': 'true', 'order': '1'},
    'factors': {
        'description': 'Factor by name of the data point; * for the others',
        'type': 'JSON',
        'default': '{"*": 10}',
        'order': '2',
    },
}


def plugin_info():
    return {
        'name': 'scale',
        'version': '1.0.0',
        'mode': 'none',
        'type': 'filter',
        'interface': '1.0',
        'config': _DEFAULT_CONFIG,
    }


def plugin_init(config, ingest_ref, callback):
    handle = copy.deepcopy(config)
    handle['callback'], handle['ingest_ref'] = callback, ingest_ref
    return handle


def plugin_ingest(handle, data):
    if handle['enable']['value'] == 'true':
        factors = handle['factors']['value']
        for reading in data:
            points = reading['readings']
            for name, value in points.items():
                if isinstance(value, (int, float)) and not isinstance(value, bool):
                    points[name] = value * factors.get(name, factors.get('*', 1))
    filter_ingest.filter_ingest_callback(handle['callback'], handle['ingest_ref'], data)


def plugin_reconfigure(handle, new_config):
    return plugin_init(new_config, handle['ingest_ref'], handle['callback'])


def plugin_shutdown(handle):
    pass
