"""The rows that lose most, and why: measured again with every algorithm of ours beside the best peer."""

import contenders
import measuring

WRONG = 1.1  # another algorithm of ours that is faster by this much was the right choice
SECONDS = 1.0


def reasons(library, rows, problems, peers, strict, threads, peak, most=10):
    """[(row, reason)], the worst first."""
    by_name = {problem.name: problem for problem in problems}
    worst = sorted((row for row in rows if row.get("ratio")), key=lambda row: row["ratio"])[:most]
    own = [contenders.ours(library, "auto", strict, threads)]
    own += [contenders.ours(library, name, strict, threads) for name in library.text("algorithms").split()
            if name not in ("sliding_window", "kernel_matrix")]
    found = []
    for row in worst:
        peer = [one for one in peers if one.name == row["best_peer"]]
        again = measuring.Session(library, own, peer, None, threads, SECONDS).row(by_name[row["name"]], peak)
        found.append((row, _reason(again, own, peak)))
    return found


def _reason(row, own, peak):
    times = {one.name: row["contenders"][one.name]["ms"] for one in own if "ms" in row["contenders"][one.name]}
    if not row["ours"] or not row["best_peer"]:
        return "not measured again"
    ours, note = times.pop("ours"), row["ours"]["note"]
    fastest = min(times, key=times.get)
    peer = row["contenders"][row["best_peer"]]["ms"]
    share = lambda ms: f"{row['flops'] / ms / 1e6 / peak:.0%}"
    again = f"again {peer / ours:.2f}; "
    if times[fastest] * WRONG < ours:
        return again + f"the planner took {note}, {fastest} takes {times[fastest] / ours:.2f} of its time ({peer / times[fastest]:.2f})"
    return again + f"{note} is our fastest, at {share(ours)} of the peak; {row['best_peer']} at {share(peer)}"


def text(found):
    lines = ["The worst ten, and why:"]
    lines += [f"  {row['name']:5} {row['ratio']:.2f}  {row['problem']}: {reason}" for row, reason in found]
    return "\n".join(lines)
