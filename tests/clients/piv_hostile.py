#!/usr/bin/python3
"""Containers that no honest issuer writes harm nobody: what is no certificate
is left out, and those beside it are found.

usage: piv_hostile.py MODULE PIV-CARD KEY-FOLDER
"""

import gzip
import pathlib
import re
import subprocess
import sys
import zlib

from expected import is_equal

here = pathlib.Path(__file__).resolve().parent
module, card, keys = (pathlib.Path(a).resolve() for a in sys.argv[1:])
TAGS = ["5FC105", "5FC10A", "5FC10B", "5FC101"] + [
    f"{n:06X}" for n in range(0x5FC10D, 0x5FC121)]
IDS = [f"{n:02x}" for n in (*range(1, 10), *range(0x10, 0x1a),
                            *range(0x20, 0x25))]


def tlv(tag, value):
    size = len(value)
    if size < 0x80:
        return bytes([tag, size]) + value
    return bytes([tag, 0x82, size >> 8, size & 0xff]) + value


def containers(der):
    """Whether it is a certificate, and what is in the container."""
    bomb = bytes(3000000)
    nested = b"\x30\x80" * 700
    absurd = b"\x30\x84\x7f\xff\xff\xff" + der[4:]
    return [
        (True, tlv(0x70, der) + b"\x71\1\0\xfe\0"),
        (False, tlv(0x70, gzip.compress(bomb)) + b"\x71\1\1\xfe\0"),
        (False, tlv(0x70, gzip.compress(absurd + bomb)) + b"\x71\1\1"),
        (False, tlv(0x70, b"\1\0\xff\xff" + zlib.compress(bomb)) + b"\x71\1\1"),
        (False, tlv(0x70, b"\1\0\1") + b"\x71\1\1"),
        (False, tlv(0x70, gzip.compress(der)[:-20]) + b"\x71\1\1\xfe\0"),
        (False, b"\x70\x82\xff\xff" + der),
        (False, b"\x70\x84\xff\xff\xff\xff" + der),
        (False, b"\x70\x85\1\0\0\0\0" + der),
        (False, b"\x70\x80" + der + b"\0\0"),
        (False, b"\x70\0\x71\1\0\xfe\0"),
        (False, tlv(0x70, b"abc") + tlv(0x70, der)),
        (False, tlv(0x70, der[:100]) + b"\x71\1\0"),
        (False, tlv(0x70, absurd) + b"\x71\1\0"),
        (False, tlv(0x70, nested) + b"\x71\1\0"),
        (False, b"\x70"),
        (False, bytes(3000)),
        (False, b"\xff" * 3000),
        (True, b"\xfe\0\x71\1\0" + tlv(0x70, der)),
        (True, tlv(0x70, gzip.compress(der))),
        (True, tlv(0x70, zlib.compress(der)) + b"\x71\1\0"),
        (True, der),
        (True, gzip.compress(der)),
        (True, tlv(0x70, der) + b"\x71\0\xfe\0"),
    ]


def listed(folder, firmware, made):
    """What pkcs11-tool shows of a card with these."""
    options = f"--firmware {firmware}"
    for tag, (_, content) in zip(TAGS, made):
        (folder / tag).write_bytes(content)
        options += f" --object {tag}={folder / tag}"
    tool = ["env", "SIGNET_PIV_RETIRED=all", "pkcs11-tool", "--module",
            str(module), "-O", "--type", "cert"]
    done = subprocess.run([here / "on_new.sh", card, options, *tool],
                          check=True, stdout=subprocess.PIPE, timeout=200)
    return re.findall(r"^  ID: +(\w+)$", done.stdout.decode(), re.M)


def main():
    subprocess.run([here / "../pcscd/personalise", keys, "p256"], check=True)
    folder = keys.resolve() / "hostile"
    folder.mkdir(exist_ok=True)
    made = containers((keys / "p256/9a.der").read_bytes())
    is_equal("a container for each place", len(made), len(TAGS))
    wanted = [cka_id for cka_id, (good, _) in zip(IDS, made) if good]
    for firmware in ("nist --extended off", "5.4"):
        is_equal(firmware, listed(folder, firmware, made), wanted)


main()
