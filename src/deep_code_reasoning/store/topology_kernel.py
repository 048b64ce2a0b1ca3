"""Parents, depths, self times and critical paths of all spans in a few passes: what `parents`, `topology` and
`critical_path` compute in numpy, number for number.

No recursion: parents are visited before their children, in the order of a queue.
"""

from __future__ import annotations

from numba import int64, uint64

from deep_code_reasoning.kernels.compiling import entry, part
from deep_code_reasoning.store.critical_path import CONSUMER, OUTLIVES, ROUNDING, SERVER

FEW = 24  # children that are sorted by insertion


@part
def slot_of(trace, span, salt):
    """Mixed with a random number, so that nobody can write ids that all fall into one slot (Stafford's mixer 13)."""
    word = (trace ^ salt) * uint64(0xBF58476D1CE4E5B9)
    word = ((word ^ (word >> uint64(29))) + span) * uint64(0x94D049BB133111EB)
    return word ^ (word >> uint64(31))


@entry("uint64[::1]", "uint64[::1]", "uint64[::1]", "int64", "int32[::1]", "int64[::1]", "int64[::1]")
def find_parents(trace, span, wanted, salt, table, row, trace_number):
    """`table`: a power of two of -1, at least twice the rows. Returns how many rows repeat the ids of another."""
    mask = uint64(len(table) - 1)
    seed = uint64(salt)
    repeated = int64(0)
    for i in range(len(trace)):
        at = slot_of(trace[i], span[i], seed) & mask
        while table[at] >= 0 and not (trace[table[at]] == trace[i] and span[table[at]] == span[i]):
            at = (at + uint64(1)) & mask
        if table[at] >= 0:
            repeated += 1
        else:
            table[at] = i
    for i in range(len(trace)):
        row[i] = -1
        if wanted[i] != 0:
            at = slot_of(trace[i], wanted[i], seed) & mask
            while table[at] >= 0 and not (trace[table[at]] == trace[i] and span[table[at]] == wanted[i]):
                at = (at + uint64(1)) & mask
            row[i] = table[at]
    table[:] = -1
    traces = int64(0)
    for i in range(len(trace)):
        if i and trace[i] == trace[i - 1]:
            trace_number[i] = trace_number[i - 1]
            continue
        at = slot_of(trace[i], uint64(0), seed) & mask
        while table[at] >= 0 and trace[table[at]] != trace[i]:
            at = (at + uint64(1)) & mask
        if table[at] < 0:
            table[at] = i
            trace_number[i] = traces
            traces += 1
        else:
            trace_number[i] = trace_number[table[at]]
    return repeated


@part
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


@part
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


@part
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


@part
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


@part
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


@part
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


@part
def is_waited_for(node, one, start, finish, clock, kind):
    if kind[one] == CONSUMER:
        return False
    spare = (finish[node] - start[node]) // OUTLIVES + ROUNDING
    return clock[one] != clock[node] or kind[one] == SERVER or finish[one] - finish[node] <= spare


@part
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


@entry(
    "int64[::1]", "int64[::1]", "int64[::1]", "uint64[::1]", "uint8[::1]", "int64[:,::1]", "int32[:,::1]",
    "uint8[:,::1]", "int32[::1]", "int64[:,::1]",
)  # fmt: skip
def grow(parent, start, finish, clock, kind, times, numbers, flags, first, work):
    """`parent` loses its cycles. Rows filled: times (covered by children, critical path), numbers (depth, ...), flags
    (in cycle, on path). `numbers` (4 rows), `flags` (2), `first` (one longer than the spans) come as zeros."""
    covered_nano, critical_nano = times[0], times[1]
    depth, queue, child, walk = numbers[0], numbers[1], numbers[2], numbers[3]
    in_cycle, on_path = flags[0], flags[1]
    base, low, high = work[0], work[1], work[2]
    list_children(parent, first, child)
    end = int64(0)
    depth[:] = -1
    for i in range(len(parent)):
        if parent[i] < 0:
            depth[i] = 0
            queue[end] = i
            end = reach(queue, end, end + 1, parent, first, child, depth)
    if end < len(parent):
        cut_cycles(parent, depth, walk, in_cycle)
        begin = end
        for i in range(len(parent)):
            if in_cycle[i]:
                depth[i] = 0
                queue[end] = i
                end += 1
        end = reach(queue, begin, end, parent, first, child, depth)
    for at in range(end):
        node = int64(queue[at])
        if parent[node] < 0:
            on_path[node] = 1
            base[node], low[node], high[node] = 0, 0, finish[node] - start[node]
        begin, last = int64(first[node]), int64(first[node])
        for place in range(first[node], first[node + 1]):
            if parent[child[place]] == node:  # not one that a cut cycle made a root
                child[last], child[place] = child[place], child[last]
                last += 1
        covered_nano[node] = covered(node, child, begin, last, start, finish, low, high) if last > begin else 0
        critical_nano[node] = 0
        if on_path[node]:
            critical_nano[node] = follow(node, child, begin, last, start, finish, clock, kind, base, low, high, on_path)
    return end
