#!/usr/bin/python3
"""What other programs do to a PIV card while we use it, and PINs that none can
be.

usage: piv_trouble.py MODULE lengths|blocked|reset|each|global
lengths: an empty card. blocked, reset, each: a YubiKey with P-256 keys; each
with piv.always_authenticate = no. global: a card whose global PIN, 73918264,
comes first. One more word is for processes that these start.
"""

import os
import re
import subprocess
import sys

import PyKCS11 as p11

from expected import expect, is_equal

PIN, PUK = "123456", "12345678"
KEY = "010203040506070801020304050607080102030405060708"
P256 = bytes.fromhex("06082a8648ce3d030107")
ECDSA = p11.Mechanism(p11.CKM_ECDSA_SHA256, None)
EC_PAIR = p11.Mechanism(p11.CKM_EC_KEY_PAIR_GEN, None)
PUBLIC, USER = p11.CKS_RW_PUBLIC_SESSION, p11.CKS_RW_USER_FUNCTIONS
WRONG, LOCKED = p11.CKR_PIN_INCORRECT, p11.CKR_PIN_LOCKED
LOGGED_OUT = p11.CKR_USER_NOT_LOGGED_IN


def tries():
    """Of PIN and PUK."""
    told = subprocess.run([*os.environ["CARD_TELL"].split(), "state"],
                          check=True, capture_output=True, text=True).stdout
    return tuple(int(n) for n in re.findall(r"p[iu][nk]=(\d)", told))


def yubico(*arguments):
    subprocess.run(["yubico-piv-tool", "-r", "", *arguments], check=False,
                   capture_output=True)


def wrong_pins(count):
    for _ in range(count):
        yubico("-a", "verify-pin", "-P", "999999")


class Card:
    def __init__(self):
        self.lib = p11.PyKCS11Lib()
        self.lib.load(sys.argv[1])
        self.slot = self.lib.getSlotList(tokenPresent=True)[0]
        self.session = self.lib.openSession(
            self.slot, p11.CKF_SERIAL_SESSION | p11.CKF_RW_SESSION)

    def key(self, number):
        found, = self.session.findObjects(
            [(p11.CKA_CLASS, p11.CKO_PRIVATE_KEY),
             (p11.CKA_ID, bytes([number]))])
        return found

    def signs(self, key, wanted=p11.CKR_OK):
        expect("sign", wanted, self.session.sign, key, b"m", ECDSA)

    def state(self):
        return self.session.getSessionInfo().state

    def has(self, flag):
        return bool(self.lib.getTokenInfo(self.slot).flags & flag)


def lengths():
    """No try is spent on what is no PIN and no PUK, as neither is so short or
    so long."""
    card = Card()
    change = card.session.setPin
    for old in ("PUK:", "PUK:1", "PUK:12345", "PUK:123456789", "1", "123",
                "123456789", "puk:12345678", "PUK12345678"):
        expect(old, WRONG, change, old, PIN)
    for pin in ("1", "123", "123456789"):
        expect(pin, WRONG, card.session.login, pin)
        expect("a new one", p11.CKR_PIN_LEN_RANGE, change, PIN, pin)
        expect("by the PUK", p11.CKR_PIN_LEN_RANGE, change, "PUK:" + PUK, pin)
    is_equal("tries", tries(), (3, 3))
    # without the colon it is a PIN as good as another
    expect("no prefix", WRONG, change, "PUK1234", PIN)
    is_equal("tries", tries(), (2, 3))
    card.session.login(PIN)
    expect("as a user", WRONG, change, "PUK:1", PIN)
    expect("as a user", p11.CKR_OK, change, "PUK:" + PUK, PIN)
    card.session.logout()
    card.session.login(KEY, p11.CKU_SO)
    expect("as SO", WRONG, change, "PUK:" + PUK, KEY)
    is_equal("tries", tries(), (3, 3))


def blocked():
    """The last try is left alone, and with none left nothing is sent."""
    card = Card()
    card.session.login(PIN)
    key = card.key(1)
    card.signs(key)
    wrong_pins(2)
    card.signs(key, LOGGED_OUT)
    is_equal("tries", tries(), (1, 3))
    is_equal("the session", card.state(), PUBLIC)
    card.session.login(PIN)
    card.signs(key)
    wrong_pins(3)
    card.signs(key, LOGGED_OUT)
    is_equal("locked", card.has(p11.CKF_USER_PIN_LOCKED), True)
    expect("login", LOCKED, card.session.login, PIN)
    expect("C_SetPIN", LOCKED, card.session.setPin, PIN, "654321")
    expect("the PUK as a PIN", LOCKED, card.session.setPin, PUK, PIN)
    is_equal("tries", tries(), (0, 3))
    expect("the PUK", p11.CKR_OK, card.session.setPin, "PUK:" + PUK, PIN)
    is_equal("locked", card.has(p11.CKF_USER_PIN_LOCKED), False)
    card.session.login(PIN)
    card.signs(key)
    # somebody else has changed the PIN: the one that is kept is tried once
    yubico("-a", "change-pin", "-P", PIN, "-N", "654321")
    card.signs(key, LOGGED_OUT)
    is_equal("tries", tries(), (2, 3))
    is_equal("the session", card.state(), PUBLIC)
    card.session.login("654321")
    card.signs(key)


def reset():
    """By Yubico's tool, then a new key by us, in one session."""
    card = Card()
    session = card.session
    session.login(PIN)
    keys = [card.key(number) for number in (1, 2)]
    card.signs(keys[0])
    wrong_pins(3)
    for _ in range(3):
        yubico("-a", "unblock-pin", "-P", "99999999", "-N", "999999")
    is_equal("tries", tries(), (0, 0))
    yubico("-a", "reset")
    is_equal("tries", tries(), (3, 3))
    card.signs(keys[0], p11.CKR_DEVICE_ERROR)
    expect("gone", p11.CKR_KEY_HANDLE_INVALID, session.sign, keys[0], b"m",
           ECDSA)
    is_equal("certificates of 9A", session.findObjects(
        [(p11.CKA_CLASS, p11.CKO_CERTIFICATE), (p11.CKA_ID, b"\1")]), [])
    session.logout()
    session.login(KEY, p11.CKU_SO)
    session.generateKeyPair(
        [(p11.CKA_TOKEN, True), (p11.CKA_EC_PARAMS, P256)],
        [(p11.CKA_TOKEN, True), (p11.CKA_ID, b"\1")], EC_PAIR)
    session.logout()
    session.login(PIN)
    card.signs(card.key(1))
    is_equal("tries", tries(), (3, 3))


def sign(card, keys):
    for _ in range(10):
        for key in keys:
            card.signs(key)


def each():
    """Two processes sign with 9C and 9A, neither with a context login."""
    card = Card()
    card.session.login(PIN)
    keys = [card.key(number) for number in (2, 1)]
    told = card.session.getAttributeValue(keys[0],
                                          [p11.CKA_ALWAYS_AUTHENTICATE])
    is_equal("9C", told, [False])
    sign(card, keys)
    if sys.argv[3:] == ["sign"]:
        return
    with subprocess.Popen([sys.executable, *sys.argv, "sign"]) as other:
        sign(card, keys)
    is_equal("the other", other.returncode, 0)
    # it has logged out
    sign(card, keys)
    is_equal("tries", tries(), (3, 3))
    wrong_pins(2)
    card.signs(keys[0], LOGGED_OUT)
    is_equal("tries", tries(), (1, 3))


def global_once(asked):
    card = Card()
    if asked:
        is_equal("locked", card.has(p11.CKF_USER_PIN_LOCKED), False)
    expect("login", p11.CKR_OK, card.session.login, "73918264")
    card.signs(card.key(1))
    card.session.logout()
    expect("wrong", WRONG, card.session.login, PIN)
    is_equal("few", card.has(p11.CKF_USER_PIN_COUNT_LOW), True)
    expect("the PUK", WRONG, card.session.setPin, "PUK:" + PUK, PIN)
    expect("C_SetPIN", p11.CKR_OK, card.session.setPin, "73918264",
           "73918264")


def global_pin():
    """The application PIN's tries are never touched, whatever proved the
    applet: the first time nothing is kept of the card, then its objects are."""
    if sys.argv[3:]:
        global_once(sys.argv[3] == "asked")
        return
    for how in ("asked", "not", "asked", "not"):
        subprocess.run([sys.executable, *sys.argv, how], check=True)
        is_equal("tries", tries(), (3, 3))


{"lengths": lengths, "blocked": blocked, "reset": reset, "each": each,
 "global": global_pin}[sys.argv[2]]()
