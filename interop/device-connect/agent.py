"""Stock agent tools against the host: each step prints one line, `STEP <name> <JSON>`."""
import json, sys, time
from device_connect_agent_tools import await_replies, broadcast, connect, discover, discover_labels, disconnect, invoke, subscribe

DEVICE = sys.argv[1]


def say(name, value):
    print('STEP', name, json.dumps(value, default=str), flush=True)


def until(found, seconds=10):
    """Asks again while presence is on its way."""
    end = time.time() + seconds
    while True:
        value = found()
        if value or time.time() > end:
            return value
        time.sleep(0.1)


def call(function, params=None):
    return invoke(f'device({DEVICE}).function({function})', params or {})


def matched(selector, wanted=True):
    def look():
        answer = discover(selector)
        return answer if bool(answer['matched']) == wanted else None
    return until(look) or discover(selector)


connect()
say('finds', matched('device(type:plugin_host)'))
say('labels', discover_labels())
say('before', discover('function(hello_world)'))
say('load', call('load_plugin', {'plugin_id': 'hello-world'}))
say('advertised', matched('function(hello_world)'))
say('invoke', call('hello_world', {'name': 'agent'}))
say('default', call('hello_world'))
say('surplus', call('hello_world', {'bogus': 1}))
say('hub', matched('device(category:hub)'))
say('dotted', matched('device(plugin_driver.role:plugin_host)'))

with subscribe(f'device({DEVICE}).event(plugin_unloaded)') as events:
    say('unload', call('unload_plugin', {'plugin_id': 'hello-world'}))
    say('event', until(events.read, 5))
say('gone', matched('function(hello_world)', False))
say('refused', call('hello_world', {'name': 'agent'}))
say('status', call('get_status'))

call('load_plugin', {'plugin_id': 'hello-world'})
matched('function(hello_world)')
sent = broadcast('function(hello_world)', {'name': 'all'}, fire_at=time.time() + 1.5)
say('broadcast', await_replies(sent['correlation_id'], timeout=6, until=1))


def elected(where, bindings=None):
    # Far enough ahead for a busy machine: who hears of it too late is silent, as one who is not meant.
    sent = broadcast('function(hello_world)', {'name': 'you'}, where=where, bindings=bindings, fire_at=time.time() + 3)
    return [reply['device_id'] for reply in await_replies(sent['correlation_id'], timeout=6, until=1)]


say('elected', elected('status.online && identity.device_id in bindings.ids', {'ids': [DEVICE, 'other']}))
say('excluded', elected("identity.device_type == 'camera'"))
call('unload_plugin', {'plugin_id': 'hello-world'})
disconnect()
