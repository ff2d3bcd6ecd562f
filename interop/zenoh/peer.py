"""A Zenoh peer by its own hand: each command on standard input is one line of JSON, each answer one line `ANSWER <JSON>`.

Arguments: the mode (client or peer) and the address to connect to.
"""
import json, sys, threading
import zenoh

mode, address = sys.argv[1:3]
config = zenoh.Config()
config.insert_json5('mode', json.dumps(mode))
config.insert_json5('connect/endpoints', json.dumps([address]))
config.insert_json5('scouting/multicast/enabled', 'false')
session = zenoh.open(config)
heard, lock, kept = [], threading.Lock(), []


def on_sample(sample):
    with lock:
        heard.append([str(sample.key_expr), bytes(sample.payload).decode()])


def on_query(query):
    payload = bytes(query.payload).decode() if query.payload else ''
    if payload == 'silent':
        query.drop()
    elif payload == 'fail':
        query.reply_err(b'not today')
        query.drop()
    elif payload == 'hold':
        kept.append(query)
    else:
        query.reply(query.key_expr, f'python:{payload}'.encode())
        query.drop()


def get(key, payload, target='BEST_MATCHING', timeout=5.0):
    replies = session.get(key, payload=payload.encode(), timeout=timeout, target=getattr(zenoh.QueryTarget, target))
    found = []
    for reply in replies:
        if reply.ok is not None:
            found.append(['ok', str(reply.ok.key_expr), bytes(reply.ok.payload).decode()])
        else:
            found.append(['error', bytes(reply.err.payload).decode(), str(reply.err.encoding)])
    return found


def run(command, **given):
    if command == 'get':
        return get(**given)
    if command == 'put':
        for number in range(given.get('count', 1)):
            session.put(given['key'], given['payload'].replace('#', str(number)).encode())
        return None
    if command == 'subscribe':
        kept.append(session.declare_subscriber(given['key'], on_sample))
        return None
    if command == 'serve':
        kept.append(session.declare_queryable(given['key'], on_query, complete=True))
        return None
    if command == 'heard':
        with lock:
            return list(heard)
    raise ValueError(command)


print('READY', flush=True)
for line in sys.stdin:
    print('ANSWER', json.dumps(run(**json.loads(line))), flush=True)
session.close()
