#!/usr/bin/python3
"""Deciphers after the card has refused a cryptogram that came in pieces.

usage: openpgp_chain.py MODULE, beside a card that keeps the pieces of a command
which it refused, and has RSA keys
"""

import sys

import PyKCS11 as p11

from openpgp_keys import Card, DECIPHER
from openpgp_pin import expect, state


def main():
    card = Card(sys.argv[1])
    card.user()
    key = card.find(p11.CKO_PRIVATE_KEY, DECIPHER)
    mechanism = p11.Mechanism(p11.CKM_RSA_PKCS, None)
    for _ in range(2):
        card.decrypt(DECIPHER)
        expect("no cryptogram", p11.CKR_DEVICE_ERROR, card.session.decrypt,
               key, 255 * b"\x5a" + b"\x01", mechanism)
    card.decrypt(DECIPHER)
    card.logout()
    if state("pw1") != 3:
        sys.exit("a try got lost")


main()
