"""Says what the real package makes of predicates: true or false, or null where it fails."""

import json
import sys

from device_connect_edge.predicate import compile_where

given = json.load(sys.stdin)
context = {**given["device"], "bindings": given["bindings"]}


def answer(expression):
    try:
        return compile_where(expression).evaluate(context)
    except Exception:
        return None


json.dump([answer(one["where"]) for one in given["predicates"]], sys.stdout)
