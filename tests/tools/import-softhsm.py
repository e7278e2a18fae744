#!/usr/bin/python3
"""Whole tokens of SoftHSM 2, in files and in a database, move and work.

usage: import-softhsm.py SIGNET-IMPORT MODULE

The database is made from the file store, table by table, as Debian's SoftHSM
is built without one.
"""

import pathlib
import shutil
import sqlite3
import struct
import sys

import PyKCS11 as p11

from world import (SOFTHSM, SOURCE_PIN, Token, check_signature, get, importer,
                   knows, need, run, scratch, value)

AES = bytes(range(32))
GENERIC = b"a secret of forty-one bytes, not a block."
BLOCK = b"sixteen bytes :)"
PAIRS = [("rsa:2048", "01", "the rsa key"), ("EC:prime256v1", "0203", "ec"),
         ("EC:secp384r1", "04", "ec384"), ("EC:edwards25519", "05", "ed")]
KINDS = {1: "boolean", 2: "integer", 3: "binary"}


def secret(session, key_type, key_id, label, content, **flags):
    template = [(p11.CKA_CLASS, p11.CKO_SECRET_KEY),
                (p11.CKA_KEY_TYPE, key_type), (p11.CKA_TOKEN, True),
                (p11.CKA_ID, bytes.fromhex(key_id)), (p11.CKA_LABEL, label),
                (p11.CKA_PRIVATE, True), (p11.CKA_VALUE, content)]
    for name, flag in flags.items():
        template.append((getattr(p11, "CKA_" + name), flag))
    return session.createObject(template)


class Source:
    """A SoftHSM token with something of everything."""

    def __init__(self, folder):
        self.folder = folder
        self.token = Token(SOFTHSM, folder / "source", "source", SOURCE_PIN)
        self.directory = next((folder / "source" / "tokens").iterdir())
        for kind, key_id, label in PAIRS:
            self.tool("--keypairgen", "--key-type", kind, "--id", key_id,
                      "--label", label)
        self.certificate()
        with self.token.session() as session:
            secret(session, p11.CKK_AES, "06", "open aes", AES, ENCRYPT=True,
                   SENSITIVE=False, EXTRACTABLE=True)
            hidden = secret(session, p11.CKK_AES, "07", "hidden aes",
                            AES[::-1], ENCRYPT=True, SENSITIVE=True,
                            EXTRACTABLE=False)
            secret(session, p11.CKK_GENERIC_SECRET, "08", "generic", GENERIC,
                   SIGN=True, SENSITIVE=False, EXTRACTABLE=True)
            session.createObject([(p11.CKA_CLASS, p11.CKO_DATA),
                                  (p11.CKA_TOKEN, True),
                                  (p11.CKA_PRIVATE, True),
                                  (p11.CKA_LABEL, "note"),
                                  (p11.CKA_VALUE, b"some data")])
            self.block = bytes(session.encrypt(
                hidden, BLOCK, p11.Mechanism(p11.CKM_AES_ECB, None)))
            for _, key_id, label in PAIRS:
                public = get(session, p11.CKO_PUBLIC_KEY, key_id, label)
                self.public(session, public, key_id)
                if key_id in ("04", "05"):  # signet-import makes them again
                    session.destroyObject(public)

    def tool(self, *arguments):
        return run("pkcs11-tool", "--module", SOFTHSM, "--token-label",
                   "source", "--login", "--pin", SOURCE_PIN, *arguments)

    def public(self, session, handle, key_id):
        """The public key as PEM, from the source's own numbers."""
        pem = self.folder / f"public-{key_id}.pem"
        if session.getAttributeValue(handle, [p11.CKA_KEY_TYPE]) == [0x40]:
            point = value(session, handle, p11.CKA_EC_POINT)[2:]
            der = bytes.fromhex("302a300506032b6570032100") + point
        elif key_id == "01":
            der = self.read("pubkey", key_id)
        else:
            params = value(session, handle, p11.CKA_EC_PARAMS)
            point = value(session, handle, p11.CKA_EC_POINT)
            point = b"\0" + point[2 if point[1] < 0x80 else 3:]
            inner = bytes.fromhex("06072a8648ce3d0201") + params
            body = (bytes([0x30, len(inner)]) + inner
                    + bytes([3, len(point)]) + point)
            der = bytes([0x30, len(body)]) + body
        (self.folder / "public.der").write_bytes(der)
        run("openssl", "pkey", "-pubin", "-inform", "DER", "-in",
            self.folder / "public.der", "-out", pem)

    def read(self, kind, key_id):
        out = self.folder / "read.der"
        self.tool("--read-object", "--type", kind, "--id", key_id,
                  "--output-file", out)
        return out.read_bytes()

    def certificate(self):
        key = self.folder / "other.pem"
        run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes",
            "-keyout", key, "-subj", "/CN=somebody", "-outform", "DER",
            "-out", self.folder / "cert.der")
        self.tool("--write-object", self.folder / "cert.der", "--type",
                  "cert", "--id", "01", "--label", "the certificate")


def check(source, target):
    """Everything that the target's mechanisms can do was brought along."""
    with target.session() as session:
        for kind, key_id, label in PAIRS:
            if kind == "EC:edwards25519" and not knows(session, "CKM_EDDSA"):
                print("the target knows no Ed25519")
                continue
            private = get(session, p11.CKO_PRIVATE_KEY, key_id, label)
            get(session, p11.CKO_PUBLIC_KEY, key_id, label)
            check_signature(session, private,
                            source.folder / f"public-{key_id}.pem",
                            source.folder)
        handle = get(session, p11.CKO_CERTIFICATE, "01", "the certificate")
        assert (value(session, handle)
                == (source.folder / "cert.der").read_bytes())
        for key_id, label, content in (("06", "open aes", AES),
                                       ("08", "generic", GENERIC)):
            handle = get(session, p11.CKO_SECRET_KEY, key_id, label)
            assert value(session, handle) == content, label
        hidden = get(session, p11.CKO_SECRET_KEY, "07", "hidden aes")
        flags = session.getAttributeValue(
            hidden, [p11.CKA_SENSITIVE, p11.CKA_EXTRACTABLE, p11.CKA_ENCRYPT,
                     p11.CKA_PRIVATE])
        assert flags == [True, False, True, True], flags
        if knows(session, "CKM_AES_ECB"):
            made = bytes(session.encrypt(
                hidden, BLOCK, p11.Mechanism(p11.CKM_AES_ECB, None)))
            assert made == source.block
        note = get(session, p11.CKO_DATA, None, "note")
        assert value(session, note) == b"some data"


def attributes(path):
    """Type, kind and value of each attribute of a file of the store."""
    data = path.read_bytes()
    at = 8
    while at < len(data):
        number, kind = struct.unpack_from(">QQ", data, at)
        at += 16
        if kind == 1:
            content, at = data[at] != 0, at + 1
        elif kind == 2:
            content, at = struct.unpack_from(">Q", data, at)[0], at + 8
        else:
            size = struct.unpack_from(">Q", data, at)[0]
            size, at = size * (8 if kind == 5 else 1), at + 8
            content, at = data[at:at + size], at + size
        yield number, kind, content


def make_database(directory, folder):
    """The same token as SoftHSM's database store has it."""
    folder.mkdir()
    base = sqlite3.connect(folder / "sqlite3.db")
    base.execute("create table object"
                 " (id integer primary key autoincrement)")
    for kind, sql in {"text": "text", "integer": "integer", "binary": "blob",
                      "array": "blob", "boolean": "boolean",
                      "datetime": "datetime", "real": "real"}.items():
        base.execute(f"create table attribute_{kind} (value {sql}, type"
                     " integer, object_id integer references object(id) on"
                     " delete cascade, id integer primary key autoincrement)")
    files = sorted(directory.glob("*.object"))
    files.sort(key=lambda path: path.name != "token.object")
    for number, path in enumerate(files, 1):
        base.execute("insert into object values (?)", (number,))
        for kind_of, kind, content in attributes(path):
            if kind not in KINDS:
                assert not content
                continue
            if kind == 2:  # SQLite's integers have a sign
                content = struct.unpack(">q", struct.pack(">Q", content))[0]
            base.execute(f"insert into attribute_{KINDS[kind]}"
                         " (value, type, object_id) values (?, ?, ?)",
                         (content, kind_of, number))
    base.commit()
    base.close()


def move(program, module, source, place, *more):
    with scratch() as folder:
        target = Token(module, folder / "target")
        with target.session() as session:
            ed = knows(session, "CKM_EDDSA")
        said = importer(program, target, folder, "--from",
                        f"softhsm2:{place}", *more, status=0 if ed else 1)
        assert f"{13 if ed else 11} imported, 0 already there" in said
        check(source, target)


def refuse(program, module, source):
    with scratch() as folder:
        target = Token(module, folder / "target")
        said = importer(program, target, folder, "--from",
                        f"softhsm2:{source.directory}", source="wrong",
                        status=2)
        assert "the PIN of the token is wrong" in said
        with target.session() as session:
            kinds = {session.getAttributeValue(handle, [p11.CKA_CLASS])[0]
                     for handle in session.findObjects([])}
            # what a module says of itself was not imported
            assert kinds <= {p11.CKO_PROFILE}


def several(program, module, source, folder):
    """Two tokens in one folder: the label decides."""
    other = folder / "source" / "tokens" / "other"
    shutil.copytree(source.directory, other)
    token = other / "token.object"
    token.write_bytes(token.read_bytes().replace(b"source" + b" " * 26,
                                                 b"second" + b" " * 26))
    with scratch() as place:
        target = Token(module, place / "target")
        said = importer(program, target, place, "--from",
                        f"softhsm2:{folder}/source/tokens", status=2)
        assert "2 tokens; say which" in said
    move(program, module, source, f"{folder}/source/tokens",
         "--source-token", "second")
    shutil.rmtree(other)


def half_written(program, module, source):
    """A file cut short is named; the others are imported."""
    with scratch() as folder:
        copy = folder / "copy"
        shutil.copytree(source.directory, copy)
        victim = next(path for path in sorted(copy.glob("*.object"))
                      if path.name != "token.object"
                      and b"hidden" not in path.read_bytes())
        victim.write_bytes(victim.read_bytes()[:-5])
        target = Token(module, folder / "target")
        said = importer(program, target, folder, "--from",
                        f"softhsm2:{copy}", status=1)
        assert f"NOT imported: {victim.name}: the file is damaged" in said
        assert "imported: " in said.replace("NOT imported: ", "")


def cut_between(program, module, source):
    """A private key file that ends before its flags do is refused."""
    with scratch() as folder:
        copy = folder / "copy"
        shutil.copytree(source.directory, copy)
        for path in copy.glob("*.object"):
            data = path.read_bytes()
            flag = struct.pack(">QQ", p11.CKA_EXTRACTABLE, 1)
            if path.name != "token.object" and flag in data:
                path.write_bytes(data[:data.index(flag)])
        target = Token(module, folder / "target")
        said = importer(program, target, folder, "--from",
                        f"softhsm2:{copy}", status=1)
        assert said.count("flags are not there") == 7, said
        with target.session() as session:
            for kind in (p11.CKO_PRIVATE_KEY, p11.CKO_SECRET_KEY):
                assert not session.findObjects([(p11.CKA_CLASS, kind)])


def main():
    program, module = sys.argv[1:3]
    need("openssl", "pkcs11-tool", SOFTHSM)
    with scratch() as folder:
        source = Source(folder)
        before = {path: path.read_bytes() for path
                  in pathlib.Path(source.directory).iterdir()}
        print("== files", flush=True)
        move(program, module, source, source.directory)
        move(program, module, source, source.directory.parent)
        print("== database", flush=True)
        make_database(source.directory, folder / "database")
        move(program, module, source, folder / "database")
        print("== others", flush=True)
        refuse(program, module, source)
        several(program, module, source, folder)
        half_written(program, module, source)
        cut_between(program, module, source)
        assert before == {path: path.read_bytes() for path
                          in pathlib.Path(source.directory).iterdir()}


main()
