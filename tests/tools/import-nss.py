#!/usr/bin/python3
"""Whole tokens of NSS, sealed as today and as before 2019, move and work.

usage: import-nss.py SIGNET-IMPORT MODULE

NSS writes the old form no more, but reads it: a database of today is sealed
anew by this test, and NSS itself has to find its keys in it.
"""

import hashlib
import hmac
import os
import re
import shutil
import sqlite3
import subprocess
import sys

import PyKCS11 as p11

from world import (SOURCE_PIN, Token, check_signature, get, importer, knows,
                   need, run, scratch, value)

PAIRS = {"rsa": ["-k", "rsa", "-g", "2048"],
         "ec": ["-k", "ec", "-q", "nistp256"],
         "ec384": ["-k", "ec", "-q", "secp384r1"]}
SEALED = ["a11", "a123", "a124", "a125", "a126", "a127", "a128"]
CHECK = b"password-check"


class Source:
    """A database with pairs made in it, a pair imported, and an AES key."""

    def __init__(self, folder, password):
        self.folder, self.password = folder / "nss", password
        self.out = folder
        self.folder.mkdir()
        (folder / "password").write_text(password + "\n")
        (folder / "noise").write_bytes(os.urandom(100))
        self.certutil("-N")
        for name, options in PAIRS.items():
            trust = "CTu,u,u" if name == "rsa" else "u,u,u"
            self.certutil("-S", "-z", folder / "noise", "-n", name, "-s",
                          f"CN={name}", "-x", "-t", trust, *options)
        self.foreign()
        run("symkeyutil", "-K", "-d", self.database(), "-f",
            folder / "password", "-n", "a secret", "-t", "aes", "-s", "32")
        for name in [*PAIRS, "foreign"]:
            self.export(name)

    def database(self):
        return f"sql:{self.folder}"

    def certutil(self, *arguments):
        return run("certutil", *arguments, "-d", self.database(), "-f",
                   self.out / "password")

    def foreign(self):
        """pk12util brings no public key object along."""
        key, crt, p12 = (self.out / f"foreign.{end}"
                         for end in ("pem", "crt", "p12"))
        run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes",
            "-keyout", key, "-subj", "/CN=foreign", "-out", crt)
        run("openssl", "pkcs12", "-export", "-inkey", key, "-in", crt,
            "-name", "foreign", "-passout", "pass:p12", "-out", p12)
        run("pk12util", "-i", p12, "-d", self.database(), "-k",
            self.out / "password", "-W", "p12")

    def export(self, name):
        """Certificate and public key, as NSS itself gives them."""
        run("certutil", "-L", "-n", name, "-d", self.database(), "-a", "-o",
            self.out / f"{name}.crt")
        run("openssl", "x509", "-in", self.out / f"{name}.crt", "-outform",
            "DER", "-out", self.out / f"{name}.der")
        pem = run("openssl", "x509", "-in", self.out / f"{name}.crt",
                  "-noout", "-pubkey")
        (self.out / f"{name}.pub").write_text(pem)

    def works(self):
        """NSS opens every private key of the database."""
        for name in [*PAIRS, "foreign"]:
            run("pk12util", "-o", self.out / "check.p12", "-n", name, "-d",
                self.database(), "-k", self.out / "password", "-W", "p12")

    def key_ids(self):
        """CKA_ID by nickname, from NSS."""
        ids = {}
        with sqlite3.connect(self.folder / "cert9.db") as base:
            for label, key_id in base.execute(
                    "select a3, a102 from nssPublic where a0 = x'00000001'"):
                ids[label.decode()] = key_id.hex()
        return ids


def der(tag, *parts):
    body = b"".join(parts)
    if len(body) < 128:
        return bytes([tag, len(body)]) + body
    digits = 1 if len(body) < 256 else 2
    return (bytes([tag, 0x80 | digits]) + len(body).to_bytes(digits, "big")
            + body)


def parse(data):
    """Tag and content of the elements of a DER body."""
    while data:
        size, at = data[1], 2
        if size > 127:
            at += size - 128
            size = int.from_bytes(data[2:at], "big")
        yield data[0], data[at:at + size]
        data = data[at + size:]


def cipher(name, key, iv, data, *options):
    return subprocess.run(
        ["openssl", "enc", name, "-K", key.hex(), "-iv", iv.hex(), *options],
        input=data, stdout=subprocess.PIPE, check=True).stdout


def unseal(password, data):
    """Today's form: PBES2 with an IV that is DER."""
    outer = next(parse(data))[1]
    (_, algorithm), (_, sealed) = parse(outer)
    parameters = list(parse(algorithm))[1][1]
    kdf, scheme = [content for _, content in parse(parameters)]
    salt, rounds, size = [c for _, c in parse(list(parse(kdf))[1][1])][:3]
    key = hashlib.pbkdf2_hmac("sha256", password, salt,
                              int.from_bytes(rounds, "big"),
                              int.from_bytes(size, "big"))
    iv = scheme[2 + scheme[1]:]
    return cipher("-aes-256-cbc", key, iv, sealed, "-d")


def seal_old(password, plain, rounds=1):
    salt = os.urandom(20)
    key = password + salt
    for _ in range(rounds):
        key = hashlib.sha1(key).digest()

    def mac(*parts):
        return hmac.new(key, b"".join(parts), "sha1").digest()
    derived = mac(salt, salt) + mac(mac(salt), salt)
    sealed = cipher("-des-ede3-cbc", derived[:24], derived[-8:], plain)
    oid = bytes.fromhex("060b2a864886f70d010c050103")
    return der(0x30, der(0x30, oid, der(0x30, der(4, salt),
                                        der(2, bytes([rounds])))),
               der(4, sealed))


def make_old(source):
    """Seals all values of the key database in the old form."""
    base = sqlite3.connect(source.folder / "key4.db")
    salt, check = base.execute("select item1, item2 from metaData"
                               " where id = 'password'").fetchone()
    password = hashlib.sha1(salt + source.password.encode()).digest()
    assert unseal(password, check) == CHECK
    base.execute("update metaData set item2 = ? where id = 'password'",
                 (seal_old(password, CHECK),))
    columns = ", ".join(SEALED)
    rows = base.execute(f"select id, {columns} from nssPrivate").fetchall()
    count = 0
    for number, *values in rows:
        for name, sealed in zip(SEALED, values):
            if sealed is None:
                continue
            count += 1
            base.execute(f"update nssPrivate set {name} = ? where id = ?",
                         (seal_old(password, unseal(password, sealed)),
                          number))
    assert count == 15, count
    for name in SEALED:  # only AES goes with a signature of the value
        base.execute("delete from metaData where id like ?",
                     (f"sig_key_%_{int(name[1:], 16):08x}",))
    base.commit()
    base.close()


def move(program, module, source, secret):
    with scratch() as folder:
        target = Token(module, folder / "target")
        said = importer(program, target, folder, "--from",
                        f"nss:{source.folder}", source=source.password)
        assert "13 imported, 0 already there" in said, said
        assert "1 left out, 0 not imported" in said
        ids = source.key_ids()
        with target.session() as session:
            for name in [*PAIRS, "foreign"]:
                check_pair(session, source, name, ids[name])
            (key,) = session.findObjects(
                [(p11.CKA_CLASS, p11.CKO_SECRET_KEY)])
            label = session.getAttributeValue(key, [p11.CKA_LABEL])[0]
            assert label.strip("\0") == "a secret", label
            if knows(session, "CKM_AES_ECB"):
                made = bytes(session.encrypt(key, b"0123456789abcdef",
                                             p11.Mechanism(p11.CKM_AES_ECB)))
                assert made == cipher("-aes-256-ecb", secret, b"",
                                      b"0123456789abcdef", "-nopad")


def check_pair(session, source, name, key_id):
    certificate = get(session, p11.CKO_CERTIFICATE, key_id, name)
    assert (value(session, certificate)
            == (source.out / f"{name}.der").read_bytes())
    with_id = [(p11.CKA_ID, bytes.fromhex(key_id))]
    (private,) = session.findObjects(
        [(p11.CKA_CLASS, p11.CKO_PRIVATE_KEY), *with_id])
    assert session.findObjects(
        [(p11.CKA_CLASS, p11.CKO_PUBLIC_KEY), *with_id])
    check_signature(session, private, source.out / f"{name}.pub", source.out)


def aes_value(source):
    """The secret key, unsealed by this test's own reading of the database."""
    base = sqlite3.connect(source.folder / "key4.db")
    salt, _ = base.execute("select item1, item2 from metaData"
                           " where id = 'password'").fetchone()
    (sealed,) = base.execute("select a11 from nssPrivate"
                             " where a0 = x'00000004'").fetchone()
    base.close()
    password = hashlib.sha1(salt + source.password.encode()).digest()
    return unseal(password, sealed)


def refuse(program, module, source):
    with scratch() as folder:
        target = Token(module, folder / "target")
        said = importer(program, target, folder, "--from",
                        f"nss:{source.folder}", source="wrong", status=2)
        assert "the password of the NSS database is wrong" in said


def swapped(program, module, source):
    """Two private values swapped in the file: both keys are refused."""
    with scratch() as folder:
        copy = folder / "copy"
        shutil.copytree(source.folder, copy)
        base = sqlite3.connect(copy / "key4.db")
        rows = base.execute("select id, a11 from nssPrivate where"
                            " a0 = x'00000003' and a100 = x'00000003'"
                            ).fetchall()
        (one, first), (other, second) = rows
        for number, content in ((one, second), (other, first)):
            base.execute("update nssPrivate set a11 = ? where id = ?",
                         (content, number))
        base.commit()
        base.close()
        target = Token(module, folder / "target")
        said = importer(program, target, folder, "--from", f"nss:{copy}",
                        source=source.password, status=1)
        assert said.count("a value was changed or swapped") == 2, said
        assert re.search(r"^imported: certificate 'ec'", said, re.M)


def without_password(program, module):
    with scratch() as folder:
        source = Source(folder, "")
        secret = aes_value(source)
        source.password = "not asked for"
        move(program, module, source, secret)


def new_password(program, module, source, secret):
    (source.out / "next").write_text("another4321\n")
    run("certutil", "-W", "-d", source.database(), "-f",
        source.out / "password", "-@", source.out / "next")
    shutil.copy(source.out / "next", source.out / "password")
    source.password = "another4321"
    move(program, module, source, secret)


def main():
    program, module = sys.argv[1:3]
    need("openssl", "certutil", "pk12util", "symkeyutil")
    with scratch() as folder:
        source = Source(folder, SOURCE_PIN)
        secret = aes_value(source)
        print("== today's form", flush=True)
        move(program, module, source, secret)
        refuse(program, module, source)
        swapped(program, module, source)
        print("== a new password", flush=True)
        new_password(program, module, source, secret)
        print("== the old form", flush=True)
        make_old(source)
        source.works()
        move(program, module, source, secret)
        print("== no password", flush=True)
        without_password(program, module)


main()
