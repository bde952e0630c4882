"""Weights that are used once: what preparing costs ours, against a peer whose session was made beforehand."""

import contenders
from thresholds import geometric_mean

ALONE = "run alone"


def own(library, algorithm, strict, threads):
    """Packing in every call, and the run of the same plan without it."""
    return [contenders.ours(library, algorithm, strict, threads, weights=contenders.ONCE),
            contenders.ours(library, algorithm, strict, threads, ALONE, contenders.ONCE_PACKED_BEFORE)]


def add_planning(library, rows, problems, algorithm, strict, threads):
    for row, problem in zip(rows, problems):
        if row["ours"]:
            row["plan_ms"] = library.plan_ns(problem, (algorithm.encode(), int(strict), threads, contenders.ONCE)) / 1e6


def text(rows):
    lines = ["Weights used once, ms: making the plan, packing (a call less the run alone), the run; ratios without and with the plan:"]
    without, including = [], []
    for row in rows:
        if not row["ratio"]:
            continue
        call, alone = row["ours"]["ms"], row["contenders"][ALONE]["ms"]
        peer = row["contenders"][row["best_peer"]]["ms"]
        without.append(row["ratio"])
        including.append(peer / (call + row["plan_ms"]))
        lines.append(f"  {row['name']:12} {row['ours']['note']:15} plan {row['plan_ms']:8.4f}  pack {max(0, call - alone):8.4f}  run {alone:9.4f}"
                     f"  {row['best_peer']} {peer:9.4f}  {without[-1]:6.2f}  {including[-1]:6.2f}")
    if without:
        lines.append(f"  geometric mean: {geometric_mean(without):.3f} (goal ≥ 1.0), with the plan made for each call {geometric_mean(including):.3f}")
    return "\n".join(lines)
