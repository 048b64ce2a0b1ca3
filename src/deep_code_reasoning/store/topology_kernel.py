"""Parents, depths, self times and critical paths, a trace at a time: what `parents`, `topology` and `critical_path`
compute in numpy, number for number.

No tree has spans of two traces. So each trace is brought into memory that stays in the processor's cache, and threads
take a part of the traces each. No recursion: parents are visited before their children, in the order of a queue.
"""

from __future__ import annotations

from numba import int64, uint64

from deep_code_reasoning.kernels.compiling import entry, inlined_part, part
from deep_code_reasoning.kernels.words import mixed
from deep_code_reasoning.store.critical_path import CONSUMER, OUTLIVES, ROUNDING, SERVER
from deep_code_reasoning.store.topology import LATEST, LONGEST

FEW = 24  # children that are sorted by insertion


@entry(
    "uint64[::1]", "int64", "int64", "int64", "int32[::1]", "int64[::1]", "int32[::1]", "int32[::1]", "int32[::1]",
    "int32[::1]",
)  # fmt: skip
def number_traces(trace, begin, traces, salt, table, trace_number, first, last, spans, following):
    """Numbers the traces of the rows from `begin` on by first appearance, after `traces` that are known.

    By trace its `first` and `last` row and how many `spans`; `following`: the next row of the same trace, where there
    is one. `table`: a power of two of zeros. Where it is half full, gives the row it stopped at negated less one, to be
    called again with a larger one; at the end the number of traces.
    """
    seed = uint64(salt)  # random, so that nobody can write ids that all fall into one slot
    mask = uint64(len(table) - 1)
    for number in range(traces):
        at = mixed(trace[first[number]] ^ seed) & mask
        while table[at]:
            at = (at + uint64(1)) & mask
        table[at] = number + 1
    number = int64(0)
    for row in range(begin, len(trace)):
        if row == begin or trace[row] != trace[row - 1]:
            at = mixed(trace[row] ^ seed) & mask
            while table[at] and trace[first[table[at] - 1]] != trace[row]:
                at = (at + uint64(1)) & mask
            if not table[at]:
                if 2 * traces >= len(table):
                    return -row - 1
                first[traces], last[traces], spans[traces] = row, row, 0
                traces += 1
                table[at] = traces
            number = int64(table[at]) - 1
        trace_number[row] = number
        following[last[number]] = row
        last[number] = row
        spans[number] += 1
    return traces


@inlined_part
def find_parents(span, wanted, seed, table, parent):
    """`table`: a power of two, at least twice the spans. Returns how many repeat the id of another of their trace."""
    table[:] = 0
    mask = uint64(len(table) - 1)
    repeated = int64(0)
    for i in range(len(span)):
        at = mixed(span[i] ^ seed) & mask
        while table[at] and span[table[at] - 1] != span[i]:
            at = (at + uint64(1)) & mask
        if table[at]:
            repeated += 1
        else:
            table[at] = i + 1
    for i in range(len(span)):
        parent[i] = -1
        if wanted[i] != 0:
            at = mixed(wanted[i] ^ seed) & mask
            while table[at] and span[table[at] - 1] != wanted[i]:
                at = (at + uint64(1)) & mask
            parent[i] = table[at] - 1
    return repeated


@inlined_part
def list_children(parent, first, child):
    """Children of i: child[first[i] : first[i + 1]], in the order of rows. `first` comes as zeros, one longer."""
    for i in range(len(parent)):
        if parent[i] >= 0:
            first[parent[i] + 1] += 1
    for i in range(len(parent)):
        first[i + 1] += first[i]
    for i in range(len(parent) - 1, -1, -1):
        if parent[i] >= 0:
            first[parent[i] + 1] -= 1
            child[first[parent[i] + 1]] = i
    # each first[p + 1] now stands where p's children begin: shift back
    for i in range(len(parent)):
        first[i] = first[i + 1]
    first[len(parent)] = 0
    for i in range(len(parent)):
        if parent[i] >= 0:
            first[len(parent)] += 1


@inlined_part
def reach(queue, begin, end, parent, first, child, depth):
    """Appends all that is below queue[begin:end]; gives the queue's new end."""
    while begin < end:
        node = queue[begin]
        begin += 1
        for at in range(first[node], first[node + 1]):
            one = child[at]
            if parent[one] == node and depth[one] < 0:
                depth[one] = depth[node] + 1
                queue[end] = one
                end += 1
    return end


@part
def cut_cycles(parent, depth, walk, in_cycle):
    """Makes roots of all that are their own ancestors; `walk` comes as zeros."""
    for i in range(len(parent)):
        if depth[i] >= 0 or walk[i]:
            continue
        node = int64(i)
        while node >= 0 and depth[node] < 0 and walk[node] == 0:
            walk[node] = i + 1
            node = parent[node]
        if node >= 0 and depth[node] < 0 and walk[node] == i + 1 and not in_cycle[node]:
            while not in_cycle[node]:
                in_cycle[node] = 1
                following = parent[node]
                parent[node] = -1
                node = following


@inlined_part
def returns_later(one, other, low, high):
    if high[one] != high[other]:
        return high[one] > high[other]
    if low[one] != low[other]:
        return low[one] < low[other]
    return one < other


@part
def sift(child, begin, root, size, low, high):
    """The root of a heap, whose top returns first, sinks to its place."""
    while 2 * root + 1 < size:
        below = 2 * root + 1
        if below + 1 < size and returns_later(child[begin + below], child[begin + below + 1], low, high):
            below += 1
        if not returns_later(child[begin + root], child[begin + below], low, high):
            return
        child[begin + root], child[begin + below] = child[begin + below], child[begin + root]
        root = below


@inlined_part
def sort_returning(child, begin, end, low, high):
    """Those that return last come first."""
    size = end - begin
    if size <= FEW:
        for at in range(begin + 1, end):
            one = child[at]
            to = at
            while to > begin and returns_later(one, child[to - 1], low, high):
                child[to] = child[to - 1]
                to -= 1
            child[to] = one
        return
    for root in range(size // 2 - 1, -1, -1):
        sift(child, begin, root, size, low, high)
    for last in range(size - 1, 0, -1):
        child[begin], child[begin + last] = child[begin + last], child[begin]
        sift(child, begin, int64(0), last, low, high)


@inlined_part
def covered(node, child, begin, end, start, finish, low, high):
    """Length of the union of the children's intervals, cut to the node's."""
    for at in range(begin, end):
        one = child[at]
        low[one] = min(max(start[one], start[node]), finish[node])
        high[one] = min(max(finish[one], start[node]), finish[node])
    sort_returning(child, begin, end, low, high)
    free, total = finish[node], int64(0)
    for at in range(begin, end):
        one = child[at]
        total += max(int64(0), min(high[one], free) - low[one])
        free = min(free, low[one])
    return total


@inlined_part
def place_children(node, child, begin, end, start, finish, clock, base, low, high):
    """The children's windows inside the node's (see critical_path._windows)."""
    room = finish[node] - start[node]
    for at in range(begin, end):
        one = child[at]
        length = finish[one] - start[one]
        place = start[one] - start[node]
        if clock[one] != clock[node]:
            place = min(max(place, int64(0)), room - length if length <= room else room)
        base[one] = base[node] + place
        low[one] = max(low[node], base[one])
        high[one] = max(low[one], min(high[node], base[one] + length))


@inlined_part
def is_waited_for(node, one, start, finish, clock, kind):
    if kind[one] == CONSUMER:
        return False
    spare = (finish[node] - start[node]) // OUTLIVES + ROUNDING
    return clock[one] != clock[node] or kind[one] == SERVER or finish[one] - finish[node] <= spare


@inlined_part
def follow(node, child, begin, end, start, finish, clock, kind, base, low, high, on_path):
    """Marks the children on the path; gives the node's own part of it."""
    place_children(node, child, begin, end, start, finish, clock, base, low, high)
    sort_returning(child, begin, end, low, high)
    own, free = high[node] - low[node], high[node]
    for at in range(begin, end):
        one = child[at]
        if low[one] < high[one] <= free and is_waited_for(node, one, start, finish, clock, kind):
            on_path[one] = 1
            own -= high[one] - low[one]
            free = low[one]
    return own


@inlined_part
def settle_depths(parent, first, child, queue, depth, walk, in_cycle):
    """Depths from the roots down; the members of a cycle become roots. `queue`: parents before their children."""
    end = int64(0)
    depth[:] = -1
    for i in range(len(parent)):
        if parent[i] < 0:
            depth[i] = 0
            queue[end] = i
            end = reach(queue, end, end + 1, parent, first, child, depth)
    if end < len(parent):
        walk[:] = 0
        cut_cycles(parent, depth, walk, in_cycle)
        begin = end
        for i in range(len(parent)):
            if in_cycle[i]:
                depth[i] = 0
                queue[end] = i
                end += 1
        reach(queue, begin, end, parent, first, child, depth)


@inlined_part
def measure(parent, first, child, queue, start, finish, clock, kind, times, on_path):
    """`times`: covered by children, part of the critical path, and three to work in."""
    covered_nano, critical_nano, base, low, high = times[0], times[1], times[2], times[3], times[4]
    for at in range(len(parent)):
        node = int64(queue[at])
        if parent[node] < 0:
            on_path[node] = 1
            base[node], low[node], high[node] = 0, 0, finish[node] - start[node]
        begin, last = int64(first[node]), int64(first[node])
        for place in range(first[node], first[node + 1]):
            if parent[child[place]] == node:  # not one that a cut cycle made a root
                child[last], child[place] = child[place], child[last]
                last += 1
        covered_nano[node] = 0
        critical_nano[node] = high[node] - low[node] if on_path[node] else 0
        if last > begin:
            covered_nano[node] = covered(node, child, begin, last, start, finish, low, high)
            if on_path[node]:
                critical_nano[node] = follow(
                    node, child, begin, last, start, finish, clock, kind, base, low, high, on_path
                )


@entry(
    "int64", "int64", "int64", "int32[::1]", "int32[::1]", "int32[::1]", "int64[::1]", "uint64[::1]", "uint64[::1]",
    "int64[::1]", "int64[::1]", "uint32[::1]", "uint8[::1]", "int64[:,::1]", "int32[::1]", "uint8[:,::1]",
    "uint64[:,::1]", "int64[:,::1]", "int32[:,::1]", "uint32[::1]", "uint8[:,::1]", "int32[::1]",
)  # fmt: skip
def grow_traces(
    trace, end_trace, salt, first_row, spans, following, span_number, span_id, parent_id, start_nano, duration_nano,
    host, span_kind, found_times, found_depth, found_flags, ids, times, numbers, clock, flags, table,
):  # fmt: skip
    """The trees of traces `trace` to `end_trace`, as `number_traces` gave `first_row`, `spans` and `following`.

    Fills, by row, `found_times` (parent's span number or -1, end, self time, critical path), `found_depth` and
    `found_flags` (orphan, in cycle). The rest is to work in, each for as many spans as the largest of these traces
    has: `ids` (2 rows), `times` (7), `numbers` (7, one longer), `clock`, `flags` (3), `table` (four times as many, and
    a power of two). Returns how many rows have both ids of another.
    """
    repeated = int64(0)
    while trace < end_trace:
        size = int64(spans[trace])
        span, wanted = ids[0][:size], ids[1][:size]
        start, finish = times[0][:size], times[1][:size]
        rows, parent, depth = numbers[0][:size], numbers[1][:size], numbers[2][:size]
        queue, child, walk, first = numbers[3][:size], numbers[4][:size], numbers[5][:size], numbers[6][: size + 1]
        kind, in_cycle, on_path = flags[0][:size], flags[1][:size], flags[2][:size]
        row = int64(first_row[trace])
        for i in range(size):
            rows[i] = row
            span[i], wanted[i] = span_id[row], parent_id[row]
            start[i] = max(start_nano[row], int64(0))
            finish[i] = start[i] + min(min(max(duration_nano[row], int64(0)), int64(LONGEST)), LATEST - start[i])
            clock[i], kind[i] = host[row], span_kind[row]
            row = int64(following[row])
        slots = int64(4)
        while slots < 2 * size:
            slots *= 2
        repeated += find_parents(span, wanted, mixed(uint64(trace) ^ uint64(salt)), table[:slots], parent)
        in_cycle[:], on_path[:], first[:] = 0, 0, 0
        list_children(parent, first, child)
        settle_depths(parent, first, child, queue, depth, walk, in_cycle)
        measure(parent, first, child, queue, start, finish, clock, kind, times[2:], on_path)
        for i in range(size):
            row = int64(rows[i])
            length = min(max(duration_nano[row], int64(0)), int64(LONGEST))
            found_times[0][row] = span_number[rows[parent[i]]] if parent[i] >= 0 else -1
            found_times[1][row] = finish[i]
            found_times[2][row] = length - times[2][i]
            found_times[3][row] = times[3][i]
            found_depth[row] = depth[i]
            found_flags[0][row] = wanted[i] != 0 and parent[i] < 0 and not in_cycle[i]
            found_flags[1][row] = in_cycle[i]
        trace += 1
    return repeated
