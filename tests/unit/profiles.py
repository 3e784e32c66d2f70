"""Small colour profiles (ICC.1, version 2.1) whose effect can be told by hand."""

import struct

from PIL import ImageCms

D50 = struct.pack(">3I", 63190, 65536, 54061)


def srgb():
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def swapped():
    """What is called red is green, and the other way round."""
    return srgb().replace(b"rXYZ", b"####").replace(b"gXYZ", b"rXYZ").replace(b"####", b"gXYZ")


def linear_grey():
    """Numbers are shares of white's light."""
    curve = b"curv" + bytes(4) + struct.pack(">IH", 1, 256)  # gamma 1
    return _profile(b"mntr", b"GRAYXYZ ", (b"wtpt", b"XYZ " + bytes(4) + D50), (b"kTRC", curve))


def black_alone_prints():
    """CMYK of which only K shows."""
    ramp = bytes(range(256))
    nodes = b"".join(bytes([0 if k else 255, 128, 128]) for _ in range(8) for k in (0, 1))
    ones = struct.pack(">9I", *(65536 * (i in (0, 4, 8)) for i in range(9)))
    table = b"mft1" + bytes(4) + bytes([4, 3, 2, 0]) + ones + ramp * 4 + nodes + ramp * 3
    return _profile(b"prtr", b"CMYKLab ", (b"wtpt", b"XYZ " + bytes(4) + D50), (b"A2B0", table))


def _profile(kind, spaces, *tags):
    place, table, body = 132 + 12 * len(tags), struct.pack(">I", len(tags)), b""
    for name, value in tags:
        table += name + struct.pack(">2I", place + len(body), len(value))
        body += value + bytes(-len(value) % 4)
    head = struct.pack(">3I", place + len(body), 0, 0x02100000) + kind + spaces + bytes(12)
    head += b"acsp" + bytes(28) + D50
    return head.ljust(128, b"\0") + table + body
