# SPDX-License-Identifier: GPL-2.0-only
# What scripts/bench measured, as tables and a picture. See usage.
import csv
import json
import os
import re
import statistics
import sys

PHASES = ["create", "open", "bind", "vectors", "reset", "close", "remove"]
COLORS = ["#4477aa", "#66ccee", "#228833", "#ccbb44", "#ee6677", "#aa3377", "#888888", "#ee8866", "#222255"]


def usage():
    print("""usage: bench.py phases ONE.csv PARALLEL.csv PICTURE.svg   times by phase, of "bench -j 1" and "bench -j N"
       bench.py guest GUEST.csv PICTURE.svg                what a guest got: test,way,run,value,unit
       bench.py polled POLLED.csv                          the same of a guest whose driver polls
       bench.py container DIR PICTURE.svg                  starts of containers, of DIR/container-*.csv
       bench.py crowd CROWD.csv PICTURE.svg                many guests at once
       bench.py qat QAT.csv PICTURE.svg                    the same of a guest with VDEVs and VFs of QATs
       bench.py qat-many MANY.csv PICTURE.svg              ring pairs of QATs at once
       bench.py qat-life DIR                               of DIR/qat-life-*.csv
       bench.py life DIR                                   VDEVs beside VFs, of DIR/life-*.csv and DIR/start.csv
       bench.py startup DIR                                many at once, of DIR/startup-*.csv and what they waited for
       bench.py claims DIR                                 the paper's claims beside what is in DIR
       bench.py iperf                                      bits per second out of "iperf3 -J" on standard input""")
    sys.exit(2)


def read(path):
    """Times in ns by phase, run and VDEV, whole phases as VDEV "all"; and the notes between them"""
    times, notes, threads = {}, [], 1
    with open(path) as f:
        for line in f:
            if line.startswith("#"):
                notes.append(line[1:].strip())
                continue
            phase, threads, run, vdev, ns = line.strip().split(",")
            vdev = vdev if vdev == "all" else int(vdev)
            times.setdefault(phase, {}).setdefault(int(run), {})[vdev] = int(ns)
    return times, notes, int(threads)


def counted(runs):
    """Run 0 fills caches and pools"""
    return [r for n, r in sorted(runs.items()) if n]


def median_by_vdev(runs):
    vdevs = sorted(v for v in runs[0] if v != "all")
    return [(v, statistics.median(r[v] for r in runs if v in r)) for v in vdevs]


def spread(values):
    return f"{statistics.median(values):9.3f} {min(values):9.3f} {max(values):9.3f}"


def phases(one_path, par_path, picture):
    one, notes, _ = read(one_path)
    par, par_notes, threads = read(par_path)
    curves = {}

    total = 1 + max(v for v in counted(one["create"])[0] if v != "all")
    runs = len(counted(one["create"]))
    edge = max(1, total // 10)
    print(f"{total} VDEVs, {runs} runs. Milliseconds for one VDEV; of the first and last {edge} the median of all runs,")
    print("with the smallest and largest median of a run.\n")
    print(f"{'phase':8}|{'first':>9} {'min':>9} {'max':>9} |{'last':>9} {'min':>9} {'max':>9} | last/first")
    for phase in PHASES:
        r = counted(one[phase])
        curves[phase] = median_by_vdev(r)

        def part(pick):
            return [statistics.median(pick(sorted((v, ns) for v, ns in run.items() if v != "all")))
                    / 1e6 for run in r]

        first = part(lambda items: [ns for _, ns in items[:edge]])
        last = part(lambda items: [ns for _, ns in items[-edge:]])
        ratio = statistics.median(last) / statistics.median(first)
        print(f"{phase:8}|{spread(first)} |{spread(last)} | {ratio:.2f}")

    print(f"\nAll of them, seconds; by one thread and by {threads}\n")
    print(f"{'phase':8}|{'1':>9} {'min':>9} {'max':>9} |{str(threads):>9} {'min':>9} {'max':>9} | faster by")

    def whole(times, some):
        return [sum(times[phase][run]["all"] for phase in some) / 1e9 for run in sorted(times[some[0]]) if run]

    rows = {phase: [phase] for phase in PHASES}
    rows["c. + o."] = ["create", "open", "bind"]
    rows["all"] = PHASES
    for name, some in rows.items():
        a, b = whole(one, some), whole(par, some)
        print(f"{name:8}|{spread(a)} |{spread(b)} | {statistics.median(a) / statistics.median(b):.2f}")
    print("\nc. + o.: created, opened and bound")

    idle = [int(n.split()[-2]) for n in notes if "idle VDEV" in n and not n.startswith("run 0")]
    after = [int(n.split()[-2]) for n in notes if "memory after it" in n]
    if idle:
        print(f"\nKernel memory (slab, percpu, vmalloc, page tables) of an idle VDEV: {statistics.median(idle) / 1024:.1f} KiB"
              f" ({min(idle) / 1024:.1f} to {max(idle) / 1024:.1f})")
    if len(after) > 1:
        print(f"Kernel memory after the last run: {(after[-1] - after[0]) / 1024:+.0f} KiB against the first, of "
              f"{(len(after) - 1) * total} VDEVs made and removed in between")
    seen = []
    for n in notes + par_notes:
        if (n.startswith(("before", "all ")) or "failed" in n) and n not in seen:
            seen.append(n)
    print("\n".join(["", "Resources, and what failed:"] + ["  " + n for n in seen]))
    with open(picture, "w") as f:
        f.write(draw(curves, f"Time for one VDEV by its number: median of {runs} runs"))


def draw(curves, title):
    """A plot of [(x, ns)] by phase, as SVG; each point the mean of a few neighbours"""
    width, height, left, top, right, bottom = 900, 480, 70, 40, 110, 50
    smooth = {}
    for phase, points in curves.items():
        step = max(1, len(points) // 100)
        smooth[phase] = [(statistics.mean(p[0] for p in points[i:i + step]),
                          statistics.mean(p[1] for p in points[i:i + step]) / 1e6)
                         for i in range(0, len(points), step)]
    max_x = max(p[0] for c in smooth.values() for p in c) or 1
    max_y = max(p[1] for c in smooth.values() for p in c) * 1.05

    def x(v):
        return left + v / max_x * (width - left - right)

    def y(v):
        return height - bottom - v / max_y * (height - top - bottom)

    out = svg(width, height, title)
    for i in range(6):
        v = max_y * i / 5
        out.append(f'<line x1="{left}" x2="{width - right}" y1="{y(v):.1f}" y2="{y(v):.1f}" stroke="#ddd"/>')
        out.append(f'<text x="{left - 6}" y="{y(v) + 4:.1f}" text-anchor="end">{v:.1f}</text>')
        v = max_x * i / 5
        out.append(f'<text x="{x(v):.1f}" y="{height - bottom + 18}" text-anchor="middle">{v:.0f}</text>')
    out.append(f'<text x="{(left + width - right) / 2}" y="{height - 10}" text-anchor="middle">VDEV</text>')
    out.append(f'<text x="16" y="{(top + height - bottom) / 2}" text-anchor="middle" '
               f'transform="rotate(-90 16 {(top + height - bottom) / 2})">ms</text>')
    for n, (phase, points) in enumerate(smooth.items()):
        line = " ".join(f"{x(px):.1f},{y(py):.1f}" for px, py in points)
        out.append(f'<polyline points="{line}" fill="none" stroke="{COLORS[n]}" stroke-width="1.5"/>')
        out.append(f'<rect x="{width - right + 12}" y="{top + 20 * n}" width="12" height="12" fill="{COLORS[n]}"/>')
        out.append(f'<text x="{width - right + 30}" y="{top + 20 * n + 11}">{phase}</text>')
    return "\n".join(out + ["</svg>", ""])


def svg(width, height, title, left=70):
    return [f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
            'font-family="sans-serif" font-size="13">',
            f'<rect width="{width}" height="{height}" fill="white"/>',
            f'<text x="{left}" y="24" font-size="16">{title}</text>']


WAYS = {"vdev": "VDEV", "vdcm": "VDEV, vdcm (the paper's)", "vf": "VF", "calm": "VDEV, AVF, Tx moderated 3 ms",
        "calmvdcm": "VDEV, vdcm, Tx moderated 3 ms", "calmvf": "VF, Tx moderated 3 ms", "virtio": "virtio-net",
        "alone": "VF, alone to be seen", "none": "no device"}
# What is divided by what: a VDEV by a VF, by the VDEV's layout, and others
LAYOUTS = {"vdcm layout (the paper's)": [("vdcm", "vf"), ("calmvdcm", "calmvf")],
           "AVF layout (unmodified iavf)": [("vdev", "vf"), ("calm", "calmvf")]}
RATIOS = sum(LAYOUTS.values(), []) + [("vdcm", "virtio"), ("vdev", "virtio")]


def name_of(way, ways):
    """The VDEV's, where there are VDEVs of both layouts"""
    return "VDEV, AVF" if way == "vdev" and "vdcm" in ways else WAYS[way]


def run_ratios(by_device, pair):
    return [v / max(w, 1e-9) for v, w in zip(*(by_device[way] for way in pair))] if all(way in by_device for way in pair) else []


def guest(path, picture):
    results, per_packet, runs = read_guest(path)
    print(f"{runs} runs: median, smallest, largest. VDEV and VF are on cards of their own, each to a peer on the other side of its\n"
          "wire, as virtio-net. Ratios are medians of the runs' own ratios.")
    if any("vdcm" in by_device for by_device in results.values()):
        print("There are two VDEVs: of the AVF layout, for iavf as it is, which re-arms its interrupts by a register that traps; and of the paper's, vdcm,\n"
              "of which nothing traps, for iavf with other offsets. In the exits of one way are those by which the drivers of the others look after them,\n"
              "a few each second.")
    print()
    beside(results, per_packet, PACKETS)
    with open(picture, "w") as f:
        # Times have a picture of their own, if they are all there is
        pictures = {"Mbit/s": "Mbit/s that arrived", "requests/s": "Requests a second", "ms": "Milliseconds"}
        unit, what = next((u, w) for u, w in pictures.items() if any(u == have for _, have in results))
        f.write(bars({t: d for (t, u), d in results.items() if u == unit}, f"{what}: median of {runs} runs, smallest and largest"))


def polled(path):
    results, per_packet, runs = read_guest(path)
    print(f"{runs} runs: median, smallest, largest. DPDK's testpmd has a VDEV and a VF on cards of their own, each to a peer on the other\n"
          "side of its wire. Ratios are medians of the runs' own ratios.\n")
    beside(results, per_packet, PACKETS)


def qat(path, picture):
    results, per_request, runs = read_guest(path)
    print(f"{runs} runs: median, smallest, largest. DPDK's dpdk-test-crypto-perf and dpdk-test-compress-perf have one queue pair of a VDEV and one\n"
          "of a VF, on cards of their own, at the same time in one guest. Ratios are medians of the runs' own ratios.\n")
    beside(results, per_request,
           "For 1000 requests, of a program's whole run with one of them: accesses trapped by hdiov, by class (ring: its doorbells); exits of the guest and those for\n"
           "device memory, by KVM; interrupts of the card and tails written. Once for each, and of all tests the largest")
    with open(picture, "w") as f:
        f.write(bars({f"{t}, {unit}": d for (t, unit), d in results.items()},
                     f"One queue pair: median of {runs} runs, smallest and largest", left=330))


EVEN = "slowest to fastest"


def evenness(path):
    """Of the largest number at once, by way: the least part that the slowest had of the fastest, medians of all services' runs; and that number"""
    results, _, _ = read_guest(path)
    most = max(int(test.split()[-1]) for test, _ in results)
    return {way: min(statistics.median(by_way[way]) for (test, unit), by_way in results.items() if unit == EVEN and int(test.split()[-1]) == most)
            for way in ("vdev", "vf")}, most


def qat_many(path, picture):
    results, per_request, runs = read_guest(path)
    print(f"{runs} runs: median, smallest, largest of thousands of requests a second of N ring pairs together: those of N VDEVs, and N of the VFs of\n"
          "another card, one of each VF up to 16. One program keeps all busy, 16 requests in flight of each, of the one kind and of the other\n"
          "in turns of 0.2 s (asym: 8, 0.5 s). Ratios are medians of the runs' own ratios. xN: the median against that of one. Even: the\n"
          "requests of the slowest ring pair against those of the fastest, median and least of the runs; the card takes up to 8 of a ring pair\n"
          "at a time. asym: modular exponentiation of 1024 bits; sym: AES-256-CBC and HMAC-SHA512 of 1024 bytes; dc: deflate of 2048 bytes,\n"
          "dynamic codes\n")
    print(f"{'':10}|{WAYS['vdev']:^30}|{WAYS['vf']:^30}| vdev/vf | xN: {'VDEV':>6}{'VF':>7} | even: {'VDEV':>6}{'least':>6}{'VF':>7}{'least':>6}")
    one = {}
    for (test, unit), by_way in results.items():
        if unit == EVEN:
            continue
        median = {way: statistics.median(by_way[way]) for way in ("vdev", "vf")}
        alone = one.setdefault(test.split()[0], median)
        even = results[test, EVEN]
        print(f"{test:10}|{spread(by_way['vdev'])} |{spread(by_way['vf'])} |{statistics.median(run_ratios(by_way, ('vdev', 'vf'))):8.2f} |" +
              f"{median['vdev'] / alone['vdev']:10.2f}{median['vf'] / alone['vf']:7.2f} |" +
              f"{statistics.median(even['vdev']):12.2f}{min(even['vdev']):6.2f}{statistics.median(even['vf']):7.2f}{min(even['vf']):6.2f}")
    print("\nFor 1000 requests, medians: accesses that trapped, and tails and heads written\n")
    kinds = list(next(iter(per_request.values())))
    for name, by_kind in per_request.items():
        print(f"{name:20}" + ", ".join(f"{kind} {statistics.median(by_kind[kind]):.2f}" for kind in kinds))
    with open(picture, "w") as f:
        f.write(bars({f"{test}, {unit}": d for (test, unit), d in results.items() if unit != EVEN},
                     f"So many ring pairs at once, all together: median of {runs} runs, smallest and largest"))


def percentile(values, part):
    """The smallest that so many of a hundred are not above"""
    return sorted(values)[max(0, -(-len(values) * part // 100) - 1)]


def read_container(directory):
    """Seconds by test and way, of one of N, and of many of N at once; and how many starts failed"""
    results, failed, runs = {}, {}, 0
    for number in sorted(int(m[1]) for m in (re.fullmatch(r"container-(\d+)\.csv", f) for f in os.listdir(directory)) if m):
        some, _, n = read_guest(os.path.join(directory, f"container-{number}.csv"))
        results.update({test: by_way for (test, unit), by_way in some.items() if unit == "s"})
        failed.update({test: by_way for (test, unit), by_way in some.items() if unit == "failures"})
        runs = max(runs, n)
    return results, failed, runs


def container(directory, picture):
    results, failed, runs = read_container(directory)
    print(f"{runs} runs. Seconds, of instructions of 2 ns and of sleep, by one CPU at a time, from the start of a container to the prompt of its\n"
          "testpmd, whose port is up. \"One of N\": so many VDEVs, and\n"
          "as many VFs on a card of their own, are there; containers start one after the other, with devices from the first to the last. A VF\n"
          "is found by DPDK among all PCI devices of the server; or it is alone to be seen, as a VDEV is. \"No device\" is what the container and\n"
          "testpmd take without one. \"Of the device\": the median less that of no device.\n")
    print(f"{'':24}{'':24}{'median':>9}{'p90':>9}{'p99':>9}{'least':>9}{'most':>9}{'number':>8} | of the device")
    for test, by_way in results.items():
        for way in (w for w in WAYS if w in by_way):
            values = by_way[way]
            print(f"{test if way == 'vdev' else '':24}{WAYS[way]:24}{statistics.median(values):9.3f}{percentile(values, 90):9.3f}{percentile(values, 99):9.3f}"
                  f"{min(values):9.3f}{max(values):9.3f}{len(values):8} |" +
                  (f"{statistics.median(values) - statistics.median(by_way['none']):9.3f}" if way != "none" else ""))
    print("\nA VDEV's time to that of another device that was started right after it, medians\n")
    for test, by_way in results.items():
        said = [f"{WAYS[b]} {statistics.median(r):.2f}" for b, r in ((b, run_ratios(by_way, ("vdev", b))) for b in ("vf", "alone")) if r]
        if said:
            print(f"{test:24}" + ", ".join(said))
    for test, by_way in failed.items():
        print(f"{test:24}starts in which a container got no port, made again: " + ", ".join(f"{WAYS[way]} {len(n)}" for way, n in by_way.items()))
    with open(picture, "w") as f:
        f.write(bars({f"{test}, s": by_way for test, by_way in results.items()},
                     f"From the start of a container to DPDK's port: median of {runs} runs, smallest and largest"))


def read_by_run(path):
    """Values of all devices by test and unit, way and run"""
    found = {}
    with open(path) as f:
        for test, way, run, value, unit in csv.reader(f):
            found.setdefault((test, unit), {}).setdefault(way, {}).setdefault(run, []).append(float(value))
    return found


def crowd(path, picture):
    found = read_by_run(path)
    runs = max(len(by_run) for by_way in found.values() for by_run in by_way.values())
    print(f"{runs} runs: medians of them, and of the whole's the smallest and largest. Guests, each with a VDEV or with a VF (cards of their own), start at\n"
          "once and then send at once. worst/best: what the one that got least has got of what the one with most has.\n")
    print(f"{'Mbit/s':32}{'':8}{'all':>9}{'min':>9}{'max':>9} |{'median':>9}{'least':>9}{'most':>9}{'worst/best':>11} |{'devices':>8}")
    whole = {}
    for (test, unit), by_way in found.items():
        if unit != "Mbit/s":
            continue
        for way, by_run in by_way.items():
            sums = [sum(values) for values in by_run.values()]
            whole.setdefault(f"{test}, Mbit/s", {})[way] = sums
            each = [statistics.median(what(values) for values in by_run.values()) for what in (statistics.median, min, max)]
            fair = statistics.median(min(values) / max(values) for values in by_run.values())
            print(f"{test if way == 'vdev' else '':32}{WAYS[way]:8}{spread(sums)} |" + "".join(f"{v:9.3f}" for v in each) +
                  f"{fair:11.2f} |{len(next(iter(by_run.values()))):8}")
    print(f"\n{'seconds from start to ping':32}{'':8}{'median':>9}{'p90':>9}{'p99':>9}{'least':>9}{'most':>9}")
    for (test, unit), by_way in found.items():
        if unit != "s":
            continue
        for way, by_run in by_way.items():
            values = [v for some in by_run.values() for v in some]
            print(f"{test if way == 'vdev' else '':32}{WAYS[way]:8}{statistics.median(values):9.3f}{percentile(values, 90):9.3f}{percentile(values, 99):9.3f}"
                  f"{min(values):9.3f}{max(values):9.3f}")
    with open(picture, "w") as f:
        f.write(bars(whole, f"All guests together: median of {runs} runs, smallest and largest", left=330))


PACKETS = ("For 1000 packets of the card: accesses trapped by hdiov, by class; exits of the guest and those for device memory, by KVM;\n"
           "interrupts of the card, and packets that it dropped for want of a descriptor. Medians, and of all tests the largest")


def beside(results, per_packet, what):
    """Tests with a value for each way: beside each other. Others, which are of VDEV and VF only: classes by test."""
    ways = [way for way in WAYS if any(way in by_device for by_device in results.values())]
    pairs = [pair for pair in RATIOS if set(pair) <= set(ways)]
    print(f"{'':36}" + "".join(f"|{name_of(way, ways):^30}" for way in ways) + "|" + "".join(f"{'/'.join(pair):>17}" for pair in pairs))
    for (test, unit), by_device in results.items():
        ratios = [run_ratios(by_device, pair) for pair in pairs]
        print(f"{test + ', ' + unit:36}" +
              "".join(f"|{spread(by_device[way])} " if way in by_device else f"|{'':30}" for way in ways) +
              "|" + "".join(f"{statistics.median(r):17.2f}" if r else f"{'':17}" for r in ratios))

    if not per_packet:
        return
    kinds = list(next(iter(per_packet.values())))
    print(f"\n{what}\n")
    print(f"{'':36}|" + "".join(f"{kind:>11}" for kind in kinds))
    for test, by_kind in per_packet.items():
        print(f"{test:36}|" + "".join(f"{statistics.median(by_kind[k]):11.2f}" for k in kinds))
    print(f"{'largest':36}|" + "".join(f"{max(max(t[k]) for t in per_packet.values()):11.2f}" for k in kinds))


def read_guest(path):
    results, per_packet, runs = {}, {}, 0
    with open(path) as f:
        for test, device, run, value, unit in csv.reader(f):
            runs = max(runs, int(run))
            if unit.startswith("per 1000 "):
                kind, test = test.split(": ")
                per_packet.setdefault(f"{test}, {device}", {}).setdefault(kind, []).append(float(value))
            else:
                results.setdefault((test, unit), {}).setdefault(device, []).append(float(value))
    return results, per_packet, runs


def medians(times, phase):
    """Of each counted run: the median of a phase, in ms"""
    return [statistics.median(ns for v, ns in run.items() if v != "all") / 1e6 for run in counted(times[phase])]


READY = ["create", "open", "bind", "vectors"]


def read_life(path):
    """What one of so many takes, ms: by phase, the median of the runs; commands and kernel memory for each; and by phase, each run's"""
    times, notes, _ = read(path)
    total = 1 + max(v for v in counted(times["create"])[0] if v != "all")
    by_run = {phase: medians(times, phase) for phase in PHASES}
    # What is done for all of them at once, each has its part of
    for phase, whole in (("create", "enable"), ("remove", "disable")):
        if whole in times:
            by_run[phase] = [ms + run["all"] / 1e6 / total for ms, run in zip(by_run[phase], counted(times[whole]))]
    # By then a hypervisor can start the guest
    by_run["ready"] = [sum(phases_of_run) for phases_of_run in zip(*(by_run[phase] for phase in READY))]
    ms = {phase: statistics.median(values) for phase, values in by_run.items()}
    commands, memory = {}, 0.0
    for note in notes:
        words = note.split()
        if words[0] == "commands" and words[1] != "0":
            phase = {"enable": "create", "disable": "remove"}.get(words[2], words[2])
            commands.setdefault((words[1], phase), []).append(int(words[3]))
        if "memory of an idle" in note:
            memory = int(words[-2]) / 1024
    per_phase = {}
    for (_, phase), counts in commands.items():
        per_phase.setdefault(phase, []).append(sum(counts) / total)
    return total, ms, {phase: statistics.median(counts) for phase, counts in per_phase.items()}, memory, by_run


def read_lives(directory, prefix="life"):
    lives = {}
    for name in os.listdir(directory):
        found = re.fullmatch(prefix + r"-(vdev|vf)-(\d+)\.csv", name)
        if found:
            lives[found[1], int(found[2])] = read_life(os.path.join(directory, name))
    return lives


def read_starts(directory):
    starts = {}
    with open(os.path.join(directory, "start.csv")) as f:
        for kind, number, run, seconds in csv.reader(f):
            if run != "0":
                starts.setdefault((kind, int(number)), []).append(float(seconds))
    return starts


LIFE = ["create", "open", "bind", "vectors", "ready", "reset", "close", "remove"]
LIFE_HEAD = ("Milliseconds for one of N: medians. create: VFs by sriov_numvfs, all at once and divided by N, and vfio-pci takes each; VDEVs by\n"
             "sysfs, each for itself. ready: created, opened, bound, with vectors. ")


def life_row(lives, key):
    return f"{key[0].upper():5}{key[1]:5}" + "".join(f"{lives[key][1][c]:9.2f}" for c in LIFE)


def by_number(lives):
    return sorted(lives, key=lambda key: (key[1], key[0]))


def life(directory):
    lives, starts = read_lives(directory), read_starts(directory)
    print(LIFE_HEAD + "start: the guest's driver, from its module to a carrier, s.\n")
    print(f"{'':10}" + "".join(f"{c:>9}" for c in LIFE) + f"{'start':>8} | admin commands: {'create':>7} {'to ready':>9} {'remove':>7} | KiB")
    for key in by_number(lives):
        _, _, commands, memory, _ = lives[key]
        start = statistics.median(starts[key]) if key in starts else float("nan")
        ready = sum(commands.get(phase, 0) for phase in READY)
        print(life_row(lives, key) + f"{start:8.2f} | "
              f"{'':16}{commands.get('create', 0):7.1f} {ready:9.1f} {commands.get('remove', 0):7.1f} | {memory:.1f}")


# From the opened group to queues that are on
STARTS = ["open", "bind", "vectors", "mailbox", "handshake", "queues"]


def read_startup(path):
    """Of the counted runs: ms for each device to be made and to start, ms by phase, what is done for all of them, and the parts of the time to start in
    which it was running, was queued for a processor, and slept"""
    times, _, _ = read(path)
    runs = list(zip(*(counted(times[phase]) for phase in STARTS)))
    starts = [sum(phase[v] for phase in run) / 1e6 for run in runs for v in run[0]]
    made = [ns / 1e6 for run in counted(times["create"]) for ns in run.values()]
    phase_ms = {phase: statistics.median(ns / 1e6 for run in counted(times[phase]) for ns in run.values()) for phase in STARTS}
    whole = {what: statistics.median(run["all"] for run in counted(times[what])) / 1e6 for what in ("enable", "made", "started") if what in times}
    # Sleeping is the rest
    shares = [sum(ns for run in counted(times[what]) for ns in run.values()) / 1e6 / sum(starts) for what in ("running", "queued")]
    return made, starts, phase_ms, whole, shares + [1 - sum(shares)]


def read_startups(directory):
    found = {}
    for name in os.listdir(directory):
        match = re.fullmatch(r"startup-(vdev|vf)-(\d+)\.csv", name)
        if match:
            found[match[1], int(match[2])] = read_startup(os.path.join(directory, name))
    return found


def startup(directory):
    startups = read_startups(directory)
    with open(os.path.join(directory, "startup.svg"), "w") as f:
        f.write(stacks({f"{n} {kind.upper()}s" if n > 1 else f"1 {kind.upper()}": startups[kind, n][2] for kind, n in by_number(startups)},
                       "Started at once: median of each phase, part of the sum"))
    print("Milliseconds for N made at once, and then N started at once, each by a process of its own. made: by sysfs, a VF by vfio-pci. start: from its\n"
          "VFIO group to a guest whose queues are on. all: until the last one was; of VFs sriov_numvfs, too. running, queued, asleep: its process had a\n"
          "processor of the five, waited for one, or for something else.\n")
    print(f"{'':10}{'made':>9}{'p99':>9}{'all':>9} |{'start':>9}{'p99':>9}{'all':>9} p99/1 |" +
          "".join(f"{what:>10}" for what in STARTS + ["| running", "queued", "asleep"]) + " (% of start)")
    for kind, n in by_number(startups):
        made, starts, phase_ms, whole, shares = startups[kind, n]
        alone = statistics.median(startups[kind, 1][1]) if (kind, 1) in startups else float("nan")
        print(f"{kind.upper():5}{n:5}{statistics.median(made):9.1f}{percentile(made, 99):9.1f}{whole['made'] + whole.get('enable', 0):9.1f} |"
              f"{statistics.median(starts):9.1f}{percentile(starts, 99):9.1f}{whole['started']:9.1f}{percentile(starts, 99) / alone:6.1f} |" +
              "".join(f"{phase_ms[phase] * 100 / sum(phase_ms.values()):10.0f}" for phase in STARTS) +
              "".join(f"{share * 100:10.0f}" for share in shares))
    for name in sorted(os.listdir(directory)):
        match = re.fullmatch(r"startup-waits-(vdev|vf)-(\d+)\.txt", name)
        if match:
            waits(os.path.join(directory, name), f"{match[2]} {match[1].upper()}s")


# Of a sleeper's stack: what says nothing of what it sleeps in
ANY_SLEEP = re.compile(r"_*(mutex|down|rwsem|rt_mutex|percpu|schedule|preempt|wait_for|do_wait|wait_event|cond_resched|trace|lock_mm|usleep|fsleep|msleep)\w*$")


def waits(path, what):
    """What they slept in, and how long: by the trace's histogram of stacks"""
    found, stack = {}, []
    with open(path) as f:
        for line in f:
            frame = re.match(r"\s+(\w[\w.]*)\+0x", line)
            end = re.match(r"}.*hitcount:\s+(\d+)\s+ns:\s+(\d+)", line)
            if frame:
                stack.append(frame[1])
            elif end:
                how = next((name for name in stack if name.lstrip("_").startswith(("mutex", "down", "rwsem", "usleep", "msleep"))), "")
                where = " < ".join([name for name in stack if not ANY_SLEEP.match(name)][:3]) + (f" ({how})" if how else "")
                times, ns = found.get(where, (0, 0))
                found[where] = times + int(end[1]), ns + int(end[2])
                stack = []
    whole = sum(ns for _, ns in found.values())
    print(f"\nWhat {what} slept in as they started at once, seconds of all together ({whole / 1e9:.1f}), times, where:")
    for where, (times, ns) in sorted(found.items(), key=lambda item: -item[1][1])[:10]:
        print(f"{ns / 1e9:9.2f} {times:7}  {where}")


def stacks(rows, title):
    """A bar for each row, of one length, split by its parts; its sum, in ms, beside it"""
    left, top, high, width = 120, 50, 24, 900
    out = svg(width, top + high * len(rows) + 50, title, 20)
    parts = list(next(iter(rows.values())))
    for n, (name, values) in enumerate(rows.items()):
        x, y, scale = left, top + n * high, (width - left - 120) / sum(values.values())
        out.append(f'<text x="{left - 10}" y="{y + 14}" text-anchor="end">{name}</text>')
        for m, part in enumerate(parts):
            out.append(f'<rect x="{x:.1f}" y="{y}" width="{values[part] * scale:.1f}" height="{high - 6}" fill="{COLORS[m]}"/>')
            x += values[part] * scale
        out.append(f'<text x="{x + 8:.1f}" y="{y + 14}">{sum(values.values()):.1f} ms</text>')
    for m, part in enumerate(parts):
        x, y = left + 120 * m, top + high * len(rows) + 12
        out.append(f'<rect x="{x}" y="{y}" width="12" height="12" fill="{COLORS[m]}"/>')
        out.append(f'<text x="{x + 18}" y="{y + 11}">{part}</text>')
    return "\n".join(out + ["</svg>", ""])


def qat_life(directory):
    lives = read_lives(directory, "qat-life")
    print(LIFE_HEAD + "A QAT has 16 VFs of four queue pairs, or 64 VDEVs of one.\n")
    print(f"{'':10}" + "".join(f"{c:>9}" for c in LIFE) + " | KiB")
    for key in by_number(lives):
        print(life_row(lives, key) + f" | {lives[key][3]:.1f}")


def throughput(path, pairs, kind):
    """A line of the claims, of the ratios of VDEV and VF in all tests of throughput"""
    results, _, _ = read_guest(path)
    ratios = [run_ratios(by_device, pair) for (_, unit), by_device in results.items() if unit.endswith("/s") for pair in pairs]
    ratios = [statistics.median(r) for r in ratios if r]
    return (f"| throughput of a VDEV, against a VF{kind} | as fast | VDEV/VF, median of {len(ratios)} tests of throughput: "
            f"{statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f}) |")


def values_of(directory, part):
    """All of a part of scripts/bench that has a median: test, way, unit, values"""
    if part in ("life", "qat-life"):
        lives = read_lives(directory, part)
        for key in by_number(lives):
            for phase in LIFE:
                yield f"{phase}, one of {key[1]}", key[0], "ms", lives[key][4][phase]
        if part == "life":
            for (kind, n), seconds in read_starts(directory).items():
                yield f"start of the guest's driver, one of {n}", kind, "s", seconds
    elif part == "startup":
        startups = read_startups(directory)
        for kind, n in by_number(startups):
            made, starts = startups[kind, n][:2]
            yield f"made, {n} at once", kind, "ms", made
            yield f"started, {n} at once", kind, "ms", starts
    elif part == "crowd":
        for (test, unit), by_way in read_by_run(os.path.join(directory, "crowd.csv")).items():
            for way, by_run in by_way.items():
                yield f"{test}, each", way, unit, sum(by_run.values(), [])
                if unit == "Mbit/s":
                    yield f"{test}, all", way, unit, [sum(values) for values in by_run.values()]
                    yield f"{test}, least/most", way, "", [min(values) / max(values) for values in by_run.values()]
    else:
        for name in sorted(os.listdir(directory)):
            if not name.endswith(".csv"):
                continue
            results, per_packet, _ = read_guest(os.path.join(directory, name))
            for (test, unit), by_way in results.items():
                for way, values in by_way.items():
                    yield test, way, unit, values
                for pair in RATIOS:
                    if run_ratios(by_way, pair):
                        yield test, "/".join(pair), f"ratio of {unit}", run_ratios(by_way, pair)
            for test, by_kind in per_packet.items():
                test, way = test.rsplit(", ", 1)
                for kind, values in by_kind.items():
                    yield f"{kind}: {test}", way, "per 1000", values


def write_medians(directory, part, path):
    with open(path, "w", newline="") as f:
        out = csv.writer(f, lineterminator="\n")
        out.writerow(["test", "way", "unit", "median", "smallest", "largest", "values"])
        for test, way, unit, values in values_of(directory, part):
            out.writerow([test, way, unit] + [f"{v:.6g}" for v in (statistics.median(values), min(values), max(values))] + [len(values)])


def claims(directory):
    """A table for the README"""
    lives = read_lives(directory)
    vfs = max(n for kind, n in lives if kind == "vf")
    vdevs = max(n for kind, n in lives if kind == "vdev")
    print("| claim of the paper | there | here |\n|---|---|---|")
    for layout, pairs in LAYOUTS.items():
        print(throughput(os.path.join(directory, "guest.csv"), pairs, ", " + layout))
    if os.path.exists(os.path.join(directory, "polled.csv")):
        print(throughput(os.path.join(directory, "polled.csv"), [("vdev", "vf")], ", polled"))
    print(f"| devices on one card | 758, 2.96 times as many as VFs | {vdevs} and {vfs} VFs, {vdevs / vfs:.2f} times (QEMU has 255 VFs, the card 256) |")
    for n in sorted(n for kind, n in lives if kind == "vf"):
        if ("vdev", n) in lives:
            vf, vdev = lives["vf", n][1]["ready"], lives["vdev", n][1]["ready"]
            print(f"| made ready at N = {n} | 2.9 times faster | {vf / vdev:.2f} times: {vdev:.1f} and {vf:.1f} ms |")


def bars(tests, title, left=220):
    """Groups of horizontal bars, each test by the fastest way's median"""
    right, top, high = 120, 50, 16
    ways = [(n, way) for n, way in enumerate(WAYS) if any(way in by_device for by_device in tests.values())]
    width, group = 900, (len(ways) + 1) * high
    out = svg(width, top + group * len(tests) + 60, title, 20)
    for n, (test, by_device) in enumerate(tests.items()):
        y = top + n * group
        scale = (width - left - right) / max(max(v) for v in by_device.values())
        out.append(f'<text x="{left - 10}" y="{y + group / 2}" text-anchor="end">{test}</text>')
        for m, (color, way) in enumerate(ways):
            if way not in by_device:
                continue
            v = by_device[way]
            median, low, top_v = statistics.median(v), min(v), max(v)
            line = y + m * high + high / 2 - 1
            out.append(f'<rect x="{left}" y="{y + m * high}" width="{median * scale:.1f}" height="{high - 2}" '
                       f'fill="{COLORS[color]}"/>')
            out.append(f'<line x1="{left + low * scale:.1f}" x2="{left + top_v * scale:.1f}" y1="{line}" y2="{line}" '
                       'stroke="black"/>')
            out.append(f'<text x="{left + top_v * scale + 5:.1f}" y="{line + 5}">{median:{".1f" if median >= 10 else ".2f"}}</text>')
    for m, (color, way) in enumerate(ways):
        x, y = left + 220 * (m % 3), top + group * len(tests) + 8 + 20 * (m // 3)
        out.append(f'<rect x="{x}" y="{y}" width="12" height="12" fill="{COLORS[color]}"/>')
        out.append(f'<text x="{x + 18}" y="{y + 11}">{name_of(way, [w for _, w in ways])}</text>')
    return "\n".join(out + ["</svg>", ""])


def iperf():
    """What arrived, also of UDP, where the sender's number says little"""
    try:
        print(json.load(sys.stdin)["end"]["sum_received"]["bits_per_second"])
    except (ValueError, KeyError) as err:
        sys.exit(f"iperf3 gave no result: {err}")


if __name__ == "__main__":
    if len(sys.argv) == 5 and sys.argv[1] == "phases":
        phases(*sys.argv[2:])
    elif len(sys.argv) == 4 and sys.argv[1] == "guest":
        guest(*sys.argv[2:])
    elif len(sys.argv) == 4 and sys.argv[1] == "container":
        container(*sys.argv[2:])
    elif len(sys.argv) == 4 and sys.argv[1] == "crowd":
        crowd(*sys.argv[2:])
    elif len(sys.argv) == 4 and sys.argv[1] == "qat":
        qat(*sys.argv[2:])
    elif len(sys.argv) == 4 and sys.argv[1] == "qat-many":
        qat_many(*sys.argv[2:])
    elif len(sys.argv) == 3 and sys.argv[1] == "qat-life":
        qat_life(sys.argv[2])
    elif len(sys.argv) == 3 and sys.argv[1] == "polled":
        polled(sys.argv[2])
    elif len(sys.argv) == 3 and sys.argv[1] == "life":
        life(sys.argv[2])
    elif len(sys.argv) == 3 and sys.argv[1] == "startup":
        startup(sys.argv[2])
    elif len(sys.argv) == 3 and sys.argv[1] == "claims":
        claims(sys.argv[2])
    elif len(sys.argv) == 2 and sys.argv[1] == "iperf":
        iperf()
    else:
        usage()
