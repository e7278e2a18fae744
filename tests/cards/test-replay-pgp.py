#!/usr/bin/python3
"""Holds the simulated OpenPGP card against what real cards have answered.

usage: test-replay-pgp.py OPENPGP_CARD TRANSCRIPT FIRMWARE [OPTION...]

Each session of a transcript is sent to a card that is first brought to the
state in which the session found the real one. Each answer must be the real
one, byte for byte, where it follows from the commands, else have its length.
Secrets are not in the transcripts: PINs and imported keys are put in."""
import os
import re
import sys
from pathlib import Path

from transcript import rsa_primes, sessions
from vpcd import Card, apdu, tlv

program, transcript, firmware, *options = sys.argv[1:]
RID = "D276000124"
SELECT = "00A4040006D2760001240100"
PINS = {"81": "313233343536", "83": "3132333435363738"}
CRT = {"C1": "B603840101", "C2": "B803840102", "C3": "A403840103"}
DEFAULT = "010800001100"


def parts(data):
    """All objects of a template, those in templates too."""
    found, at = {}, 0
    while at + 4 <= len(data):
        size = 4 if int(data[at:at + 2], 16) & 0x1F == 0x1F else 2
        tag, at = data[at:at + size], at + size
        n, at = int(data[at:at + 2], 16), at + 2
        if n > 0x80:
            n, at = int(data[at:at + 2 * (n & 15)], 16), at + 2 * (n & 15)
        value = data[at:at + 2 * n]
        found[tag] = value
        if tag in ("6E", "73", "7A", "65"):
            found.update(parts(value))
        at += 2 * n
    return found


def whole(session, start):
    """The whole answer to the first command that begins so."""
    for i, (command, answer, _) in enumerate(session):
        if not command.startswith(start) or answer[-4:-2] not in ("90", "61"):
            continue
        data = answer[:-4]
        for later, more, _ in session[i + 1:]:
            if later[:4] != "00C0":
                break
            data += more[:-4]
        return data
    return ""


def scalars(attributes, crt):
    """A private key of our own as the extended header list."""
    if attributes[:2] == "01":
        bits = int(attributes[2:6], 16)
        p, q = rsa_primes(bits)[:2]
        numbers = {"91": "010001", "92": p, "93": q}
        numbers = {t: v[-bits // 8:] if t != "91" else v
                   for t, v in numbers.items()}
    else:
        size = {"2B81040022": 48, "2B81040023": 66}.get(attributes[2:], 32)
        numbers = {"92": "01" * size}
    heads = "".join(t + tlv("", v) [:-len(v)] for t, v in numbers.items())
    return tlv("4D", crt + tlv("7F48", heads) + tlv(
        "5F48", "".join(numbers.values())))


class Replay:
    def __init__(self, card, session):
        self.card, self.session = card, session
        self.pins = dict(PINS)
        self.attributes = {}
        self.same = self.shaped = 0

    def send(self, command):
        answer = self.card.raw(command)
        assert answer[-4:] == "9000", (command, answer)

    def prepare(self):
        """The state in which the session found the card."""
        before = parts(whole(self.session, "00CA006E"))
        if "C4" not in before or firmware not in ("yubikey-5.4",):
            return
        self.send(SELECT)
        self.send("0020008308" + PINS["83"])
        origins = before.get("DE", "")
        for i, tag in enumerate(("C1", "C2", "C3")):
            value = before[tag]
            if value != DEFAULT:
                self.send(apdu(0, 0xDA, 0, int(tag, 16), value))
            origin = origins[4 * i + 2:4 * i + 4]
            if origin == "01":
                self.send(apdu(0, 0x47, 0x80, 0, CRT[tag], 65536))
            elif origin == "02":
                self.send(apdu(0, 0xDB, 0x3F, 0xFF, scalars(value, CRT[tag])))
            self.send(apdu(0, 0xDA, 0, 0xC7 + i,
                           before["C5"][40 * i:40 * i + 40]))
            self.send(apdu(0, 0xDA, 0, 0xCE + i, before["CD"][8 * i:8 * i + 8]))
        holder = parts(whole(self.session, "00CA0065"))
        for tag in ("5B", "5F2D", "5F35"):
            if holder.get(tag, "39") not in ("", "39"):
                self.send(apdu(0, 0xDA, int(tag[:-2] or "0", 16),
                               int(tag[-2:], 16), holder[tag]))
        self.counters(before["C4"], parts(whole(self.session, "00CA007A")))
        self.card.reset()

    def counters(self, status, security):
        tries = [int(status[8 + 2 * i:10 + 2 * i], 16) for i in range(3)]
        if tries[1]:
            self.send("00DA00D308" + "31" * 8)
        if max(tries) > 3:
            # Five wrong ones were before, see the session that set them.
            self.send("00F2000003%02X%02X%02X" % (tries[0] + 5, *tries[1:]))
            for _ in range(5):
                self.card.raw("002000810839393939393939 39")
        used = int(security["93"], 16)
        if used:
            self.send("0020008106" + PINS["81"])
        for _ in range(used):
            self.send(apdu(0, 0x2A, 0x9E, 0x9A, "5A" * 32, 256))

    def follows(self, start, size, at):
        """The PIN of so many bytes that is verified later."""
        for command, answer, _ in self.session[at:]:
            if command.startswith(start) and answer == "9000" and \
                    int(command[8:10], 16) == size:
                return command[10:]
        return "30" * size

    def command(self, command, answer, at):
        """The command with our own secrets in place of the missing ones."""
        ok, reference = answer == "9000", command[6:8]
        if command[:6] == "002400" and ok:
            old = self.pins[reference]
            size = int(command[8:10], 16) - len(old) // 2
            new = self.follows("002000" + reference, size, at)
            if size == len(PINS[reference]) // 2:
                new = PINS[reference]
            self.pins[reference] = new
            return command[:10] + old + new
        if command[:8] == "00DA00F9":
            hashes = parts(command[10:])
            for tag, reference in (("87", "81"), ("88", "83")):
                self.pins[reference] = hashes.get(tag, PINS[reference])
        if command[:6] == "002000" and ok and int(command[8:10], 16) > 32:
            return command[:10] + self.pins[reference]
        if command[:8] == "00DA00D3":
            self.code = command[10:]
        if command[:4] == "002C" and ok:
            self.pins["81"] = "30" * 6
            if command[4:6] == "00":
                return command[:10] + self.code + self.pins["81"]
        if command == "00440000":
            self.pins = dict(PINS)
        if command[:6] == "00DA00" and reference in CRT:
            self.attributes[reference] = command[10:]
        if command[:8] == "00DB3FFF":
            crt = re.search("(B6|B8|A4)0384010.", command)[0]
            tag = [t for t, c in CRT.items() if c == crt][0]
            rsa = {"00011C": "010800", "00019C": "010C00", "00021E": "011000"}
            attributes = rsa.get(command[8:14], self.attributes.get(tag))
            return apdu(0, 0xDB, 0x3F, 0xFF, scalars(attributes, crt))
        return command

    def compare(self, command, sent, answer, got):
        where = f"\n  sent {sent}\n  real {answer}\n  ours {got}"
        answer, got = plain(answer), plain(got)
        if answer == got:
            self.same += 1
            return
        self.shaped += 1
        assert answer[-4:] == got[-4:], "status word" + where
        # Public keys, signatures, secrets, random numbers.
        assert command[2:4] in ("47", "2A", "84", "C0"), "bytes" + where
        assert len(answer) == len(got), "length" + where
        head = {"47": 10}.get(command[2:4], 0)
        assert answer[:head] == got[:head], "head" + where

    def run(self):
        last = ""
        for at, (command, answer, _) in enumerate(self.session):
            sent = self.command(command, answer, at)
            got = self.card.raw(sent)
            if skipped(command):
                continue
            last = command if command[2:4] != "C0" else last
            if command[2:4] == "C0" and last[2:4] != "47":
                assert answer == got, (last, answer, got)
            self.compare(command, sent, answer, got)


def plain(answer):
    """Without what does not matter: the maker of the card, fingerprints that
    were zeroed in too many bytes, and that later NEOs have 73 well formed."""
    answer = re.sub(f"({RID}01....)....", r"\1", answer)
    answer = re.sub("(C[56]3C)(00){72}", r"\g<1>" + "00" * 60, answer)
    return answer.replace("6E81DE4F", "6E81DD4F").replace("7381B7C0", "7300C0")


def skipped(command):
    """The answer of a worn out chip."""
    return command in ("00200082080000000000000000",)


def mine(session):
    """What was said to the OpenPGP applet, from its SELECT on."""
    commands = [command for command, _, _ in session]
    if not any(command[2:4] == "CA" for command in commands):
        return []
    first = [i for i, command in enumerate(commands)
             if command.startswith("00A40400") and RID in command]
    return session[first[0] if first else 0:]


def main():
    same = shaped = count = 0
    for session in sessions(transcript, mixed=True):
        session = mine(session)
        if not session:
            continue
        with Card(program, "--firmware", firmware, *options) as card:
            run = Replay(card, session)
            run.prepare()
            run.run()
        same, shaped, count = same + run.same, shaped + run.shaped, count + 1
    print(f"{Path(transcript).name}: {count} sessions, {same} answers equal,"
          f" {shaped} of the same shape")
    assert same > 0


os.environ["OPENSSL_CONF"] = "/dev/null"
main()
