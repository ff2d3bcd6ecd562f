"""Stock agent tools and the three reference plugins: each step prints one line, `STEP <name> <JSON>`."""
import json
import sys
import time

from device_connect_agent_tools import connect, discover, disconnect, invoke, subscribe

DEVICE = sys.argv[1]


def say(name, value):
    print("STEP", name, json.dumps(value, default=str), flush=True)


def until(found, seconds=15):
    end = time.time() + seconds
    while True:
        value = found()
        if value or time.time() > end:
            return value
        time.sleep(0.1)


def call(function, params=None):
    return invoke("device(%s).function(%s)" % (DEVICE, function), params or {})


def matched(selector):
    return until(lambda: (lambda answer: answer if answer["matched"] else None)(discover(selector))) or discover(selector)


connect()
matched("device(type:plugin_host)")
for plugin in ("hello-world", "demo", "plugin-template"):
    say("load_" + plugin.replace("-", "_"), call("load_plugin", {"plugin_id": plugin}))
say("advertised", matched("function(get_service_status)"))
say("event_advertised", matched("event(demo_ready)"))
say("hello", call("hello_world", {"name": "agent"}))
say("hello_default", call("hello_world"))
say("ping", call("ping"))
say("echo", call("echo", {"message": "hi"}))
with subscribe("device(%s).event(demo_ready)" % DEVICE) as events:
    say("event", until(events.read, 5))
say("status", call("get_service_status"))
say("action", call("run_action", {"action": "open", "speed": 3}))
say("surplus", call("ping", {"bogus": 1}))
say("reload", call("reload_plugin", {"plugin_id": "demo"}))
say("again", call("ping"))
disconnect()
