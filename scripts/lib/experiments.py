# SPDX-License-Identifier: GPL-2.0-only
# The page of scripts/experiments. See usage.
import html
import os
import statistics
import sys

import bench

# What the paper says: its text and the values of its figures are in no public store
SAME = "similar performance as SR-IOV"
PAPER = {
    "8": SAME, "9": SAME, "10": SAME, "polled": SAME,
    "start": "758 VDEVs, 256 VFs, 2.96 times as many; containers ready 2.9 times as fast",
    "startup": "FastIOV (EuroSys'25), 200 containers with VFs: mean -65.7 %, p99 -75.4 %, with kernel, QEMU and Kata patched",
    "12": "containers ready 2.9 times as fast in the median, 758 VDEVs beside 256 VFs",
    "14": SAME, "15": SAME, "16": SAME,
    "devices": "more devices than SR-IOV has, and made faster (NIC: 2.96 times as many, 2.9 times as fast)",
}
CARRY = """<h2>What carries over to silicon</h2>
<p>Counts, which no machine changes: traps, exits for device memory, interrupts and tails for 1000 requests; devices of one card. That a doorbell
does not leave the guest is so on any card. Ratios of what software does for a VDEV and for a VF: the same driver, in the same guest, of one and
of the other.</p>
<p>Rates do not, neither requests a second nor megabits: the cards are programs, on the same processors as the guest that waits for them.
Nor do times with a card's own work in them (resets, firmware). Ratios of rates say that VDEV and VF cost software alike, not what the
silicon's arbiters make of many of them.</p>
"""


def usage():
    print("usage: experiments.py DIR   write DIR/index.html, of DIR/figure-*; standard input: scripts/experiments' list")
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
        return (f"{vdevs} VDEVs or {vfs} VFs, {vdevs / vfs:.2f} times; {vfs} of them are ready {ready['vf', vfs] / ready['vdev', vfs]:.1f} times as fast: "
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
        return f"times to a port that is up: {'; '.join(said)}; {runs} runs"
    said = []
    for pair, how in zip(bench.RATIOS, ("", "with Tx interrupts every 3 ms ")):
        medians = ratios(directory, part, pair)
        if medians:
            said.append(f"{how}{statistics.median(medians):.2f}, the median of {len(medians)} tests ({min(medians):.2f} to {max(medians):.2f})")
    return f"{'times' if part == 'guest-ping' else 'rates'}, VDEV/VF: {'; '.join(said)}; {text_of(directory, 'done').strip()} runs"


def main(directory):
    rows, sections = [], []
    for line in sys.stdin:
        figure, experiment, _, _, _, part, title = line.strip().split(maxsplit=6)
        where = os.path.join(directory, "figure-" + figure)
        name = f"figure {figure}" if figure.isdigit() else figure
        if not text_of(where, "done"):
            rows.append(f"<tr><td>{experiment}</td><td>{name}</td><td>{html.escape(title)}</td><td>{PAPER[figure]}</td><td>not run</td></tr>")
            continue
        rows.append(f'<tr><td>{experiment}</td><td><a href="#{figure}">{name}</a></td><td>{html.escape(title)}</td><td>{PAPER[figure]}</td>'
                    f"<td>{html.escape(ours(where, part))}</td></tr>")
        sections.append(f'<h2 id="{figure}">{experiment}, {name}: {html.escape(title)}</h2>')
        for file in sorted(os.listdir(where)):
            if file.endswith(".svg"):
                sections.append(f'<p><img src="figure-{figure}/{file}" alt="{html.escape(title)}"></p>')
        sections.append(f"<pre>{html.escape(text_of(where, part_text(where)))}</pre>")
        data = ", ".join(f'<a href="figure-{figure}/{f}">{f}</a>' for f in sorted(os.listdir(where)) if f.endswith(".csv"))
        sections.append(f"<p>Data: {data}</p><pre>{html.escape(text_of(where, 'meta'))}</pre>")
    with open(os.path.join(directory, "index.html.new"), "w") as f:
        f.write("<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>The paper's experiments, on emulated cards</title>\n"
                "<style>body { font-family: sans-serif; margin: 2em } table { border-collapse: collapse } td, th { border: 1px solid #ccc; "
                "padding: 4px 8px; text-align: left } pre { background: #f6f6f6; padding: 8px; overflow-x: auto }</style></head><body>\n"
                "<h1>The paper's experiments, on emulated cards</h1>\n"
                "<table><tr><th></th><th></th><th>what</th><th>the paper</th><th>here</th></tr>\n" + "\n".join(rows) + "\n</table>\n" +
                CARRY + "\n".join(sections) + "\n</body></html>\n")
    os.rename(os.path.join(directory, "index.html.new"), os.path.join(directory, "index.html"))


def part_text(where):
    """The table that scripts/bench printed"""
    return next((f for f in sorted(os.listdir(where)) if f.endswith(".txt") and f != "qat-guest.txt"), "")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        usage()
    main(sys.argv[1])
