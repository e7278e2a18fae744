#!/usr/bin/python3
"""Holds the simulated card against what real cards have answered.

usage: test-replay.py PIV_CARD TRANSCRIPT FIRMWARE [OPTION...]

Each session of a transcript is sent to a fresh card. The status word and the
shape of each answer must be those of the real card: every byte where it
follows from the command, else tags and lengths. Secrets are not in the
transcripts, so witnesses, PINs and imported keys are put in on the way."""
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from transcript import rsa_primes, sessions
from vpcd import Card, block, tlv

program, transcript, firmware, *options = sys.argv[1:]
DEFAULT_KEY = "0102030405060708" * 3
PIN, PUK = "313233343536FFFF", "3132333435363738"
WRONG = "3939393939393939"


def objects_before(session):
    """Objects that the session reads whole and has not written itself."""
    written, found = set(), {}
    for i, (command, answer, _) in enumerate(session):
        put = re.match(r"00DB3FFF(?:..|00....)5C03(......)", command)
        if put:
            written.add(put[1])
        get = re.match(r"00CB3FFF055C03(......)(..)?$", command)
        if not get or get[1] in written or answer[:2] != "53":
            continue
        data = answer[:-4]
        for later, more, _ in session[i + 1:]:
            if later[:8] != "00C00000":
                break
            data += more[:-4]
        size, start = int(data[2:4], 16), 4
        if size > 0x80:
            start += 2 * (size & 0x7F)
            size = int(data[4:start], 16)
        if len(data) - start == 2 * size:
            found[get[1]] = data[start:]
    return found


def keys_before(session, folder):
    """Options for keys that the session uses and has not made itself."""
    made, options = set(), []
    for command, answer, _ in session:
        if command[2:4] in ("47", "FE"):
            made.add(command[6:8])
        use = re.match(r".087(11|14|06|07)(..)", command)
        if not use or use[2] in made | {"9B"} or answer == "9000":
            continue
        made.add(use[2])
        path = Path(folder) / f"{use[2]}.pem"
        kind = {"11": ["EC", "-pkeyopt", "ec_paramgen_curve:P-256"],
                "14": ["EC", "-pkeyopt", "ec_paramgen_curve:P-384"],
                "06": ["RSA", "-pkeyopt", "rsa_keygen_bits:1024"],
                "07": ["RSA"]}[use[1]]
        subprocess.run(["openssl", "genpkey", "-out", path, "-algorithm",
                        *kind], check=True, capture_output=True)
        options += ["--key", f"{use[2]}={path}"]
    return options


def import_data(algorithm, policy):
    if algorithm == "11":
        key = tlv("06", "01" * 32)
    elif algorithm == "14":
        key = tlv("06", "01" * 48)
    else:
        primes = rsa_primes({"06": 1024, "07": 2048}[algorithm])
        key = "".join(tlv(f"0{i}", p) for i, p in enumerate(primes, 1))
    return key + policy


class Replay:
    def __init__(self, card, session):
        self.card, self.session = card, session
        self.key, self.known_key = DEFAULT_KEY, True
        self.witness = None
        self.same = self.shaped = 0

    def command(self, command, answer):
        """The command with our own secrets in place of the missing ones."""
        ok = answer.endswith("9000")
        if re.match(r"0087..9B1[68]7C1[46]8008", command):
            plain = block(self.key, self.witness, decrypt=True)
            return command[:18] + (plain if ok else "00" * 8) + command[34:]
        if command.startswith("0087009B0C7C0A82"):
            return command
        if command.startswith(("00240080", "00240081")):
            value = PIN if command[7] == "0" else PUK
            return command[:10] + (value if ok else WRONG) + value
        if command.startswith("002C0080"):
            return command[:10] + (PUK if ok else WRONG) + PIN
        if command.startswith("0020008008") and not ok:
            return command[:10] + WRONG
        if command.startswith("00FE"):
            head = 10 if command[8:10] != "00" else 14
            policy = re.search(r"AA01..", command[head:head + 8])
            data = import_data(command[4:6], policy[0] if policy else "")
            if policy:
                data += "AB0100"
            size = len(data) // 2
            lc = f"{size:02X}" if size < 256 else f"00{size:04X}"
            return command[:8] + lc + data
        if re.match(r"00870[67]..00010A7C8201068200818201", command):
            return command[:36] + "00" + command[38:]
        return command

    def compare(self, command, sent, answer, got, zeroed):
        where = f"\n  sent {sent[:90]}\n  real {answer[:90]}\n  ours {got[:90]}"
        where += f" ({len(answer) // 2} and {len(got) // 2} bytes)"
        if answer == got:
            self.same += 1
            return
        self.shaped += 1
        assert answer[-4:] == got[-4:], "status word" + where
        signature = r"7C(81)?..82(81)?..30(81)?..02"
        if re.match(signature, answer):
            # DER of two random numbers: a byte or two more or less.
            assert re.match(signature, got), "signature" + where
            assert abs(len(answer) - len(got)) <= 10, "signature" + where
            return
        assert len(answer) == len(got), "length" + where
        if command[2:4] == "C0" or zeroed:
            return
        # Tag and length of what follows are the first bytes.
        head = {"47": 10, "87": 8, "F7": 24, "CB": 8}.get(command[2:4])
        assert head, "bytes" + where
        if command[2:4] == "87" and self.known_key and command[4:6] == "03":
            assert "8208" not in answer[:8], "cipher" + where
        assert answer[:head] == got[:head], "head" + where

    def step(self, command, answer, zeroed):
        sent = self.command(command, answer)
        got = self.card.raw(sent)
        if got[:8] == "7C0A8008":
            self.witness = got[8:-4]
        if command.startswith("00FFFFFF") and got == "9000":
            self.key, self.known_key = command[16:], False
        self.compare(command, sent, answer, got, zeroed)

    def run(self):
        skip = False
        for command, answer, zeroed in self.session:
            if command[:4] == "00F9" or "5FFF01" in command:
                # Certificates of their own length: only that there is one.
                data, sw = self.card.whole(command)
                assert sw == "9000" and re.match(r"(53..)?.*30", data), command
                skip = True
                continue
            if skip and command[:4] == "00C0":
                continue
            skip = False
            self.step(command, answer, zeroed)


def replay(session, folder):
    arguments = ["--firmware", firmware, "--blank", "--serial", "0", *options]
    for tag, content in objects_before(session).items():
        path = Path(folder) / tag
        path.write_bytes(bytes.fromhex(content))
        arguments += ["--object", f"{tag}={path}"]
    arguments += keys_before(session, folder)
    with Card(program, *arguments) as card:
        run = Replay(card, session)
        run.run()
    return run.same, run.shaped


def main():
    same = shaped = count = 0
    for session in sessions(transcript):
        if session[0][0].startswith("00A4040007A0000005272001"):
            continue        # the OTP and management applets, not PIV
        if session[0][0].startswith("00A4040008A000000527471117"):
            continue
        with tempfile.TemporaryDirectory() as folder:
            a, b = replay(session, folder)
        same, shaped, count = same + a, shaped + b, count + 1
    print(f"{Path(transcript).name}: {count} sessions, {same} answers equal,"
          f" {shaped} of the same shape")
    assert same > 20


main()
