"""Images and buffers in readings: arrays of numpy to plugins, and between plugins the text by which Fledge stores them."""

import re
from binascii import Error, a2b_base64, b2a_base64

# `__DPIMAGE:width,height,depth_base64`, the depth in bits (24: three bytes for each pixel), and `__DATABUFFER:` with the size of an
# item in bytes before its base64.
_IMAGE = re.compile(r"__DPIMAGE:(\d{1,6}),(\d{1,6}),(8|16|24|32|64)_([A-Za-z0-9+/]*={0,2})\Z")
_BUFFER = re.compile(r"__DATABUFFER:([1248])([A-Za-z0-9+/]*={0,2})\Z")


def with_arrays(points):
    """Gives data points with arrays for images and buffers, down to nested dicts. What is no right text, or where there is no
    numpy, stays text.
    """
    return {name: _array(value) for name, value in points.items()}


def _array(value):
    if isinstance(value, dict):
        return with_arrays(value)
    if not isinstance(value, str) or not value.startswith(("__DPIMAGE:", "__DATABUFFER:")):
        return value
    image = _IMAGE.match(value)
    if image is not None:
        width, height, depth = (int(part) for part in image.groups()[:3])
        size, shape = (1, (height, width, 3)) if depth == 24 else (depth // 8, (height, width))
    else:
        buffer = _BUFFER.match(value)
        if buffer is None:
            return value
        size, shape = int(buffer.group(1)), (-1,)
    try:
        import numpy

        # Plugins write into images, which bytes would not let them.
        data = bytearray(a2b_base64((image or buffer).groups()[-1]))
        return numpy.frombuffer(data, dtype="u%d" % size).reshape(shape)
    except (ImportError, ValueError, Error):
        return value


def array_text(value):
    """Gives the text of an array that Fledge takes for an image or a buffer: of unsigned integers, with one dimension, two, or
    three where the last is three bytes. None for any other value.
    """
    dtype, shape = getattr(value, "dtype", None), getattr(value, "shape", None)
    if getattr(dtype, "kind", None) != "u" or not isinstance(shape, tuple):
        return None
    if len(shape) == 1:
        head = "__DATABUFFER:%d" % dtype.itemsize
    elif len(shape) == 2:
        head = "__DPIMAGE:%d,%d,%d_" % (shape[1], shape[0], dtype.itemsize * 8)
    elif len(shape) == 3 and shape[2] == 3 and dtype.itemsize == 1:
        head = "__DPIMAGE:%d,%d,24_" % (shape[1], shape[0])
    else:
        return None
    if getattr(dtype, "byteorder", None) == ">":
        value = value.byteswap()
    return head + b2a_base64(value.tobytes(), newline=False).decode("ascii")
