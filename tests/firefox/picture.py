"""What a virtual screen shows, as a PNG."""

import pathlib
import struct
import subprocess
import time
import zlib

from firefox import until


class Screen:
    """An Xvfb of so many pixels; it keeps its picture as an XWD file. Its
    socket is in the test's network namespace."""

    display = ":7"

    def __init__(self, width, height):
        self.folder = pathlib.Path("screen").absolute()
        self.folder.mkdir()
        with open(self.folder / "log", "wb") as log:
            self.process = subprocess.Popen(
                ["Xvfb", self.display, "-screen", "0", f"{width}x{height}x24",
                 "-fbdir", self.folder, "-nolock", "-nolisten", "unix"],
                stdout=log, stderr=log)
        self.file = self.folder / "Xvfb_screen0"
        until(self.file.exists, "a screen")

    def still(self):
        """Whether a second brings nothing new."""
        before = self.file.read_bytes()
        time.sleep(1)
        return self.file.read_bytes() == before

    def rows(self):
        """The red, green and blue bytes of each line."""
        data = self.file.read_bytes()
        header = struct.unpack(">25I", data[:100])
        size, width, height, line, colours = (
            header[0], header[4], header[5], header[12], header[19])
        start = size + 12 * colours
        for top in range(start, start + height * line, line):
            pixels = data[top:top + 4 * width]
            row = bytearray(3 * width)
            row[0::3], row[1::3], row[2::3] = (pixels[2::4], pixels[1::4],
                                               pixels[0::4])
            yield bytes(row)

    def save(self, path):
        rows = list(self.rows())

        def chunk(kind, body):
            return (struct.pack(">I", len(body)) + kind + body
                    + struct.pack(">I", zlib.crc32(kind + body)))
        shape = struct.pack(">IIBBBBB", len(rows[0]) // 3, len(rows), 8, 2,
                            0, 0, 0)
        # Each line says that it is not filtered.
        body = zlib.compress(b"".join(b"\0" + row for row in rows), 9)
        pathlib.Path(path).write_bytes(
            b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", shape) + chunk(b"IDAT", body)
            + chunk(b"IEND", b""))
