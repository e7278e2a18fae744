#!/usr/bin/python3
"""Counts what an OpenPGP card is sent for each step, against a budget.

usage: openpgp_budget.py MODULE short|extended once|often
The card has three RSA-2048 keys with certificates of about 1,200 bytes; CARD_TRACE
is where it writes a line that begins with "> " for each command it gets. PW1 is
good for one signature of the signature key, or more often.
"""

import os
import sys

import PyKCS11 as p11

PIN = "123456"
SHA256 = p11.Mechanism(p11.CKM_SHA256_RSA_PKCS, None)
RECOGNISE = {"short": 3, "extended": 2}
LIST = {"short": 30, "extended": 12}
DECIPHER = {"short": 2, "extended": 1}
GENERATE = {"short": 5, "extended": 4}


class Card:
    """Counts what the card was sent since the last step."""

    def __init__(self, trace):
        self.trace = trace
        self.over = []
        self.all = self.count()
        self.seen = self.all

    def count(self):
        with open(self.trace, encoding="ascii") as lines:
            return sum(line.startswith("> ") for line in lines)

    def judge(self, name, used, budget):
        verdict = "ok" if used <= budget else "OVER"
        print(f"{name:58} {used:3} of {budget:3}  {verdict}")
        if used > budget:
            self.over.append(name)

    def step(self, name, budget):
        now = self.count()
        self.judge(name, now - self.seen, budget)
        self.seen = now


def key_find(session, key_class, number):
    return session.findObjects([(p11.CKA_CLASS, key_class),
                                (p11.CKA_ID, bytes([number]))])[0]


def signatures(session, card, often):
    """With the authentication key, then with the signature key."""
    key = key_find(session, p11.CKO_PRIVATE_KEY, 3)
    for _ in range(3):
        session.sign(key, b"message", SHA256)
        card.step("C_SignInit + C_Sign", 1)
    key = key_find(session, p11.CKO_PRIVATE_KEY, 1)
    each = session.getAttributeValue(key, [p11.CKA_ALWAYS_AUTHENTICATE])[0]
    if each == often:
        sys.exit("CKA_ALWAYS_AUTHENTICATE is not what DO C4 says")
    if often:
        session.sign(key, b"message", SHA256)
        card.step("first C_Sign of the signature key", 4)
        session.sign(key, b"message", SHA256)
        card.step("C_SignInit + C_Sign of the signature key", 1)
    else:
        one_shot(session, card, key)


def one_shot(session, card, key):
    """C_SignInit, C_Login(CKU_CONTEXT_SPECIFIC), C_Sign."""
    lib, handle = session.lib, session.session
    for _ in range(2):
        signature = p11.ckbytelist(256 * [0])
        for rv in (lib.C_SignInit(handle, SHA256.to_native(), key),
                   lib.C_Login(handle, p11.CKU_CONTEXT_SPECIFIC,
                               p11.ckbytelist(PIN.encode())),
                   lib.C_Sign(handle, p11.ckbytelist(b"message"), signature)):
            if rv != p11.CKR_OK:
                sys.exit(f"one signature of a PIN: {rv:#x}")
        card.step("context-specific login and C_Sign", 3)


def main():
    module, length, often = sys.argv[1], sys.argv[2], sys.argv[3] == "often"
    card = Card(os.environ["CARD_TRACE"])
    lib = p11.PyKCS11Lib()
    lib.load(module)
    card.step("C_Initialize", 0)
    slot = lib.getSlotList(tokenPresent=True)[0]
    lib.getTokenInfo(slot)
    card.step("recognise: C_GetSlotList, C_GetTokenInfo", RECOGNISE[length])
    session = lib.openSession(slot, p11.CKF_SERIAL_SESSION
                              | p11.CKF_RW_SESSION)
    lib.getTokenInfo(slot)
    lib.getMechanismList(slot)
    card.step("state queries, C_OpenSession", 0)
    found = session.findObjects([])
    if len(found) != 6 + 3:  # the last of what the token claims to be
        sys.exit(f"{len(found)} objects")
    now = card.count()
    card.judge("recognise and list", now - card.all, LIST[length])
    card.seen = now
    session.login(PIN)
    card.step("first C_Login, which asks for a KDF", 3)
    session.logout()
    card.step("C_Logout", 2)
    session.login(PIN)
    card.step("C_Login", 2)
    cipher = session.encrypt(key_find(session, p11.CKO_PUBLIC_KEY, 2),
                             b"message", p11.Mechanism(p11.CKM_RSA_PKCS, None))
    key = key_find(session, p11.CKO_PRIVATE_KEY, 2)
    card.step("find a private key", 0)
    plain = session.decrypt(key, cipher, p11.Mechanism(p11.CKM_RSA_PKCS, None))
    if bytes(plain) != b"message":
        sys.exit("the plaintext is wrong")
    card.step("C_DecryptInit + C_Decrypt", DECIPHER[length])
    signatures(session, card, often)
    session.logout()
    card.step("C_Logout", 2)
    session.login("12345678", p11.CKU_SO)
    card.step("C_Login of the security officer", 2)
    session.generateKeyPair(
        [(p11.CKA_TOKEN, True), (p11.CKA_MODULUS_BITS, 2048)],
        [(p11.CKA_TOKEN, True), (p11.CKA_ID, b"\x03")])
    card.step("C_GenerateKeyPair, RSA-2048, named for GnuPG", GENERATE[length])
    session.logout()
    card.step("C_Logout of the security officer", 2)
    sys.exit(bool(card.over))


main()
