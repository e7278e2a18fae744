#!/usr/bin/python3
"""Holds the simulated PIV card against SP 800-73 and its own options, byte by
byte and without pcscd.

usage: test-behaviour.py PIV_CARD KEYS PERSONALISE"""
import contextlib
import random
import socket
import subprocess
import sys
import tempfile
import traceback
from pathlib import Path

from vpcd import Card, apdu, block, tlv

program, keys, personalise = sys.argv[1:]
SELECT = "00A4040009A00000030800001000"
VERIFY = "0020008008313233343536FFFF"
WRONG = "00200080083939393939393939"
TRIES = "00200080"
DISCOVERY = "00CB3FFF035C017E00"
KEY = "0102030405060708" * 3
HASH = "7C24820081 20" + "5A" * 32


@contextlib.contextmanager
def piv(*options, card_set=None):
    """A card with PIV selected."""
    if card_set:
        options = Path(keys, card_set, "card").read_text().split() + list(options)
    with Card(program, *options) as card:
        card.raw(SELECT)
        yield card


@contextlib.contextmanager
def controlled(*options, **more):
    """A card, and a function that sends it a control line."""
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder, "control"))
        with piv("--control", path, *options, **more) as card:
            def tell(line):
                with socket.socket(socket.AF_UNIX) as s:
                    s.settimeout(60)
                    s.connect(path)
                    s.sendall(line.encode() + b"\n")
                    return s.makefile().readline().strip()
            yield card, tell


def equal(got, wanted, what=""):
    assert got == wanted, f"{what}: wanted {wanted}, got {got}"


def sign(slot, algorithm="11", template=HASH):
    data = template.replace(" ", "")
    return apdu(0, 0x87, int(algorithm, 16), int(slot, 16), data, 256)


def management(card, key=KEY, algorithm=0x03, cipher="des-ede3"):
    """Mutual authentication; the last status word."""
    witness = card.raw(apdu(0, 0x87, algorithm, 0x9B, "7C028000", 256))
    if witness[-4:] != "9000":
        return witness[-4:]
    size = int(witness[6:8], 16)
    plain = block(key, witness[8:-4], decrypt=True, cipher=cipher)
    challenge = "C5" * size
    answer = card.raw(apdu(0, 0x87, algorithm, 0x9B, tlv(
        "7C", tlv("80", plain) + tlv("81", challenge)), 256))
    if answer[-4:] == "9000":
        proof = block(key, challenge, cipher=cipher)
        equal(answer[:-4], tlv("7C", tlv("82", proof)), "proof of the card")
    return answer[-4:]


# -- what must fail

def test_apdu_malformed():
    with piv() as card:
        for bad in ("0020", "002000", "00200080 08 31", "0020008000 08",
                    "00CB3FFF00 0005 5C015F",
                    "00CB3FFF 05 5C03 5FC105 00 00", "00CB3FFF00000000"):
            equal(card.raw(bad), "6700", bad)
        equal(card.sw("80CB3FFF035C017E00"), "6E00", "class")
        equal(card.sw("0CCB3FFF035C017E00"), "6E00", "secure messaging")
        equal(card.sw("0084000008"), "6D00", "GET CHALLENGE")
        equal(card.sw("00C0000000"), "6A80", "nothing waits")


def test_hostile():
    """The card program outlives whatever comes."""
    noise = random.Random(1)
    seeds = [SELECT, VERIFY, TRIES, DISCOVERY, sign("9A"), sign("9B"),
             "0047009A05AC03800111", "00F7009A00", "00F99A00", "00CB3FFF055C035FC105",
             "00DB3FFF0A5C035FC105530370017A", "00FE119A22" + "0620" + "01" * 32,
             "0087039B047C028000", "0087039B047C028100", "00FFFFFF1B039B18" + KEY,
             "00F69A9D", "00FA0303", "1087079AFF" + "7C820106" + "00" * 251]
    with piv(card_set="p256") as card:
        management(card)
        card.raw(VERIFY)
        for _ in range(6000):
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
            if len(data) > 1 and data[1:2] != b"\x47":
                answer = card.raw(data.hex())
                assert len(answer) >= 4, data.hex()
        # A chain without end is cut.
        words = {card.sw("10DB3FFFFF" + "00" * 255) for _ in range(300)}
        equal(words, {"9000", "6700"}, "endless chain")
        equal(card.sw(SELECT), "9000", "alive")


def test_pin_wrong():
    for kind, last in (("5.4", "6983"), ("nist", "63C0")):
        with piv("--firmware", kind) as card:
            equal(card.raw(TRIES), "63C3")
            equal(card.raw(WRONG), "63C2")
            equal(card.raw("002000800731323334353637"), "6A80", "length")
            equal(card.raw(TRIES), "63C2", "a bad length costs nothing")
            equal(card.raw(VERIFY), "9000")
            equal(card.raw(TRIES), "9000", "verified")
            equal(card.raw(WRONG), "63C2", "the right PIN gave them back")
            equal(card.raw(TRIES), "63C2", "a wrong PIN ends the status")
            equal(card.raw(WRONG), "63C1")
            equal(card.raw(WRONG), last)
            equal(card.raw(VERIFY), "6983", "blocked")
            equal(card.raw(TRIES), "6983")
            equal(card.raw("0020000008313233343536FFFF"), "6A88", "global")
            equal(card.raw("0020010008313233343536FFFF"), "6A86", "P1")


def test_pin_quirks():
    with piv("--quirk", "630x") as card:
        equal(card.raw(WRONG), "6302")
    with piv("--quirk", "no-empty-verify") as card:
        equal(card.raw(VERIFY), "9000")
        equal(card.raw(TRIES), "63C3")
    with piv("--quirk", "empty-verify-counts") as card:
        equal(card.raw(TRIES), "63C2")
    with piv("--quirk", "reselect-drops-pin") as card:
        card.raw(VERIFY)
        card.raw(SELECT)
        equal(card.raw(TRIES), "63C3")
    with piv("--quirk", "length-6700", "--tries", "7") as card:
        equal(card.raw("002000800731323334353637"), "6700")
        equal(card.raw(TRIES), "63C7")
    with piv("--quirk", "plain-6300") as card:
        equal(card.raw("0024008010" + "39" * 8 + "31" * 8), "6300")
        equal(card.raw("002C008010" + "39" * 8 + "31" * 8), "6300")
        equal(card.raw(TRIES), "63C2")
    with piv("--quirk", "discovery-global", "--global-pin", "999999") as card:
        assert card.raw(DISCOVERY).endswith("5F2F0260209000")
        equal(card.raw("0020000008393939393939FFFF"), "9000")
        equal(card.raw(TRIES), "63C3", "the other PIN is not verified")


def test_fresh_needed():
    """PIN always: nothing between VERIFY and the use of 9C."""
    with piv(card_set="p256") as card:
        equal(card.raw(sign("9C")), "6982", "no PIN")
        between = [TRIES, DISCOVERY, SELECT, "00F7009C00", "0084000008", "00",
                   "00C0000000", sign("9E"), sign("9A"), "0087119C00",
                   "10CB3FFF035C01"]
        for command in between:
            equal(card.raw(VERIFY), "9000")
            if command != "00":     # one byte is a control of the wire
                card.raw(command)
                equal(card.raw(sign("9C")), "6982", f"after {command}")
        for _ in range(2):
            equal(card.raw(VERIFY), "9000")
            equal(card.sw(sign("9C")), "9000", "fresh")
            equal(card.raw(sign("9C")), "6982", "used up")
        equal(card.sw(sign("9A")), "9000", "once is still given")
        equal(card.sw(sign("9E")), "9000", "never")
        # The links of the same command do not count, others do.
        data = HASH.replace(" ", "")
        card.raw(VERIFY)
        equal(card.raw("1087119C0A" + data[:20]), "9000")
        equal(card.sw("0087119C1C" + data[20:] + "00"), "9000", "chained")
        card.raw(VERIFY)
        equal(card.raw("1087119A0A" + data[:20]), "9000")
        equal(card.raw(sign("9C")), "6982", "link of another key")


def test_reset_forgets():
    with piv("--no-quirk", "none-selected", card_set="p256") as card:
        equal(management(card), "9000")
        card.raw(VERIFY)
        card.raw("1087119A0A" + "00" * 10)
        card.reset()
        equal(card.raw(TRIES), "63C3", "PIN")
        equal(card.raw("0047009A05AC03800111"), "6982", "9B")
        card.raw("00CB3FFF055C035FC10500")
        card.reset()
        equal(card.raw("00C0000000"), "6A80", "waiting answer")
    with piv() as card:
        card.reset()
        equal(card.raw(TRIES), "6D00", "no applet after a reset")


def test_select_others():
    second = "00A4040006D27600012401"
    with piv("--second-applet") as card:
        equal(card.raw(SELECT),
              "61114F0600001000010079074F05A0000003089000")
        equal(card.sw("00A4040005A000000308"), "9000", "RID alone")
        equal(card.raw("00A4040004A0000003"), "6A82", "too short")
        card.raw(SELECT)
        card.raw(VERIFY)
        card.raw(SELECT)
        equal(card.raw(TRIES), "9000", "selected again")
        equal(card.raw("00A4040C" + SELECT[8:]), "6D00", "P2=0C")
        equal(card.raw("00A4040007627601FF000000"), "6A82")
        equal(card.raw(TRIES), "6D00", "unknown AID deselects")
        card.raw(SELECT)
        card.raw(VERIFY)
        equal(card.raw(second), "9000")
        equal(card.raw(TRIES), "6D00", "other applet")
        card.raw(SELECT)
        equal(card.raw(TRIES), "63C3", "other applet ends the status")
    with piv("--firmware", "nist") as card:
        card.raw(VERIFY)
        equal(card.raw("00A4040007627601FF000000"), "6A82")
        equal(card.raw(TRIES), "9000", "part 2, 3.1.1")


def test_select_quirks():
    answers = {
        "apt-full-aid": "61164F0BA000000308000010000100"
                        "79074F05A0000003089000",
        "apt-shifted": "610F4F060010000100007905A0000003089000",
        "apt-nested": "611361114F0600001000010079074F05A0000003089000",
        "apt-empty": "9000",
        "select-61xx": "6113",
        "select-6282": "61114F0600001000010079074F05A0000003086282",
    }
    for quirk, wanted in answers.items():
        with Card(program, "--quirk", quirk) as card:
            equal(card.raw(SELECT), wanted, quirk)
            if quirk == "select-61xx":
                equal(card.sw("00C0000013"), "9000")
            equal(card.raw(TRIES), "63C3", quirk)
    with Card(program, "--firmware", "nitrokey3") as card:
        equal(card.raw("00A4040005A000000308"), "6A82", "RID alone")
        assert card.raw(SELECT)[:2] == "61", "without Le"
        assert card.raw(SELECT + "00")[:2] == "61"


def test_lengths():
    read = "00CB3FFF055C035FC105"
    with piv(card_set="rsa2048") as card:
        whole, sw = card.whole(read + "00")
        equal(sw, "9000")
        equal(card.raw("00CB3FFF0000055C035FC1050000")[-4:], "9000", "extended")
        equal(card.raw(read + "08"), whole[:16] + "6100", "a part")
        equal(card.raw("00C0000004"), whole[16:24] + "6100")
        card.raw(TRIES)
        equal(card.raw("00C0000000"), "6A80", "dropped by a command")
        equal(len(card.raw(read)), 2 * 258, "no Le is 256")
    with piv("--extended", "off", card_set="rsa2048") as card:
        equal(card.raw("00CB3FFF0000055C035FC1050000"), "6700")
    with piv("--quirk", "get-data-6cxx") as card:
        equal(card.raw(DISCOVERY), "6C14")
        equal(card.sw(DISCOVERY[:-2] + "14"), "9000")
    with piv("--quirk", "hide-more", card_set="rsa2048") as card:
        first = card.raw(read + "00")
        equal((len(first), first[-4:]), (2 * 258, "9000"))
        equal(card.whole("00C0000000")[0][:100], whole[512:512 + 100])
    with piv("--quirk", "bare-61xx") as card:
        equal(card.raw(DISCOVERY), "6114")
        equal(card.whole(DISCOVERY)[1], "9000")
    with piv("--quirk", "no-chaining", card_set="p256") as card:
        equal(card.raw("1087119A0A" + "00" * 10), "6884")


def test_chain_broken():
    with piv("--no-quirk", "pin-digits", card_set="p256") as card:
        card.raw(VERIFY)
        data = HASH.replace(" ", "")
        card.raw("1087119A0A" + data[:20])
        equal(card.sw("0087119E1C" + data[20:]), "6A80", "another slot")
        card.raw("1087119A0A" + data[:20])
        card.raw(TRIES)
        equal(card.sw("0087119A1C" + data[20:]), "6A80", "interrupted")
        card.raw("1087119A0A" + data[:20])
        equal(card.sw("0087119A1C" + data[20:]), "9000", "whole")


def test_objects():
    put = "00DB3FFF0A5C035FC10D5303700141"
    with piv() as card:
        equal(card.raw("00CB3FFF055C035FC109"), "6A82", "absent, no PIN")
        equal(card.raw("00CB3FFF055C035FC199"), "6A82", "unknown")
        equal(card.raw("00CB3FFE035C017E00"), "6A86")
        equal(card.raw(put), "6982", "no 9B")
        management(card)
        equal(card.raw(put), "9000")
        equal(card.raw("00CB3FFF055C035FC10D"), "53037001419000")
        equal(card.raw("00DB3FFF075C035FC10D5300"), "9000")
        equal(card.raw("00CB3FFF055C035FC10D"), "6A82", "deleted")
        equal(card.raw("00DB3FFF0A5C035FC1095303700141"), "9000")
        equal(card.raw("00CB3FFF055C035FC109"), "6982", "printed, no PIN")
        card.raw(VERIFY)
        equal(card.raw("00CB3FFF055C035FC109"), "53037001419000")
        big = tlv("53", "00" * 3053)
        equal(card.raw(apdu(0, 0xDB, 0x3F, 0xFF, "5C035FC10D" + big)), "6A84")
    for options, wanted in (
            (["--firmware", "nist"], "6982"),
            (["--quirk", "absent-5300"], "53009000"),
            (["--quirk", "absent-empty"], "9000")):
        with piv(*options) as card:
            equal(card.raw("00CB3FFF055C035FC109"), wanted)
    for quirk, wanted in (("no-discovery", "6A82"), ("discovery-6a80", "6A80")):
        with piv("--quirk", quirk) as card:
            equal(card.raw(DISCOVERY), wanted)


def test_keys_wrong():
    with piv(card_set="p256") as card:
        card.raw(VERIFY)
        equal(card.raw(sign("82")), "6B00", "empty slot")
        equal(card.raw(sign("9A", "07")), "6A80", "algorithm")
        equal(card.raw(sign("99")), "6B00", "no such slot")
        equal(card.raw(sign("9A", template="7C2281 20" + "00" * 32)), "6A80",
              "no 82")
        equal(card.raw(sign("9A", template="7C23820081 21" + "00" * 33)),
              "6A80", "torn template")
        equal(card.raw(sign("9A", template="7C25820081 21" + "00" * 33)),
              "6A80", "long hash")
        equal(card.sw(sign("9A", template="7C18820081 14" + "01" * 20)),
              "9000", "short hash")
        point = "04" + "01" * 64
        equal(card.raw(sign("9D", template="7C45820085 41" + point)), "6A80",
              "not on the curve")
    with piv("--quirk", "exact-hash-length", "--sw", "empty-slot=6985",
             "--sw", "wrong-algorithm=6A86", card_set="p256") as card:
        card.raw(VERIFY)
        equal(card.raw(sign("9A", template="7C18820081 14" + "01" * 20)),
              "6A80")
        equal(card.raw(sign("82")), "6985")
        equal(card.raw(sign("9A", "07")), "6A86")
    with piv(card_set="rsa2048") as card:
        card.raw(VERIFY)
        equal(card.raw(sign("9A", "07", "7C820105820081 8200FF" + "01" * 255)),
              "6A80", "short block")
        equal(card.raw(sign("9A", "07", "7C820106820081 820100" + "FF" * 256)),
              "6A80", "not below the modulus")


def test_management_wrong():
    with piv() as card:
        equal(management(card, "11" * 24), "6982")
        equal(card.raw("0087089B047C02810000"), "6A86", "algorithm")
        card.raw("0087039B047C02810000")
        equal(card.raw("0087039B0C7C0A8208" + "00" * 8), "6982")
        equal(card.raw("0087039B0C7C0A8208" + "00" * 8), "6982", "no challenge")
        challenge = card.raw("0087039B047C02810000")[8:-4]
        equal(card.raw("0087039B0C7C0A8208" + block(KEY, challenge)), "9000")
        equal(card.raw("00FFFFFF1B039B17" + KEY), "6A80", "length")
        equal(card.raw("00FAFF00"), "6982", "no PIN")
    with piv("--quirk", "challenge-once") as card:
        equal(card.sw("0087039B047C02810000"), "9000")
        equal(card.raw("0087039B047C02810000"), "6A80")
    with piv("--quirk", "no-9b") as card:
        equal(card.raw("0087039B047C02810000"), "6A86")
    with piv("--quirk", "mutual-empty") as card:
        try:
            management(card)
            raise SystemExit("a proof came")
        except AssertionError:
            pass
    with piv("--sw", "management=6A80") as card:
        equal(management(card, "11" * 24), "6A80")


def test_touch():
    with controlled() as (card, tell):
        management(card)
        equal(card.sw("0047009A0BAC09800111AA0101AB0102"), "9000")
        equal(card.sw(sign("9A")), "9000")
        equal(tell("touch off"), "ok")
        equal(card.raw(sign("9A")), "6985")


def test_gates():
    """Instructions and algorithms by firmware."""
    since = {"00F7009B00": "5.3.0", "00F8000000": "5.0.0",
             "00F99A0000": "4.3.0", "00F6829A": "5.7.0"}
    for version in ("neo", "4.2.6", "4.3.7", "5.2.4", "5.3.0", "5.4.3", "5.7.0"):
        number = "1.0.4" if version == "neo" else version
        order = [int(n) for n in number.split(".")]
        with piv("--firmware", version) as card:
            equal(card.raw("00FD000000"),
                  "".join(f"{n:02X}" for n in order) + "9000")
            for command, first in since.items():
                there = order >= [int(n) for n in first.split(".")]
                assert (card.sw(command) != "6D00") == there, (version, command)
            aes = management(card, KEY, 0x0A, "aes-192-ecb")
            tdes = management(card)
            equal((aes, tdes), ("9000", "6A86") if order >= [5, 7, 0] else
                  ("6A86", "9000"), version)
            if order >= [5, 7, 0]:
                management(card, KEY, 0x0A, "aes-192-ecb")
            equal(card.sw("0047009A05AC038001E0"),
                  "9000" if order >= [5, 7, 0] else "6A80", version)
            if version != "neo":
                equal(card.sw("0047009A05AC03800114"), "9000", version)
    with piv("--firmware", "nist") as card:
        for ins in ("F6", "F7", "F8", "F9", "FA", "FB", "FD", "FE", "FF"):
            equal(card.raw(f"00{ins}009A00"), "6D00", ins)


# -- what must work

def test_management_aes():
    for algorithm, cipher, key in ((0x08, "aes-128-ecb", "22" * 16),
                                   (0x0A, "aes-192-ecb", "33" * 24),
                                   (0x0C, "aes-256-ecb", "44" * 32)):
        with piv() as card:
            equal(management(card), "9000")
            data = f"{algorithm:02X}9B{len(key) // 2:02X}{key}"
            equal(card.raw(apdu(0, 0xFF, 0xFF, 0xFF, data)), "9000")
            card.reset()
            card.raw(SELECT)
            equal(card.raw(apdu(0, 0xF7, 0, 0x9B, "", 256)),
                  f"0101{algorithm:02X}020200010501009000")
            equal(management(card), "6A86", "3DES no more")
            equal(management(card, key, algorithm, cipher), "9000")


def test_references():
    with piv() as card:
        equal(card.raw("0024008010" + "313233343536FFFF" + "363534333231FFFF"),
              "9000")
        equal(card.raw(TRIES), "9000", "CHANGE sets the status")
        equal(card.raw("0024008010" + "363534333231FFFF" + "3132FFFFFFFFFFFF"),
              "6A80", "short new PIN")
        card.raw("0020FF80")
        equal(card.raw(TRIES), "63C3", "VERIFY FF ends it, no try lost")
        for _ in range(3):
            card.raw(WRONG)
        equal(card.raw("002C008010" + "3132333435363738" + "313233343536FFFF"),
              "9000")
        equal(card.raw(TRIES), "63C3", "RESET RETRY leaves the status alone")
        equal(card.raw(VERIFY), "9000")
        management(card)
        equal(card.raw("00FA0504"), "9000")
        equal(card.raw("00F7008000"), "0101FF050101060205059000")
        equal(card.raw("00F7008100"), "0101FF050101060204049000")
        equal(card.raw("00FB0000"), "6985", "not blocked")
    for kind, word in (("5.4", "63C2"), ("nist", "6A80")):
        with piv("--firmware", kind) as card:
            card.raw(SELECT)
            equal(card.raw("002C008010" + "FF" * 16), word, "no PUK, no PIN")


def test_keys_new():
    """Generate, use, attest, move and delete; Edwards and Montgomery."""
    with piv("--firmware", "5.7") as card:
        management(card, KEY, 0x0A, "aes-192-ecb")
        card.raw(VERIFY)
        answer = card.raw("0047009A05AC038001E0")
        equal((answer[:10], len(answer)), ("7F49228620", 78))
        answer = card.raw(sign("9A", "E0", "7C07820081 03414243"))
        equal((answer[:8], len(answer)), ("7C428240", 140))
        card.raw("0047009D05AC038001E1")
        base = "09" + "00" * 31
        answer = card.raw(sign("9D", "E1", "7C24820085 20" + base))
        equal((answer[:8], answer[-4:]), ("7C228220", "9000"))
        public = card.whole("00F7009D00")[0]
        assert public.endswith(answer[8:-4]), "u = 9 gives the public key"
        equal(card.raw("00F6829A"), "9000", "move")
        equal(card.raw("00F7009A00"), "6A88")
        equal(card.sw("00F7008200"), "9000")
        data, sw = card.whole("00F9820000")
        equal((data[:2], sw), ("30", "9000"))
        equal(card.raw("00F6FF82"), "9000", "delete")
        equal(card.raw(sign("82", "E0", "7C07820081 03414243")), "6B00")


def test_metadata_quirks():
    with piv("--firmware", "nitrokey3", card_set="p256") as card:
        equal(card.raw("00F7009A00"), "9000")
        equal(card.raw("00F8000000"), "0052F7439000")
    with piv("--quirk", "metadata-nonsense", card_set="p256") as card:
        equal(card.raw("00F7009A00"), "0101140202020103010290 00".replace(" ", ""))


def test_establish_only():
    with piv("--quirk", "establish-only", card_set="rsa2048") as card:
        card.raw(VERIFY)
        number = "00" + "01" * 255
        equal(card.sw(sign("9D", "07", "7C820106820081 820100" + number)),
              "6A80")
        equal(card.whole(sign("9D", "07", "7C820106820085 820100"
                              + number))[1], "9000")


def test_faults():
    good = "7E124F0BA0000003080000100001005F2F0240009000"
    for fault, wanted in (("6f00", "6F00"), ("empty", ""), ("short", "7E"),
                          ("flip", good[:-6] + "019000"),
                          ("truncate", good[:20] + "9000"),
                          ("silent:1", good)):
        with piv("--fault", "2:" + fault) as card:
            equal(card.raw(DISCOVERY), wanted, fault)
            equal(card.raw(DISCOVERY), good, "after " + fault)
    with piv("--fault", "2:garbage", "--fault", "3:long:4000") as card:
        answer = card.raw(DISCOVERY)
        assert answer != good and answer[-4:] == "9000"
        equal(len(card.raw(DISCOVERY)), 8000)
    with piv("--fault", "3:reset") as card:
        card.raw(VERIFY)
        equal(card.raw(TRIES), "6D00")
    with piv("--second-applet", "--fault", "3:switch-applet") as card:
        card.raw(VERIFY)
        equal(card.raw(TRIES), "6D00")
        card.raw(SELECT)
        equal(card.raw(TRIES), "63C3")


def test_control():
    with controlled("--second-applet") as (card, tell):
        equal(tell("count"), "ok 1")
        equal(tell("nonsense"), "error")
        card.raw(WRONG)
        equal(tell("state"), "ok applet=piv pin=2/3 puk=3/3 verified=0 fresh=0"
                             " admin=0")
        card.raw(VERIFY)
        assert "verified=1 fresh=1" in tell("state")
        equal(tell("fault +2:6F00"), "ok")
        equal([card.sw(TRIES), card.sw(TRIES), card.sw(TRIES)],
              ["9000", "6F00", "9000"])
        equal(tell("select-other"), "ok")
        equal(card.raw(TRIES), "6D00")
        equal(tell("fault remove"), "ok")
        equal(card.raw(TRIES), None, "pulled")
        equal(tell("insert"), "ok")
        card.accept()
        card.raw(SELECT)
        equal(card.raw(TRIES), "63C3", "inserted again")
        equal(tell("remove"), "ok")
        equal(card.receive(), None)
        equal(tell("insert"), "ok")
        card.accept()


def test_trace():
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "trace")
        with piv("--trace", str(path)) as card:
            card.raw(TRIES)
            equal(path.read_text().splitlines(), [
                "# insert", "# power on", "> " + SELECT,
                "< 61114F0600001000010079074F05A0000003089000",
                "> " + TRIES, "< 63C3"])


def test_atr():
    with Card(program) as card:
        equal(card.atr(), "3BFD1300008131FE158073C021C057597562694B657940")
    with Card(program, "--atr", "3B80800101") as card:
        equal(card.atr(), "3B80800101")


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
