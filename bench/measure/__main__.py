"""bench/peers: Faltung beside its peers, interleaved in one run on pinned cores. See bench/README.md."""

import argparse
import json
import os
import random
import sys
import tempfile

from usage import UsageError

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
# A load average above this means a neighbour: ours is not in it yet.
BUSY = 0.5
CORPORA = os.path.join(ROOT, "bench", "corpora")


def arguments():
    parser = argparse.ArgumentParser(prog="bench/peers", description=__doc__)
    parser.add_argument("--library", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--corpus", action="append", metavar="FILE", help="problems; may be repeated (default: networks and extra)")
    parser.add_argument("--rows", metavar="c1,t3", help="only these rows of the corpora")
    parser.add_argument("--random", type=int, metavar="N", help="instead of a corpus, N problems drawn by a seed, 5 MFLOP or more each")
    parser.add_argument("--seed", type=int, help="of --random (default: one of its own, printed)")
    parser.add_argument("--part", metavar="I/N", help="of --random with its --seed: only the I-th of N parts, for a machine that others use too")
    parser.add_argument("--join", metavar="FILE,…", help="of --random with its --seed: instead of measuring, the rows that parts wrote with --json")
    parser.add_argument("--algorithm", default="auto", metavar="NAME,…",
                        help="ours: the first is compared, the others are columns (default: auto)")
    parser.add_argument("--accuracy", choices=("strict", "standard"), default="strict", help="of ours (default: strict)")
    parser.add_argument("--one-shot", action="store_true",
                        help="weights are used once: ours packs them in every call; against ONNX Runtime (or --peers) with its session made beforehand")
    parser.add_argument("--peers", metavar="NAME,…", help="only peers whose name begins so (default: all)")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--cores", metavar="N,…", help="the cores to run on (default: the last ones)")
    parser.add_argument("--target", metavar="avx2", help="the instruction set of ours; avx2 hides AVX-512 from the peers too")
    parser.add_argument("--seconds", type=float, default=2.0, help="of measuring per row, about (default: 2)")
    parser.add_argument("--json", metavar="FILE", help="write the results there, and what is printed beside it as .txt")
    given = parser.parse_args()
    if (given.part or given.join) and not (given.random and given.seed is not None):
        parser.error("--part and --join: parts of which problems: give --random and --seed")
    if given.one_shot and "," in given.algorithm:
        parser.error(f"--one-shot with --algorithm {given.algorithm}: it compares one: give one algorithm, or none for auto")
    if given.threads < 1:
        parser.error(f"--threads {given.threads}: at least 1: use 1 or 2")
    return given


class Output:
    """What is printed, kept for the text file."""

    def __init__(self):
        self.text = ""

    def __call__(self, text=""):
        if text is not None:
            self.text += text + "\n"
            print(text, flush=True)


def progress(text):
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)


def _part(problems, text):
    try:
        index, count = (int(word) for word in text.split("/"))
        if not 1 <= index <= count:
            raise ValueError
    except ValueError:
        raise UsageError(f"--part {text}: a part and how many there are: use one such as 2/8") from None
    return problems[len(problems) * (index - 1) // count : len(problems) * index // count]


def _joined(paths, say):
    rows, ours = [], set()
    for path in paths.split(","):
        with open(path, encoding="utf-8") as file:
            part = json.load(file)
        rows += part["rows"]
        ours.add(part["versions"]["faltung"])
    say(f"Rows of {len(paths.split(','))} parts, measured with faltung {', '.join(sorted(ours))}; the worst again with the one above")
    return rows


def problems_of(library, given, say):
    import corpus

    if given.random:
        seed = random.SystemRandom().randrange(1 << 31) if given.seed is None else given.seed
        say(f"{given.random} problems drawn with --seed {seed}")
        problems, source = corpus.drawn(library, given.random, seed), f"--random {given.random} --seed {seed}"
        return (_part(problems, given.part), f"{source} --part {given.part}") if given.part else (problems, source)
    paths = given.corpus or [os.path.join(CORPORA, name) for name in ("networks.txt", "extra.txt")]
    problems = [problem for path in paths for problem in corpus.read(library, path)]
    if given.rows:
        wanted = given.rows.split(",")
        unknown = set(wanted) - {problem.name for problem in problems}
        if unknown:
            raise UsageError(f"--rows {given.rows}: no corpus has {', '.join(sorted(unknown))}: look into {', '.join(paths)}")
        problems = [problem for problem in problems if problem.name in wanted]
    return problems, " ".join(os.path.basename(path) for path in paths)


def main():
    given = arguments()
    import environment

    if (given.target or "").lower() == "avx2":
        environment.hide_avx512(os.path.dirname(given.library))
    cores = environment.pin(given.threads, given.cores)
    said = environment.prepare(given.threads, given.target)
    # OpenVINO brings a newer TBB than Debian's under the same name: whoever is loaded first gives it to both, and the newer serves both
    import openvino  # noqa: F401

    import contenders
    import machine
    import measuring
    import report
    import sgemm
    import one_shot
    import thresholds
    import worst
    from library import Library

    say = Output()
    library = Library(given.library)
    if given.target and not library.restrict_target(given.target):
        raise UsageError(f"--target {given.target}: this CPU or build does not have it: use a target of Highway's, like avx2, or none")
    problems, source = problems_of(library, given, say)

    described, versions = machine.describe(), machine.versions(library, ROOT)
    say(f"{described['cpu'].get('model_name', 'unknown CPU')}, {described['architecture']}, "
        f"{' '.join(described['flags'])}; {described['system']}; {described['date']}")
    say("; ".join(f"{name} {version}" for name, version in versions.items()))
    say(f"{given.threads} thread{'s' if given.threads > 1 else ''} on core {','.join(map(str, cores))}; ours: {given.algorithm}, "
        f"{given.accuracy}; {source}")
    for sentence in said:
        say(sentence)
    peak = library.peak() * given.threads
    say(f"FMA peak ({library.text('peak_target')}): {peak:.1f} GFLOP/s"
        + (f", {given.threads} × one core's" if given.threads > 1 else ""))

    if described["load_before"] > BUSY:
        say(f"The load average is {described['load_before']}: others are using this machine. "
            + ("Minima of processor time bear some of that." if given.threads == 1 else "Several threads cannot be measured so."))

    strict = given.accuracy == "strict"
    own = [contenders.ours(library, name, strict, given.threads) for name in given.algorithm.split(",")]
    if given.one_shot:
        own = one_shot.own(library, given.algorithm, strict, given.threads)
    with tempfile.TemporaryDirectory() as scratch:
        others = contenders.peers(library, given.threads, scratch)
        wanted = given.peers or ("ORT" if given.one_shot else None)
        if wanted:
            others = [peer for peer in others if any(peer.name.startswith(name) for name in wanted.split(","))]
        one_thread = contenders.ours(library, given.algorithm.split(",")[0], strict, 1, "ours, 1 thread") if given.threads > 1 else None
        session = measuring.Session(library, own, others, one_thread, given.threads, given.seconds)

        overheads = session.overheads()
        say("A call of a 1×1 convolution of one number, µs (it is part of every time below, nothing is subtracted): "
            + ", ".join(f"{name} {ns / 1000:.1f}" for name, ns in overheads.items()))
        tiny_ns = session.tiny_ns(thresholds.TINY_PROBLEM) if given.threads == 1 else None
        if tiny_ns:
            say(f"A run of ours on `{thresholds.TINY_PROBLEM}`, called from C++: {tiny_ns:.0f} ns")
        speeds = sgemm.gain(given.threads) if given.threads > 1 else None
        if speeds:
            say(f"sgemm of scipy-openblas32: {speeds[0]:.1f} GFLOP/s on one thread, {speeds[1]:.1f} on {given.threads}: "
                f"a gain of {speeds[1] / speeds[0]:.3f}")
        rows = _joined(given.join, say) if given.join else []
        for number, problem in enumerate([] if given.join else problems, 1):
            progress(f"[{number}/{len(problems)}] {problem.name} {problem.text}")
            rows.append(session.row(problem, peak))
        progress("")
        if given.one_shot:
            one_shot.add_planning(library, rows, problems, given.algorithm, strict, given.threads)
        explained = given.random and not given.part  # a part's worst are not the worst
        worst_rows = worst.reasons(library, rows, problems, others, strict, given.threads, peak) if explained else []

    peak = max(peak, library.peak() * given.threads)
    found = [] if given.one_shot else thresholds.verdicts(rows, given.threads, tiny_ns, speeds and speeds[1] / speeds[0])
    say()
    say(report.table(rows, own[0].name, peak))
    say(report.legend(rows, given.threads))
    if refused := report.refusals(rows):
        say("Refused:\n" + refused)
    if given.one_shot:
        say(one_shot.text(rows))
    say(report.families(rows))
    if speeds and speeds[1] / speeds[0] < 1 + thresholds.LEAST_SGEMM_GAIN * (given.threads - 1):
        say("sgemm gained so little from its threads that others must have had the cores: no verdict on gains.")
    say(report.verdicts(found, "avx512f" not in described["flags"] or environment.hidden()))
    if explained:
        say(report.slower(rows))
        say(worst.text(worst_rows))
    described["load_after"] = round(os.getloadavg()[0], 2)
    say(f"Load average {described['load_before']} before, {described['load_after']} after; FMA peak at best {peak:.1f} GFLOP/s")
    if given.json:
        settings = {"threads": given.threads, "cores": cores, "algorithm": given.algorithm, "accuracy": given.accuracy,
                    "one_shot": given.one_shot, "target": given.target, "avx512_hidden": environment.hidden(),
                    "problems": source, "seconds_per_row": given.seconds, "notes": said}
        with open(given.json, "w", encoding="utf-8") as file:
            json.dump({"machine": described, "versions": versions, "settings": settings, "peak_gflops": peak,
                       "call_overhead_ns": overheads, "tiny_ns": tiny_ns, "sgemm_gflops": speeds, "rows": rows,
                       "geometric_means": {family: mean for family, _, _, mean in thresholds.families(rows)},
                       "worst": [{"name": row["name"], "reason": reason} for row, reason in worst_rows],
                       "thresholds": found}, file, indent=1, ensure_ascii=False)
            file.write("\n")
        with open(os.path.splitext(given.json)[0] + ".txt", "w", encoding="utf-8") as file:
            file.write(say.text)
    if any(row["contenders"][contender.name].get("wrong") for row in rows for contender in own):
        sys.exit(1)



try:
    main()
except UsageError as error:
    print(f"bench/peers: {error}", file=sys.stderr)
    sys.exit(2)
