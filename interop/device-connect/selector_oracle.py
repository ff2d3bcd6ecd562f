"""Reads [selector, ...] from stdin; prints what the stock parser makes of each: null if refused, else which samples match."""
import json, sys
from device_connect_edge.selector import SelectorParseError, parse_selector

selectors, samples = json.load(sys.stdin)
out = []
for text in selectors:
    try:
        found = parse_selector(text)
    except SelectorParseError:
        out.append(None)
        continue
    out.append([
        [found.matches_device(s['name'], s['labels']), found.matches_function(s['name'], s['labels']), found.matches_event(s['name'], s['labels'])]
        for s in samples
    ])
print(json.dumps(out))
