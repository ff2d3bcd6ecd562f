"""Frames, and the channel that carries them."""
import json
import math
import os
import sys
import threading
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "..", "python"))

from backplane_worker import wire  # noqa: E402
from backplane_worker.wire import DEEPEST, Channel, TooLarge, Unsendable, encode, parse  # noqa: E402


def back(message):
    """The message as the reader of its frame has it."""
    frame = encode(message)
    length = int.from_bytes(frame[:4], "big")
    assert length == len(frame) - 4
    return parse(frame[4], frame[5:])


def nested(depth, make=lambda inner: [inner]):
    value = 1
    for _ in range(depth):
        value = make(value)
    return value


class Frames(unittest.TestCase):
    def test_a_plain_message_is_json_after_length_and_kind(self):
        self.assertEqual(encode(["cancel", 7]), b"\x00\x00\x00\x0d\x00" + b'["cancel",7]')

    def test_values_come_back_as_they_were(self):
        for value in (
            None,
            True,
            0,
            -1,
            1.5,
            -0.0,
            1e300,
            2**53 + 1,
            -(10**100),
            "",
            "\u00e4 \U0001f600 \x00 \ud800".encode("utf-8", "surrogatepass").decode("utf-8", "replace"),
            [],
            {},
            [[1, [2]], {"a": {"b": [None]}}],
            {"__proto__": 1, "$bytes": 2},
        ):
            with self.subTest(value=value):
                self.assertEqual(back(["x", value]), ["x", value])

    def test_floats_and_integers_stay_apart(self):
        whole, real = back([1, 1.0])
        self.assertIs(type(whole), int)
        self.assertIs(type(real), float)

    def test_what_is_no_number_and_the_infinities_cross(self):
        nan, up, down = back([math.nan, math.inf, -math.inf])
        self.assertTrue(math.isnan(nan))
        self.assertEqual((up, down), (math.inf, -math.inf))

    def test_tuples_are_lists(self):
        self.assertEqual(back((1, (2,))), [1, [2]])

    def test_bytes_of_every_kind_cross_as_they_are(self):
        for value in (b"", b"\x00\xff" * 1000, bytearray(b"ab"), memoryview(b"cd")):
            with self.subTest(value=bytes(value)[:4]):
                self.assertEqual(back(["x", {"in": [value, 1, value]}]), ["x", {"in": [bytes(value), 1, bytes(value)]}])

    def test_an_object_that_looks_as_if_it_stood_for_bytes_does_not(self):
        message = [{"$bytes": 0}, {"$bytes_": 0}, '"$bytes"', b"x"]
        self.assertEqual(back(message), message)

    def test_what_is_no_json_is_refused_by_its_type(self):
        for value in (object(), {1, 2}, 1j, [object()], {"a": lambda: 1}):
            with self.subTest(value=type(value)), self.assertRaises(Unsendable):
                encode(["x", value])
        with self.assertRaisesRegex(Unsendable, "an object of type set cannot be sent as JSON"):
            encode([{1}])

    def test_keys_that_are_no_texts_nor_numbers_are_refused(self):
        with self.assertRaises(Unsendable):
            encode([{(1, 2): 3}])

    def test_what_contains_itself_is_refused(self):
        endless = []
        endless.append(endless)
        with self.assertRaises(Unsendable):
            encode(endless)

    def test_nesting_has_one_limit_with_bytes_and_without(self):
        for make in (lambda inner: [inner], lambda inner: {"a": inner}):
            back(nested(DEEPEST - 1, make))
            # Long enough that its depth is looked at.
            with self.assertRaises(Unsendable):
                encode([nested(DEEPEST, make), "x" * 2000])
        with self.assertRaises(Unsendable):
            encode([nested(DEEPEST - 2), b"x", "x" * 2000])

    def test_bytes_are_refused_where_json_was_promised(self):
        with self.assertRaisesRegex(Unsendable, "it holds bytes"):
            encode(["x", b"y"], json_only=True)
        self.assertEqual(encode(["x", 1], json_only=True), encode(["x", 1]))

    def test_frames_that_break_the_rules_are_refused(self):
        for kind, body in ((9, b"[]"), (0, b"[,"), (0, b"[1] 2"), (0, b"\xff"), (1, b"\x00\x00\x00\x02[]")):
            with self.subTest(kind=kind, body=body), self.assertRaises((ValueError, IndexError)):
                parse(kind, body)
        frame = encode([b"x"])
        with self.assertRaises((ValueError, IndexError)):
            parse(1, frame[5:-5])


class OneEnd(unittest.TestCase):
    """A channel whose other end is the test."""

    def setUp(self):
        self.input, self.host_out = os.pipe()
        self.host_in, self.output = os.pipe()
        self.open = {self.input, self.host_out, self.host_in, self.output}
        self.addCleanup(lambda: [os.close(each) for each in self.open])
        self.channel = Channel(self.input, self.output)

    def close(self, descriptor):
        self.open.discard(descriptor)
        os.close(descriptor)

    def heard(self, size):
        data = b""
        while len(data) < size:
            data += os.read(self.host_in, size - len(data))
        return data


class Reading(OneEnd):
    def test_several_messages_at_once_come_in_order(self):
        os.write(self.host_out, encode([1]) + encode(["two"]) + encode([b"3"]))
        self.assertEqual(list(self.channel.read()), [[1], ["two"], [b"3"]])

    def test_a_frame_may_come_in_any_pieces(self):
        data = encode(["a", {"b": [1, 2, 3]}]) + encode([b"xyz"])
        got = []
        for at in range(len(data)):
            os.write(self.host_out, data[at : at + 1])
            got += self.channel.read()
        self.assertEqual(got, [["a", {"b": [1, 2, 3]}], [b"xyz"]])

    def test_a_frame_that_is_larger_than_a_read_is_put_together(self):
        message = ["x" * 300_000, b"y" * 300_000]
        writer = threading.Thread(target=lambda: self._write_all(encode(message)))
        writer.start()
        got = []
        while not got:
            got = list(self.channel.read())
        writer.join()
        self.assertEqual(got, [message])

    def _write_all(self, data):
        while data:
            data = data[os.write(self.host_out, data) :]

    def test_the_end_of_the_line_is_told(self):
        self.close(self.host_out)
        self.assertIsNone(self.channel.read())


class Sending(OneEnd):
    def test_what_another_thread_sends_leaves_at_once(self):
        self.channel.send(["log", "info"])
        frame = encode(["log", "info"])
        self.assertEqual(self.heard(len(frame)), frame)

    def test_what_is_too_large_is_refused_and_nothing_of_it_leaves(self):
        self.channel.limit = 100
        with self.assertRaisesRegex(TooLarge, "over the limit of 100"):
            self.channel.send(["x" * 100])
        self.channel.send([1])
        self.assertEqual(self.heard(len(encode([1]))), encode([1]))

    def test_the_messages_of_one_turn_leave_together(self):
        turns = []

        class Loop:
            @staticmethod
            def call_soon(step):
                turns.append(step)

        self.channel.use(Loop)
        self.channel.send([1])
        self.channel.send([2])
        self.assertEqual(len(turns), 1)
        os.set_blocking(self.host_in, False)
        with self.assertRaises(BlockingIOError):
            os.read(self.host_in, 100)
        turns[0]()
        self.assertEqual(os.read(self.host_in, 100), encode([1]) + encode([2]))

    def test_frames_of_many_threads_do_not_mix(self):
        frames = 4 * 50
        sent = [["thread", n, "x" * (n * 700)] for n in range(4)]
        got = []

        def read():
            reader = Channel(self.host_in, self.output)
            while len(got) < frames:
                got.extend(reader.read())

        reading = threading.Thread(target=read)
        writers = [threading.Thread(target=lambda m=m: [self.channel.send(m) for _ in range(50)]) for m in sent]
        for thread in [reading, *writers]:
            thread.start()
        for thread in [*writers, reading]:
            thread.join(30)
        self.assertEqual(sorted(json.dumps(each) for each in got), sorted(json.dumps(each) for each in sent * 50))


class WithoutAccelerator(unittest.TestCase):
    def test_the_way_of_other_pythons_says_the_same(self):
        import importlib
        import importlib.util

        spec = importlib.util.find_spec("backplane_worker.wire")
        other = importlib.util.module_from_spec(spec)
        hidden = sys.modules.get("_json")
        sys.modules["_json"] = None
        try:
            spec.loader.exec_module(other)
        finally:
            if hidden is None:
                del sys.modules["_json"]
            else:
                sys.modules["_json"] = hidden
        for message in (["x", 1, 1.5, None, "\u00e4"], [{"a": b"bytes"}], [math.inf]):
            self.assertEqual(other.encode(message), wire.encode(message))
            self.assertEqual(other.parse(other.encode(message)[4], other.encode(message)[5:]), back(message))


if __name__ == "__main__":
    unittest.main()
