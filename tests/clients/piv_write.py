#!/usr/bin/python3
"""Writes to a PIV card as its security officer, and by C_SetPIN.

usage: piv_write.py MODULE FIRMWARE, beside an empty card. What is written is
judged by yubico-piv-tool and OpenSSL.
"""

import hashlib
import os
import re
import subprocess
import sys
import tempfile

import PyKCS11 as p11

from expected import expect

FLAGS = p11.CKF_SERIAL_SESSION | p11.CKF_RW_SESSION
KEY = "010203040506070801020304050607080102030405060708"
P256 = bytes.fromhex("06082a8648ce3d030107")
TOUCH_POLICY, PIN_POLICY = 0xd9554201, 0xd9554202
ATTESTATION = 0xd3474e01
DESTROYABLE, PROHIBITED = 0x172, 0x1b  # CKA_DESTROYABLE, CKR_ACTION_PROHIBITED
SHA256_RSA = p11.Mechanism(p11.CKM_SHA256_RSA_PKCS, None)
RSA_PAIR = p11.Mechanism(p11.CKM_RSA_PKCS_KEY_PAIR_GEN, None)
EC_PAIR = p11.Mechanism(p11.CKM_EC_KEY_PAIR_GEN, None)


def run(*command, data=None):
    return subprocess.run(command, check=True, capture_output=True,
                          input=data).stdout


def state(name):
    text = run(*os.environ["CARD_TELL"].split(), "state").decode()
    return int(re.search(name + r"=(\d+)", text).group(1))


def exchanges():
    with open(os.environ["CARD_TRACE"], encoding="ascii") as trace:
        return [line for line in trace if line.startswith(">")]


def silent(what, wanted, function, *arguments):
    """Refused, and the card hears nothing of it."""
    before = exchanges()
    expect(what, wanted, function, *arguments)
    if exchanges() != before:
        sys.exit(f"{what}: {exchanges()[len(before):]}")


def yubico(*arguments):
    return subprocess.run(["yubico-piv-tool", "-r", "", *arguments],
                          check=True, text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT).stdout


def certificate(subject, key=None, size=0):
    """Of a key of its own, or for a public key; at least of such a size, also
    when it is compressed to a half."""
    with tempfile.TemporaryDirectory() as folder:
        comment = "nsComment=" + os.urandom(size // 2).hex()
        extra = ["-addext", comment] if size else []
        run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes",
            "-subj", subject, "-keyout", folder + "/key", "-out",
            folder + "/cert", *extra)
        if key is not None:
            with open(folder + "/pub", "wb") as file:
                file.write(key)
            run("openssl", "req", "-new", "-key", folder + "/key", "-subj",
                subject, "-out", folder + "/request")
            run("openssl", "x509", "-req", "-in", folder + "/request",
                "-signkey", folder + "/key", "-force_pubkey", folder + "/pub",
                "-out", folder + "/cert")
        return run("openssl", "x509", "-in", folder + "/cert", "-outform",
                   "DER")


def certificate_template(der, cka_id):
    return [(p11.CKA_CLASS, p11.CKO_CERTIFICATE),
            (p11.CKA_CERTIFICATE_TYPE, p11.CKC_X_509),
            (p11.CKA_TOKEN, p11.CK_TRUE), (p11.CKA_PRIVATE, p11.CK_FALSE),
            (p11.CKA_LABEL, "mine"), (p11.CKA_ID, cka_id),
            (p11.CKA_VALUE, der)]


def pair(public, cka_id, private=()):
    return ([(p11.CKA_TOKEN, p11.CK_TRUE), (p11.CKA_ID, cka_id)] + public,
            [(p11.CKA_TOKEN, p11.CK_TRUE), (p11.CKA_PRIVATE, p11.CK_TRUE),
             (p11.CKA_ID, cka_id)] + list(private))


def rsa(cka_id, bits=2048):
    return pair([(p11.CKA_MODULUS_BITS, bits),
                 (p11.CKA_PUBLIC_EXPONENT, b"\1\0\1")], cka_id)


def ec(cka_id, curve=P256):
    return pair([(p11.CKA_EC_PARAMS, curve)], cka_id)


def public_key(session, key):
    """As PEM."""
    der = bytes(session.getAttributeValue(key, [p11.CKA_PUBLIC_KEY_INFO])[0])
    return run("openssl", "pkey", "-pubin", "-inform", "DER", data=der)


def count(session, kind, cka_id):
    return len(session.findObjects([(p11.CKA_CLASS, kind),
                                    (p11.CKA_ID, cka_id)]))


def login_of_so(session):
    wrong = p11.CKR_PIN_INCORRECT
    silent("no key", wrong, session.login, "1234", p11.CKU_SO)
    expect("a wrong key", wrong, session.login, "00" * 24, p11.CKU_SO)
    expect("a key for another cipher", wrong, session.login, "00" * 16,
           p11.CKU_SO)
    if state("admin"):
        sys.exit("a wrong key logs in")
    session.login(KEY, p11.CKU_SO)
    session.logout()
    if state("admin"):
        sys.exit("the management key outlives the logout")
    session.login(KEY, p11.CKU_SO)


def without_login(session):
    der = certificate("/CN=nobody")
    refused = p11.CKR_USER_NOT_LOGGED_IN
    silent("a certificate, without a login", refused, session.createObject,
           certificate_template(der, b"\1"))
    silent("random bytes", p11.CKR_OK, session.generateRandom, 32)
    silent("a key, without a login", refused, session.generateKeyPair,
           *rsa(b"\1"), RSA_PAIR)


def templates(session):
    """What cannot be is refused before the card hears of it."""
    der = certificate("/CN=judged")
    good = certificate_template(der, b"\1")
    invalid = p11.CKR_ATTRIBUTE_VALUE_INVALID
    incomplete = p11.CKR_TEMPLATE_INCOMPLETE

    def without(kind):
        return [a for a in good if a[0] != kind]

    silent("no class", incomplete, session.createObject,
           without(p11.CKA_CLASS))
    silent("no value", incomplete, session.createObject,
           without(p11.CKA_VALUE))
    silent("not a certificate", invalid, session.createObject,
           certificate_template(b"nonsense", b"\1"))
    silent("no such place", invalid, session.createObject,
           certificate_template(der, b"\x99"))
    silent("an attribute of keys", p11.CKR_TEMPLATE_INCONSISTENT,
           session.createObject, good + [(p11.CKA_MODULUS_BITS, 1024)])
    silent("a read-only attribute", p11.CKR_ATTRIBUTE_READ_ONLY,
           session.createObject, good + [(p11.CKA_UNIQUE_ID, b"1")])
    silent("too large", p11.CKR_DEVICE_MEMORY, session.createObject,
           certificate_template(certificate("/CN=large", size=7000),
                                b"\1"))
    silent("no bits", incomplete, session.generateKeyPair,
           *pair([], b"\1"), RSA_PAIR)
    silent("odd bits", p11.CKR_KEY_SIZE_RANGE, session.generateKeyPair,
           *rsa(b"\1", 1536), RSA_PAIR)
    silent("no curve", p11.CKR_CURVE_NOT_SUPPORTED, session.generateKeyPair,
           *ec(b"\1", b"\x06\x01\x00"), EC_PAIR)
    silent("another curve", p11.CKR_CURVE_NOT_SUPPORTED,
           session.generateKeyPair, *ec(b"\1", bytes.fromhex("06052b8104000a")),
           EC_PAIR)
    public, private = rsa(b"\1")
    private[2] = (p11.CKA_ID, b"\2")
    silent("two places", p11.CKR_TEMPLATE_INCONSISTENT,
           session.generateKeyPair, public, private, RSA_PAIR)


def keys(session):
    before = len(exchanges())
    public, private = session.generateKeyPair(*rsa(b"\1"), RSA_PAIR)
    cost = len(exchanges()) - before
    if cost > 5:
        sys.exit(f"a key took {cost} exchanges")
    pem = public_key(session, public)
    der = certificate("/CN=first", pem)
    session.createObject(certificate_template(der, b"\1"))
    found = session.findObjects([(p11.CKA_CLASS, p11.CKO_CERTIFICATE),
                                 (p11.CKA_ID, b"\1")])
    value = bytes(session.getAttributeValue(found[0], [p11.CKA_VALUE])[0])
    if value != der:
        sys.exit("another certificate")
    # the SO may not use it
    expect("the SO signs", p11.CKR_USER_NOT_LOGGED_IN, session.sign, private,
           b"message", SHA256_RSA)
    return pem, der


def judged(pem, der):
    """By Yubico's tool and OpenSSL, on the same card."""
    if "CN=first" not in yubico("-a", "status"):
        sys.exit("Yubico's tool does not see the certificate")
    text = yubico("-a", "read-certificate", "-s", "9a")
    got = run("openssl", "x509", "-outform", "DER", data=text.encode())
    if got != der:
        sys.exit("Yubico's tool reads another certificate")
    text = run("openssl", "x509", "-inform", "DER", "-noout", "-pubkey",
               data=der)
    if text != pem:
        sys.exit("the certificate has another key")
    with tempfile.NamedTemporaryFile() as file:
        file.write(run("openssl", "x509", "-inform", "DER", data=der))
        file.flush()
        if "Successful" not in yubico("-a", "verify-pin", "-P", "123456",
                                      "-a", "test-signature", "-s", "9a",
                                      "-i", file.name):
            sys.exit("Yubico's tool cannot sign")


def signs(session, pem):
    session.login("123456")
    key = session.findObjects([(p11.CKA_CLASS, p11.CKO_PRIVATE_KEY),
                               (p11.CKA_ID, b"\1")])[0]
    signature = bytes(session.sign(key, b"message", SHA256_RSA))
    with tempfile.TemporaryDirectory() as folder:
        for name, data in [("pub", pem), ("sig", signature)]:
            with open(f"{folder}/{name}", "wb") as file:
                file.write(data)
        run("openssl", "dgst", "-sha256", "-verify", folder + "/pub",
            "-signature", folder + "/sig", data=b"message")
    der = certificate("/CN=user")
    expect("the user writes", p11.CKR_USER_NOT_LOGGED_IN,
           session.createObject, certificate_template(der, b"\2"))
    session.logout()


def placed(session, firmware):
    """Without a CKA_ID, or with a hash, a key goes where nothing is, and its
    certificate goes where the key is."""
    def bare(templates, cka_id=None):
        return [[a for a in t if a[0] != p11.CKA_ID] +
                ([(p11.CKA_ID, cka_id)] if cka_id else [])
                for t in templates]

    def places():
        return sorted(bytes(session.getAttributeValue(o, [p11.CKA_ID])[0])
                      for o in session.findObjects(
                          [(p11.CKA_CLASS, p11.CKO_PUBLIC_KEY)]))

    session.login(KEY, p11.CKU_SO)
    for cka_id in (None, b"h" * 20):
        template = bare([certificate_template(certificate("/CN=x"), b"")],
                        cka_id)[0]
        expect("a certificate of no key here",
               p11.CKR_ATTRIBUTE_VALUE_INVALID if cka_id else
               p11.CKR_TEMPLATE_INCOMPLETE, session.createObject, template)
    before = places()
    if firmware == "neo":
        expect("no place that is surely empty", p11.CKR_TEMPLATE_INCOMPLETE,
               session.generateKeyPair, *bare(ec(b"")), EC_PAIR)
        public, _ = session.generateKeyPair(*ec(b"\2"), EC_PAIR)
        wanted = [b"\2"]
        made = [(public, None)]
    else:
        wanted = [bytes([n]) for n in (*range(1, 3), *range(5, 10),
                                       *range(0x10, 0x1a), *range(0x20, 0x25), 3)
                  if bytes([n]) not in before]
        made = []
        for at, place in enumerate(wanted):
            cka_id = b"h" * 20 if at % 2 else None
            public, _ = session.generateKeyPair(*bare(ec(b""), cka_id),
                                                EC_PAIR)
            made.append((public, cka_id))
            got = session.getAttributeValue(public, [p11.CKA_ID])[0]
            if bytes(got) != place:
                sys.exit(f"a key went to {bytes(got).hex()}")
        expect("all is full", p11.CKR_DEVICE_MEMORY, session.generateKeyPair,
               *bare(ec(b"")), EC_PAIR)
        if places() != sorted(before + wanted):
            sys.exit("a key was written over")
    for (public, cka_id), place in [*zip(made, wanted)][:2]:
        der = certificate("/CN=placed", public_key(session, public))
        session.createObject(bare([certificate_template(der, b"")],
                                  cka_id)[0])
        found = session.findObjects([(p11.CKA_CLASS, p11.CKO_CERTIFICATE),
                                     (p11.CKA_ID, place)])
        if len(found) != 1 or bytes(session.getAttributeValue(
                found[0], [p11.CKA_VALUE])[0]) != der:
            sys.exit("a certificate is not with its key")
    session.logout()


def attestor(session):
    """The certificate of F9 is read for who names it, and stays."""
    def reads():
        return sum("5C035FFF01" in line.replace(" ", "")
                   for line in exchanges())

    before = reads()
    session.findObjects([(p11.CKA_CLASS, p11.CKO_CERTIFICATE)])
    session.findObjects()
    if reads() != before:
        sys.exit("F9 that nobody asked for")
    by_id, = session.findObjects([(p11.CKA_ID, b"\x25")])
    by_label, = session.findObjects([(p11.CKA_LABEL, "Certificate for PIV "
                                                     "Attestation")])
    if by_id.value() != by_label.value() or reads() == before:
        sys.exit("F9 is two certificates, or none")
    der, category = session.getAttributeValue(
        by_id, [p11.CKA_VALUE, p11.CKA_CERTIFICATE_CATEGORY])
    theirs = run("openssl", "x509", "-outform", "DER", data=yubico(
        "-a", "read-certificate", "-s", "f9").encode())
    if bytes(der) != theirs or category[0] != 2:
        sys.exit("not the certificate of F9")
    session.logout()
    session.login(KEY, p11.CKU_SO)
    expect("F9 away", 0x1b, session.destroyObject, by_id)
    expect("F9 over", p11.CKR_ATTRIBUTE_VALUE_INVALID, session.createObject,
           certificate_template(certificate("/CN=f9"), b"\x25"))
    session.logout()
    session.login("123456")


def policies(session, firmware):
    """Where the card tells them they can be read; Yubico's module says the
    same."""
    session.login(KEY, p11.CKU_SO)
    if firmware == "neo":
        expect("policies", p11.CKR_CURVE_NOT_SUPPORTED,
               session.generateKeyPair,
               *pair([(p11.CKA_EC_PARAMS, P256)], b"\1",
                     [(PIN_POLICY, b"\3")]), EC_PAIR)
        session.logout()
        return
    for pin, touch, local in ((3, 3, True), (2, 2, True), (1, 1, True)):
        session.generateKeyPair(
            *pair([(p11.CKA_EC_PARAMS, P256)], b"\1",
                  [(PIN_POLICY, bytes([pin])), (TOUCH_POLICY, bytes([touch]))]),
            EC_PAIR)
        session.logout()
        session.login("123456")
        key, = session.findObjects([(p11.CKA_CLASS, p11.CKO_PRIVATE_KEY),
                                    (p11.CKA_ID, b"\1")])
        got = session.getAttributeValue(
            key, [PIN_POLICY, TOUCH_POLICY, p11.CKA_LOCAL, p11.CKA_PRIVATE,
                  p11.CKA_ALWAYS_AUTHENTICATE])
        wanted = [(pin,), (touch,), local, pin != 1, pin == 3]
        got = [tuple(g) if not isinstance(g, bool) else g for g in got]
        if got != wanted:
            sys.exit(f"policies {got}, not {wanted}")
        session.logout()
        session.login(KEY, p11.CKU_SO)
    session.logout()


def attested(session, firmware):
    """Only when it is asked for, and only of keys that the card made; 9A gets
    one, 9D has one that was brought."""
    session.login(KEY, p11.CKU_SO)
    session.generateKeyPair(*ec(b"\1"), EC_PAIR)
    session.logout()
    before = len(exchanges())
    session.login("123456")
    keys_at = {}
    for place in (b"\1", b"\3"):
        found = session.findObjects([(p11.CKA_CLASS, p11.CKO_PRIVATE_KEY),
                                     (p11.CKA_ID, place)])
        keys_at[place] = found[0]
        session.getAttributeValue(found[0], [p11.CKA_LABEL, p11.CKA_EC_PARAMS])

    def asked():
        return sum(line.replace(" ", "").startswith(">00F9")
                   for line in exchanges()[before:])

    if asked():
        sys.exit("an attestation that nobody asked for")

    def ask(place):
        return session.getAttributeValue(keys_at[place], [ATTESTATION])[0]

    if ask(b"\3") is not None:
        sys.exit("an attestation of a key that was brought")
    if firmware == "neo":
        if ask(b"\1") is not None:
            sys.exit("an attestation by a card that has none")
        session.logout()
        return
    der = bytes(ask(b"\1"))
    cost = len(exchanges())
    if bytes(ask(b"\1")) != der or len(exchanges()) != cost:
        sys.exit("the attestation is read twice")
    if not asked():
        sys.exit("an attestation that the card was not asked for")
    attestor(session)
    if count(session, p11.CKO_CERTIFICATE, b"\1") != 0:
        sys.exit("the attestation is a certificate of the slot's")
    pem = public_key(session, session.findObjects(
        [(p11.CKA_CLASS, p11.CKO_PUBLIC_KEY), (p11.CKA_ID, b"\1")])[0])
    session.logout()
    theirs = run("openssl", "x509", "-pubkey", "-noout",
                 data=yubico("-a", "attest", "-s", "9a").encode())
    ours = run("openssl", "x509", "-inform", "DER", "-pubkey", "-noout",
               data=der)
    if ours != pem or theirs != pem:
        sys.exit("an attestation of another key")
    issuer = yubico("-a", "read-certificate", "-s", "f9")
    with tempfile.TemporaryDirectory() as folder:
        with open(folder + "/ca", "w", encoding="ascii") as file:
            file.write(issuer)
        with open(folder + "/leaf", "wb") as file:
            file.write(run("openssl", "x509", "-inform", "DER", data=der))
        run("openssl", "verify", "-CAfile", folder + "/ca", folder + "/leaf")


def replaced(session):
    """A new key takes the old certificate away, and so does C_DestroyObject."""
    session.login(KEY, p11.CKU_SO)
    session.generateKeyPair(*ec(b"\1"), EC_PAIR)
    if count(session, p11.CKO_CERTIFICATE, b"\1") != 0:
        sys.exit("the old certificate is still there")
    if count(session, p11.CKO_PUBLIC_KEY, b"\1") != 1:
        sys.exit("the new key is not there")
    handle = session.createObject(
        certificate_template(certificate("/CN=gone"), b"\4"))
    session.destroyObject(handle)
    if count(session, p11.CKO_CERTIFICATE, b"\4") != 0:
        sys.exit("a destroyed certificate is still there")
    expect("destroyed twice", p11.CKR_OBJECT_HANDLE_INVALID,
           session.destroyObject, handle)
    session.logout()


def number(key, name):
    """A number of an openssl pkey -text dump."""
    text = re.search(rf"^{name}:\n((?: +[0-9a-f:]+\n)+)", key, re.M).group(1)
    return bytes.fromhex(re.sub(r"[^0-9a-f]", "", text)).lstrip(b"\0")


def rsa_template(path, cka_id, parts=("prime1", "prime2")):
    text = run("openssl", "pkey", "-in", path, "-text", "-noout").decode()
    kinds = {"modulus": p11.CKA_MODULUS, "prime1": p11.CKA_PRIME_1,
             "prime2": p11.CKA_PRIME_2, "exponent1": p11.CKA_EXPONENT_1,
             "exponent2": p11.CKA_EXPONENT_2,
             "coefficient": p11.CKA_COEFFICIENT,
             "privateExponent": p11.CKA_PRIVATE_EXPONENT}
    return [(p11.CKA_CLASS, p11.CKO_PRIVATE_KEY),
            (p11.CKA_KEY_TYPE, p11.CKK_RSA), (p11.CKA_TOKEN, p11.CK_TRUE),
            (p11.CKA_PRIVATE, p11.CK_TRUE), (p11.CKA_SENSITIVE, p11.CK_TRUE),
            (p11.CKA_ID, cka_id), (p11.CKA_PUBLIC_EXPONENT, b"\1\0\1")] + [
                (kinds[part], number(text, part)) for part in parts]


def ec_template(path, cka_id):
    text = run("openssl", "pkey", "-in", path, "-text", "-noout").decode()
    return [(p11.CKA_CLASS, p11.CKO_PRIVATE_KEY),
            (p11.CKA_KEY_TYPE, p11.CKK_EC), (p11.CKA_TOKEN, p11.CK_TRUE),
            (p11.CKA_ID, cka_id), (p11.CKA_EC_PARAMS, P256),
            (p11.CKA_VALUE, number(text, "priv"))]


def imports(session, firmware):
    """Keys that are brought, refused and replaced."""
    rsa_key, ec_key = (tempfile.NamedTemporaryFile() for _ in range(2))
    run("openssl", "genrsa", "-out", rsa_key.name, "2048")
    run("openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout",
        "-out", ec_key.name)
    whole = rsa_template(rsa_key.name, b"\3", (
        "modulus", "prime1", "prime2", "exponent1", "exponent2",
        "coefficient", "privateExponent"))
    invalid = p11.CKR_ATTRIBUTE_VALUE_INVALID
    silent("a key, without a login", p11.CKR_USER_NOT_LOGGED_IN,
           session.createObject, whole)
    session.login(KEY, p11.CKU_SO)
    silent("half a key", p11.CKR_TEMPLATE_INCOMPLETE, session.createObject,
           rsa_template(rsa_key.name, b"\3", ("prime1",)))
    for at, (kind, value) in enumerate(whole):
        if kind >= p11.CKA_MODULUS and kind != p11.CKA_PUBLIC_EXPONENT:
            wrong = bytes([value[0], value[1] ^ 1]) + value[2:]
            silent(f"a wrong {kind:x}", invalid, session.createObject,
                   whole[:at] + [(kind, wrong)] + whole[at + 1:])
    silent("a scalar of zero", invalid, session.createObject,
           ec_template(ec_key.name, b"\3")[:-1] + [(p11.CKA_VALUE, b"\0")])
    silent("no policy", invalid, session.createObject,
           whole + [(PIN_POLICY, b"\x09")])

    # the certificate comes first and stays, another one's goes
    pem = run("openssl", "pkey", "-in", rsa_key.name, "-pubout")
    der = certificate("/CN=brought", pem)
    session.createObject(certificate_template(der, b"\3"))
    session.createObject(whole)
    if count(session, p11.CKO_CERTIFICATE, b"\3") != 1:
        sys.exit("the certificate of a key that was brought is gone")
    session.createObject(rsa_template(rsa_key.name, b"\3"))
    session.createObject(ec_template(ec_key.name, b"\3"))
    if count(session, p11.CKO_CERTIFICATE, b"\3") != 0:
        sys.exit("a certificate of another key stays")
    policies = [(PIN_POLICY, b"\2"), (TOUCH_POLICY, b"\1")]
    if firmware == "neo":
        expect("policies", invalid, session.createObject,
               ec_template(ec_key.name, b"\1") + policies)
        policies = []
    session.createObject(ec_template(ec_key.name, b"\1") + policies)
    session.logout()
    session.login("123456")
    key = session.findObjects([(p11.CKA_CLASS, p11.CKO_PRIVATE_KEY),
                               (p11.CKA_ID, b"\1")])[0]
    digest = os.urandom(32)
    signature = bytes(session.sign(key, digest, p11.Mechanism(p11.CKM_ECDSA,
                                                              None)))
    session.logout()
    with tempfile.TemporaryDirectory() as folder:
        half = len(signature) // 2
        text = "asn1=SEQUENCE:s\n[s]\n" + "".join(
            f"{name}=INTEGER:0x{part.hex()}\n" for name, part in
            [("r", signature[:half]), ("s", signature[half:])])
        files = {"conf": text.encode(), "digest": digest}
        for name, data in files.items():
            with open(f"{folder}/{name}", "wb") as file:
                file.write(data)
        run("openssl", "asn1parse", "-genconf", folder + "/conf", "-out",
            folder + "/sig", "-noout")
        run("openssl", "pkeyutl", "-verify", "-inkey", ec_key.name, "-in",
            folder + "/digest", "-sigfile", folder + "/sig")


def put(tag, content):
    with tempfile.NamedTemporaryFile("w") as file:
        file.write(content)
        file.flush()
        yubico("-k" + KEY, "-a", "write-object", "--id", tag, "-f", "hex",
               "-i", file.name)


def protected(session):
    """The user writes when the PIN protects the management key."""
    put("0x5fff00", "8003810102")
    put("0x5fc109", "881a8918" + KEY)
    der = certificate("/CN=user")
    session.login("123456")
    session.createObject(certificate_template(der, b"\2"))
    if count(session, p11.CKO_CERTIFICATE, b"\2") != 1:
        sys.exit("the user's certificate is not there")
    session.logout()
    if state("admin"):
        sys.exit("what the user may write outlives the login")

    # a new management key is protected again
    other = "12" * 8 + "34" * 8 + "56" * 8
    session.login(KEY, p11.CKU_SO)
    session.setPin(KEY, other)
    session.logout()
    session.login("123456")
    session.createObject(certificate_template(der, b"\4"))
    session.logout()
    session.login(other, p11.CKU_SO)
    session.setPin(other, KEY)
    session.logout()

    # one that is made of the PIN follows it
    salt = bytes(range(16))
    put("0x5fff00", "8015" + "810100" + "8210" + salt.hex())
    made = hashlib.pbkdf2_hmac("sha1", b"123456", salt, 10000, 24).hex()
    yubico("-k" + KEY, "-a", "set-mgm-key", "-n", made)
    session.login("123456")
    session.createObject(certificate_template(der, b"\3"))
    session.setPin("123456", "654321")
    session.createObject(certificate_template(der, b"\4"))
    session.logout()
    session.setPin("654321", "123456")
    if state("admin"):
        sys.exit("a new PIN leaves the management key authenticated")
    session.login(made, p11.CKU_SO)
    session.setPin(made, KEY)
    session.logout()
    session.login("123456")
    expect("no key of the PIN's any more", p11.CKR_USER_NOT_LOGGED_IN,
           session.createObject, certificate_template(der, b"\2"))
    session.logout()


def able(session, moves):
    """What of the objects of 9D can be destroyed, and moved."""
    for what, expected in ((p11.CKO_PRIVATE_KEY, [moves, moves]),
                           (p11.CKO_PUBLIC_KEY, [False, False]),
                           (p11.CKO_CERTIFICATE, [True, False])):
        handles = session.findObjects([(p11.CKA_CLASS, what)])
        for handle in handles:
            told = session.getAttributeValue(
                handle, [DESTROYABLE, p11.CKA_MODIFIABLE])
            # an attribute that PyKCS11 does not know is bytes to it
            if [one in (True, (1,)) for one in told] != expected:
                sys.exit(f"class {what}: {told}, not {expected}")


def newer(session, firmware):
    """What came with firmware 5.7, and is refused before."""
    oid = {"ed": bytes.fromhex("06032b6570"), "x": bytes.fromhex("06032b656e")}
    edwards = p11.Mechanism(0x1055, None)     # CKM_EC_EDWARDS_KEY_PAIR_GEN
    montgomery = p11.Mechanism(0x1056, None)  # CKM_EC_MONTGOMERY_KEY_PAIR_GEN
    session.login(KEY, p11.CKU_SO)
    session.generateKeyPair(*ec(b"\4"), EC_PAIR)
    key = session.findObjects([(p11.CKA_CLASS, p11.CKO_PRIVATE_KEY),
                               (p11.CKA_ID, b"\4")])[0]
    session.setAttributeValue(key, [(p11.CKA_ID, b"\4")])
    session.setAttributeValue(key, [(p11.CKA_ID, b"x" * 20)])
    expect("another label",
           p11.CKR_ATTRIBUTE_READ_ONLY if firmware == "5.7" else PROHIBITED,
           session.setAttributeValue, key, [(p11.CKA_LABEL, "other")])
    able(session, firmware == "5.7")
    if firmware != "5.7":
        expect("no Ed25519", p11.CKR_MECHANISM_INVALID,
               session.generateKeyPair, *ec(b"\1", oid["ed"]), edwards)
        expect("no way to move", PROHIBITED,
               session.setAttributeValue, key, [(p11.CKA_ID, b"\5")])
        expect("no way to delete", PROHIBITED,
               session.destroyObject, key)
        session.logout()
        return
    session.generateKeyPair(*ec(b"\1", oid["ed"]), edwards)
    session.generateKeyPair(*ec(b"\3", oid["x"]), montgomery)
    expect("over another key", p11.CKR_ATTRIBUTE_VALUE_INVALID,
           session.setAttributeValue, key, [(p11.CKA_ID, b"\1")])
    session.setAttributeValue(key, [(p11.CKA_ID, b"\5")])
    if count(session, p11.CKO_PRIVATE_KEY, b"\4") or \
            not count(session, p11.CKO_PRIVATE_KEY, b"\5"):
        sys.exit("a key has not moved")
    for place in (b"\1", b"\3", b"\5"):
        key = session.findObjects([(p11.CKA_CLASS, p11.CKO_PRIVATE_KEY),
                                   (p11.CKA_ID, place)])[0]
        session.destroyObject(key)
        if count(session, p11.CKO_PUBLIC_KEY, place):
            sys.exit("a deleted key is still there")
    session.logout()


def mechanisms(lib, slot, firmware):
    """Those of this firmware."""
    def largest(name):
        return lib.getMechanismInfo(slot, name).ulMaxKeySize

    newest = firmware == "5.7"
    edwards = {"CKM_EDDSA", "CKM_EC_EDWARDS_KEY_PAIR_GEN",
               "CKM_EC_MONTGOMERY_KEY_PAIR_GEN"}
    listed = {str(m) for m in lib.getMechanismList(slot)}
    info = [lib.getMechanismInfo(slot, m) for m in listed & edwards]
    made = [m for m in info if m.flags & (p11.CKF_SIGN |
                                          p11.CKF_GENERATE_KEY_PAIR)]
    if len(made) != (3 if newest else 0):
        sys.exit(f"not the mechanisms of {firmware}: {listed & edwards}")
    for name in ("CKM_RSA_PKCS_KEY_PAIR_GEN", "CKM_SHA256_RSA_PKCS"):
        if largest(name) != (4096 if newest else 2048):
            sys.exit(f"{name} up to {largest(name)}")
    for name in ("CKM_EC_KEY_PAIR_GEN", "CKM_ECDSA"):
        if largest(name) != (256 if firmware == "neo" else 384):
            sys.exit(f"{name} up to {largest(name)}")


def pins(session):
    other = "12" * 8 + "34" * 8 + "56" * 8
    wrong, locked = p11.CKR_PIN_INCORRECT, p11.CKR_PIN_LOCKED
    session.login(KEY, p11.CKU_SO)
    expect("an old key that is wrong", wrong, session.setPin, other, other)
    expect("a key of no size", p11.CKR_PIN_LEN_RANGE, session.setPin, KEY,
           "12" * 20)
    expect("a new key", p11.CKR_OK, session.setPin, KEY, other)
    session.logout()
    expect("the old key", wrong, session.login, KEY, p11.CKU_SO)
    session.login(other, p11.CKU_SO)
    expect("the key again", p11.CKR_OK, session.setPin, other, KEY)
    expect("the SO sets the PIN", p11.CKR_FUNCTION_NOT_SUPPORTED,
           session.initPin, "123456")
    session.logout()

    silent("a short PIN", p11.CKR_PIN_LEN_RANGE, session.setPin, "123456",
           "12345")
    expect("a wrong PIN", wrong, session.setPin, "999999", "654321")
    if state("pin") != 2:
        sys.exit("a wrong PIN costs not one try")
    expect("a new PIN", p11.CKR_OK, session.setPin, "123456", "654321")
    if state("verified"):
        sys.exit("a new PIN is left verified")
    for _ in range(2):
        expect("a wrong PIN", wrong, session.setPin, "999999", "123456")
    try:  # cards differ in what they call the last one
        session.setPin("999999", "123456")
    except p11.PyKCS11Error as error:
        if error.value not in (wrong, locked):
            raise
    expect("a blocked PIN", locked, session.setPin, "654321", "123456")
    expect("the PUK as a PIN", locked, session.setPin, "12345678", "123456")
    if state("puk") != 3:
        sys.exit("a PUK try is gone")
    expect("a wrong PUK", wrong, session.setPin, "PUK:87654321", "123456")
    if state("puk") != 2:
        sys.exit("a wrong PUK costs not one try")
    expect("the PUK", p11.CKR_OK, session.setPin, "PUK:12345678", "123456")
    if state("pin") != 3 or state("puk") != 3:
        sys.exit("not all tries are there")
    session.login("123456")
    session.logout()


def reset(lib, slot):
    wrong = p11.CKR_PIN_INCORRECT
    expect("a reset with a wrong key", wrong, lib.initToken, slot, "00" * 24,
           "label")
    if state("pin") != 3 or state("puk") != 3:
        sys.exit("a refused reset costs tries")
    lib.initToken(slot, KEY, "label")
    if state("pin") != 3 or state("puk") != 3:
        sys.exit("not all tries after the reset")
    session = lib.openSession(slot, FLAGS)
    if session.findObjects([(p11.CKA_CLASS, p11.CKO_PUBLIC_KEY)]):
        sys.exit("a key outlives the reset")
    session.login("123456")
    session.closeSession()


def main():
    lib = p11.PyKCS11Lib()
    lib.load(sys.argv[1])
    slot = lib.getSlotList(tokenPresent=True)[0]
    session = lib.openSession(slot, FLAGS)
    mechanisms(lib, slot, sys.argv[2])
    without_login(session)
    login_of_so(session)
    templates(session)
    pem, der = keys(session)
    session.logout()
    judged(pem, der)
    signs(session, pem)
    replaced(session)
    imports(session, sys.argv[2])
    policies(session, sys.argv[2])
    attested(session, sys.argv[2])
    newer(session, sys.argv[2])
    placed(session, sys.argv[2])
    pins(session)
    if sys.argv[2] != "5.7":  # Yubico's tool knows no AES before its 2.3
        protected(session)
    session.closeSession()
    reset(lib, slot)


main()
