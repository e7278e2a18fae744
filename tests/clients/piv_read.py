#!/usr/bin/python3
"""Finds and uses what a YubiKey's firmware tells of (see piv_read.sh).

usage: piv_read.py MODULE FOLDER history|all
"""

import os
import pathlib
import subprocess
import sys

import PyKCS11 as p11

from expected import is_equal

PIN = "123456"
SECRET = [(p11.CKA_CLASS, p11.CKO_SECRET_KEY),
          (p11.CKA_KEY_TYPE, p11.CKK_GENERIC_SECRET),
          (p11.CKA_SENSITIVE, False), (p11.CKA_EXTRACTABLE, True)]


def openssl(*arguments):
    return subprocess.run(["openssl", *arguments], check=True,
                          stdout=subprocess.PIPE).stdout


class Card:
    def __init__(self, module):
        self.lib = p11.PyKCS11Lib()
        self.lib.load(module)
        slot = self.lib.getSlotList(tokenPresent=True)[0]
        is_equal("firmware", self.lib.getTokenInfo(slot).firmwareVersion,
                 (5, 7))
        self.session = self.lib.openSession(slot, p11.CKF_SERIAL_SESSION)

    def ids(self, kind):
        found = self.session.findObjects([(p11.CKA_CLASS, kind)])
        return sorted(
            bytes(self.session.getAttributeValue(o, [p11.CKA_ID])[0]).hex()
            for o in found)

    def key(self, number):
        found, = self.session.findObjects(
            [(p11.CKA_CLASS, p11.CKO_PRIVATE_KEY),
             (p11.CKA_ID, bytes([number]))])
        return found

    def attribute(self, key, kind):
        return self.session.getAttributeValue(key, [kind])[0]

    def derive(self, key, point):
        made = self.session.deriveKey(key, SECRET,
                                      p11.ECDH1_DERIVE_Mechanism(point))
        return bytes(self.attribute(made, p11.CKA_VALUE))


def public(card, retired):
    """Without a login: the key that wants no PIN, and all public halves."""
    is_equal("certificates", card.ids(p11.CKO_CERTIFICATE), ["02"] + retired)
    is_equal("public keys", card.ids(p11.CKO_PUBLIC_KEY),
             ["01", "02", "03"] + retired)
    is_equal("private keys", card.ids(p11.CKO_PRIVATE_KEY), ["01"])
    key = card.key(1)
    card.session.sign(key, b"a message",
                      p11.Mechanism(p11.CKM_ECDSA_SHA256, None))


def ed25519(card, folder):
    key = card.key(2)
    is_equal("9C", card.attribute(key, p11.CKA_ALWAYS_AUTHENTICATE), True)
    signature, message = folder / "signature", folder / "message"
    message.write_bytes(b"a message")
    # right after C_Login its PIN is fresh
    signature.write_bytes(bytes(card.session.sign(
        key, b"a message", p11.Mechanism(p11.CKM_EDDSA, None))))
    openssl("pkeyutl", "-verify", "-pubin", "-inkey",
            os.environ["ED25519_PUB"], "-rawin", "-in", str(message),
            "-sigfile", str(signature))


def agree(card, key, folder, peer, own, size):
    """Every form of the other's point gives OpenSSL's secret."""
    path = folder / "own.key"
    openssl("genpkey", "-algorithm", own[0], *own[1:], "-out", str(path))
    point = openssl("pkey", "-in", str(path), "-pubout", "-outform",
                    "DER")[-size:]
    wanted = openssl("pkeyutl", "-derive", "-inkey", str(path), "-peerkey",
                     peer)
    for form in (point, bytes([4, size]) + point):
        is_equal("secret", card.derive(key, form), wanted)
    for wrong in (point[:-1], point + b"\0", bytes(size), b""):
        try:
            card.derive(key, wrong)
        except p11.PyKCS11Error as error:
            is_equal("refusal", error.value, p11.CKR_MECHANISM_PARAM_INVALID)
        else:
            sys.exit("a wrong point was taken")


def main():
    folder = pathlib.Path(sys.argv[2])
    retired = ["05", "06"] + ["08"] * (sys.argv[3] == "all")
    card = Card(sys.argv[1])
    public(card, retired)
    card.session.login(PIN)
    is_equal("private keys", card.ids(p11.CKO_PRIVATE_KEY),
             ["01", "02", "03"] + retired)
    card.session.logout()
    card.session.login(PIN)
    ed25519(card, folder)
    agree(card, card.key(3), folder, str(folder / "x.pub"), ["X25519"], 32)
    agree(card, card.key(5), folder, os.environ["P256_PUB"],
          ["EC", "-pkeyopt", "ec_paramgen_curve:P-256"], 65)
    card.session.closeSession()


main()
