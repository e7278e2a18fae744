#!/usr/bin/env python3
"""Holds include/cryptoki.h against the tables of Cryptoki beside this file.

facts.py assertions OUTPUT   writes a C file that compiles if the header has
                             every value, structure and function of the tables
facts.py names HEADER        fails if the header has a name of none of them
"""

import csv
import pathlib
import re
import sys

HERE = pathlib.Path(__file__).parent
LISTS = {"2.40": "CK_FUNCTION_LIST", "3.0": "CK_FUNCTION_LIST_3_0",
         "3.2": "CK_FUNCTION_LIST_3_2"}

# What p11-kit's header has had since 0.23. In what it added later it differs
# from the standard: CK_INTERFACE, C_DecapsulateKey, names of fields.
SHARED = """
CK_VERSION CK_INFO CK_SLOT_INFO CK_TOKEN_INFO CK_SESSION_INFO CK_ATTRIBUTE
CK_DATE CK_MECHANISM CK_MECHANISM_INFO CK_C_INITIALIZE_ARGS
CK_RSA_PKCS_OAEP_PARAMS CK_RSA_PKCS_PSS_PARAMS CK_ECDH1_DERIVE_PARAMS
CK_AES_CTR_PARAMS CK_GCM_PARAMS CK_DES_CBC_ENCRYPT_DATA_PARAMS
CK_AES_CBC_ENCRYPT_DATA_PARAMS CK_KEY_DERIVATION_STRING_DATA CK_OTP_PARAM
CK_OTP_PARAMS CK_OTP_SIGNATURE_INFO
""".split()

# NTH is where a function list has its nth function, counted from 0.
PROLOGUE = """\
#include <stddef.h>
#include "cryptoki.h"

#define FACT(fact) _Static_assert(fact, #fact)
#define UP(size, to) (((size) + (to) - 1) / (to) * (to))
#define END(type, field) (offsetof(type, field) + sizeof(((type *)0)->field))
#define POINTER sizeof(void (*)(void))
#define NTH(n) (UP(sizeof(CK_VERSION), POINTER) + (n) * POINTER)
#define IS(expression, type) _Generic((expression), type: 1, default: 0)

FACT(CRYPTOKI_VERSION_MAJOR == 3);
FACT(CRYPTOKI_VERSION_MINOR == 2);
FACT(CRYPTOKI_VERSION_AMENDMENT == 0);
"""


def table(name):
    with open(HERE / f"pkcs11-{name}.tsv", newline="") as file:
        return list(csv.reader(file, delimiter="\t"))[1:]


def identifiers():
    return {name: value for name, value, _, in_3_2 in table("identifiers")
            if in_3_2 == "yes"}


def structures():
    """Each structure's fields: name, type, length if it is an array."""
    found = {}
    for struct, _, field, kind in table("structs"):
        name, length = re.fullmatch(r"(\w+)(?:\[(\d+)\])?", field).groups()
        kind = kind.removeprefix("struct ")
        found.setdefault(struct, []).append((name, kind, length))
    return found


def structure_facts(struct, fields):
    end = "0"
    for name, kind, length in fields:
        yield f"offsetof({struct}, {name}) == UP({end}, _Alignof({kind}))"
        member = f"(({struct} *)0)->{name}"
        if length:
            yield f"sizeof({member}) == {length} * sizeof({kind})"
            yield f"IS(&{member}[0], {kind} *)"
        else:
            yield f"IS({member}, {kind})"
        end = f"END({struct}, {name})"
    yield f"sizeof({struct}) == UP({end}, _Alignof({struct}))"


def list_facts(since, struct):
    names = [name for _, name, version, _ in table("functions")
             if float(version) <= float(since)]
    yield f"offsetof({struct}, version) == 0"
    yield f"IS((({struct} *)0)->version, CK_VERSION)"
    for n, name in enumerate(names):
        yield f"offsetof({struct}, {name}) == NTH({n})"
        yield f"IS((({struct} *)0)->{name}, CK_{name})"
    yield f"sizeof({struct}) == NTH({len(names)})"


def function_facts():
    for _, name, _, parameters in table("functions"):
        yield f"IS(&{name}, CK_RV (*)({parameters}))"
        yield f"IS(&{name}, CK_{name})"


def shared_facts():
    for name, value in identifiers().items():
        yield f"{name} == {value}"
    for struct in SHARED:
        yield from structure_facts(struct, structures()[struct])
    for since, struct in LISTS.items():
        yield from list_facts(since, struct)


def other_facts():
    for struct, fields in structures().items():
        if struct not in SHARED:
            yield from structure_facts(struct, fields)
    yield from function_facts()


def assertions():
    yield PROLOGUE
    yield from (f"FACT({fact});" for fact in shared_facts())
    yield "#if CRYPTOKI_FOUND <= 240"
    yield from (f"FACT({fact});" for fact in other_facts())
    yield "#endif"


def check_names(header):
    text = re.sub(r"/\*.*?\*/", "", header.read_text(), flags=re.S)
    functions = [row[1] for row in table("functions")]
    kinds = {
        "constants": (r"^#define (CK[A-Z]?_\w+)[ \t]", identifiers()),
        "structures": (r"^typedef struct \w+ \{.*?^\} (\w+);", structures()),
        "functions": (r"^\tX\((C_\w+),", functions),
    }
    wrong = False
    for kind, (pattern, known) in kinds.items():
        found = re.findall(pattern, text, flags=re.M | re.S)
        odd = set(found) ^ set(known)
        twice = {name for name in found if found.count(name) > 1}
        print(f"{len(found)} {kind}, in one place only:", sorted(odd) or "none",
              "twice:", sorted(twice) or "none")
        wrong = wrong or bool(odd or twice)
    sys.exit(wrong)


def main():
    verb, path = sys.argv[1], pathlib.Path(sys.argv[2])
    if verb == "names":
        check_names(path)
    path.write_text("\n".join(assertions()) + "\n")


main()
