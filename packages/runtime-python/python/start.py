"""What each Python plugin's process starts with: `python start.py`. See docs/worker-protocol.md."""
import sys


def refuse(reason):
    """Says on the protocol's own descriptor why there is no worker; must run on any Python."""
    import json
    import os
    import struct

    next = "Give the host another Python: `backplane up --python`, or pythonRuntime({ python })."
    text = json.dumps(["failed", {"code": "BP_PLUGIN_LOAD_FAILED", "message": reason, "next": next}]).encode()
    os.write(4, struct.pack(">I", len(text) + 1) + b"\x00" + text)
    sys.exit(1)


if sys.version_info < (3, 9):
    refuse("Python %d.%d is too old; 3.9 is the oldest that works" % sys.version_info[:2])


def prepare():
    import os

    home = sys.path[0]
    package = os.path.join(home, "backplane_worker")
    # Compiled once for all processes, also where this package cannot be written to (a global install).
    cache = None if os.access(package, os.W_OK) else os.environ.get("BACKPLANE_PYCACHE")
    if cache:
        sys.pycache_prefix = cache
    if sys.platform == "linux":
        from backplane_worker import guard

        guard.stand()
    from backplane_worker.worker import run

    if cache:
        sys.pycache_prefix = None
    for name in ("BACKPLANE_PYCACHE", "BACKPLANE_SCRATCH"):
        os.environ.pop(name, None)
    # The worker is no library of the plugin's, and a plugin's folder stays as it was installed.
    sys.path.remove(home)
    sys.dont_write_bytecode = True
    return run


# The child processes of multiprocessing import this file too, under another name.
if __name__ == "__main__":
    prepare()()
