"""One row: prepare everybody on the same arrays, check, time, forget."""

import gc

import checking
import report
import timing
from library import Refusal

# Algorithms of ours that do not sum products directly: design.md's list.
INDIRECT = ("winograd", "fft")
TINY_ROUNDS, TINY_COUNT = 50, 1000  # loops of about a millisecond: one of them is undisturbed


class Session:
    def __init__(self, library, own, peers, one_thread, threads, seconds):
        self._library, self._own, self._peers, self._one_thread = library, own, peers, one_thread
        self._threads, self._seconds = threads, seconds

    def _prepared(self, problem, arrays):
        """{contender's name: what it prepared, or its refusal}."""
        prepared = {}
        for contender in [*self._own, *([self._one_thread] if self._one_thread else []), *self._peers]:
            try:
                prepared[contender.name] = contender.prepare(problem, arrays)
            except Refusal as refusal:
                prepared[contender.name] = refusal
        return prepared

    def overheads(self):
        """{name: nanoseconds of a call that computes next to nothing}."""
        problem = self._library.problem("call", "conv2d i1x1 k1x1")
        prepared = self._prepared(problem, checking.givens(problem, seed=1))
        runs = {name: p.run for name, p in prepared.items() if not isinstance(p, Refusal)}
        first = {name: timing.first_call(run, self._threads) for name, run in runs.items()}
        # none of them is hopeless: all overheads are wanted
        return {name: timing.measure({name: run}, first, 0.1, self._threads)[name].best_ns for name, run in runs.items()}

    def tiny_ns(self, text):
        problem = self._library.problem("tiny", text)
        try:
            return self._own[0].prepare(problem, checking.givens(problem, seed=1)).loop_ns(TINY_ROUNDS, TINY_COUNT)
        except Refusal:
            return None

    def row(self, problem, peak):
        seed = checking.seed_of(problem.text)
        arrays = checking.givens(problem, seed)
        fingerprint = checking.fingerprint(arrays)
        prepared = self._prepared(problem, arrays)
        entries, runs, first = {}, {}, {}
        for name, p in prepared.items():
            if isinstance(p, Refusal):
                entries[name] = {"refusal": str(p)}
                continue
            try:
                first[name] = timing.first_call(p.run, self._threads)
            except Exception as error:  # whatever a peer throws: the row goes on without it
                entries[name] = {"refusal": str(error).splitlines()[0]}
                continue
            runs[name] = p.run
            entries[name] = {"note": p.note}
        kept = [*self._own_names(), *([self._one_thread.name] if self._one_thread else [])]
        times = timing.measure(runs, first, self._seconds, self._threads, kept) if runs else {}
        for name, time in times.items():
            entries[name] |= {"ms": time.best_ns / 1e6, "wall_ms": time.wall_ns / 1e6, "rounds": time.rounds, "calls": time.calls}
        # what the last of all those runs left
        self._check(problem, arrays, {name: prepared[name] for name in runs}, entries)
        if checking.fingerprint(arrays) != fingerprint:
            raise RuntimeError(f"{problem.name}: a contender wrote into the givens: no time of this row can be trusted: leave it out with --peers")
        del prepared, runs
        gc.collect()
        return self._summary(problem, entries, peak)

    def _own_names(self):
        return [contender.name for contender in self._own]

    def _check(self, problem, arrays, finished, entries):
        seed = checking.seed_of(problem.text)
        base_name = self._own_names()[0]
        base = finished.get(base_name)
        for name, p in finished.items():
            entry = entries[name]
            if name in self._own_names():
                entry["workspace_bytes"] = p.workspace_bytes
                direct = p.note not in INDIRECT
                entry["error"], share = checking.against_double(self._library, problem, arrays, p.result, direct, seed)
                entry["wrong"] = not share <= 1
                continue
            if base is None:
                entry["error"], _ = checking.against_double(self._library, problem, arrays, p.result, False, seed)
                entry["wrong"] = not entry["error"] <= checking.PEER_BOUND
                continue
            entry["error"], index = checking.against_ours(p.result, base.result)
            entry["wrong"] = not entry["error"] <= checking.PEER_BOUND
            if entry["wrong"] and index is not None:
                # sampled cells can miss one wrong cell of ours: where two differ, the definition decides
                given = {**arrays, problem.unknown: base.result}
                entry["wrong"], ours_wrong = checking.wrong_ones(self._library, problem, given, [p.result, base.result], index)
                entries[base_name]["wrong"] |= ours_wrong

    def _summary(self, problem, entries, peak):
        main = entries[self._own[0].name]
        ours = main if "ms" in main and not main["wrong"] else None
        peers = {p.name: entries[p.name] for p in self._peers if "ms" in entries[p.name] and not entries[p.name]["wrong"]}
        best = min(peers, key=lambda name: peers[name]["ms"]) if peers else None
        row = {"name": problem.name, "problem": problem.text, "flops": problem.flops, "contenders": entries, "ours": ours,
               "best_peer": best, "ratio": peers[best]["ms"] / ours["ms"] if best and ours else None}
        if ours:
            row["gflops"] = problem.flops / ours["ms"] / 1e6
            row["peak_fraction"] = row["gflops"] / peak
        decisive = [entry for entry in (ours, peers.get(best)) if entry]
        row["calm"] = all(entry["wall_ms"] <= report.CALM * entry["ms"] for entry in decisive)
        if self._one_thread and ours and "ms" in entries[self._one_thread.name]:
            row["one_thread_ms"] = entries[self._one_thread.name]["ms"]
            row["gain"] = row["one_thread_ms"] / ours["ms"]
        return row
