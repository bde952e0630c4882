"""The table and the words around it."""

import thresholds

MARK = {True: "pass", False: "MISS"}
# A calm call's wall time is its processor time and a microsecond for the clocks; above this share something else had the core meanwhile.
CALM = 1.1


def milliseconds(value):
    return f"{value:.4f}" if value < 0.1 else f"{value:.3f}" if value < 10 else f"{value:.1f}"


def _cell(entry):
    if entry is None or "refusal" in entry:
        return "–"
    if entry["wrong"]:
        return "WRONG"
    return milliseconds(entry["ms"]) + ("~" if entry["rounds"] == 1 else "")


def columns_of(rows):
    """Contenders in their order, without those that took no row."""
    names = []
    for row in rows:
        for name, entry in row["contenders"].items():
            if name not in names and "refusal" not in entry:
                names.append(name)
    return [name for row in rows[:1] for name in row["contenders"] if name in names]


def table(rows, main, peak):
    others = [name for name in columns_of(rows) if name != main]
    head = ["row", "problem", "ms " + main, "best peer", "ms", "ratio", "GFLOP/s", "of peak", *others]
    lines = [head]
    for row in rows:
        ours = row["ours"]
        line = [row["name"], row["problem"], _cell(row["contenders"][main])]
        if row["best_peer"]:
            line += [row["best_peer"], milliseconds(row["contenders"][row["best_peer"]]["ms"])]
        else:
            line += ["–", "–"]
        line.append((f"{row['ratio']:.2f}" if row["ratio"] else "–") + ("" if row["calm"] else "*"))
        line += [f"{row['gflops']:.1f}", f"{row['gflops'] / peak:.0%}"] if ours else ["–", "–"]
        line += [_cell(row["contenders"].get(name)) for name in others]
        lines.append(line)
    widths = [max(len(line[i]) for line in lines) for i in range(len(head))]
    left = {0, 1, 3}
    text = []
    for number, line in enumerate(lines):
        cells = [cell.ljust(w) if i in left else cell.rjust(w) for i, (cell, w) in enumerate(zip(line, widths))]
        text.append("| " + " | ".join(cells) + " |")
        if number == 0:
            text.append("|" + "|".join("-" * (w + 2) if i in left else "-" * (w + 1) + ":" for i, w in enumerate(widths)) + "|")
    return "\n".join(text)


def legend(rows, threads):
    clock = "processor time" if threads == 1 else "wall time"
    lines = [f"ms: the fastest call, {clock}. ratio: the best peer's time / ours; above 1 ours is faster."]
    entries = [entry for row in rows for entry in row["contenders"].values() if "ms" in entry]
    if any(entry["rounds"] == 1 for entry in entries):
        lines.append("~ measured in one round only: it was over three times slower than the fastest.")
    if any(not row["calm"] for row in rows):
        lines.append("* something else had the core during the fastest call of ours or of the best peer, so that caches may have been cold.")
    if any(entry["wrong"] for entry in entries):
        lines.append("WRONG: the result is not the definition's; it does not count.")
    return "\n".join(lines)


def families(rows):
    lines = []
    for family, measured, of, mean in thresholds.families(rows):
        part = "" if measured == of else f" ({measured} of {of} rows)"
        lines.append(f"  {family:20} {mean:6.3f}{part}")
    every = [row["ratio"] for row in rows if row["ratio"]]
    if every:
        lines.append(f"  {'all rows here':20} {thresholds.geometric_mean(every):6.3f}")
    return "Geometric means of the ratio:\n" + "\n".join(lines) if lines else ""


def slower(rows):
    """What a random problem must not be: issue 6."""
    ratios = [row["ratio"] for row in rows if row["ratio"]]
    slow = sum(ratio < 1 / 1.5 for ratio in ratios)
    return f"{slow} of {len(ratios)} are slower than 1.5 × the best peer (goal: none), {sum(ratio < 1 for ratio in ratios)} slower than it" if ratios else ""


def verdicts(list_of_verdicts, binding):
    if not list_of_verdicts:
        return ""
    words = "binding" if binding else "reported only: they bind machines without AVX-512"
    lines = [f"Thresholds of issue 5 ({words}):"]
    for verdict in list_of_verdicts:
        value = f"{verdict['value']:.{verdict['digits']}f}"
        lines.append(f"  {MARK[verdict['reached']]}  {verdict['what']}: {value} ({verdict['bound']})")
    return "\n".join(lines)


def refusals(rows):
    """Reason → who refused which rows for it, where the reason is not one of kind."""
    found = {}
    for row in rows:
        for name, entry in row["contenders"].items():
            if "refusal" in entry and not entry["refusal"].startswith(("only ", "no ", "kernels below")):
                found.setdefault((name, entry["refusal"]), []).append(row["name"])
    return "\n".join(f"  {name} on {' '.join(names)}: {reason}" for (name, reason), names in found.items())
