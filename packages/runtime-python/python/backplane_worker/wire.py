"""Frames: how messages cross. docs/worker-protocol.md is the reference.

A frame is its length (four bytes, big endian, of all that follows), a kind (one byte) and a body.
Kind 0: the body is a message as JSON. Kind 1, for messages that hold bytes: the length of the JSON (four bytes), the JSON
`[key, message]`, then each value of bytes as its length and itself; in the message `{key: n}` stands for the n-th of them.
"""
import os
from _thread import RLock, get_ident
from collections import deque

try:
    # The parts that the json module is made of: importing the whole takes longer than all of this worker.
    from _json import encode_basestring_ascii, make_encoder, make_scanner
except ImportError:  # another Python than CPython
    make_encoder = None

# Deeper nesting is refused by the host, which could read nothing after it.
DEEPEST = 256


class Unsendable(Exception):
    """The value is no JSON (nor bytes)."""


class TooLarge(Exception):
    """The value is over the limit."""


class _Context:
    strict = False
    object_hook = None
    object_pairs_hook = None
    parse_float = float
    parse_int = int
    memo = {}

    # NaN, Infinity and -Infinity cross as these words.
    parse_constant = float


if make_encoder:
    _scan = make_scanner(_Context)

    def decode(text):
        try:
            value, end = _scan(text, 0)
        except StopIteration:
            # What the scanner says of text that breaks off.
            raise ValueError("it is no JSON") from None
        if end != len(text):
            raise ValueError("something follows the message")
        return value

    def _chunks(value, default):
        return make_encoder(None, default, encode_basestring_ascii, None, ":", ",", False, False, True)(value, 0)

else:
    import json

    decode = json.loads

    def _chunks(value, default):
        return [json.dumps(value, default=default, separators=(",", ":"))]


def _refuse(value):
    raise TypeError("an object of type %s cannot be sent as JSON" % type(value).__name__)


def _plain(value):
    """Called for what JSON does not know: bytes are dealt with apart, the rest is refused."""
    if isinstance(value, (bytes, bytearray, memoryview)):
        raise _HasBytes
    _refuse(value)


class _HasBytes(Exception):
    pass


if make_encoder:
    _encode = make_encoder(None, _plain, encode_basestring_ascii, None, ":", ",", False, False, True)
else:

    def _encode(value, _):
        return _chunks(value, _plain)


def encode(message, json_only=False):
    """Gives a message as a frame. Raises Unsendable."""
    try:
        try:
            text = "".join(_encode(message, 0))
        except _HasBytes:
            if json_only:
                raise Unsendable("it holds bytes, and its annotation promises JSON") from None
            return _with_bytes(message)
        _check_depth(text, message, DEEPEST)
    except (TypeError, ValueError) as error:
        raise Unsendable(str(error) or type(error).__name__) from None
    except RecursionError:
        raise Unsendable("it is nested too deep, or contains itself") from None
    body = text.encode("ascii")
    return (len(body) + 1).to_bytes(4, "big") + b"\x00" + body


def _check_depth(text, message, most):
    """Raises Unsendable for what is nested too deep. Without very many brackets nothing is."""
    if len(text) > 2 * most and text.count("[") + text.count("{") > most:
        _descend(message, most)


def _descend(value, left):
    if isinstance(value, dict):
        value = value.values()
    elif not isinstance(value, (list, tuple)):
        return
    if left == 0:
        raise Unsendable("it is nested deeper than %d levels" % DEEPEST)
    for each in value:
        _descend(each, left - 1)


def _with_bytes(message):
    key = "$bytes"
    while True:
        parts = []

        def default(value):
            if isinstance(value, (bytes, bytearray, memoryview)):
                parts.append(bytes(value))
                return {key: len(parts) - 1}
            _refuse(value)

        text = "".join(_chunks([key, message], default))
        # The plugin's own objects may have such a key: then another one is taken.
        if text.count('"%s"' % key) == len(parts) + 1:
            break
        key += "_"
    # The list around the message and the objects that stand for bytes are levels too.
    _check_depth(text, message, DEEPEST - 2)
    body = text.encode("ascii")
    frame = [b"\x01", len(body).to_bytes(4, "big"), body]
    for part in parts:
        frame.append(len(part).to_bytes(4, "big"))
        frame.append(part)
    return sum(map(len, frame)).to_bytes(4, "big") + b"".join(frame)


def parse(kind, body):
    """Gives the message of a frame's body (bytes)."""
    if kind == 0:
        return decode(str(body, "utf-8"))
    if kind != 1:
        raise ValueError("frame of unknown kind %d" % kind)
    end = 4 + int.from_bytes(body[:4], "big")
    key, message = decode(str(body[4:end], "utf-8"))
    parts = []
    while end < len(body):
        begin = end + 4
        end = begin + int.from_bytes(body[end:begin], "big")
        parts.append(bytes(body[begin:end]))
    return _restored(message, key, parts)


def _restored(value, key, parts):
    if isinstance(value, dict):
        if len(value) == 1 and key in value:
            return parts[value[key]]
        return {name: _restored(each, key, parts) for name, each in value.items()}
    if isinstance(value, list):
        return [_restored(each, key, parts) for each in value]
    return value


class Channel:
    """Both directions of the line to the host. `send` may be called from any thread."""

    def __init__(self, fd_in, fd_out, limit=None):
        self._in = fd_in
        self._out = fd_out
        self._held = bytearray()
        self._queue = deque()
        self._lock = RLock()
        self._loop = None
        self._loop_thread = 0
        self._corked = False
        # Longest frame that the host takes.
        self.limit = limit

    def read(self):
        """Reads what has come, at least something, and gives its messages; None when the host has closed its end."""
        held = self._held
        # More than this at a time costs fresh pages at each read; worth it for what is large.
        chunk = os.read(self._in, 262144 if len(held) > 32768 else 32768)
        if not chunk:
            return None
        if held:
            held += chunk
            if len(held) < 4 or len(held) < 4 + int.from_bytes(held[:4], "big"):
                return ()
            chunk = bytes(held)
            held.clear()
        messages = []
        at, size = 0, len(chunk)
        while size - at >= 5:
            end = at + 4 + int.from_bytes(chunk[at : at + 4], "big")
            if end > size:
                break
            messages.append(parse(chunk[at + 4], chunk[at + 5 : end]))
            at = end
        if at < size:
            held += chunk[at:]
        return messages

    def use(self, loop):
        """From now on messages of one turn of the loop leave together."""
        self._loop = loop
        self._loop_thread = get_ident()

    def send(self, message, json_only=False):
        """Sends a message. Raises Unsendable and TooLarge, of which the host sees nothing."""
        frame = encode(message, json_only)
        if self.limit is not None and len(frame) > self.limit:
            raise TooLarge("%d bytes are over the limit of %d" % (len(frame), self.limit))
        if get_ident() == self._loop_thread:
            self._queue.append(frame)
            if not self._corked:
                self._corked = True
                self._loop.call_soon(self.uncork)
        else:
            self._queue.append(frame)
            self.flush()

    def cork(self):
        """Holds what is sent from the loop's thread back until `uncork`."""
        self._corked = True

    def uncork(self):
        self._corked = False
        if self._queue:
            self.flush()

    def flush(self):
        """Writes what waits; as long as the host does not read, this waits too."""
        with self._lock:
            queue = self._queue
            while queue:
                data = queue.popleft()
                if queue and len(data) < 65536:
                    more = [data]
                    size = len(data)
                    while queue and size < 262144:
                        more.append(queue.popleft())
                        size += len(more[-1])
                    data = b"".join(more)
                self._write(data)

    def _write(self, data):
        written = os.write(self._out, data)
        if written == len(data):
            return
        rest = memoryview(data)[written:]
        while rest:
            rest = rest[os.write(self._out, rest) :]
