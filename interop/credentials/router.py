"""A Zenoh router that lets in whoever has a certificate of its authority: `router.py PORT CA CERT KEY`."""

import json
import sys
import time

import zenoh

port, ca, cert, key = sys.argv[1:]
config = zenoh.Config()
config.insert_json5("mode", '"router"')
config.insert_json5("listen/endpoints", json.dumps([f"tls/127.0.0.1:{port}"]))
config.insert_json5("scouting/multicast/enabled", "false")
tls = {
    "root_ca_certificate": ca,
    "listen_certificate": cert,
    "listen_private_key": key,
    "enable_mtls": True,
}
config.insert_json5("transport/link/tls", json.dumps(tls))
with zenoh.open(config):
    print("READY", flush=True)
    while True:
        time.sleep(1)
