"""Stock agent tools with a registry: each step prints one line, `STEP <name> <JSON>`."""
import json, sys, time
from device_connect_agent_tools import connect, discover, disconnect, invoke, subscribe

DEVICE = sys.argv[1]


def say(name, value):
    print('STEP', name, json.dumps(value, default=str), flush=True)


def call(function, params=None):
    return invoke(f'device({DEVICE}).function({function})', params or {})


def fresh(selector, wanted, seconds=10):
    """Looks anew: with a registry the agent tools keep what they have found for 30 s, unless they connect again."""
    end = time.time() + seconds
    while True:
        disconnect()
        connect()
        answer = discover(selector)
        if answer['matched'] == wanted or time.time() > end:
            return answer
        time.sleep(0.2)


connect()
say('finds', discover('device(type:plugin_host)'))
say('dotted', discover('device(plugin_driver.role:plugin_host)'))
say('status', call('get_status'))
say('load', call('load_plugin', {'plugin_id': 'hello-world'}))
say('advertised', fresh('function(hello_world)', 1))
say('invoke', call('hello_world', {'name': 'agent'}))
with subscribe(f'device({DEVICE}).event(plugin_unloaded)') as events:
    say('unload', call('unload_plugin', {'plugin_id': 'hello-world'}))
    end = time.time() + 5
    heard = []
    while not heard and time.time() < end:
        heard = events.read()
        time.sleep(0.05)
    say('event', heard)
say('gone', fresh('function(hello_world)', 0))
disconnect()
