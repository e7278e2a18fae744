#!/usr/bin/python3
"""Signs a file, or verifies a signature made elsewhere, through PyKCS11.

usage: workflow.py MODULE TOKEN sign PIN ID SIGNATURE
       workflow.py MODULE TOKEN verify ID MESSAGE SIGNATURE
"""

import sys

import PyKCS11 as p11

MECHANISM = p11.Mechanism(p11.CKM_SHA256_RSA_PKCS, None)


def open_token(module, label):
    lib = p11.PyKCS11Lib()
    lib.load(module)
    for slot in lib.getSlotList(tokenPresent=True):
        if lib.getTokenInfo(slot).label.strip() == label:
            return lib.openSession(slot, p11.CKF_SERIAL_SESSION)
    sys.exit(f"no token {label!r}")


def find(session, key_class, key_id):
    found = session.findObjects([(p11.CKA_CLASS, key_class),
                                 (p11.CKA_ID, bytes.fromhex(key_id))])
    if len(found) != 1:
        sys.exit(f"{len(found)} keys with ID {key_id}")
    return found[0]


def sign(session, pin, key_id, path):
    session.login(pin)
    key = find(session, p11.CKO_PRIVATE_KEY, key_id)
    signature = bytes(session.sign(key, b"Hello World!\n", MECHANISM))
    session.logout()
    with open(path, "wb") as out:
        out.write(signature)


def verify(session, key_id, message, signature):
    key = find(session, p11.CKO_PUBLIC_KEY, key_id)
    with open(message, "rb") as text, open(signature, "rb") as made:
        text, made = text.read(), made.read()
    if not session.verify(key, text, made, MECHANISM):
        sys.exit("a right signature was refused")
    if session.verify(key, text + b"!", made, MECHANISM):
        sys.exit("a wrong signature was taken")
    print("PyKCS11: Verified OK")


def main():
    module, token, action = sys.argv[1:4]
    session = open_token(module, token)
    {"sign": sign, "verify": verify}[action](session, *sys.argv[4:])
    session.closeSession()


main()
