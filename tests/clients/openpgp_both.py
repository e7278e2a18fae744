#!/usr/bin/python3
"""PIV and OpenPGP on one card: two tokens, used alternately and at once.

usage: openpgp_both.py MODULE [PIV|OPENPGP], beside a card (on_both.sh); with the
second argument it is one of two processes that sign at once
Every selection of one applet makes the card forget the other's PIN; no try may
get lost, and no PIN may go to the wrong applet.
"""

import os
import re
import subprocess
import sys
import threading

import PyKCS11 as p11

ROUNDS = 5
PIV = ("PIV", "123456", p11.CKM_ECDSA_SHA256, 64, 1)
OPENPGP = ("OpenPGP card", "654321", p11.CKM_SHA256_RSA_PKCS, 256, 3)


def tries():
    state = subprocess.run(os.environ["CARD_TELL"].split() + ["state"],
                           check=True, capture_output=True, text=True).stdout
    return re.findall(r"(pin|pw1)=(\d+)", state)


class Token:
    def __init__(self, lib, slot, kind):
        self.label, self.pin, self.mechanism, self.size, number = kind
        found = lib.getTokenInfo(slot).label.strip()
        if not found.startswith(self.label):
            sys.exit(f"slot {slot} has {found}, not {self.label}")
        self.session = lib.openSession(slot, p11.CKF_SERIAL_SESSION)
        self.session.login(self.pin)
        self.key, self.public = (
            self.session.findObjects([(p11.CKA_CLASS, key_class),
                                      (p11.CKA_ID, bytes([number]))])[0]
            for key_class in (p11.CKO_PRIVATE_KEY, p11.CKO_PUBLIC_KEY))
        self.signed = 0

    def sign(self):
        mechanism = p11.Mechanism(self.mechanism, None)
        signature = self.session.sign(self.key, b"message", mechanism)
        if len(signature) != self.size or not self.session.verify(
                self.public, b"message", signature, mechanism):
            sys.exit(f"{self.label}: a wrong signature")
        self.signed += 1

    def sign_often(self):
        for _ in range(ROUNDS):
            self.sign()


def process(lib, slots, name):
    which = ("PIV", "OPENPGP").index(name)
    token = Token(lib, slots[which], (PIV, OPENPGP)[which])
    token.sign_often()
    token.session.logout()


def processes():
    """Each with one of the tokens, and neither knows of the other."""
    running = [subprocess.Popen([sys.executable, __file__, sys.argv[1], name])
               for name in ("PIV", "OPENPGP")]
    if any(one.wait() for one in running):
        sys.exit("a process failed")


def main():
    lib = p11.PyKCS11Lib()
    lib.load(sys.argv[1])
    slots = lib.getSlotList(tokenPresent=True)
    if len(slots) != 2:
        sys.exit(f"{len(slots)} tokens")
    if len(sys.argv) > 2:
        process(lib, slots, sys.argv[2])
        return
    tokens = [Token(lib, slot, kind) for slot, kind in
              zip(slots, (PIV, OPENPGP))]
    for _ in range(ROUNDS):
        for token in tokens:
            token.sign()
    threads = [threading.Thread(target=t.sign_often) for t in tokens]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if any(token.signed != 2 * ROUNDS for token in tokens):
        sys.exit("a thread failed")
    for token in tokens:
        token.session.logout()
    processes()
    left = tries()
    print(left)
    if len(left) != 2 or any(count != "3" for _, count in left):
        sys.exit("a try got lost")


main()
