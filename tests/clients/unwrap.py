#!/usr/bin/python3
"""Reads a message that OpenSSL encrypted for a key on a card: C_UnwrapKey gives
the key of its content, which then decrypts it in the session.

usage: unwrap.py MODULE ID PADDING..., each as "openssl pkeyutl" calls it, beside
a card whose key ID decrypts
"""

import os
import subprocess
import sys
import tempfile

import PyKCS11 as p11

from expected import expect, is_equal

PIN = "123456"
MESSAGE = b"What is for the holder of this card.\n" * 50
CKA_PUBLIC_KEY_INFO = 0x129
MECHANISMS = {"pkcs1": p11.Mechanism(p11.CKM_RSA_PKCS, None),
              "oaep": p11.RSAOAEPMechanism(p11.CKM_SHA_1, p11.CKG_MGF1_SHA1)}
CONTENT_KEY = [(p11.CKA_CLASS, p11.CKO_SECRET_KEY),
               (p11.CKA_KEY_TYPE, p11.CKK_AES), (p11.CKA_DECRYPT, True),
               (p11.CKA_SENSITIVE, True)]


def exchanges():
    with open(os.environ["CARD_TRACE"], encoding="ascii") as trace:
        return sum(line.startswith(">") for line in trace)


def openssl(*command, data):
    return subprocess.run(["openssl", *command], input=data, check=True,
                          capture_output=True).stdout


def envelope(info, padding):
    """The encrypted content with its IV, and the wrapped key."""
    key, iv = os.urandom(32), os.urandom(16)
    with tempfile.NamedTemporaryFile() as public:
        public.write(info)
        public.flush()
        wrapped = openssl("pkeyutl", "-encrypt", "-pubin", "-keyform", "DER",
                          "-inkey", public.name, "-pkeyopt",
                          "rsa_padding_mode:" + padding, data=key)
    content = openssl("enc", "-aes-256-cbc", "-K", key.hex(), "-iv", iv.hex(),
                      data=MESSAGE)
    return content, iv, wrapped


def find(session, key_class, key_id):
    found = session.findObjects([(p11.CKA_CLASS, key_class),
                                 (p11.CKA_ID, bytes.fromhex(key_id))])
    is_equal("keys", len(found), 1)
    return found[0]


def cost(function, *arguments):
    """What it gives or is refused with, and how often the card was asked."""
    before = exchanges()
    try:
        given = function(*arguments)
    except p11.PyKCS11Error as error:
        given = error.value
    return given, exchanges() - before


def read(session, key_id, padding):
    private = find(session, p11.CKO_PRIVATE_KEY, key_id)
    public = find(session, p11.CKO_PUBLIC_KEY, key_id)
    info = bytes(session.getAttributeValue(public, [CKA_PUBLIC_KEY_INFO])[0])
    content, iv, wrapped = envelope(info, padding)
    how = MECHANISMS[padding]
    _, decryption = cost(session.decrypt, private, wrapped, how)
    refused, nothing = cost(session.unwrapKey, private, wrapped,
                            CONTENT_KEY[:1], how)
    is_equal("without a type", refused, p11.CKR_TEMPLATE_INCOMPLETE)
    is_equal("exchanges for a key that cannot be made", nothing, 0)
    key, unwrapping = cost(session.unwrapKey, private, wrapped, CONTENT_KEY,
                           how)
    is_equal("exchanges, as of C_Decrypt", unwrapping, decryption)
    plain = bytes(session.decrypt(
        key, content, p11.Mechanism(p11.CKM_AES_CBC_PAD, iv)))
    is_equal("the message", plain, MESSAGE)
    damaged = bytes(len(wrapped) - 1) + b"\1"
    expect("a key that is damaged", p11.CKR_WRAPPED_KEY_INVALID,
           session.unwrapKey, private, damaged, CONTENT_KEY, how)


def main():
    module, key_id, *paddings = sys.argv[1:]
    lib = p11.PyKCS11Lib()
    lib.load(module)
    slot = lib.getSlotList(tokenPresent=True)[0]
    session = lib.openSession(slot, p11.CKF_SERIAL_SESSION)
    session.login(PIN)
    for padding in paddings:
        read(session, key_id, padding)
        print(padding, "passed")


main()
