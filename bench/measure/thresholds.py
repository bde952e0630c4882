"""What the engine must reach: issue 5, "The engine: ahead of every peer on plain arrays". Ratios are best peer's time / ours."""

import math

DENSE = ["c1", "c3", "c4", "c8", "c11", "c13", "c16", "c17"]
DEPTHWISE = ["c9", "c10", "c12", "c15", "t13"]
TRANSPOSED = [f"t{i}" for i in range(1, 16)]
# of extra.txt: what the issue calls the extra rows
EXTRA = ["istft1024", "istft512", "down2d", "up2d", "down3d", "up3d"]

# family: (rows, least geometric mean or None, least single ratio or None)
FAMILIES = {
    "dense convolution": (DENSE, 0.92, 0.8),
    "depthwise": (DEPTHWISE, None, None),
    "transposed": (TRANSPOSED, 1.15, 0.8),
    "extra": (EXTRA, None, 0.95),
}
ROWS = {"c9": 1.7, "c10": 1.6, "c12": 2, "c15": 3, "t13": 2.5, "t7": 2, "t8": 1.25, "t9": 1.1, "t11": 1.3, "t12": 1.15}
GRADIENTS = {"grad3x3dx": 0.6, "grad3x3dw": 0.6}  # fractions of the FMA peak
TINY_PROBLEM = "conv2d ic4 oc4 i8x8 k3x3 p1"
TINY_NS = 2000
WORKSPACE_BYTES = 4 << 20  # per thread
GAIN_SHARE, GAIN_MS = 0.95, 5.0  # of sgemm's gain from two threads, on rows over 5 ms
# Below this gain of sgemm's per further thread somebody else has the cores, and our gain over it would be flattered: no verdict.
LEAST_SGEMM_GAIN = 0.6


def geometric_mean(values):
    return math.exp(sum(map(math.log, values)) / len(values))


def families(rows):
    """[(family, rows measured, rows in all, geometric mean)] of those measured."""
    ratio = {row["name"]: row["ratio"] for row in rows if row.get("ratio")}
    found = []
    for family, (names, _, _) in FAMILIES.items():
        present = [name for name in names if name in ratio]
        if present:
            found.append((family, len(present), len(names), geometric_mean([ratio[name] for name in present])))
    return found


def _verdict(what, value, least, digits=2):
    return {"what": what, "value": value, "bound": f"≥ {least}", "reached": value >= least, "digits": digits}


def verdicts(rows, threads, tiny_ns, sgemm_gain):
    """Every threshold that the rows of this run speak of: [{what, value, bound, reached}]."""
    result = []
    by_name = {row["name"]: row for row in rows}
    ratio = {name: row["ratio"] for name, row in by_name.items() if row.get("ratio")}
    if threads == 1:
        for family, measured, of, mean in families(rows):
            _, least_mean, least_one = FAMILIES[family]
            complete = "" if measured == of else f" ({measured} of {of} rows)"
            if least_mean:
                result.append(_verdict(f"{family}: geometric mean{complete}", mean, least_mean))
            if least_one:
                lowest = min((name for name in FAMILIES[family][0] if name in ratio), key=ratio.get)
                result.append(_verdict(f"{family}: lowest, {lowest}{complete}", ratio[lowest], least_one))
        result += [_verdict(name, ratio[name], least) for name, least in ROWS.items() if name in ratio]
        for name, least in GRADIENTS.items():
            if name in by_name and by_name[name].get("peak_fraction"):
                result.append(_verdict(f"{name}: fraction of the FMA peak", by_name[name]["peak_fraction"], least))
        if tiny_ns:
            result.append({"what": f"a run of `{TINY_PROBLEM}`, ns", "value": tiny_ns, "bound": f"< {TINY_NS}",
                           "reached": tiny_ns < TINY_NS, "digits": 0})
    elif sgemm_gain >= 1 + LEAST_SGEMM_GAIN * (threads - 1):
        for row in rows:
            if row.get("gain") and row["one_thread_ms"] > GAIN_MS:
                result.append(_verdict(f"{row['name']}: gain from {threads} threads / sgemm's", row["gain"] / sgemm_gain, GAIN_SHARE))
    spaces = {row["name"]: row["ours"]["workspace_bytes"] for row in rows if row.get("ours")}
    if spaces:
        largest = max(spaces, key=spaces.get)
        result.append({"what": f"largest workspace per thread, MiB: {largest}", "value": spaces[largest] / threads / 2**20,
                       "bound": "< 4", "reached": spaces[largest] < threads * WORKSPACE_BYTES, "digits": 2})
    return result
