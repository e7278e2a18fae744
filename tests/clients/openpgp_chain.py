#!/usr/bin/python3
"""Deciphers after the card has refused a cryptogram that came in pieces, and
what begins with a zero, which other programs leave out.

usage: openpgp_chain.py MODULE, beside a card that keeps the pieces of a command
which it refused, and has RSA keys
"""

import sys

import PyKCS11 as p11

from openpgp_keys import Card, DECIPHER
from openpgp_pin import expect, state


def with_zero(card, mechanism):
    """About one cryptogram in 256 begins so."""
    key = card.find(p11.CKO_PUBLIC_KEY, DECIPHER)
    for _ in range(20000):
        cipher = bytes(card.session.encrypt(key, b"a secret", mechanism))
        if cipher[0] == 0:
            return cipher
    sys.exit("no cryptogram begins with a zero")


def main():
    card = Card(sys.argv[1])
    card.user()
    key = card.find(p11.CKO_PRIVATE_KEY, DECIPHER)
    mechanism = p11.Mechanism(p11.CKM_RSA_PKCS, None)
    for _ in range(2):
        card.decrypt(DECIPHER)
        expect("no cryptogram", p11.CKR_ENCRYPTED_DATA_INVALID,
               card.session.decrypt, key, 255 * b"\x5a" + b"\x01", mechanism)
    card.decrypt(DECIPHER)
    cipher = with_zero(card, mechanism)
    if bytes(card.session.decrypt(key, cipher, mechanism)) != b"a secret":
        sys.exit("the plaintext of what begins with a zero is wrong")
    expect("without its zero", p11.CKR_ENCRYPTED_DATA_LEN_RANGE,
           card.session.decrypt, key, cipher[1:], mechanism)
    card.logout()
    if state("pw1") != 3:
        sys.exit("a try got lost")


main()
