#!/usr/bin/python3
"""PIV and OpenPGP on one card: an applet that fails never hides the other.

usage: openpgp_failing.py MODULE, beside a card (on_both.sh)
       openpgp_failing.py MODULE look    tells what tokens there are and sign
Every exchange that recognition needs fails once, in a process of its own, then
an exchange of either in the middle of its session.
"""

import os
import re
import subprocess
import sys

import PyKCS11 as p11

FAULTS = ("6F00", "6999", "garbage")
PIV = ("PIV", "123456", p11.CKM_ECDSA_SHA256, 1)
OPENPGP = ("OpenPGP card", "654321", p11.CKM_SHA256_RSA_PKCS, 3)
AIDS = {"A000000308": PIV[0], "D27600012401": OPENPGP[0]}


def tell(line):
    return subprocess.run(os.environ["CARD_TELL"].split() + [line], check=True,
                          capture_output=True, text=True).stdout


def commands():
    with open(os.environ["CARD_TRACE"], encoding="ascii") as trace:
        return [line[2:].replace(" ", "").strip() for line in trace
                if line.startswith("> ")]


class Token:
    def __init__(self, lib, slot):
        label = lib.getTokenInfo(slot).label.strip()
        self.name, self.pin, self.mechanism, self.number = (
            PIV if label.startswith(PIV[0]) else OPENPGP)
        self.session = lib.openSession(slot, p11.CKF_SERIAL_SESSION)

    def login(self):
        self.session.login(self.pin)
        self.key, self.public = (
            self.session.findObjects([(p11.CKA_CLASS, key_class),
                                      (p11.CKA_ID, bytes([self.number]))])[0]
            for key_class in (p11.CKO_PRIVATE_KEY, p11.CKO_PUBLIC_KEY))

    def is_logged_in(self):
        state = self.session.getSessionInfo().state
        return state == p11.CKS_RO_USER_FUNCTIONS

    def sign(self):
        mechanism = p11.Mechanism(self.mechanism, None)
        signature = self.session.sign(self.key, b"message", mechanism)
        if not self.session.verify(self.public, b"message", signature,
                                   mechanism):
            sys.exit(f"{self.name}: a wrong signature")


def tokens(module):
    lib = p11.PyKCS11Lib()
    lib.load(module)
    found = []
    for slot in lib.getSlotList(tokenPresent=True):
        try:
            found.append(Token(lib, slot))
        except p11.PyKCS11Error as error:
            print(f"slot {slot}: {error}")
    return lib, found


def look(module):
    _, found = tokens(module)
    for token in found:
        try:
            token.login()
            token.sign()
        except (p11.PyKCS11Error, IndexError) as error:
            print(f"{token.name} fails: {error}")
            continue
        print(f"{token.name} signs")


def looked(module):
    return subprocess.run([sys.executable, __file__, module, "look"],
                          check=True, capture_output=True, text=True).stdout


def recognition(module):
    """The applet of each exchange before the first PIN."""
    before, owners, owner = len(commands()), [], None
    said = looked(module)
    if said.splitlines() != ["PIV signs", "OpenPGP card signs"]:
        sys.exit(said)
    for command in commands()[before:]:
        if re.match("0020008[0-2]0[68]", command):
            return owners
        if command.startswith("00A40400"):
            owner, = (name for aid, name in AIDS.items() if aid in command)
        owners.append(owner)
    sys.exit("no PIN was sent")


def looks(module):
    owners = recognition(module)
    for at, owner in enumerate(owners, 1):
        other, = (name for name in AIDS.values() if name != owner)
        for fault in FAULTS:
            tell(f"fault +{at}:{fault}")
            said = looked(module)
            tell("fault none")
            if f"{other} signs" not in said:
                sys.exit(f"exchange {at} of {owner}, {fault}: {said}")
    print(f"{len(owners)} exchanges of recognition")


def sessions(module):
    lib, found = tokens(module)
    for token in found:
        token.login()
    for bad, good in (found, reversed(found)):
        for fault in FAULTS:
            for at in range(1, 6):
                good.sign()
                tell(f"fault +{at}:{fault}")
                try:
                    bad.sign()
                except p11.PyKCS11Error as error:
                    print(f"{bad.name}, {fault} at {at}: {error}")
                tell("fault none")
                good.sign()
                # the PIN is not offered again on a doubt
                if not bad.is_logged_in():
                    bad.login()
                bad.sign()
    for token in found:
        token.session.logout()
    lib.closeAllSessions(lib.getSlotList(tokenPresent=True)[0])


def main():
    module = sys.argv[1]
    if sys.argv[2:] == ["look"]:
        look(module)
        return
    looks(module)
    sessions(module)
    left = re.findall(r"\b(pin|pw1)=(\d+)", tell("state"))
    if left != [("pin", "3"), ("pw1", "3")]:
        sys.exit(f"a try got lost: {left}")


main()
