#!/usr/bin/env python3
"""Writes the C file that stands between the cases and the module.

Each function of the module's lists is called through one that keeps what was
answered, so that coverage.py can tell which answers of the standard the cases
have seen.

usage: answers.py FUNCTIONS OUTPUT
"""

import csv
import pathlib
import sys

LISTS = [("CK_FUNCTION_LIST", "2.40"), ("CK_FUNCTION_LIST_3_0", "3.0"),
         ("CK_FUNCTION_LIST_3_2", "3.2")]

PROLOGUE = """\
#include <stdatomic.h>

#include "suite.h"

enum { ANSWERS = 1024 };

static const char *const names[] = {
%(names)s
};
/* Nothing is ordered by it: it must not hide what threads do to each other. */
static atomic_bool given[%(count)d][ANSWERS];

static CK_RV
keep(size_t function, CK_RV rv)
{
\tsize_t place = rv < ANSWERS ? rv : ANSWERS - 1;

\tatomic_store_explicit(&given[function][place], true,
\t\t\t      memory_order_relaxed);
\treturn rv;
}

bool
answers_write(const char *path)
{
\tFILE *file = fopen(path, "a");
\tsize_t function, rv;

\tif (file == NULL)
\t\treturn false;
\tfor (function = 0; function < %(count)d; function++) {
\t\tfor (rv = 0; rv < ANSWERS; rv++) {
\t\t\tif (given[function][rv])
\t\t\t\tfprintf(file, "%%s\\t0x%%zx\\n", names[function],
\t\t\t\t\trv);
\t\t}
\t}
\treturn fclose(file) == 0;
}
"""


def functions(path):
    with open(path, newline="") as file:
        rows = list(csv.reader(file, delimiter="\t"))[1:]
    return [(name, since, types.split(", ")) for _, name, since, types in rows]


def caller(kind, number, name, types):
    parameters = ", ".join(f"{kind_of} p{i}" for i, kind_of in enumerate(types))
    arguments = ", ".join(f"p{i}" for i in range(len(types)))
    return (f"static CK_RV\n{kind}_{name}({parameters})\n{{\n"
            f"\treturn keep({number}, real_{kind}->{name}({arguments}));\n}}\n")


def listing(kind, all_functions, version):
    """One function list whose entries keep what the real one answers."""
    mine = [(number, name, types)
            for number, (name, since, types) in enumerate(all_functions)
            if float(since) <= float(version)]
    lines = [f"static {kind} *real_{kind};", f"static {kind} kept_{kind};", ""]
    lines += [caller(kind, *one) for one in mine]
    lines += [f"{kind} *", f"answers_of_{kind}({kind} *real)", "{",
              "\tif (real == NULL)", "\t\treturn NULL;",
              f"\treal_{kind} = real;", f"\tkept_{kind}.version = real->version;"]
    lines += [f"\tif (real->{name} != NULL)\n"
              f"\t\tkept_{kind}.{name} = {kind}_{name};" for _, name, _ in mine]
    lines += [f"\treturn &kept_{kind};", "}", ""]
    return "\n".join(lines)


def main():
    table, output = sys.argv[1:]
    found = functions(table)
    names = "\n".join(f'\t"{name}",' for name, _, _ in found)
    parts = [PROLOGUE % {"names": names, "count": len(found)}]
    parts += [listing(kind, found, version) for kind, version in LISTS]
    pathlib.Path(output).write_text("\n".join(parts))


main()
