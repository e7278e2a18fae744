#!/usr/bin/python3
"""pcscd that refuses us: by polkit, or as its protocol is another one.

usage: refused.py CLIENTS-FOLDER MODULE
Debian's pcscd is built without polkit, so a go-between does what such a one
does on the socket. It hands everything else to the real pcscd, which judges the
version by itself.
"""

import os
import socket
import struct
import sys
import threading
import time

sys.path.insert(0, sys.argv[1])
import cryptoki as ck  # noqa: E402

folder = os.environ["SIGNET_TEST_DIR"]
log = folder + "/signet.log"
path = folder + "/between"
os.environ.update(SIGNET_LOG_LEVEL="info", SIGNET_LOG_FILE=log,
                  PCSCLITE_CSOCK_NAME=path)
VERSION, CONNECT = 0x11, 0x04
SECURITY_VIOLATION = 0x8010006A
how = "obey"


def check(condition, what):
    if not condition:
        sys.exit(f"FAIL: {how}: {what}")


def take(stream, size):
    got = stream.recv(size, socket.MSG_WAITALL)
    if len(got) < size:
        raise ConnectionError
    return got


def answer_client(client, daemon):
    """One message; false when the connection is to end."""
    head = take(client, 8)
    size, command = struct.unpack("=II", head)
    body = take(client, size)
    if command == VERSION and how.startswith("version"):
        major, minor, code = struct.unpack("=iiI", body)
        minor += {"version, older": -1, "version, newer": 100}[how]
        body = struct.pack("=iiI", major, minor, code)
    if command == CONNECT and how == "card, hangs up":
        return False
    if command == CONNECT and how == "card":
        client.sendall(body[:-4] + struct.pack("=I", SECURITY_VIOLATION))
        return True
    daemon.sendall(head + body)
    if command == CONNECT:
        forward(client, daemon)
    return True


def forward(client, daemon):
    """From a card's connection on, commands carry what their head does not
    tell of."""
    while data := client.recv(65536):
        daemon.sendall(data)
    raise ConnectionError


def back(client, daemon):
    try:
        while data := daemon.recv(65536):
            client.sendall(data)
        client.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass


def serve(client):
    if how == "polkit":
        time.sleep(0.05)  # polkit is asked over D-Bus
        client.close()
        return
    with client, socket.socket(socket.AF_UNIX) as daemon:
        daemon.connect("/run/pcscd/pcscd.comm")
        threading.Thread(target=back, args=(client, daemon),
                         daemon=True).start()
        try:
            while answer_client(client, daemon):
                pass
        except OSError:
            pass
        daemon.shutdown(socket.SHUT_RDWR)


def listen():
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen(64)
        ready.set()
        while True:
            threading.Thread(target=serve, args=(listener.accept()[0],),
                             daemon=True).start()


def lines():
    """What the log says since the last look."""
    global seen
    with open(log, encoding="utf-8") as text:
        text.seek(seen)
        found = text.read().splitlines()
        seen = text.tell()
    return found


def refuse(kind, word, readers):
    """The slots are empty, a line says why, and then all is well again."""
    global how
    how = kind
    lib = ck.Module(os.path.abspath(sys.argv[2])).initialize()
    for _ in range(3):
        check(len(lib.slots(False)) == readers, f"{lib.slots(False)}")
    if readers:
        check(ck.answer(lib.token_flags, 1) != ck.OK, "no token")
    found = lines()
    said = [line for line in found if word in line]
    print(f"{kind}: {found}")
    check(said, f"nothing said of {word}")
    check(len(said) == 1, f"said more than once: {said}")
    how = "obey"
    check(len(lib.slots()) == 1, "the card is back")
    session = lib.session(lib.slots()[0])
    session.login(b"123456")
    session.logout()
    lib.finalize()
    lines()


seen = 0
ready = threading.Event()
threading.Thread(target=listen, daemon=True).start()
ready.wait()
refuse("polkit", "polkit", 0)
refuse("version, older", "protocol version", 0)
refuse("version, newer", "protocol version", 0)
refuse("card", "polkit", 2)
refuse("card, hangs up", "polkit", 2)
