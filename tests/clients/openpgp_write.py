#!/usr/bin/python3
"""Writes to an OpenPGP card: keys, certificates, PINs, the reset.

usage: openpgp_write.py MODULE KIND KIND KIND, beside an empty card
"""

import subprocess
import sys
import tempfile
from pathlib import Path

import PyKCS11 as p11

from expected import expect
from openpgp_keys import (AUTHENTICATE, Card, DECIPHER, PIN, SIGN, SO_PIN,
                          openssl)
from openpgp_pin import state

PROFILE = 9


def certificate(info, folder):
    """A certificate for this public key, by an authority of openssl's own."""
    path = Path(folder)
    (path / "public").write_bytes(openssl("pkey", "-pubin", "-inform", "DER",
                                          data=info))
    if not (path / "ca.key").exists():
        openssl("genpkey", "-algorithm", "EC", "-pkeyopt",
                "ec_paramgen_curve:P-256", "-out", str(path / "ca.key"))
        openssl("req", "-new", "-key", str(path / "ca.key"), "-subj", "/CN=x",
                "-out", str(path / "request"))
    return openssl("x509", "-req", "-in", str(path / "request"),
                   "-force_pubkey", str(path / "public"), "-signkey",
                   str(path / "ca.key"), "-set_serial", "7", "-outform", "DER")


def refusals(card, kinds):
    """What nobody may, or no card can, sends nothing that changes it."""
    not_logged_in = p11.CKR_USER_NOT_LOGGED_IN
    expect("nobody generates", not_logged_in, card.generate, kinds[0], SIGN)
    expect("a wrong PW3", p11.CKR_PIN_INCORRECT, card.officer, "87654321")
    if state("pw3") != 2 or state("pw1") != 3:
        sys.exit("a wrong PW3 is one try of PW3's")
    card.user()
    expect("the user generates", not_logged_in, card.generate, kinds[0], SIGN)
    card.logout()
    card.officer()
    if state("pw3") != 3:
        sys.exit("the right PW3 gives its tries back")
    for what, wanted, kind, number in (
            ("RSA-1024", p11.CKR_KEY_SIZE_RANGE, "rsa1024", SIGN),
            ("RSA-2056", p11.CKR_KEY_SIZE_RANGE, "rsa2056", SIGN),
            ("no such place", p11.CKR_ATTRIBUTE_VALUE_INVALID, "rsa2048", 4),
            ("Ed25519 to decipher", 0x140, "ed25519", DECIPHER),
            ("X25519 to sign", 0x140, "x25519", SIGN),
            ("no place", p11.CKR_TEMPLATE_INCOMPLETE, kinds[0], 0)):
        expect(what, wanted, card.generate, kind, number)
    expect("a use of another place", p11.CKR_TEMPLATE_INCONSISTENT,
           card.generate, kinds[0], SIGN, [(p11.CKA_DECRYPT, True)])


def refused_kinds(card):
    """Known on the card alone: a Gnuk says of them that something failed."""
    expect("RSA-3072", p11.CKR_KEY_SIZE_RANGE, card.generate, "rsa3072", SIGN)
    expect("P-521", p11.CKR_CURVE_NOT_SUPPORTED, card.generate, "p521", SIGN)
    card.logout()
    card.user()
    expect("no key to be protected", p11.CKR_FUNCTION_FAILED,
           card.session.setPin, PIN, "87654321")
    card.logout()
    card.officer()


def keys(card, kinds):
    for number, kind in enumerate(kinds, 1):
        handles = card.generate(kind, number)
        for handle in handles:
            if card.attribute(handle, p11.CKA_ID) != (number,):
                sys.exit(f"key {number}: the handle is of something else")
    flags = card.lib.getTokenInfo(card.slot).flags
    if not flags & p11.CKF_LOGIN_REQUIRED:
        sys.exit("there are keys, but no login is required")
    card.logout()
    card.user()
    card.use()
    card.logout()


def certificates(card, numbers):
    with tempfile.TemporaryDirectory() as folder:
        made = {n: certificate(card.info(n), folder) for n in numbers}
    card.user()
    expect("the user writes", p11.CKR_USER_NOT_LOGGED_IN,
           card.write_certificate, made[AUTHENTICATE], AUTHENTICATE)
    card.logout()
    card.officer()
    expect("what is no certificate", p11.CKR_ATTRIBUTE_VALUE_INVALID,
           card.write_certificate, b"0\x03\x02\x01\x00", AUTHENTICATE)
    # Without CKA_ID it goes to the key that it is for.
    for number, der in made.items():
        handle = card.write_certificate(
            der, None if number != SIGN else number)
        if bytes(card.attribute(handle, p11.CKA_VALUE)) != der:
            sys.exit(f"certificate {number} is another one")
    for number, der in made.items():
        handle = card.find(p11.CKO_CERTIFICATE, number)
        if bytes(card.attribute(handle, p11.CKA_VALUE)) != der:
            sys.exit(f"certificate {number} is not found")
    card.session.destroyObject(card.find(p11.CKO_CERTIFICATE, AUTHENTICATE))
    if card.find(p11.CKO_CERTIFICATE, AUTHENTICATE) is not None:
        sys.exit("the certificate is still there")
    card.logout()


def data_found(card, what, wanted):
    found = {card.attribute(handle, p11.CKA_LABEL):
             bytes(card.attribute(handle, p11.CKA_VALUE))
             for handle in card.session.findObjects(
                 [(p11.CKA_CLASS, p11.CKO_DATA)])}
    if found != {f"PrivDO{n}": b"%d" % n for n in wanted}:
        sys.exit(f"{what}: {found}")
    if any(card.attribute(handle, p11.CKA_CLASS) == p11.CKO_DATA
           for handle in card.session.findObjects([])):
        sys.exit(f"{what}: data that nobody asked for")


def data_objects(card):
    """Written with PW1 (1, 3) or PW3 (2, 4), read by anybody (1, 2)."""
    def write(number, value=None, label="PrivDO%d"):
        return card.session.createObject(
            [(p11.CKA_CLASS, p11.CKO_DATA), (p11.CKA_TOKEN, True),
             (p11.CKA_LABEL, label % number),
             (p11.CKA_VALUE, value or b"%d" % number)])

    data_found(card, "nothing", [])
    card.user()
    write(1)
    write(3)
    expect("the user writes PW3's", p11.CKR_USER_NOT_LOGGED_IN, write, 2)
    expect("too much", p11.CKR_DEVICE_MEMORY, write, 1, 8192 * b"x")
    expect("another label", p11.CKR_ATTRIBUTE_VALUE_INVALID, write, 1, None,
           "PrivDO%d5")
    data_found(card, "the user's", [1, 3])
    card.logout()
    data_found(card, "anybody's", [1])
    card.officer()
    write(2)
    write(4)
    expect("PW3 writes PW1's", p11.CKR_USER_NOT_LOGGED_IN, write, 1)
    data_found(card, "the security officer's", [1, 2, 4])
    card.session.destroyObject(card.session.findObjects(
        [(p11.CKA_CLASS, p11.CKO_DATA), (p11.CKA_LABEL, "PrivDO2")])[0])
    card.logout()
    data_found(card, "what is left", [1])
    card.user()
    data_found(card, "what is left of the user's", [1, 3])
    card.logout()


def pins(card):
    card.officer()
    # PW3 was never set: a Gnuk wants as long a PW1, which would be PW3 as well.
    if "--gnuk" in sys.argv:
        expect("a PIN of 6", p11.CKR_PIN_LEN_RANGE, card.session.initPin,
               "654321")
        card.session.setPin(SO_PIN, SO_PIN)
    expect("a short PIN", p11.CKR_PIN_LEN_RANGE, card.session.initPin, "12345")
    card.session.initPin("654321")
    expect("a short PW3", p11.CKR_PIN_LEN_RANGE, card.session.setPin, SO_PIN,
           "1234567")
    expect("a wrong PW3", p11.CKR_PIN_INCORRECT, card.session.setPin,
           "87654321", "11112222")
    card.session.setPin(SO_PIN, "11112222")
    card.logout()
    card.user("654321")
    card.session.setPin("654321", PIN)
    card.logout()
    card.officer("11112222")
    card.session.setPin("11112222", SO_PIN)
    card.logout()
    for word in ("pw1", "pw3"):
        if state(word) != 3:
            sys.exit(f"{word}: a try got lost")


def reset(card):
    """C_InitToken, which wants PW3 and leaves nothing."""
    card.session.closeSession()
    expect("a wrong PW3", p11.CKR_PIN_INCORRECT, card.lib.initToken, card.slot,
           "87654321", "a label")
    if state("pw3") != 2:
        sys.exit("a wrong PW3 is one try")
    card.lib.initToken(card.slot, SO_PIN, "a label")
    card.session = card.lib.openSession(
        card.slot, p11.CKF_SERIAL_SESSION | p11.CKF_RW_SESSION)
    card.user()
    found = [handle for handle in card.session.findObjects([])
             if card.attribute(handle, p11.CKA_CLASS) != PROFILE]
    if found or state("pw3") != 3:
        sys.exit("something is left")
    card.logout()


def main():
    card, kinds = Card(sys.argv[1]), sys.argv[2:5]
    refusals(card, kinds)
    if "--gnuk" in sys.argv:
        refused_kinds(card)
    keys(card, kinds)
    certificates(card, [AUTHENTICATE] if "--one" in sys.argv
                 else [AUTHENTICATE, SIGN])
    if "--data" in sys.argv:
        data_objects(card)
    pins(card)
    reset(card)


main()
