#!/usr/bin/python3
"""Holds the simulated OpenPGP card against its specification and its own
options, byte by byte and without pcscd.

usage: test-openpgp-behaviour.py OPENPGP_CARD BOTH_CARD KEYS PERSONALISE"""
import contextlib
import hashlib
import random
import subprocess
import sys
import tempfile
import traceback
from pathlib import Path

from vpcd import Card, apdu, block, tlv

program, both, keys, personalise = sys.argv[1:]
SELECT = "00A4040006D2760001240100"
PIV = "00A4040009A00000030800001000"
PW1, PW3 = "313233343536", "3132333435363738"
SIGN, USE, ADMIN = "0020008106" + PW1, "0020008206" + PW1, "0020008308" + PW3
WRONG = "393939393939"
STATUS = "00CA00C400"
INFO = "3031300D060960864801650304020105000420" + "5A" * 32
HASH = "5A" * 32
SIGNATURE = apdu(0, 0x2A, 0x9E, 0x9A, HASH, 256)
USED = apdu(0, 0x88, 0, 0, HASH, 256)
CHOOSE = "00A5{:02X}040660045C027F21"


@contextlib.contextmanager
def pgp(*options, card_set=None, run=program):
    """A card with OpenPGP selected."""
    if card_set:
        options = Path(keys, card_set, "card").read_text().split() + list(options)
    with Card(run, *options) as card:
        equal(card.sw(SELECT), "9000", "SELECT")
        yield card


def equal(got, wanted, what=""):
    assert got == wanted, f"{what}: wanted {wanted}, got {got}"


def words(card, *pairs):
    """Each command and the status word that it must give."""
    for command, wanted in pairs:
        equal(card.whole(command.replace(" ", ""))[1], wanted, command[:60])


def put(tag, data):
    return apdu(0, 0xDA, int(tag, 16) >> 8, int(tag, 16) & 0xFF, data)


def header(crt, parts):
    """The extended header list of an import."""
    lengths = "".join(t + tlv("", v)[:-len(v)] for t, v in parts)
    values = "".join(v for _, v in parts)
    return apdu(0, 0xDB, 0x3F, 0xFF, tlv("4D", crt + tlv("7F48", lengths)
                                         + tlv("5F48", values)))


# -- what must fail

def test_wrong_pin():
    for kind, wrong, last in (
            ("yubikey-5.4", "6982", "6982"), ("gnuk", "6982", "6982"),
            ("smartpgp", "6982", "6982"), ("nitrokey3", "63C2", "63C0"),
            ("yubikey-neo", "63C2", "63C0")):
        with pgp("--firmware", kind, "--no-quirk", "get-data-6cxx") as card:
            words(card, ("0020008106" + WRONG, wrong))
            equal(card.whole(STATUS)[0][8:10], "02", kind)
            words(card, (SIGN, "9000"))
            equal(card.whole(STATUS)[0][8:10], "03", "given back")
            words(card, ("0020008206" + WRONG, wrong))
            card.raw("0020008106" + WRONG)
            words(card, ("0020008106" + WRONG, last), (SIGN, "6983"),
                  (USE, "6983"), (ADMIN, "9000"))
            equal(card.whole(STATUS)[0][8:10], "00", "blocked")


def test_pin_length():
    for kind, word, left in (("yubikey-5.4", "6A80", "03"),
                             ("smartpgp", "6700", "03"),
                             ("nitrokey3", "63C2", "02")):
        with pgp("--firmware", kind, "--no-quirk", "get-data-6cxx") as card:
            words(card, ("00200081053132333435", word))
            equal(card.whole(STATUS)[0][8:10], left, kind)
    with pgp() as card:
        words(card, ("0024008107" + PW1 + "31", "6A80"),
              ("0020018106" + PW1, "6A86"), ("0020008006" + PW1, "6B00"),
              ("0024008206" + PW1, "6A88"))
        equal(card.whole(STATUS)[0][8:10], "03", "a bad new PIN costs nothing")


def test_empty_verify():
    with pgp("--firmware", "yubikey-5.4") as card:
        words(card, (SIGN, "9000"), ("00200081", "6A80"), ("0020FF81", "6A80"))
    with pgp("--firmware", "yubikey-5.7", "--pw-tries", "2,0,3") as card:
        words(card, ("00200081", "63C2"), (SIGN, "9000"), ("00200081", "9000"),
              ("00200082", "63C3"), ("0020FF81", "9000"), ("00200081", "63C3"))
    with pgp("--firmware", "canokey", card_set="pgp-p256") as card:
        words(card, (USE, "9000"), (USED, "9000"), ("00200082", "9000"),
              (USED, "6982"))


def test_modes():
    """81 is for signatures, 82 for the rest, neither for both."""
    with pgp("--pw1-often", card_set="pgp-p256") as card:
        words(card, (SIGNATURE, "6982"), (USED, "6982"), (SIGN, "9000"),
              (SIGNATURE, "9000"), (SIGNATURE, "9000"), (USED, "6982"),
              (USE, "9000"), (USED, "9000"), (put("5E", "41"), "6982"),
              (put("0103", "41"), "9000"), (put("0104", "41"), "6982"),
              ("00CA010300", "9000"), ("00CA010400", "6982"),
              ("0047800002B60000", "6982"))
        equal(card.whole("00CA007A00")[0], "7A059303000002", "counter")
    with pgp("--pw1-once", card_set="pgp-p256") as card:
        words(card, (SIGN, "9000"), (SIGNATURE, "9000"), (SIGNATURE, "6982"),
              (SIGN, "9000"), (USE, "9000"), (USED, "9000"),
              (SIGNATURE, "9000"))
    with pgp("--pw1-once", "--quirk", "pgp-one-shot-6985",
             card_set="pgp-p256") as card:
        words(card, (SIGN, "9000"), (SIGNATURE, "9000"), (SIGNATURE, "6985"))
    for quirk, word in (("pgp-fail-ends-81", "6982"), (None, "9000")):
        with pgp("--pw1-once", *(["--quirk", quirk] if quirk else []),
                 card_set="pgp-p256") as card:
            words(card, (SIGN, "9000"),
                  (apdu(0, 0x2A, 0x9E, 0x9A, "5A" * 65, 256), "6A80"),
                  (SIGNATURE, word))


def test_state_ends():
    for quirk, word in ((None, "6982"), ("pgp-reselect-keeps-pin", "9000")):
        with pgp(*(["--quirk", quirk] if quirk else []),
                 card_set="pgp-p256") as card:
            words(card, (USE, "9000"), (SELECT, "9000"), (USED, word))
            card.reset()
            words(card, (USED, "6D00"), (SELECT, "9000"), (USED, "6982"))
    with pgp("--firmware", "zeitcontrol-2.1", card_set="pgp-rsa2048") as card:
        card.raw(USE)
        card.reset()
        words(card, (apdu(0, 0x88, 0, 0, INFO, 256), "6982"))


def test_both():
    """One card: selecting one applet ends what was given to the other."""
    options = Path(keys, "p256", "card").read_text().split()
    verify = "0020008008313233343536FFFF"
    template = "7C2482008120" + HASH
    use_piv = apdu(0, 0x87, 0x11, 0x9A, template, 256)
    with pgp(*options, "--pin", "123456", run=both,
             card_set="pgp-p256") as card:
        equal(card.atr(), "3BFD1300008131FE158073C021C057597562694B657940")
        words(card, (verify, "6B00"), (USE, "9000"), (USED, "9000"),
              (PIV, "9000"), (USE, "6A88"), (use_piv, "6982"),
              (verify, "9000"), (use_piv, "9000"), (SELECT, "9000"),
              (USED, "6982"), (USE, "9000"), (USED, "9000"), (PIV, "9000"),
              (use_piv, "6982"), ("00CA006E00", "6D00"))
    for kind in ("neo", "4.3", "5.2", "5.4", "5.7", "nitrokey3", "5.4.3"):
        with pgp("--firmware", kind, run=both) as card:
            words(card, ("00CA006E00", "9000"), (PIV, "9000"),
                  ("00FD000000", "9000"), (SELECT, "9000"))


def test_terminated():
    with pgp("--firmware", "generic", card_set="pgp-p256") as card:
        words(card, ("00E60000", "6982"), (ADMIN, "9000"), ("00E60000", "9000"),
              (SIGN, "6985"), (SELECT, "6285"), ("00440000", "9000"),
              (SELECT, "9000"), ("0047810002B60000", "6A88"),
              ("00CA7F2100", "9000"), (put("5E", "41"), "6982"))
        equal(card.whole("00CA7F2100")[0], "", "no certificate")
    with pgp("--quirk", "pgp-terminated-6985") as card:
        for _ in range(3):
            card.raw("0020008308" + "39" * 8)
        words(card, ("00E60000", "9000"), (SELECT, "6985"),
              ("00440000", "9000"), (SELECT, "9000"), (ADMIN, "9000"))


def test_hostile():
    """The card program outlives whatever comes."""
    noise = random.Random(2)
    seeds = [SELECT, SIGN, USE, ADMIN, STATUS, SIGNATURE, USED, "00CA006E00",
             CHOOSE.format(1), "00CA7F2100", "00CC7F2100", put("5E", "41"),
             put("C1", "132A8648CE3D030107"), put("F9", "810100"),
             header("B600", [("92", "01" * 32)]), "002C0081083131313131313131",
             apdu(0, 0x2A, 0x80, 0x86, "A6467F4943864104" + "01" * 64, 256),
             "0022 41B8 03 830103", "0084000008", "00F2000003030303",
             put("D5", "00" * 16), apdu(0, 0x2A, 0x86, 0x80, "00" * 32, 256),
             "00D6850004 30820001", "10DB3FFF04 4D820100", put("C4", "01")]
    with pgp("--firmware", "generic", card_set="pgp-p256") as card:
        for turn in range(6000):
            if turn % 200 == 0:
                words(card, (SELECT, "9000"))
                card.raw(ADMIN)
            data = bytearray.fromhex(noise.choice(seeds))
            for _ in range(noise.randrange(4)):
                at = noise.randrange(len(data) + 1)
                data.append(0)
                move = noise.randrange(4)
                if move == 0:
                    data[at] = noise.randrange(256)
                elif move == 1:
                    del data[at:at + noise.randrange(5)]
                elif move == 2:
                    data[at:at] = noise.randbytes(noise.randrange(40))
                else:
                    data[at] ^= 1 << noise.randrange(8)
            if len(data) > 1 and data[1] not in (0x47, 0xE6):
                answer = card.raw(data.hex())
                assert len(answer) >= 4, data.hex()
        words(card, (SELECT, "9000"))


def test_import_wrong():
    with pgp("--firmware", "generic") as card:
        good = [("91", "010001"), ("92", "01" * 128), ("93", "01" * 128)]
        words(card, (header("B600", good), "6982"), (ADMIN, "9000"),
              (header("B600", good), "6A80"),
              ("00DB3FFF024D01", "6A80"), ("00DB3FFE024D00", "6A86"),
              (put("C1", "132A8648CE3D030107"), "9000"),
              (header("B600", [("92", "00" * 32)]), "6A80"),
              (header("B600", [("92", "FF" * 32)]), "6A80"),
              (header("B600", [("92", "01" * 31)]), "6A80"),
              (header("B603840102", [("92", "01" * 32)]), "6A80"),
              (header("B600", [("90", "01" * 32)]), "6A80"),
              ("00DB3FFF114D0FB6007F48029220 5F48050101010101", "6A80"),
              (header("B603840101", [("92", "01" * 32)]), "9000"),
              ("0047810002B60000", "9000"))


def test_attributes_wrong():
    bad = ("", "01", "01080000", "010900002000", "010800001200",
           "132A8648CE3D0301", "122A8648CE3D030107", "16" + "00" * 9,
           "132A8648CE3D03010707", "19" + "2A8648CE3D030107")
    with pgp("--firmware", "generic", card_set="pgp-p256") as card:
        words(card, (put("C1", "010800002000"), "6982"), (ADMIN, "9000"))
        words(card, *((put("C1", one) if one else "00DA00C1", "6A80")
                      for one in bad),
              (put("C2", "132A8648CE3D030107"), "6A80"),
              (put("C2", "162B060104019755010501"), "6A80"),
              (put("C1", "132A8648CE3D030107"), "9000"),
              ("0047810002B60000", "9000"),
              (put("C1", "010800002000"), "9000"),
              ("0047810002B60000", "6A88"))
        assert "00" * 20 == card.whole("00CA00C500")[0][:40], "fingerprint"
    with pgp("--firmware", "smartpgp") as card:
        words(card, (ADMIN, "9000"), (put("C1", "010C00002003"), "6A80"),
              (put("C1", "010C00001103"), "9000"),
              (put("C1", "162B06010401DA470F01"), "6A80"))


def test_objects_wrong():
    with pgp("--firmware", "generic") as card:
        words(card, (ADMIN, "9000"), (put("5B", "41" * 40), "6700"),
              (put("5B", "41" * 39), "9000"), (put("D6", "0120"), "9000"),
              (put("D6", "0520"), "6A80"), (put("C4", "02"), "6A80"),
              (put("C7", "00" * 19), "6A80"), (put("D3", "31" * 7), "6A80"),
              (put("D5", "00" * 17), "6A80"), ("00CA00D500", "6A88"),
              ("00CA123400", "6A88"), (put("1234", "00"), "6A88"),
              (put("6E", "00"), "6A88"), (put("7F21", "00" * 2049), "6700"),
              (put("D7", "0220"), "9000"), (put("D7", "0020"), "6982"))
    for kind, word in (("yubikey-neo", "6A83"), ("gnuk", "6A88"),
                       ("generic", "6A88")):
        with pgp("--firmware", kind) as card:
            words(card, ("00CA123400", word))
    with pgp("--firmware", "gnuk") as card:
        words(card, ("00CA7F2100", "6A88"), ("00CA5F5000", "9000"),
              (put("7F21", "30"), "6A88"))


def test_lengths():
    with pgp("--firmware", "gnuk", card_set="pgp-rsa2048") as card:
        words(card, ("00CA006E000000", "6700"), (USE, "9000"))
        equal(card.raw("102A8086FE" + "00" * 254), "9000", "chained")
        words(card, ("002A80860300000000", "6A80"))
    with pgp("--firmware", "zeitcontrol-2.1", card_set="pgp-rsa2048") as card:
        words(card, (USE, "9000"), ("102A8086FE" + "00" * 254, "6884"))
    with pgp("--firmware", "smartpgp") as card:
        equal(card.raw("00CA006E00"), "6CDC")
    # One link, then another command: the link is still there, or not.
    for quirk, word in (("chain-stays", "6A80"), (None, "9000")):
        with pgp("--firmware", "generic", "--pw1-often",
                 *(["--quirk", quirk] if quirk else []),
                 card_set="pgp-p256") as card:
            words(card, (SIGN, "9000"), ("102A9E9A20" + "5A" * 32, "9000"),
                  (STATUS, "9000"), ("102A9E9A21" + "5A" * 33, "9000"),
                  (apdu(0, 0x2A, 0x9E, 0x9A, "5A", 256), word),
                  (SELECT, "9000"), (SIGN, "9000"),
                  ("102A9E9A1F" + "5A" * 31, "9000"),
                  (apdu(0, 0x2A, 0x9E, 0x9A, "5A", 256), "9000"))
    with pgp() as card:
        words(card, ("00A4040406D2760001240100", "6D00"),
              ("00A4040C06D2760001240100", "6D00"))


# -- what must work

def test_reset_code():
    code = "3837363534333231"
    with pgp() as card:
        words(card, ("002C00810E" + code + PW1, "6983"), (ADMIN, "9000"),
              (put("D3", code), "9000"))
        equal(card.whole(STATUS)[0], "017F7F7F030303")
        for _ in range(3):
            card.raw("0020008106" + WRONG)
        words(card, (SIGN, "6983"), ("002C00810E" + "30" * 8 + PW1, "6982"),
              ("002C00810E" + code + "363534333231", "9000"),
              ("0020008106363534333231", "9000"))
        equal(card.whole(STATUS)[0], "017F7F7F030303")
        words(card, ("002C028106" + PW1, "9000"), (SIGN, "9000"),
              ("00DA00D3", "9000"))
        equal(card.whole(STATUS)[0], "017F7F7F030003")
        card.raw(SELECT)
        words(card, ("002C028106" + PW1, "6982"))


def test_change():
    with pgp(card_set="pgp-p256") as card:
        words(card, ("002400810C" + PW1 + "363534333231", "9000"),
              (SIGN, "6982"), ("0020008106363534333231", "9000"),
              ("0024008310" + PW3 + "3837363534333231", "9000"),
              (ADMIN, "6982"), ("00200083083837363534333231", "9000"))


def test_pins_of_keys():
    """A Gnuk: PW1 beside a key alone, and PW3 as well while that is not set."""
    long_pin = "39" * 8
    with pgp("--firmware", "gnuk") as card:
        words(card, ("002400810E" + PW1 + long_pin, "6985"), (ADMIN, "9000"),
              (put("C1", "010C00002000"), "6F00"),
              (put("C1", "132B81040022"), "6F00"),
              (put("C1", "010800001100"), "6F00"),
              (put("C1", "132A8648CE3D030107"), "9000"),
              ("0047800002B60000", "9000"),
              ("002400810C" + PW1 + "39" * 6, "6985"),
              ("002400810E" + PW1 + long_pin, "9000"), (ADMIN, "6982"),
              ("0020008308" + long_pin, "9000"),
              ("0047800002A40000", "9000"), (USE, "9000"))
        equal(card.raw("0047810002B600"), "6146", "no Le")
    with pgp("--firmware", "gnuk", "--pw3", "12345678") as card:
        words(card, (ADMIN, "9000"), ("0047800002B60000", "9000"),
              ("002400810C" + PW1 + "39" * 6, "9000"),
              (put("D3", long_pin), "9000"),
              ("0024008308" + PW3, "9000"), (put("D3", ""), "6982"),
              (ADMIN, "9000"), ("002C028106" + PW1, "6985"))


def test_certificates():
    ders = {slot: Path(keys, "pgp-rsa2048", slot + ".der").read_bytes().hex()
            .upper() for slot in ("sig", "dec", "aut")}
    for kind, order in (("generic", ("aut", "dec", "sig")),
                        ("canokey", ("sig", "dec", "aut"))):
        with pgp("--firmware", kind, card_set="pgp-rsa2048") as card:
            for i, slot in enumerate(order):
                words(card, (CHOOSE.format(i), "9000"))
                equal(card.whole("00CA7F2100")[0], ders[slot], slot)
            words(card, (CHOOSE.format(3), "6A88"), ("00CC7F2100", "6A88"),
                  (CHOOSE.format(1), "9000"), (ADMIN, "9000"))
            equal(card.whole("00CA7F2100")[0],
                  ders["dec" if kind == "generic" else "sig"], "kept or not")
            words(card, (SELECT, "9000"))
            equal(card.whole("00CC7F2100")[0], ders["dec"], "next")
            words(card, (ADMIN, "9000"), (CHOOSE.format(2), "9000"),
                  (put("7F21", "3000"), "9000"))
            equal(card.whole("00CA7F2100")[0], "3000", "written")
            words(card, (CHOOSE.format(0), "9000"))
            equal(card.whole("00CA7F2100")[0], ders[order[0]], "the other")
    with pgp(card_set="pgp-rsa2048") as card:
        words(card, (CHOOSE.format(1), "6A80"),
              ("00A50204070660045C027F21", "9000"))
        equal(card.whole("00CA7F2100")[0], ders["sig"], "early YubiKey")
    with pgp("--firmware", "generic", "--quirk", "pgp-select-data-6982") as card:
        words(card, (CHOOSE.format(0), "6982"), (USE, "9000"),
              (CHOOSE.format(0), "9000"))
    with pgp("--firmware", "gnuk", card_set="pgp-rsa2048") as card:
        equal(card.whole("00CA7F2100")[0], ders["aut"], "the one certificate")
        words(card, (CHOOSE.format(0), "6D00"), ("00D68500", "6982"), (ADMIN, "9000"),
              ("00D68500", "9000"), ("00CA7F2100", "6A88"))
        data = ders["sig"] + "00" * (len(ders["sig"]) // 2 % 2)
        for n, at in enumerate(range(0, len(data), 512)):
            one, p1 = data[at:at + 512], "85" if n == 0 else f"{n:02X}"
            if len(one) > 254:
                equal(card.raw(f"10D6{p1}0080" + one[:256]), "9000")
                one = one[256:]
            words(card, (f"00D6{p1}00{len(one) // 2:02X}{one}", "9000"))
        equal(card.whole("00CA7F2100")[0], data, "written in blocks")


def openssl(*arguments, data=b""):
    return subprocess.run(["openssl", *arguments], input=data, check=True,
                          capture_output=True).stdout


def test_environment():
    """MSE lets the key for authentication decrypt, and back."""
    public = str(Path(keys, "pgp-rsa2048", "aut.pub"))
    cipher = openssl("pkeyutl", "-encrypt", "-pubin", "-inkey", public,
                     data=b"text").hex()
    command = apdu(0, 0x2A, 0x80, 0x86, "00" + cipher, 256)
    with pgp("--firmware", "nitrokey3", card_set="pgp-rsa2048") as card:
        words(card, (USE, "9000"), (command, "6A80"),
              ("002241B803830103", "9000"))
        equal(card.raw(command), b"text".hex().upper() + "9000")
        words(card, ("002241B803830102", "9000"), (command, "6A80"),
              ("002241B803830101", "6A88"), ("002241B603830102", "6A86"))
    with pgp() as card:
        words(card, ("002241B803830103", "6D00"))


def test_aes():
    with pgp("--firmware", "generic") as card:
        words(card, (ADMIN, "9000"), (put("D5", "11" * 16), "9000"),
              (apdu(0, 0x2A, 0x86, 0x80, "00" * 16, 256), "6982"),
              (USE, "9000"))
        first = block("11" * 16, "22" * 16, cipher="aes-128-ecb")
        answer = card.raw(apdu(0, 0x2A, 0x86, 0x80, "22" * 16 + "00" * 16, 256))
        equal(answer[:34], "02" + first)
        equal(card.raw(apdu(0, 0x2A, 0x80, 0x86, answer[:-4], 256)),
              "22" * 16 + "00" * 16 + "9000")
    with pgp() as card:
        words(card, (ADMIN, "9000"), (put("D5", "11" * 16), "6A88"))


def s2k(pin, salt, count=100000):
    data = salt + pin
    return hashlib.sha256((data * (count // len(data) + 1))[:count]).hexdigest()


def test_kdf():
    for form, code in (("one-salt", b"UserSalt"), ("three-salts", b"AdmiSalt")):
        with pgp("--kdf", form) as card:
            words(card, (USE, "6982"), (ADMIN, "6982"),
                  ("0020008220" + s2k(b"123456", b"UserSalt"), "9000"),
                  ("0020008320" + s2k(b"12345678", code), "9000"))
            size = 90 if form == "one-salt" else 110
            equal(len(card.whole("00CA00F900")[0]), 2 * size, form)
            words(card, (put("F9", "810100"), "9000"), (USE, "9000"))


def test_touch():
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder, "control"))
        with pgp("--touch", "aut", "--control", path,
                 card_set="pgp-p256") as card:
            equal(card.whole("00CA00D800")[0], "0120")
            words(card, (USE, "9000"), (USED, "9000"))
            for line, word in (("touch off", "6985"), ("touch on", "9000")):
                subprocess.run([program, "--tell", path, line], check=True,
                               capture_output=True)
                words(card, (USED, word))


def test_edwards():
    """X25519 comes as a number, and points may have 40 before them."""
    secret = bytes(range(1, 33))
    secret = bytes([secret[0] & 0xF8]) + secret[1:31] + b"\x40"
    peer = "09" + "00" * 31
    with pgp("--firmware", "nitrokey3") as card:
        words(card, (ADMIN, "9000"),
              (put("C2", "122B060104019755010501"), "9000"),
              (header("B800", [("92", secret[::-1].hex())]), "9000"),
              (USE, "9000"))
        public = card.whole("0047810002B80000")[0][-64:]
        der = bytes.fromhex("302E020100300506032B656E04220420") + secret
        wanted = openssl("pkey", "-inform", "DER", "-pubout", "-outform",
                         "DER", data=der)[-32:].hex().upper()
        equal(public, wanted, "the public half")
        for point in (peer, "40" + peer):
            command = tlv("A6", tlv("7F49", tlv("86", point)))
            equal(card.raw(apdu(0, 0x2A, 0x80, 0x86, command, 256)),
                  public + "9000", "u = 9 gives the public key")
        words(card, (ADMIN, "9000"),
              (put("C1", "162B06010401DA470F01"), "9000"),
              (header("B600", [("92", secret.hex())]), "9000"), (SIGN, "9000"))
        answer = card.raw(apdu(0, 0x2A, 0x9E, 0x9A, "414243", 256))
        equal((len(answer), answer[-4:]), (132, "9000"))


def test_curves():
    """Signatures are r and s, each as long as the field, on every curve."""
    curves = {"2A8648CE3D030107": 32, "2B81040022": 48, "2B81040023": 66,
              "2B8104000A": 32, "2B2403030208010107": 32,
              "2B240303020801010B": 48, "2B240303020801010D": 64}
    with pgp("--firmware", "generic", "--pw1-often") as card:
        words(card, (ADMIN, "9000"), (SIGN, "9000"), (USE, "9000"))
        for oid, size in curves.items():
            words(card, (put("C1", "13" + oid), "9000"),
                  (put("C2", "12" + oid + "FF"), "9000"),
                  ("0047800002B60000", "9000"), ("0047800002B80000", "9000"))
            equal(len(card.raw(SIGNATURE)), 4 * size + 4, oid)
            point = card.whole("0047810002B80000")[0][-4 * size - 2:]
            command = tlv("A6", tlv("7F49", tlv("86", point)))
            equal(len(card.raw(apdu(0, 0x2A, 0x80, 0x86, command, 256))),
                  2 * size + 4, oid)
    with pgp("--firmware", "gnuk", card_set="pgp-p256") as card:
        words(card, (USE, "9000"),
              (apdu(0, 0x88, 0, 0, "5A" * 20, 256), "6A80"))
        point = card.whole("0047810002B80000")[0][-130:]
        command = tlv("A6", tlv("7F49", tlv("86", point)))
        answer = card.raw(apdu(0, 0x2A, 0x80, 0x86, command, 256))
        equal((answer[:2], len(answer)), ("04", 134), "the whole point")


def test_shapes():
    """Outer tags, an empty 73, SELECT with an answer, a trailing byte."""
    starts = {"yubikey-5.4": "6E820137 4F10", "nitrokey3": "4F10",
              "yubikey-neo": "6E81DD 4F10", "smartpgp": None}
    for kind, start in starts.items():
        if start:
            with pgp("--firmware", kind) as card:
                data = card.whole("00CA006E00")[0]
                assert data.startswith(start.replace(" ", "")), (kind, data)
    with pgp("--quirk", "pgp-application-short") as card:
        assert card.whole("00CA006E00")[0].startswith("6E8201394F10")
    with pgp("--quirk", "pgp-select-fci", "--pgp-serial", "1") as card:
        equal(card.raw(SELECT), "6F128410D276000124010304000600000001"
              "00009000")
    with pgp("--firmware", "yubikey-5.2", card_set="pgp-p256") as card:
        equal(card.whole("00CA00C200")[0], "122A8648CE3D03010700")
    with pgp("--firmware", "generic", "--extended", "off") as card:
        equal(card.raw("00CA5F5200"), "0031F573C001A00590009000")
        words(card, ("00CA7F6600", "6A88"), ("00CA006E000000", "6700"))
    with pgp("--fingerprint", "sig=" + "AB" * 20, "--created",
             "sig=01020304") as card:
        equal(card.whole("00CA00C500")[0][:40], "AB" * 20)
        equal(card.whole("00CA00CD00")[0][:8], "01020304")


def test_challenge():
    with pgp() as card:
        equal(len(card.raw("0084000008")), 20)
        assert card.raw("0084000008") != card.raw("0084000008")
        words(card, ("00840000", "6700"))
    with pgp("--firmware", "nitrokey3") as card:
        words(card, ("0084000008", "6D00"))


def main():
    subprocess.run([personalise, keys], check=True)
    failed = 0
    for name, test in list(globals().items()):
        if not name.startswith("test_"):
            continue
        try:
            test()
            print("ok", name[5:])
        except Exception:
            failed += 1
            print("FAIL", name[5:])
            traceback.print_exc(file=sys.stdout)
    sys.exit(failed > 0)


main()
