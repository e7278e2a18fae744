#!/usr/bin/python3
"""Counts the exchanges of each step on the card's side, against a budget.

usage: budget.py MODULE short|extended
The card has four RSA-2048 certificates of about 1,200 bytes; CARD_TRACE is where it
writes a line that begins with "> " for each command it gets.
"""

import os
import subprocess
import sys

import PyKCS11 as p11

PIN = "123456"
SIGN = {"short": 3, "extended": 1}
LIST = {"short": 26, "extended": 12}
# The first exchange asks for OpenPGP.
ONE_SIGNATURE = {"short": 15, "extended": 9}


class Card:
    """Counts what the card was sent since the last step."""

    def __init__(self, trace):
        self.trace = trace
        self.seen = 0
        self.over = []
        self.seen = self.count()

    def count(self):
        with open(self.trace, encoding="ascii") as lines:
            return sum(line.startswith("> ") for line in lines)

    def step(self, name, budget):
        now = self.count()
        used, self.seen = now - self.seen, now
        verdict = "ok" if used <= budget else "OVER"
        print(f"{name:58} {used:3} of {budget:3}  {verdict}")
        if used > budget:
            self.over.append(name)
        return used


def state_queries(lib, slot, session):
    lib.getSlotList(tokenPresent=True)
    lib.getSlotInfo(slot)
    lib.getTokenInfo(slot)
    lib.getMechanismList(slot)
    session.getSessionInfo()
    lib.openSession(slot, p11.CKF_SERIAL_SESSION).closeSession()


def in_one_process(module, card, length):
    lib = p11.PyKCS11Lib()
    lib.load(module)
    card.step("C_Initialize", 0)
    slot = lib.getSlotList(tokenPresent=True)[0]
    if card.step("first C_GetSlotList(TRUE)", 2) == 0:
        sys.exit("the card was not asked at all: wrong trace?")
    session = lib.openSession(slot, p11.CKF_SERIAL_SESSION)
    card.step("C_OpenSession", 0)
    lib.getTokenInfo(slot)
    card.step("first C_GetTokenInfo", 2)
    for _ in range(3):
        state_queries(lib, slot, session)
    card.step("state queries and C_OpenSession, repeated", 0)
    session.login(PIN)
    card.step("C_Login", 2)
    key = session.findObjects([(p11.CKA_CLASS, p11.CKO_PRIVATE_KEY),
                               (p11.CKA_ID, b"\x01")])[0]
    card.step("find a private key by CKA_ID", 5)
    mechanism = p11.Mechanism(p11.CKM_SHA256_RSA_PKCS, None)
    session.sign(key, b"first", mechanism)
    card.step("first C_SignInit + C_Sign", SIGN[length] + 1)
    for turn in range(3):
        session.sign(key, b"again", mechanism)
        card.step("further C_SignInit + C_Sign", SIGN[length])
    state_queries(lib, slot, session)
    card.step("state queries while logged in", 0)
    session.logout()
    card.step("C_Logout", 1)
    session.closeSession()


def one_process(module, card, name, budget, *arguments):
    subprocess.run(["pkcs11-tool", "--module", module, *arguments], check=True,
                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    if card.step(name, budget) < 2:
        sys.exit("the card was hardly asked: wrong trace?")


def main():
    module, length = sys.argv[1:]
    card = Card(os.environ["CARD_TRACE"])
    in_one_process(module, card, length)
    card.step("C_Finalize", 1)
    one_process(module, card, "pkcs11-tool -O, whole process", LIST[length],
                "-O")
    one_process(module, card, "login and one signature, whole process",
                ONE_SIGNATURE[length], "--login", "--pin", PIN, "--sign",
                "--id", "01", "--mechanism", "SHA256-RSA-PKCS",
                "--input-file", __file__, "--output-file", "/dev/null")
    sys.exit(bool(card.over))


main()
