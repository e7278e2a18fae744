#!/usr/bin/python3
"""Changes and unblocks the PIN of an OpenPGP card.

usage: openpgp_pin.py MODULE, beside a card whose resetting code is 87654321
"""

import os
import re
import subprocess
import sys

import PyKCS11 as p11

from expected import expect

FLAGS = p11.CKF_SERIAL_SESSION | p11.CKF_RW_SESSION


def state(name):
    text = subprocess.run(os.environ["CARD_TELL"].split() + ["state"],
                          check=True, capture_output=True, text=True).stdout
    return int(re.search(name + r"=(\d+)", text).group(1))


def tries(what, wanted):
    if state("pw1") != wanted:
        sys.exit(f"{what}: {state('pw1')} tries, not {wanted}")


def unlocked(lib, slot):
    if lib.getTokenInfo(slot).flags & p11.CKF_USER_PIN_LOCKED:
        sys.exit("the token says that the PIN is locked")


def officer(lib, slot, session):
    """The security officer unblocks what the user has locked."""
    for wanted in 2 * [p11.CKR_PIN_INCORRECT] + [p11.CKR_PIN_LOCKED]:
        expect("a wrong PIN", wanted, session.login, "999999")
    if not lib.getTokenInfo(slot).flags & p11.CKF_USER_PIN_LOCKED:
        sys.exit("the token does not say that the PIN is locked")
    session.login("12345678", p11.CKU_SO)
    session.initPin("123456")
    unlocked(lib, slot)
    session.logout()
    session.login("123456")
    session.logout()
    used_up(session)


def used_up(session):
    """The resetting code has tries of its own."""
    for wanted in 2 * [p11.CKR_PIN_INCORRECT] + 2 * [p11.CKR_PIN_LOCKED]:
        expect("a wrong code", wanted, session.setPin, "RC:99999999", "123456")
    expect("the code, too late", p11.CKR_PIN_LOCKED, session.setPin,
           "RC:87654321", "123456")


def main():
    lib = p11.PyKCS11Lib()
    lib.load(sys.argv[1])
    slot = lib.getSlotList(tokenPresent=True)[0]
    session = lib.openSession(slot, FLAGS)
    wrong, locked = p11.CKR_PIN_INCORRECT, p11.CKR_PIN_LOCKED

    # What cannot be right costs nothing; what is wrong costs one try.
    expect("a short PIN", p11.CKR_PIN_LEN_RANGE, session.setPin, "123456",
           "654")
    tries("nothing sent", 3)
    expect("a wrong PIN", wrong, session.setPin, "999999", "654321")
    tries("a wrong PIN", 2)
    # The card alone would take this for a right PIN and a new one of 6 bytes.
    expect("a PIN cut short", wrong, session.setPin, "12345", "6654321")
    expect("a change", p11.CKR_OK, session.setPin, "123456", "654321")
    tries("a change", 3)
    if state("pw1-82"):
        sys.exit("the card stays verified though nobody is logged in")

    # While logged in, and the login goes on.
    session.login("654321")
    expect("a change while logged in", p11.CKR_OK, session.setPin, "654321",
           "a longer PIN")
    key = session.findObjects([(p11.CKA_CLASS, p11.CKO_PRIVATE_KEY),
                               (p11.CKA_ID, b"\x03")])[0]
    session.sign(key, b"message", p11.Mechanism(p11.CKM_SHA256_RSA_PKCS, None))
    session.logout()

    for _ in range(2):
        expect("the old PIN", wrong, session.login, "654321")
    expect("the last try", locked, session.login, "654321")
    expect("a locked PIN", locked, session.setPin, "a longer PIN", "123456")
    expect("a wrong code", wrong, session.setPin, "RC:99999999", "123456")
    tries("a wrong code", 0)
    expect("the code", p11.CKR_OK, session.setPin, "RC:87654321", "123456")
    tries("the code", 3)
    unlocked(lib, slot)
    session.login("123456")
    session.logout()
    officer(lib, slot, session)
    tries("the end", 3)


if __name__ == "__main__":
    main()
