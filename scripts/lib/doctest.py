# SPDX-License-Identifier: GPL-2.0-only
# Runs the commands that pages of documentation show. See usage.
import re
import subprocess
import sys

USAGE = """usage: doctest.py [--set TEXT=WITH]... [--after SCRIPT] [--all] PAGE... -- COMMAND [ARGUMENT...]

Of reStructuredText pages, run each literal block by COMMAND, whose last argument it becomes, and print TAP. All blocks of a page are run by bash
in their order, each in the folder in which the one before it has ended, up to the first command that fails. A comment before a block says what
to do with it:

    .. test: run            run it. If lines begin with "# ", then these are its commands, and the others are what they print, line by line:
                            "..." stands for anything, a number for any number
    .. test: run with TOOL  the same, if there is that tool, or with --all: then it is a failure if there is none
    .. test: no, REASON     it is no test, for that reason

A block without such a comment is a failure; one of ".. code-block:: none" is no command. --set replaces a text that stands for something in
the pages, such as an address, in what is run and in what is expected. --after is run behind each page.
"""


def blocks(page):
    """(line, test, text) of each literal block; its test is that of the comment before it, or None"""
    with open(page) as f:
        lines = f.read().splitlines()
    test, n = None, 0
    while n < len(lines):
        line = lines[n]
        comment = re.fullmatch(r"\s*\.\. test: (.*)", line)
        if comment:
            test = comment[1]
            # It may go on
            while n + 1 < len(lines) and re.match(r"\s+\S", lines[n + 1]):
                n += 1
                test += " " + lines[n].strip()
        is_code = re.match(r"\s*\.\. code-block::\s*(\S*)", line)
        if is_code or (line.rstrip().endswith("::") and not line.lstrip().startswith("..")):
            indent = len(line) - len(line.lstrip())
            start = n = n + 1
            while n < len(lines) and (not lines[n].strip() or len(lines[n]) - len(lines[n].lstrip()) > indent):
                n += 1
            text = [line for line in lines[start:n] if not re.match(r"\s*:\w+:", line)]
            if not is_code or is_code[1] != "none":
                yield start, test, strip(text)
            test = None
            continue
        n += 1


def strip(text):
    """Without what all lines begin with, and without empty ones around"""
    indent = min(len(line) - len(line.lstrip()) for line in text if line.strip())
    return "\n".join(line[indent:] for line in text).strip("\n")


def split(text):
    """What to run, and what lines it has to print, or None if the page does not say"""
    if not re.search(r"^# ", text, re.M):
        return text, None
    commands, expected = [], []
    for line in text.splitlines():
        if line.startswith("# "):
            commands.append(line[2:])
        elif commands and commands[-1].endswith("\\"):
            commands.append(line)
        elif line.strip():
            expected.append(line)
    return "\n".join(commands), expected


def pattern(line):
    parts = re.split(r"(\.\.\.|\d+)", line)
    return "".join(".*" if part == "..." else r"\d+" if part.isdigit() else re.escape(part) for part in parts)


def missing(expected, output):
    """The first line that is expected and does not come, in their order"""
    lines = iter(output.splitlines())
    return next((line for line in expected if not any(re.fullmatch(pattern(line), got.rstrip()) for got in lines)), None)


def main(args):
    replace, pages, after, everything = [], [], None, False
    while args and args[0] != "--":
        arg = args.pop(0)
        if arg == "--set" and args and "=" in args[0]:
            replace.append(args.pop(0).split("=", 1))
        elif arg == "--after" and args:
            after = args.pop(0)
        elif arg == "--all":
            everything = True
        elif arg.startswith("-"):
            sys.exit(USAGE)
        else:
            pages.append(arg)
    command = args[1:]
    if not pages or not command:
        sys.exit(USAGE)

    count, bad = 0, False
    for page in pages:
        where = "/"
        for line, test, text in blocks(page):
            name = f"{count + 1} {page.split('/')[-1]}:{line}: {text.splitlines()[0][:60]}".replace("#", "")
            if test and re.match(r"no, \S", test):
                print(f"# not run: {name.split(' ', 1)[1]}: {test[4:]}", flush=True)
                continue
            tool = re.fullmatch(r"run with (\S+)", test or "")
            if tool and not everything and subprocess.run([*command, f"command -v {tool[1]}"], stdin=subprocess.DEVNULL,
                                                          stdout=subprocess.DEVNULL, check=False).returncode:
                print(f"# not run: {name.split(' ', 1)[1]}: no {tool[1]} here", flush=True)
                continue
            count += 1
            if test != "run" and not tool:
                bad = True
                print(f"not ok {name}\n# neither run nor said why not", flush=True)
                continue
            for old, new in replace:
                text = text.replace(old, new)
            code, expected = split(text)
            script = f"cd '{where}' || exit\ntrap 'echo \"in folder $PWD\"' EXIT\nset -eo pipefail\n{code}\n"
            done = subprocess.run([*command, script], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
            output, found, folder = done.stdout.rpartition("in folder ")
            where = folder.strip() if found else where
            lacks = missing(expected or [], output)
            if done.returncode or not found or lacks:
                bad = True
                print(f"not ok {name}")
                print(f"# exit status {done.returncode}" if not lacks else f"# does not print: {lacks}")
                print("\n".join(f"# {said}" for said in (code + "\n" + done.stdout).splitlines()), flush=True)
            else:
                print(f"ok {name}", flush=True)
        if after:
            subprocess.run([*command, after], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=True)
    print(f"1..{count}")
    return bad


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
