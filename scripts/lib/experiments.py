# SPDX-License-Identifier: GPL-2.0-only
# The page of scripts/experiments. See usage.
import html
import os
import shutil
import statistics
import sys
import textwrap

import bench

# What the paper says: its text and the values of its figures are in no public store
SAME = "similar performance as SR-IOV"
PAPER = {
    "8": SAME, "9": SAME, "10": SAME, "13": SAME, "polled": SAME,
    "start": "758 VDEVs, 256 VFs, 2.96 times as many; containers ready 2.9 times as fast",
    "startup": "not in the paper; FastIOV (EuroSys'25), 200 containers with VFs: mean -65.7 %, p99 -75.4 %, with kernel, QEMU and Kata patched",
    "11": "758 guests with a VDEV each, all at once; 256 with a VF",
    "12": "containers ready 2.9 times as fast in the median, 758 VDEVs beside 256 VFs",
    "14": SAME, "15": SAME, "16": SAME,
    "many": "the artifact has figures 14 to 16 run with 16 VDEVs (NumberAdis) of at most 60: " + SAME,
    "devices": "more devices than SR-IOV has, and made faster (NIC: 2.96 times as many, 2.9 times as fast)",
}
CARRY = [
    "Counts, which no machine changes: traps, exits for device memory, interrupts and tails for 1000 requests; devices of one card. That a "
    "doorbell does not leave the guest is so on any card. Ratios of what software does for a VDEV and for a VF: the same driver, in the same "
    "guest, of one and of the other.",
    "Rates do not, neither requests a second nor megabits: the cards are programs, on the same processors as the guest that waits for them. "
    "Nor do times with a card's own work in them (resets, firmware). Ratios of rates say that VDEV and VF cost software alike, not what the "
    "silicon's arbiters make of many of them.",
]


def usage():
    print("usage: experiments.py DIR           write DIR/index.html, of DIR/figure-*\n"
          "       experiments.py DIR PAGES     write what of DIR/figure-* is finished into PAGES/figure-*, and of all that are there PAGES/index.rst, for Sphinx\n"
          "       standard input: scripts/experiments' list")
    sys.exit(2)


def text_of(*path):
    try:
        with open(os.path.join(*path)) as f:
            return f.read()
    except FileNotFoundError:
        return ""


def ratios(directory, part, pair):
    """Medians of all tests' ratios of a pair of ways: rates, and of pings times"""
    medians = []
    for name in sorted(os.listdir(directory)):
        if name.endswith(".csv"):
            results, _, _ = bench.read_guest(os.path.join(directory, name))
            by_run = [bench.run_ratios(by_device, pair) for (_, unit), by_device in results.items() if unit.endswith("/s") or part == "guest-ping"]
            medians += [statistics.median(r) for r in by_run if r]
    return medians


def ours(directory, part):
    """The figure beside the paper's: VDEV against VF"""
    if part in ("life", "qat-life"):
        lives = bench.read_lives(directory, part)
        vfs, vdevs = (max(n for kind, n in lives if kind == which) for which in ("vf", "vdev"))
        ready = {key: value[1]["ready"] for key, value in lives.items()}
        # A quick run makes fewer VFs than there can be
        most = f"{vdevs} VDEVs" if " --quick " in text_of(directory, "meta") else f"{vdevs} VDEVs or {vfs} VFs, {vdevs / vfs:.2f} times"
        return (f"{most}; {vfs} of them are ready {ready['vf', vfs] / ready['vdev', vfs]:.1f} times as fast: "
                f"{ready['vdev', vfs]:.1f} and {ready['vf', vfs]:.1f} ms each")
    if part == "startup":
        startups = bench.read_startups(directory)
        n = max(n for kind, n in startups if kind == "vdev")
        vdev, vf, alone = startups["vdev", n][1], startups["vf", n][1], statistics.median(startups["vdev", 1][1])
        return (f"{n} at once, each to a guest whose queues are on: median {statistics.median(vdev):.0f} ms, p99 {bench.percentile(vdev, 99):.0f} "
                f"({bench.percentile(vdev, 99) / alone:.1f} times one alone); VFs {statistics.median(vf):.0f} and {bench.percentile(vf, 99):.0f} ms")
    if part == "container":
        results, _, runs = bench.read_container(directory)
        said = []
        for test, by_way in results.items():
            pairs = [f"{how} {statistics.median(bench.run_ratios(by_way, (way, 'vdev'))):.2f}"
                     for way, how in (("vf", "VF/VDEV"), ("alone", "VF that sees itself alone/VDEV")) if way in by_way]
            said.append(f"{test}: " + (", ".join(pairs) or f"{statistics.median(by_way['vdev']):.2f} s"))
        return f"times to a port that is up: {'; '.join(said)}; {runs} run{'s'[:runs != 1]}"
    if part == "crowd":
        found = bench.read_by_run(os.path.join(directory, "crowd.csv"))
        said = []
        for (test, unit), by_way in found.items():
            if unit != "Mbit/s" or not test.endswith((" 1 flows", "VDEVs send")):
                continue
            fair = {way: statistics.median(min(v) / max(v) for v in by_run.values()) for way, by_run in by_way.items()}
            ratio = [sum(a) / sum(b) for a, b in zip(by_way["vdev"].values(), by_way["vf"].values())] if "vf" in by_way else []
            said.append(f"{test.replace(' send 1 flows', '')}: " + (f"all together VDEV/VF {statistics.median(ratio):.2f}, " if ratio else "") +
                        "least/most " + ", ".join(f"{value:.2f} ({bench.WAYS[way]})" for way, value in fair.items()))
        return "; ".join(said)
    said = []
    found = {layout: [ratios(directory, part, pair) for pair in pairs] for layout, pairs in bench.LAYOUTS.items()}
    # Only of a guest with VDEVs of both
    both = all(own for own, _ in found.values())
    for layout, some in found.items():
        for medians, how in zip(some, ("", " with Tx interrupts every 3 ms")):
            if medians:
                spread = f"the median of {len(medians)} tests ({min(medians):.2f} to {max(medians):.2f})" if len(medians) > 1 else "one test"
                said.append((f"{layout}{how}: " if both else "") + f"{statistics.median(medians):.2f}, {spread}")
    if part == "qat-many":
        even, most = bench.evenness(os.path.join(directory, "many.csv"))
        said.append(f"of {most} at once the slowest does {even['vdev']:.2f} of what the fastest does (VFs {even['vf']:.2f})")
    runs = int(text_of(directory, "done"))
    return f"{'times' if part == 'guest-ping' else 'rates'}, VDEV/VF: {'; '.join(said)}; {runs} run{'s'[:runs != 1]}"


def collect(directory):
    """Of standard input's list: figure, experiment, its name, title, what is ours or None, its folder, scripts/bench's part"""
    for line in sys.stdin:
        figure, experiment, _, _, _, part, title = line.strip().split(maxsplit=6)
        where = os.path.join(directory, "figure-" + figure)
        yield (figure, experiment, f"figure {figure}" if figure.isdigit() else figure, title,
               ours(where, part) if text_of(where, "done") else None, where, part)


def files(where, kind):
    return [f for f in sorted(os.listdir(where)) if f.endswith(kind)]


def write(directory, name, text):
    with open(os.path.join(directory, name + ".new"), "w") as f:
        f.write(text)
    os.rename(os.path.join(directory, name + ".new"), os.path.join(directory, name))


TITLE = "The paper's experiments, on emulated cards"
CARRY_TITLE = "What carries over to silicon"


def page(directory):
    rows, sections = [], []
    for figure, experiment, name, title, here, where, _ in collect(directory):
        title = html.escape(title)
        if not here:
            rows.append(f"<tr><td>{experiment}</td><td>{name}</td><td>{title}</td><td>{PAPER[figure]}</td><td>not run</td></tr>")
            continue
        rows.append(f'<tr><td>{experiment}</td><td><a href="#{figure}">{name}</a></td><td>{title}</td><td>{PAPER[figure]}</td>'
                    f"<td>{html.escape(here)}</td></tr>")
        sections.append(f'<h2 id="{figure}">{experiment}, {name}: {title}</h2>')
        sections += [f'<p><img src="figure-{figure}/{file}" alt="{title}"></p>' for file in files(where, ".svg")]
        sections.append(f"<pre>{html.escape(text_of(where, part_text(where)))}</pre>")
        data = ", ".join(f'<a href="figure-{figure}/{f}">{f}</a>' for f in files(where, ".csv"))
        sections.append(f"<p>Data: {data}</p><pre>{html.escape(text_of(where, 'meta'))}</pre>")
    write(directory, "index.html",
          f"<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{TITLE}</title>\n"
          "<style>body { font-family: sans-serif; margin: 2em } table { border-collapse: collapse } td, th { border: 1px solid #ccc; "
          "padding: 4px 8px; text-align: left } pre { background: #f6f6f6; padding: 8px; overflow-x: auto }</style></head><body>\n"
          f"<h1>{TITLE}</h1>\n<table><tr><th></th><th></th><th>what</th><th>published</th><th>here</th></tr>\n" + "\n".join(rows) +
          f"\n</table>\n<h2>{CARRY_TITLE}</h2>\n" + "\n".join(f"<p>{html.escape(p)}</p>" for p in CARRY) + "\n" + "\n".join(sections) +
          "\n</body></html>\n")


def heading(text, line):
    return [text, line * len(text), ""]


def literal(text):
    return ["::", ""] + [("  " + line).rstrip() for line in text.rstrip().split("\n")] + [""]


def keep(where, part, here, kept):
    """A figure's results, as files of its own that need nothing of where they were made"""
    new = kept + ".new"
    shutil.rmtree(new, ignore_errors=True)
    os.makedirs(new)
    for file in files(where, ".svg"):
        shutil.copy(os.path.join(where, file), new)
    write(new, "here.txt", here + "\n")
    write(new, "table.txt", text_of(where, part_text(where)))
    write(new, "made.txt", text_of(where, "meta"))
    bench.write_medians(where, part, os.path.join(new, "medians.csv"))
    shutil.rmtree(kept, ignore_errors=True)
    os.rename(new, kept)


def made(kept):
    """Of what, when and where a figure was made"""
    meta = dict(line.split(": ", 1) for line in text_of(kept, "made.txt").splitlines())
    return f"hdiov {meta['hdiov']}, {meta['date'].split(',')[0]}, {meta['processor']}"


def publish(directory, pages):
    """For Documentation: each figure that has been run into a folder of its own, and a page of all such folders, of this run or an earlier one"""
    rows, sections = [], []
    for figure, experiment, name, title, here, where, part in collect(directory):
        kept = os.path.join(pages, "figure-" + figure)
        if here:
            keep(where, part, here, kept)
        if not os.path.isdir(kept):
            continue
        rows += [f"   * - {experiment}, {name}", f"     - {title}", f"     - {PAPER[figure]}", f"     - {text_of(kept, 'here.txt').strip()}",
                 f"     - {made(kept)}"]
        sections += heading(f"{experiment}, {name}: {title}", "-")
        for file in files(kept, ".svg"):
            sections += [f".. image:: figure-{figure}/{file}", f"   :alt: {title}", ""]
        sections += literal(text_of(kept, "table.txt"))
        sections += [f"All medians: ``figure-{figure}/medians.csv``. Made by and on:", ""] + literal(text_of(kept, "made.txt"))
    if not rows:
        sys.exit("experiments: nothing has been run that could be published")
    carry = [line for text in CARRY for line in textwrap.wrap(text, 100) + [""]]
    write(pages, "index.rst", "\n".join(
        [".. SPDX-License-Identifier: GPL-2.0-only", "", "=" * len(TITLE)] + heading(TITLE, "=") +
        ["Written by ``scripts/experiments --publish``, of the folders beside it. Each figure is of a run of",
         "its own, by the commit, on the day and on the machine that it names.", "",
         ".. list-table::", "   :header-rows: 1", "", "   * -", "     - what", "     - published", "     - here", "     - of"] + rows + [""] +
        heading(CARRY_TITLE, "-") + carry + sections))


def part_text(where):
    """The table that scripts/bench printed"""
    return next((f for f in files(where, ".txt") if f != "qat-guest.txt" and not f.startswith("startup-waits-")), "")


if __name__ == "__main__":
    if len(sys.argv) == 2:
        page(sys.argv[1])
    elif len(sys.argv) == 3:
        publish(*sys.argv[1:])
    else:
        usage()
