#!/usr/bin/env python3
"""The order of the modules in agent/, read from their object files.

check_layers.py TABLE OBJECTS SOURCES
    TABLE has lines "rank file.c". A symbol that one object needs and another
    defines is a call; it may go to a lower rank, or to the same rank if that
    closes no circle. A file in SOURCES that is not in TABLE is an error, and
    so is one in TABLE that is not there.

check_layers.py --needed-by NAME.o OBJECTS
    The objects that NAME.o needs, itself among them, one path a line.
"""
import pathlib
import subprocess
import sys


def read_table(path):
    ranks = {}
    for line in pathlib.Path(path).read_text().splitlines():
        words = line.split("#")[0].split()
        if words:
            rank, name = words
            ranks[pathlib.Path(name).stem] = int(rank)
    return ranks


def symbols(obj):
    """The names that an object defines for others and those it lacks."""
    out = subprocess.run(["nm", "-gP", str(obj)], check=True,
                         stdout=subprocess.PIPE, universal_newlines=True)
    rows = [line.split()[:2] for line in out.stdout.splitlines()]
    lacks = {name for name, kind in rows if kind in "Uwv"}
    return {name for name, _ in rows} - lacks, lacks


def calls(directory):
    """{module: {module it calls: a symbol}}"""
    table = {obj.stem: symbols(obj)
             for obj in sorted(pathlib.Path(directory).glob("*.o"))}
    owner = {name: module for module, (defines, _) in table.items()
             for name in defines}
    return {module: {owner[name]: name for name in sorted(lacks, reverse=True)
                     if name in owner}
            for module, (_, lacks) in table.items()}


def upward(graph, ranks):
    for caller, callees in graph.items():
        for callee, symbol in callees.items():
            if ranks[caller] < ranks[callee]:
                yield (f"{caller}.c (rank {ranks[caller]}) calls upward: "
                       f"{symbol} in {callee}.c (rank {ranks[callee]})")


def find_circle(graph, ranks):
    """One circle among modules of the same rank, as a list, or None."""
    finished = set()

    def visit(module, path):
        if module in path:
            return path[path.index(module):] + [module]
        if module in finished:
            return None
        for callee in graph[module]:
            if ranks[callee] == ranks[module]:
                circle = visit(callee, path + [module])
                if circle:
                    return circle
        finished.add(module)
        return None

    for module in graph:
        circle = visit(module, [])
        if circle:
            return circle
    return None


def check(table, objects, sources):
    ranks = read_table(table)
    there = {path.stem for path in pathlib.Path(sources).glob("*.c")}
    wrong = [f"{m}.c has no rank in {table}" for m in sorted(there - set(ranks))]
    wrong += [f"{m}.c is in {table} and not in {sources}"
              for m in sorted(set(ranks) - there)]
    # Objects of sources that were renamed or removed lie around.
    graph = {m: {c: s for c, s in callees.items() if c in there & set(ranks)}
             for m, callees in calls(objects).items()
             if m in there & set(ranks)}
    wrong += upward(graph, ranks)
    circle = find_circle(graph, ranks)
    if circle:
        wrong.append("circle: " + " -> ".join(f"{m}.c" for m in circle))
    for line in wrong:
        print(f"check-layers: {line}", file=sys.stderr)
    if not wrong:
        print(f"check-layers: {len(graph)} modules, "
              f"{sum(map(len, graph.values()))} calls, all downward")
    return 1 if wrong else 0


def needed_by(name, objects):
    graph, found, todo = calls(objects), set(), [pathlib.Path(name).stem]
    while todo:
        module = todo.pop()
        if module not in found:
            found.add(module)
            todo += graph[module]
    for module in sorted(found):
        print(pathlib.Path(objects) / f"{module}.o")
    return 0


def main(args):
    if len(args) == 3 and args[0] == "--needed-by":
        return needed_by(args[1], args[2])
    if len(args) == 3:
        return check(*args)
    print(__doc__, file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
