"""What a test of PyKCS11 holds an answer against."""

import sys

import PyKCS11 as p11


def is_equal(what, got, wanted):
    if got != wanted:
        sys.exit(f"{what}: {got}, not {wanted}")


def expect(what, wanted, function, *arguments):
    """The call answers WANTED, a CKR_ value."""
    got = p11.CKR_OK
    try:
        function(*arguments)
    except p11.PyKCS11Error as error:
        got = error.value
    is_equal(what, p11.CKR.get(got, got), p11.CKR.get(wanted, wanted))
