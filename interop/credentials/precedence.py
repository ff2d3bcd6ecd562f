"""Says how the real edge runtime would connect, for each case on standard input: nothing is connected."""

import json
import logging
import os
import sys

logging.disable(logging.CRITICAL)
from device_connect_edge import DeviceRuntime

clean = dict(os.environ)


def outcome(case):
    os.environ.clear()
    os.environ.update(clean)
    os.environ.update(case["env"])
    try:
        runtime = DeviceRuntime(**case["options"])
        runtime._validate_startup_config()
    except Exception as error:
        return {"error": type(error).__name__}
    return {
        "backend": runtime._messaging_backend,
        "urls": runtime.messaging_urls,
        "device": None if runtime.device_id.startswith("device-") else runtime.device_id,
        "tenant": runtime.tenant,
        "jwt": runtime.nats_jwt,
        "seed": runtime.nats_nkey_seed,
        "tls": runtime.messaging_tls or {},
    }


json.dump([outcome(case) for case in json.load(sys.stdin)], sys.stdout)
