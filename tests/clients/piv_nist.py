#!/usr/bin/python3
"""Writes to a card of the standard alone, without an instruction of Yubico's.

usage: piv_nist.py MODULE, beside an empty card with short APDUs. OpenSC reads
what was written, OpenSSL verifies, and piv-tool writes what we read.
"""

import os
import subprocess
import sys
import tempfile

import PyKCS11 as p11

from expected import expect, is_equal

KEY = "010203040506070801020304050607080102030405060708"
CURVES = {"prime256v1": bytes.fromhex("06082a8648ce3d030107"),
          "secp384r1": bytes.fromhex("06052b81040022")}
RSA_PAIR = p11.Mechanism(p11.CKM_RSA_PKCS_KEY_PAIR_GEN, None)
EC_PAIR = p11.Mechanism(p11.CKM_EC_KEY_PAIR_GEN, None)
SHA256_RSA = p11.Mechanism(p11.CKM_SHA256_RSA_PKCS, None)
ECDSA = p11.Mechanism(p11.CKM_ECDSA_SHA256, None)


def run(*command, data=None, **more):
    return subprocess.run(command, check=True, capture_output=True,
                          input=data, **more).stdout


def exchanges():
    with open(os.environ["CARD_TRACE"], encoding="ascii") as trace:
        return sum(line.startswith(">") for line in trace)


def certify(subject, pem):
    """A certificate for a public key, by a key of its own."""
    with tempfile.TemporaryDirectory() as folder:
        def at(name):
            return folder + "/" + name
        with open(at("pub"), "wb") as file:
            file.write(pem)
        run("openssl", "req", "-new", "-newkey", "rsa:2048", "-nodes",
            "-subj", subject, "-keyout", at("key"), "-out", at("request"))
        run("openssl", "x509", "-req", "-in", at("request"), "-signkey",
            at("key"), "-force_pubkey", at("pub"), "-out", at("cert"))
        return run("openssl", "x509", "-in", at("cert"), "-outform", "DER")


def verify(pem, message, signature):
    with tempfile.TemporaryDirectory() as folder:
        for name, data in (("pub", pem), ("sig", signature)):
            with open(f"{folder}/{name}", "wb") as file:
                file.write(data)
        run("openssl", "dgst", "-sha256", "-verify", folder + "/pub",
            "-signature", folder + "/sig", data=message)


def der_of(raw):
    """An ECDSA signature as OpenSSL wants it."""
    def integer(number):
        body = number.lstrip(b"\0") or b"\0"
        body = (b"\0" if body[0] & 0x80 else b"") + body
        return b"\2" + bytes([len(body)]) + body
    half = len(raw) // 2
    both = integer(raw[:half]) + integer(raw[half:])
    return b"\x30" + bytes([len(both)]) + both


def certificate_template(der, cka_id):
    return [(p11.CKA_CLASS, p11.CKO_CERTIFICATE),
            (p11.CKA_CERTIFICATE_TYPE, p11.CKC_X_509), (p11.CKA_TOKEN, True),
            (p11.CKA_ID, cka_id), (p11.CKA_VALUE, der)]


def made(session, cka_id, kind):
    """A pair and its certificate, which OpenSC reads; gives its PEM."""
    template = [(p11.CKA_TOKEN, True), (p11.CKA_ID, cka_id)]
    public, mechanism = [(p11.CKA_MODULUS_BITS, 2048)], RSA_PAIR
    if kind in CURVES:
        public, mechanism = [(p11.CKA_EC_PARAMS, CURVES[kind])], EC_PAIR
    before = exchanges()
    key, _ = session.generateKeyPair(template + public, template, mechanism)
    if exchanges() - before > 5:
        sys.exit(f"{kind} took {exchanges() - before} exchanges")
    info = bytes(session.getAttributeValue(key, [p11.CKA_PUBLIC_KEY_INFO])[0])
    pem = run("openssl", "pkey", "-pubin", "-inform", "DER", data=info)
    der = certify("/CN=" + kind, pem)
    session.createObject(certificate_template(der, cka_id))
    theirs = run("openssl", "x509", "-outform", "DER", data=run(
        "pkcs15-tool", "--read-certificate", cka_id.hex()))
    is_equal("OpenSC's certificate", theirs, der)
    return pem


def used(session, cka_id, kind, pem):
    key, = session.findObjects([(p11.CKA_CLASS, p11.CKO_PRIVATE_KEY),
                                (p11.CKA_ID, cka_id)])
    if kind in CURVES:
        signature = der_of(bytes(session.sign(key, b"message", ECDSA)))
    else:
        signature = bytes(session.sign(key, b"message", SHA256_RSA))
    verify(pem, b"message", signature)


def refused(session):
    """What such a card does not have, or does not tell."""
    template = [(p11.CKA_TOKEN, True), (p11.CKA_EC_PARAMS,
                                        CURVES["prime256v1"])]
    expect("no place", p11.CKR_TEMPLATE_INCOMPLETE, session.generateKeyPair,
           template, [(p11.CKA_TOKEN, True)], EC_PAIR)
    expect("a key that is brought", p11.CKR_ATTRIBUTE_VALUE_INVALID,
           session.createObject,
           [(p11.CKA_CLASS, p11.CKO_PRIVATE_KEY),
            (p11.CKA_KEY_TYPE, p11.CKK_EC), (p11.CKA_TOKEN, True),
            (p11.CKA_ID, b"\3"), (p11.CKA_EC_PARAMS, CURVES["prime256v1"]),
            (p11.CKA_VALUE, b"\1" * 32)])
    expect("another management key", p11.CKR_FUNCTION_FAILED, session.setPin,
           KEY, "12" * 24)


def theirs(lib, slot, pem):
    """piv-tool writes the certificate of a key that we made, and we find it."""
    with tempfile.TemporaryDirectory() as folder:
        with open(folder + "/key", "w", encoding="ascii") as file:
            file.write(":".join(KEY[i:i + 2] for i in range(0, 48, 2)))
        with open(folder + "/cert", "wb") as file:
            file.write(run("openssl", "x509", "-inform", "DER",
                           data=certify("/CN=theirs", pem)))
        with open(folder + "/pub", "wb") as file:
            file.write(pem)
        # its exit code is the number of bytes
        subprocess.run(["piv-tool", "-A", "M:9B:03", "-C", "9D", "-i",
                        folder + "/cert"], check=False, env=dict(
                            os.environ, PIV_EXT_AUTH_KEY=folder + "/key"))
        secret = run("openssl", "pkeyutl", "-encrypt", "-pubin", "-inkey",
                     folder + "/pub", data=b"a secret")
    session = lib.openSession(slot, p11.CKF_SERIAL_SESSION)
    session.login("123456")
    key, = session.findObjects([(p11.CKA_CLASS, p11.CKO_PRIVATE_KEY),
                                (p11.CKA_ID, b"\3")])
    is_equal("decrypted", bytes(session.decrypt(
        key, secret, p11.Mechanism(p11.CKM_RSA_PKCS, None))), b"a secret")
    session.closeSession()


def main():
    # 9C first: right after C_Login its PIN counts
    kinds = {b"\2": "prime256v1", b"\1": "rsa", b"\4": "secp384r1"}
    lib = p11.PyKCS11Lib()
    lib.load(sys.argv[1])
    slot = lib.getSlotList(tokenPresent=True)[0]
    session = lib.openSession(slot, p11.CKF_SERIAL_SESSION |
                              p11.CKF_RW_SESSION)
    session.login(KEY, p11.CKU_SO)
    pems = {at: made(session, at, kind) for at, kind in kinds.items()}
    refused(session)
    session.logout()
    session.findObjects()  # nothing is to be read between PIN and 9C
    session.login("123456")
    for at, kind in kinds.items():
        used(session, at, kind, pems[at])
    session.logout()
    # a certificate is what tells of a key here
    session.login(KEY, p11.CKU_SO)
    found, = session.findObjects([(p11.CKA_CLASS, p11.CKO_CERTIFICATE),
                                  (p11.CKA_ID, b"\1")])
    session.destroyObject(found)
    pem = made(session, b"\3", "rsa")
    session.closeSession()
    theirs(lib, slot, pem)


main()
