"""Interleaved minima: in every round, every contender gets a slice of time, in an order that changes from round to round.

On one thread the clock is the processor time of the process: wall time would also count whoever else had the core. On several it is wall time.
"""

import random
import time

# Rounds of a row; fewer where the calls alone would take more than twice the row's budget.
MOST_ROUNDS, LEAST_ROUNDS = 7, 4
# A contender slower than this many times the fastest after a round is not run again: noise never halves a time, let alone thirds it.
HOPELESS = 3.0
# A first call that takes longer than this is its own measurement, if it is hopeless too: cold caches and pages are then far below a percent.
LONG_SECONDS = 0.3
# After another contender ran on several threads, its workers still spin for a while: OpenBLAS's longest, 2^26 cycles or about 25 ms.
SPIN_SECONDS = 0.05


def clock_of(threads):
    return time.process_time_ns if threads == 1 else time.perf_counter_ns


class Time:
    """What is known of one contender on one row."""

    def __init__(self):
        self.best_ns = None
        self.wall_ns = None  # of that very call: more than best_ns where something else had the core during it
        self.rounds = 0
        self.calls = 0

    def see(self, ns, wall_ns, calls):
        self.rounds += 1
        self.calls += calls
        if self.best_ns is None or ns < self.best_ns:
            self.best_ns, self.wall_ns = ns, wall_ns


def _slice(run, clock, seconds):
    """(nanoseconds of the fastest call, its wall time, calls). The first call is not counted: it brings back what others pushed out of
    the caches."""
    run()
    wall = time.perf_counter_ns
    best, best_wall, calls = None, None, 0
    end = wall() + int(seconds * 1e9)
    while True:
        wall_before = wall()
        before = clock()
        run()
        after = clock()
        wall_after = wall()
        calls += 1
        if best is None or after - before < best:
            best, best_wall = after - before, wall_after - wall_before
        if wall_after >= end:
            return best, best_wall, calls


def first_call(run, threads):
    clock = clock_of(threads)
    begin = clock()
    run()
    return clock() - begin


def measure(contenders, first_ns, budget, threads, keep=(), seed=0):
    """{name: Time} of `contenders` {name: run}, which have run once: `first_ns` {name: nanoseconds of that}. Those in `keep` run in every
    round, however slow, if their first call was not long."""
    order = random.Random(seed)
    times = {name: Time() for name in contenders}
    fastest_first = min(first_ns.values())
    alive = []
    for name in contenders:
        if first_ns[name] > LONG_SECONDS * 1e9 and first_ns[name] > HOPELESS * fastest_first:
            times[name].see(first_ns[name], first_ns[name], 1)
        else:
            alive.append(name)
    calls_seconds = 2 * sum(first_ns[name] for name in alive) / 1e9
    rounds = max(LEAST_ROUNDS, min(MOST_ROUNDS, int(2 * budget / max(calls_seconds, 1e-9))))
    for _ in range(rounds):
        order.shuffle(alive)
        for name in alive:
            if threads > 1:
                time.sleep(SPIN_SECONDS)
            times[name].see(*_slice(contenders[name], clock_of(threads), budget / rounds / len(alive)))
        fastest = min(times[name].best_ns for name in alive)
        alive = [name for name in alive if name in keep or times[name].best_ns <= HOPELESS * fastest]
    return times
