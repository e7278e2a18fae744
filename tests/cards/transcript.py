"""What the replays of real cards' answers share."""
import subprocess
from pathlib import Path


def sessions(path, mixed=False):
    """Lists of (command, answer), and whether the answer's body is zeroed.
    Behind a second ATR stand single exchanges of other devices: left out,
    unless mixed."""
    session, command, zeroed = [], None, False
    wanted = True
    for line in Path(path).read_text().splitlines():
        if line.startswith(("# ---", "# RID", "# ATR ")):
            if session and wanted:
                yield session
            session = []
            wanted = mixed or not line.startswith("# ATR ")
        elif line.startswith("# ^ next"):
            zeroed = "zeroed" in line
        elif line.startswith("> "):
            command = line[2:].strip()
        elif line.startswith("< ") and command:
            session.append((command, line[2:].strip(), zeroed))
            command, zeroed = None, False
    if session and wanted:
        yield session


def rsa_primes(bits):
    """p, q, dP, dQ, qInv of a new key, from its PKCS#1 DER."""
    der = subprocess.run(
        f"openssl genrsa -traditional {bits} 2>/dev/null |"
        " openssl rsa -traditional -outform DER 2>/dev/null", shell=True,
        capture_output=True, check=True).stdout
    numbers, at = [], 4 if der[1] == 0x82 else 3
    while at < len(der):
        size, at = der[at + 1], at + 2
        if size > 0x80:
            n = size & 0x7F
            size, at = int.from_bytes(der[at:at + n], "big"), at + n
        numbers.append(int.from_bytes(der[at:at + size], "big"))
        at += size
    return [f"{n:0{bits // 8}X}" for n in numbers[4:]]
