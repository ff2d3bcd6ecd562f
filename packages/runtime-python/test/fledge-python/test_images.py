"""Images and buffers: arrays in the plugin, text between plugins."""

import base64

from harness import PluginTest

# As much of numpy as is used, so that the test needs none.
NUMPY = """
class _Type:
    kind = 'u'
    def __init__(self, name):
        self.itemsize = int(name[1:])
class ndarray:
    def __init__(self, data, dtype, shape):
        self.data, self.dtype, self.shape = data, _Type(dtype), shape
    def reshape(self, shape):
        items = len(self.data) // self.dtype.itemsize
        shape = (items,) if shape == (-1,) else shape
        wanted = 1
        for part in shape:
            wanted *= part
        if wanted != items:
            raise ValueError('cannot reshape')
        return ndarray(self.data, 'u%d' % self.dtype.itemsize, shape)
    def tobytes(self):
        return bytes(self.data)
    def tolist(self):
        return list(self.data)
def frombuffer(data, dtype):
    if len(data) % int(dtype[1:]):
        raise ValueError('no whole items')
    return ndarray(data, dtype, None)
"""


def encoded(data):
    return base64.b64encode(data).decode("ascii")


class Images(PluginTest):
    FILTER = """
    import filter_ingest
    seen = []
    def plugin_init(config, ref, callback):
        return {'out': (callback, ref)}
    def plugin_ingest(handle, readings):
        for reading in readings:
            for name, value in reading['readings'].items():
                seen.append((name, type(value).__name__, getattr(value, 'shape', None)))
                if isinstance(getattr(value, 'data', None), bytearray):
                    value.data[0] = 255
        filter_ingest.filter_ingest_callback(*handle['out'], readings)
    """

    def passed(self, points):
        """Gives what a filter that writes into arrays makes of these data points, and what it saw."""
        adapter, _ = self.plugin(self.FILTER, kind="filter", mode="none")
        rows = [{"asset": "a", "readings": points}]
        (reading,) = self.run_async(adapter, lambda: adapter.request("filter", {"readings": rows}))
        return reading["readings"], adapter._module.seen

    def test_a_filter_gets_arrays_and_its_own_leave_as_text(self):
        self.write("numpy.py", NUMPY)
        grey, colour, wide = bytes(6), bytes(18), bytes(8)
        points = {
            "grey": "__DPIMAGE:3,2,8_" + encoded(grey),
            "colour": "__DPIMAGE:3,2,24_" + encoded(colour),
            "wide": "__DPIMAGE:2,2,16_" + encoded(wide),
            "buffer": "__DATABUFFER:4" + encoded(wide),
        }
        got, seen = self.passed(points)
        shapes = {"grey": (2, 3), "colour": (2, 3, 3), "wide": (2, 2), "buffer": (2,)}
        self.assertEqual(seen, [(name, "ndarray", shape) for name, shape in shapes.items()])
        for name, before in (("grey", grey), ("colour", colour), ("wide", wide), ("buffer", wide)):
            self.assertEqual(got[name], points[name].replace(encoded(before), encoded(b"\xff" + before[1:])))

    def test_what_is_no_right_image_stays_text(self):
        self.write("numpy.py", NUMPY)
        points = {
            "short": "__DPIMAGE:3,2,8_" + encoded(bytes(5)),
            "depth": "__DPIMAGE:1,1,12_AAA=",
            "head": "__DPIMAGE:big_AAA=",
            "code": "__DATABUFFER:1A",
            "uneven": "__DATABUFFER:2" + encoded(bytes(3)),
            "text": "DPIMAGE",
        }
        got, seen = self.passed(points)
        self.assertEqual(got, points)
        self.assertEqual({kind for _, kind, _ in seen}, {"str"})

    def test_without_numpy_it_stays_text(self):
        self.write("numpy.py", "raise ImportError('not here')")
        points = {"image": "__DPIMAGE:1,1,8_AA==", "part": {"image": "__DPIMAGE:1,1,8_AA=="}}
        got, _ = self.passed(points)
        self.assertEqual(got, points)

    def test_a_rule_sees_arrays_too(self):
        self.write("numpy.py", NUMPY)
        adapter, _ = self.plugin(
            """
            def plugin_triggers(h): return {}
            def plugin_reason(h): return {}
            def plugin_eval(h, data): return data['a']['image'].shape == (2, 3) and data['timestamp_a'] == 5
            """,
            kind="rule",
            mode="none",
        )
        data = {"a": {"image": "__DPIMAGE:3,2,8_" + encoded(bytes(6))}, "timestamp_a": 5}
        self.assertIs(self.run_async(adapter, lambda: adapter.request("evaluate", {"data": data})), True)

    def test_arrays_of_other_numbers_become_lists(self):
        self.write("numpy.py", NUMPY)
        adapter, _ = self.plugin(
            """
            import numpy
            def plugin_poll(handle):
                floats = numpy.ndarray(b'ab', 'u1', (2,))
                floats.dtype.kind = 'f'
                cube = numpy.ndarray(b'abcd', 'u1', (1, 1, 4))
                return {'asset': 'a', 'readings': {'floats': floats, 'cube': cube}}
            """
        )
        (reading,) = self.run_async(adapter, lambda: adapter.request("poll", {}))
        self.assertEqual(reading["readings"], {"floats": [97, 98], "cube": [97, 98, 99, 100]})
