#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Makes headers of the project's fit to be included together with ice's, which has many of their names.

usage: names.py OUT ICE-HEADER PREFIX:HEADER[:LEAST]...

OUT/PREFIX.h is HEADER, with PREFIX_ before each name that it defines. OUT/same.h has a
static_assert for each name that ICE-HEADER has as well, as NAME or NAME_M. Fewer than LEAST
of them in one HEADER is an error: then ice has other names now, and nothing is compared.
"""
import re
import sys

DEFINE = re.compile(r"^#define[ \t]+(\w+)(\([^)]*\))?", re.M)
ENUM = re.compile(r"\benum\b[^{;]*\{([^}]*)\}")


def defined(text):
    """{name: number of arguments, None for none}, in the order of the text"""
    return {m[1]: m[2] and m[2].count(",") + 1 for m in DEFINE.finditer(text)}


def use(name, args, prefix=""):
    return prefix + name + ("(" + ", ".join(["0"] * args) + ")" if args else "")


def main(out, theirs, *ours):
    ice = defined(open(theirs).read())
    asserts = []
    for arg in ours:
        prefix, path, least = (arg.split(":") + ["0"])[:3]
        text = re.sub(r"/\*.*?\*/", "", open(path).read(), flags=re.S)
        text = re.sub(r"^#include.*\n", "", text, flags=re.M)
        names = defined(text)
        bare = re.sub(r"=[^,}]*", "", " ".join(ENUM.findall(text)))
        every = set(names) | set(re.findall(r"\w+", bare))
        with open(f"{out}/{prefix}.h", "w") as f:
            f.write(re.sub(r"\b[A-Za-z_]\w*", lambda m: (m[0] in every) * f"{prefix}_" + m[0], text))
        same = [(n, i) for n in names for i in (n, n + "_M") if i in ice]
        if len(same) < int(least):
            sys.exit(f"{path}: only {len(same)} names of {theirs}, not {least}")
        asserts += [f"SAME({use(n, names[n], prefix + '_')}, {use(i, ice[i])});\n" for n, i in same]
    with open(f"{out}/same.h", "w") as f:
        f.writelines(asserts)
    print(len(asserts), "names compared")


if __name__ == "__main__":
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    main(*sys.argv[1:])
