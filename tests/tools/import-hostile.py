#!/usr/bin/python3
"""Damaged and hostile sources are refused in words, not by a crash.

usage: import-hostile.py SIGNET-IMPORT MODULE [MUTANTS]

Sources are read before the token is looked for, so the runs name one that is
not there: a run that reads all of its source ends with exit status 2 too.
"""

import os
import pathlib
import random
import shutil
import sqlite3
import subprocess
import sys

from world import SOFTHSM, SOURCE_PIN, Token, need, run, scratch

SECRET = f"pass:{SOURCE_PIN}"


class Reader:
    def __init__(self, program, module, folder):
        self.command = [program, "--module", module, "--token", "nobody's",
                        "--source-pin-file", folder / "pin"]
        (folder / "pin").write_text(SOURCE_PIN + "\n")
        self.environment = dict(os.environ, SIGNET_SOFTTOKEN="off",
                                SIGNET_SOFTTOKEN_PATH=str(folder / "none"))

    def read(self, *source):
        done = subprocess.run([*self.command, *source], text=True, timeout=120,
                              stdin=subprocess.DEVNULL, env=self.environment,
                              stdout=subprocess.PIPE, errors="replace",
                              stderr=subprocess.STDOUT)
        if done.returncode != 2:
            print(done.stdout)
            sys.exit(f"exit status {done.returncode}")
        return done.stdout


def mutants(data, count, seed):
    """Cut short, bits flipped, bytes set to limits, parts repeated."""
    chance = random.Random(seed)
    yield b""
    for _ in range(count):
        copy = bytearray(data)
        kind = chance.randrange(4)
        at = chance.randrange(len(copy))
        if kind == 0:
            del copy[at:]
        elif kind == 1:
            for _ in range(chance.randint(1, 8)):
                copy[chance.randrange(len(copy))] ^= 1 << chance.randrange(8)
        elif kind == 2:
            size = chance.choice([1, 2, 4, 8])
            copy[at:at + size] = chance.choice([b"\xff", b"\0", b"\x80"]) * size
        else:
            copy[at:at] = copy[at:at + chance.randint(1, 64)]
        yield bytes(copy)


def files(reader, folder, count):
    key, crt = folder / "key.pem", folder / "crt.pem"
    run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
        "ec_paramgen_curve:P-256", "-nodes", "-keyout", key, "-subj", "/CN=x",
        "-out", crt)
    both = folder / "both.pem"
    both.write_bytes(key.read_bytes() + crt.read_bytes())
    run("openssl", "pkcs8", "-topk8", "-in", key, "-outform", "DER",
        "-passout", SECRET, "-iter", "1", "-out", folder / "sealed.der")
    run("openssl", "x509", "-in", crt, "-outform", "DER", "-out",
        folder / "crt.der")
    run("openssl", "pkcs12", "-export", "-inkey", key, "-in", crt, "-iter",
        "1", "-nomac", "-passout", SECRET, "-out", folder / "open.p12")
    for name in ("both.pem", "sealed.der", "crt.der", "open.p12"):
        data = (folder / name).read_bytes()
        assert "no such token" in reader.read(folder / name)
        for number, mutant in enumerate(mutants(data, count, name)):
            (folder / "mutant").write_bytes(mutant)
            reader.read(folder / "mutant")
        print(name, number)


def change(reader, kind, place, victim, count):
    """Reads a token again and again, each time with one file changed."""
    data = victim.read_bytes()
    assert "no such token" in reader.read("--from", f"{kind}:{place}")
    for number, mutant in enumerate(mutants(data, count, victim.suffix)):
        victim.write_bytes(mutant)
        reader.read("--from", f"{kind}:{place}")
    victim.write_bytes(data)
    print(kind, victim.suffix, number)


def softhsm(reader, folder, count):
    Token(SOFTHSM, folder / "source", "source", SOURCE_PIN)
    place = next((folder / "source" / "tokens").iterdir())
    run("pkcs11-tool", "--module", SOFTHSM, "--token-label", "source",
        "--login", "--pin", SOURCE_PIN, "--keypairgen", "--key-type",
        "EC:prime256v1", "--id", "01")
    for victim in sorted(place.glob("*.object")):
        change(reader, "softhsm2", place, victim, count)
    database = folder / "database"
    database.mkdir()
    base = sqlite3.connect(database / "sqlite3.db")
    base.execute("create table object (id integer primary key)")
    for kind in ("boolean", "integer", "binary", "array"):
        base.execute(f"create table attribute_{kind}"
                     " (value, type, object_id, id integer primary key)")
    base.execute("insert into object values (1), (2), (3)")
    base.commit()
    base.close()
    said = reader.read("--from", f"softhsm2:{database}")
    assert "has no user PIN" in said, said
    (database / "sqlite3.db").write_bytes(b"no database at all")
    assert "not a database" in reader.read("--from", f"softhsm2:{database}")


def nss(reader, folder, count):
    place = folder / "nss"
    place.mkdir()
    (folder / "noise").write_bytes(os.urandom(100))
    run("certutil", "-N", "-d", f"sql:{place}", "-f", folder / "pin")
    run("certutil", "-S", "-d", f"sql:{place}", "-f", folder / "pin", "-z",
        folder / "noise", "-n", "x", "-s", "CN=x", "-x", "-t", "u,u,u", "-k",
        "ec", "-q", "nistp256")
    for name in ("key4.db", "cert9.db"):
        change(reader, "nss", place, place / name, count)
    hostile_rows(reader, place)


def hostile_rows(reader, place):
    """Whole databases whose rows tell lies, and a schema without an end."""
    lies = [
        "update metaData set item1 = zeroblob(3000000) where id = 'password'",
        "update metaData set item2 = x'3080' where id = 'password'",
        "update nssPrivate set a0 = 'text', a11 = 5",
        "update nssPrivate set a11 = zeroblob(4000000)",
        "update nssPrivate set a180 = x'30820401020100'",
        "delete from metaData",
        "drop table nssPrivate",
        "drop table nssPrivate; create view nssPrivate as with recursive"
        " n(id) as (values (1) union all select id + 1 from n)"
        " select id, x'00000003' a0 from n",
        "drop table nssPrivate; create table nssPrivate (id, a0,"
        " afffffffffffffffff, azz, a, b)",
    ]
    for lie in lies:
        copy = pathlib.Path(str(place) + "-lie")
        shutil.copytree(place, copy)
        base = sqlite3.connect(copy / "key4.db")
        base.executescript(lie)
        base.close()
        print(reader.read("--from", f"nss:{copy}").strip())
        shutil.rmtree(copy)


def main():
    program, module = sys.argv[1:3]
    count = int(sys.argv[3]) if len(sys.argv) > 3 else 40
    need("openssl", "certutil", "pkcs11-tool", SOFTHSM)
    with scratch() as folder:
        reader = Reader(program, module, folder)
        files(reader, folder, count)
        softhsm(reader, folder, count)
        nss(reader, folder, count)


main()
