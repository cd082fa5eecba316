#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Reads what one run of dpdk-test printed (stdin), counts its cases and says why some did not run.

Prints "COUNTS" in one line, then a "# " line for each suite of cases and for each reason not to run one. Status 1 if a case
failed, if none passed, if numbers do not add up, or if one did not run for a reason that is not listed here.
"""
import re
import sys

# (suite, case, why): patterns of what DPDK 24.11 itself leaves out for a vQAT
REASONS = [
    (r"\b3?DES\b", r"", "DES: not in this generation"),
    (r"SNOW|ZUC|Kasumi", r"", "SNOW 3G, ZUC, KASUMI: not in this generation"),
    (r"Mixed CIPHER", r"zuc|snow", "SNOW 3G, ZUC, KASUMI: not in this generation"),
    (r"IPsec|PDCP|DOCSIS Proto|TLS", r"", "protocols: crypto_qat offers no rte_security on a vQAT"),
    (r"HMAC_MD5", r"", "MD5: crypto_qat offers none here"),
    (r"Auth Only", r"MD5", "MD5: crypto_qat offers none here"),
    (r"Auth Only", r"SHA3|SHAKE", "SHA-3, SHAKE: crypto_qat offers none here"),
    (r"Cipher Only", r"-XTS ", "XTS: crypto_qat offers none here"),
    (r"AES Cipher Only", r"-ECB ", "AES-ECB: crypto_qat offers none here"),
    (r"SM4", r"-(CFB|OFB) ", "SM4-CFB, SM4-OFB: crypto_qat offers none"),
    (r"AES Cipher Only", r"CTR.*\(12-byte IV\)", "CTR with an IV of 12 bytes: crypto_qat offers 16"),
    (r"AES CCM", r"_(192|256)_\d$", "CCM with 192 and 256 bit: crypto_qat offers 128"),
    (r"AES GCM", r"_aad_\d$", "GCM with 65,280 bytes of AAD: crypto_qat offers 240"),
    (r"", r"[Ss]essionless", "operations without a session: crypto_qat has none"),
    (r"NULL Test Suite", r"test_null_(invalid|burst)_operation", "crypto_null's own tests"),
    (r"General", r"queue_pair_descriptor_count|error recover", "tests for other drivers"),
    (r"compressdev", r"stateful_decomp", "stateful decompression: not among a vQAT's capabilities"),
    (r"compressdev", r"oos_recoverable", "going on after a full output: compress_qat offers none"),
]


def why(suite, case):
    for in_suite, in_case, reason in REASONS:
        if re.search(in_suite, suite) and re.search(in_case, case):
            return reason
    return None


def main():
    names = ("Total", "Passed", "Failed", "Skipped", "Unsupported")
    suites, order, left_out, unknown = {}, [], {}, []
    suite = summary = None
    for line in sys.stdin:
        if found := re.match(r" \+ Test Suite : (.*\S)", line):
            suite = found[1]
            order.append(suite)
            suites[suite] = {"cases": [], "counts": {}}
        elif found := re.match(r" \+ TestCase \[ *\d+\] : (.*) (succeeded|failed|skipped|unsupported)$", line):
            suites[suite]["cases"].append((found[1], found[2]))
        elif found := re.match(r" \+ Test Suite Summary : (.*\S)", line):
            summary = found[1]
        elif (found := re.match(r" \+ Tests (\w+) ?: +(\d+)$", line)) and summary:
            suites[summary]["counts"][found[1]] = int(found[2])
    if not order or "Total" not in suites[order[0]]["counts"]:
        print("no summary")
        return 1

    all_of = suites[order[0]]["counts"]
    parts = [s for s in order if s != order[0]] or order
    failed = [f"{s}: {c}" for s in parts for c, how in suites[s]["cases"] if how == "failed"]
    for name in parts:
        cases, counts = suites[name]["cases"], suites[name]["counts"]
        not_run = counts.get("Skipped", 0) + counts.get("Unsupported", 0)
        listed = [c for c, how in cases if how in ("skipped", "unsupported")]
        # A suite whose set-up says that it does not apply names no cases.
        for case in listed + [""] * (not_run - len(listed)):
            reason = why(name, case) if case or not cases else None
            if reason:
                left_out[reason] = left_out.get(reason, 0) + 1
            else:
                unknown.append(f"{name}: {case or 'a case without a name'}")

    print("{} cases: {} passed, {} failed, {} skipped, {} unsupported".format(*(all_of.get(n, 0) for n in names)))
    for name in parts:
        counts = suites[name]["counts"]
        if counts.get("Passed", 0) or counts.get("Failed", 0):
            print("# {}: {} passed, {} failed, {} not run".format(
                name, counts["Passed"], counts["Failed"], counts["Skipped"] + counts["Unsupported"]))
    for reason, count in sorted(left_out.items(), key=lambda x: -x[1]):
        print(f"# {count} not run: {reason}")
    for what in failed:
        print(f"# FAILED: {what}")
    for what in unknown:
        print(f"# NOT RUN, and it is not known why: {what}")
    sums = [sum(suites[s]["counts"].get(n, 0) for s in parts) for n in names]
    if sums != [all_of.get(n, 0) for n in names] or sums[0] != sum(sums[1:]):
        print(f"# the numbers do not add up: {dict(zip(names, sums))}")
        return 1
    return 1 if failed or unknown or all_of.get("Failed", 1) or not all_of.get("Passed") else 0


sys.exit(main())
