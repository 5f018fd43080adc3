#!/bin/sh
# strip.sh SOURCE OUT: a file of the hook as the binary carries it, without
# comments, documentation and wide indents. Each statement keeps its line, so
# that a traceback tells where it stands in the source.
set -eu
exec python3 - "$@" <<'END'
import ast
import sys
import tokenize

SCOPES = (ast.Module, ast.ClassDef, ast.FunctionDef)


def documented(tree):
    """The scopes that begin with a docstring."""
    return [n for n in ast.walk(tree) if isinstance(n, SCOPES) and
            ast.get_docstring(n, clean=False) is not None]


def strip_docstrings(tree, lines):
    for scope in documented(tree):
        text = scope.body[0]
        lines[text.lineno - 1:text.end_lineno] = \
            [""] * (text.end_lineno - text.lineno + 1)
        if len(scope.body) == 1 and scope is not tree:
            lines[text.lineno - 1] = " " * text.col_offset + "pass"


def strip_layout(lines):
    """Comments away, one space a level, none before what continues a line."""
    texts = [line + "\n" for line in lines]
    stripped = [line.strip() for line in lines]
    depth, begins = 0, True
    for t in tokenize.generate_tokens(iter(texts).__next__):
        at = t.start[0] - 1
        if t.type in (tokenize.INDENT, tokenize.DEDENT):
            depth += 1 if t.type == tokenize.INDENT else -1
        elif t.type == tokenize.COMMENT:
            stripped[at] = stripped[at][:-len(t.string.rstrip())].rstrip()
        elif t.type == tokenize.NEWLINE:
            begins = True
        elif t.type not in (tokenize.NL, tokenize.ENDMARKER):
            if begins:
                stripped[at] = " " * depth + stripped[at]
            begins = False
            if t.end[0] > t.start[0]:
                sys.exit("%s:%d: only documentation goes over several lines" %
                         (sys.argv[1], at + 1))
    return stripped


def meaning(source):
    """What is compiled from it, and the line of each part."""
    tree = ast.parse(source)
    for scope in documented(tree):
        scope.body[:1] = [] if scope.body[1:] or scope is tree else \
            [ast.Pass(lineno=scope.body[0].lineno)]
    return ast.dump(tree), [(type(n), getattr(n, "lineno", 0))
                            for n in ast.walk(tree)]


with open(sys.argv[1]) as f:
    source = f.read()
lines = source.split("\n")
tree = ast.parse(source)
title = ast.get_docstring(tree).split("\n")[0] if ast.get_docstring(tree) \
    else ""
strip_docstrings(tree, lines)
lines = strip_layout(lines)
if title:
    lines[0] = "# " + title
out = "\n".join(lines)
if meaning(out) != meaning(source):
    sys.exit("%s: it would mean something else" % sys.argv[1])
with open(sys.argv[2], "w") as f:
    f.write(out)
END
