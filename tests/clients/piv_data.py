#!/usr/bin/python3
"""Writes data objects to a PIV card: where they go, and what is left alone.

usage: piv_data.py MODULE OPENSC-MODULE, beside an empty card. pkcs11-tool
writes, yubico-piv-tool and OpenSC's module read.
"""

import os
import re
import subprocess
import sys
import tempfile

import PyKCS11 as p11

from expected import expect, is_equal

KEY = "010203040506070801020304050607080102030405060708"
ARC = "2.16.840.1.101.3.7."
SECURITY, CHUID, DISCOVERY = ARC + "2.144.0", ARC + "2.48.0", ARC + "2.96.80"
PRINTED, FACE, HISTORY = ARC + "2.48.1", ARC + "2.96.48", ARC + "2.96.96"
CERTIFICATE, BIOMETRIC = ARC + "2.1.1", ARC + "2.16.22"
PROHIBITED = 0x1b  # CKR_ACTION_PROHIBITED
SO = ("--login", "--login-type", "so", "--so-pin", KEY)


def tool(module, *arguments):
    done = subprocess.run(["pkcs11-tool", "--module", module, *arguments],
                          capture_output=True, check=False)
    # its exit code is 0 after some failures
    text = (done.stdout + done.stderr).decode(errors="replace")
    refused = re.search(r"CKR_\w+", text)
    return refused.group(0) if refused else "" if done.returncode == 0 else text


def write(oid, content, *more):
    with tempfile.NamedTemporaryFile() as file:
        file.write(content)
        file.flush()
        return tool(sys.argv[1], *SO, "--write-object", file.name, "--type",
                    "data", "--application-id", oid, *more)


def read(module, oid, *login):
    with tempfile.TemporaryDirectory() as folder:
        path = folder + "/read"
        said = tool(module, *login, "--read-object", "--type", "data",
                    "--application-id", oid, "--output-file", path)
        if not os.path.exists(path):
            return said
        with open(path, "rb") as file:
            return file.read()


def yubico(*arguments):
    return subprocess.run(["yubico-piv-tool", "-r", "", *arguments],
                          check=False, capture_output=True).stdout


def on_card(tag):
    """The content, by Yubico's tool."""
    return yubico("-a", "read-object", "--id", tag, "-f", "binary")


def put(tag, content):
    with tempfile.NamedTemporaryFile("w") as file:
        file.write(content)
        file.flush()
        yubico("-k" + KEY, "-a", "write-object", "--id", tag, "-f", "hex",
               "-i", file.name)


def written(opensc):
    content = bytes(range(256)) * 9
    is_equal("write", write(SECURITY, content), "")
    is_equal("Yubico's reading", on_card("0x5fc106"), content)
    got = read(sys.argv[1], SECURITY)
    is_equal("ours", got[-len(content):], content)
    is_equal("OpenSC's", read(opensc, SECURITY), got)
    # what was read goes back as it is
    is_equal("delete", tool(sys.argv[1], *SO, "--delete-object", "--type",
                            "data", "--application-id", SECURITY), "")
    is_equal("deleted", on_card("0x5fc106"), b"")
    is_equal("again", write(SECURITY, got), "")
    is_equal("Yubico's reading", on_card("0x5fc106"), content)
    # this one goes without a tag around it
    is_equal("biometric", write(BIOMETRIC, b"\2\1\0"), "")
    is_equal("ours", read(sys.argv[1], BIOMETRIC), b"\x7f\x61\3\2\1\0")


def refused():
    """Nothing is written over, and some not at all."""
    invalid = "CKR_ATTRIBUTE_VALUE_INVALID"
    chuid, content = on_card("0x5fc102"), on_card("0x5fc106")
    is_equal("over another", write(SECURITY, b"other"), invalid)
    is_equal("over the CHUID", write(CHUID, b"other"), invalid)
    is_equal("which PIN counts", write(DISCOVERY, b"\x7e\1\0"), invalid)
    is_equal("a certificate", write(CERTIFICATE, b"\x70\1\0"), invalid)
    is_equal("no place", write("1.2.3.4", b"other"), invalid)
    is_equal("nothing", write(FACE, b"S\0", "--private"), invalid)
    is_equal("too large", write(FACE, bytes(3050), "--private"),
             "CKR_DEVICE_MEMORY")
    is_equal("private", write(HISTORY, b"\xc1\1\0", "--private"),
             "CKR_TEMPLATE_INCONSISTENT")
    is_equal("the CHUID", on_card("0x5fc102"), chuid)
    is_equal("the other", on_card("0x5fc106"), content)


def data(oid, value=None):
    found = [(p11.CKA_CLASS, p11.CKO_DATA), (p11.CKA_TOKEN, True),
             (p11.CKA_OBJECT_ID, oid)]
    return found + ([(p11.CKA_VALUE, value)] if value is not None else [])


def changed(session):
    """By C_SetAttributeValue, on purpose; private ones after the login."""
    oid = bytes.fromhex("6086480165030702811000")
    face = bytes.fromhex("060a60864801650307026030")
    session.login(KEY, p11.CKU_SO)
    expect("no identifier", p11.CKR_TEMPLATE_INCOMPLETE, session.createObject,
           [(p11.CKA_CLASS, p11.CKO_DATA), (p11.CKA_TOKEN, True),
            (p11.CKA_VALUE, b"value")])
    handle, = session.findObjects(data(oid))
    expect("empty", p11.CKR_ATTRIBUTE_VALUE_INVALID, session.setAttributeValue,
           handle, [(p11.CKA_VALUE, b"")])
    expect("a label", p11.CKR_ATTRIBUTE_READ_ONLY, session.setAttributeValue,
           handle, [(p11.CKA_LABEL, "other")])
    session.setAttributeValue(handle, [(p11.CKA_VALUE, b"other")])
    is_equal("Yubico's reading", on_card("0x5fc106"), b"other")
    is_equal("ours", bytes(session.getAttributeValue(
        handle, [p11.CKA_VALUE])[0]), b"S\5other")
    session.createObject(data(face, b"a face"))
    session.logout()
    is_equal("before the PIN", session.findObjects(data(face)), [])
    session.login("123456")
    handle, = session.findObjects(data(face))
    is_equal("a face", bytes(session.getAttributeValue(
        handle, [p11.CKA_VALUE])[0]), b"S\6a face")
    expect("the user writes", p11.CKR_USER_NOT_LOGGED_IN,
           session.setAttributeValue, handle, [(p11.CKA_VALUE, b"x")])
    session.logout()


def protected(session):
    """The user writes when the PIN protects the management key, but not over
    that."""
    oid = bytes.fromhex("60864801650307026060")
    printed = bytes.fromhex("60864801650307023001")
    put("0x5fff00", "8003810102")
    put("0x5fc109", "881a8918" + KEY)
    session.login("123456")
    handle = session.createObject(data(oid, b"\xc1\1\0\xc2\1\0\xfe\0"))
    is_equal("the key history", on_card("0x5fc10c"),
             b"\xc1\1\0\xc2\1\0\xfe\0")
    session.destroyObject(handle)
    is_equal("the key history", on_card("0x5fc10c"), b"")
    kept, = session.findObjects(data(printed))
    expect("over the management key", PROHIBITED, session.setAttributeValue,
           kept, [(p11.CKA_VALUE, b"x")])
    expect("away with it", PROHIBITED, session.destroyObject, kept)
    session.createObject(data(oid, b"\xc1\1\0"))
    session.logout()


def main():
    written(sys.argv[2])
    refused()
    lib = p11.PyKCS11Lib()
    lib.load(sys.argv[1])
    slot = lib.getSlotList(tokenPresent=True)[0]
    session = lib.openSession(slot, p11.CKF_SERIAL_SESSION |
                              p11.CKF_RW_SESSION)
    changed(session)
    protected(session)
    session.closeSession()


main()
