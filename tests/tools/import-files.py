#!/usr/bin/python3
"""Keys and certificates from files of every kind work in the token.

usage: import-files.py SIGNET-IMPORT MODULE
"""

import os
import pty
import sys

import PyKCS11 as p11

from world import (SOURCE_PIN, Token, check_signature, get, importer, need,
                   run, scratch, value)

KEYS = {
    "rsa": ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"],
    "p256": ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"],
    "p384": ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"],
}
SECRET = f"pass:{SOURCE_PIN}"


class Files:
    def __init__(self, folder):
        self.folder = folder
        for name, options in KEYS.items():
            run("openssl", "genpkey", *options, "-out", self[name + ".pem"])
            run("openssl", "pkey", "-in", self[name + ".pem"], "-pubout",
                "-out", self[name + ".pub"])
            run("openssl", "req", "-new", "-x509", "-key",
                self[name + ".pem"], "-subj", f"/CN={name}", "-days", "30",
                "-out", self[name + ".crt"])

    def __getitem__(self, name):
        return self.folder / name

    def certificate(self, name):
        run("openssl", "x509", "-in", self[name + ".crt"], "-outform", "DER",
            "-out", self["certificate.der"])
        return self["certificate.der"].read_bytes()

    def key_id(self, name):
        """SHA-1 of the public key's bits, by OpenSSL's own parser."""
        text = run("openssl", "x509", "-in", self[name + ".crt"], "-noout",
                   "-ext", "subjectKeyIdentifier")
        return text.split("\n")[1].strip().replace(":", "").lower()


class Case:
    def __init__(self, program, target, files):
        self.program, self.target, self.files = program, target, files

    def add(self, *arguments, **keywords):
        return importer(self.program, self.target, self.files.folder,
                        *arguments, **keywords)

    def holds(self, name, key_id, label, certificate=False):
        """The pair is there, hidden, usable; so is the certificate."""
        with self.target.session() as session:
            private = get(session, p11.CKO_PRIVATE_KEY, key_id, label)
            get(session, p11.CKO_PUBLIC_KEY, key_id, label)
            check_signature(session, private, self.files[name + ".pub"],
                            self.files.folder)
            flags = session.getAttributeValue(
                private, [p11.CKA_SENSITIVE, p11.CKA_EXTRACTABLE,
                          p11.CKA_PRIVATE])
            assert flags == [True, False, True], flags
            if certificate:
                handle = get(session, p11.CKO_CERTIFICATE, key_id, label)
                assert value(session, handle) == self.files.certificate(name)


def private_forms(case):
    files = case.files
    forms = {
        "pkcs8": ["pkcs8", "-topk8", "-nocrypt"],
        "der": ["pkcs8", "-topk8", "-nocrypt", "-outform", "DER"],
        "sealed": ["pkcs8", "-topk8", "-passout", SECRET],
        "sealed-der": ["pkcs8", "-topk8", "-passout", SECRET, "-outform",
                       "DER"],
        "traditional": ["pkey", "-traditional"],
        "traditional-sealed": ["pkey", "-traditional", "-aes256", "-passout",
                               SECRET],
    }
    for number, (form, command) in enumerate(forms.items()):
        for offset, name in enumerate(KEYS):
            path = files[f"{name}-{form}"]
            run("openssl", command[0], "-in", files[name + ".pem"],
                *command[1:], "-out", path)
            key_id = f"{number:02x}{offset:02x}"
            case.add("--id", key_id, "--label", form, path)
            case.holds(name, key_id, form)


def names_from_file(case):
    for name in KEYS:
        both = case.files[f"both-{name}.pem"]
        both.write_bytes(case.files[name + ".pem"].read_bytes()
                         + case.files[name + ".crt"].read_bytes())
        case.add(both)
        case.holds(name, case.files.key_id(name), f"both-{name}",
                   certificate=True)


def pkcs12(case):
    files = case.files
    for name in KEYS:
        path = files[name + ".p12"]
        run("openssl", "pkcs12", "-export", "-inkey", files[name + ".pem"],
            "-in", files[name + ".crt"], "-name", f"friendly {name}",
            "-passout", SECRET, "-out", path)
        said = case.add(path, source="wrong", status=1)
        assert "no right password" in said
        case.add(path)
        case.holds(name, files.key_id(name), f"friendly {name}",
                   certificate=True)
    path = files["open.p12"]
    run("openssl", "pkcs12", "-export", "-inkey", files["rsa.pem"],
        "-in", files["rsa.crt"], "-name", "open", "-passout", "pass:",
        "-out", path)
    case.add(path, source="not asked for")
    case.holds("rsa", files.key_id("rsa"), "open", certificate=True)


def one_bad_among_good(case):
    files = case.files
    run("openssl", "genpkey", "-genparam", "-algorithm", "DSA", "-pkeyopt",
        "dsa_paramgen_bits:1024", "-out", files["dsa-parameters"])
    run("openssl", "genpkey", "-paramfile", files["dsa-parameters"], "-out",
        files["dsa.pem"])
    mixed = files["mixed.pem"]
    mixed.write_bytes(files["dsa.pem"].read_bytes()
                      + b"-----BEGIN PRIVATE KEY-----\nAAAA\n"
                        b"-----END PRIVATE KEY-----\n"
                      + files["p256.pem"].read_bytes())
    said = case.add("--id", "77", "--label", "mixed", mixed, status=1)
    assert "keys of this kind are not imported" in said
    assert "PRIVATE KEY: it is damaged" in said
    case.holds("p256", "77", "mixed")
    mixed.write_bytes(files["p384.pem"].read_bytes()
                      + files["rsa.pem"].read_bytes()[:-40])
    said = case.add("--id", "78", "--label", "cut", mixed, status=1)
    assert "NOT imported: the rest of the file: it is no PEM" in said
    case.holds("p384", "78", "cut")


def twice(case):
    case.add("--id", "88", "--label", "again", case.files["rsa.pem"])
    said = case.add("--id", "88", "--label", "again", case.files["rsa.pem"])
    assert "0 imported, 2 already there" in said
    case.add("--id", "89", "--label", "again", case.files["p256.pem"])
    said = case.add("--id", "89", "--label", "again", case.files["p256.pem"],
                    status=1)
    assert "may be another" in said


def refusals(case):
    files = case.files
    said = case.add("--id", "8", files["rsa.pem"], status=2)
    assert "--id wants" in said
    said = case.add(files["nothing"], status=2)
    assert "No such file" in said
    said = case.add(files["message"], status=2)
    assert "no key or certificate" in said
    said = case.add("--from", "softhsm2:/nonexistent", files["rsa.pem"],
                    status=2)
    assert "give files, or a token" in said
    sealed = files["refused"]
    run("openssl", "pkcs8", "-topk8", "-in", files["rsa.pem"], "-passout",
        SECRET, "-out", sealed)
    said = case.add("--id", "99", sealed, source="wrong", status=1)
    assert "the password is wrong" in said
    right, case.target.pin = case.target.pin, "999999"
    said = case.add("--id", "99", files["rsa.pem"], status=2)
    assert "the PIN is wrong" in said
    case.target.pin = right


def prompt(case):
    """A PIN is asked for at the terminal and never shown."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.environ.update(case.target.environment)
        os.execv(case.program, [case.program, "--module", case.target.module,
                                "--token", case.target.label, "--id", "aa",
                                "--label", "typed",
                                str(case.files["rsa.pem"])])
    shown = b""
    while b"user PIN of the token: " not in shown:
        shown += os.read(terminal, 1000)
    os.write(terminal, case.target.pin.encode() + b"\n")
    try:
        while more := os.read(terminal, 1000):
            shown += more
    except OSError:
        pass  # the program has ended
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0, shown
    assert case.target.pin.encode() not in shown, shown
    case.holds("rsa", "aa", "typed")


def strange_label(case):
    """What could move the cursor of a terminal is not printed."""
    label = "Schl\u00fcssel \x1b[2J \u009b2J \u20ac"
    said = case.add("--id", "cc", "--label", label, case.files["rsa.pem"])
    assert "private key 'Schl\u00fcssel ?[2J ??2J \u20ac'" in said, said


def extractable(case):
    case.add("--extractable", "--id", "bb", "--label", "loose",
             case.files["rsa.pem"])
    with case.target.session() as session:
        key = get(session, p11.CKO_PRIVATE_KEY, "bb", "loose")
        flags = session.getAttributeValue(
            key, [p11.CKA_SENSITIVE, p11.CKA_EXTRACTABLE])
        assert flags == [True, True], flags


def main():
    program, module = sys.argv[1:3]
    need("openssl")
    with scratch() as folder:
        files = Files(folder)
        case = Case(program, Token(module, folder / "target"), files)
        for test in (private_forms, names_from_file, pkcs12,
                     one_bad_among_good, twice, refusals, prompt,
                     strange_label, extractable):
            print("==", test.__name__, flush=True)
            test(case)


main()
