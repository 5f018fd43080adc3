#!/bin/sh
# zip.sh STUB ZIP: the hook's stub as a zip file, the same bytes for the same
# stub.
# zip.sh --head STUB HEAD: what stands before the stub in it.
# zip.sh --directory STUB BINARY: appends to a binary, which holds these two,
# what stands behind them. That makes the binary itself an entry for
# PYTHONPATH, for where no directory can be written; zipimport takes what is
# before the archive for no part of it.
set -eu
exec python3 - "$@" <<'END'
import io
import sys
import zipfile

DIRECTORY_AT = -6   # in the last record: where the directory is, 4 bytes


def archive(stub):
    """(the member, the directory)"""
    info = zipfile.ZipInfo("sitecustomize.py", (1980, 1, 1, 0, 0, 0))
    info.create_system = 3
    info.external_attr = 0o100644 << 16
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as z:
        z.writestr(info, stub)
    whole = out.getvalue()
    at = int.from_bytes(whole[DIRECTORY_AT:DIRECTORY_AT + 4], "little")
    return whole[:at], whole[at:]


*mode, source, out = sys.argv[1:]
with open(source, "rb") as f:
    stub = f.read()
member, directory = archive(stub)
if not mode or mode == ["--head"]:
    with open(out, "wb") as f:
        f.write(member[:-len(stub)] if mode else member + directory)
else:
    with open(out, "r+b") as f:
        binary = f.read()
        distance = len(binary) - binary.index(member)
        f.write(directory[:DIRECTORY_AT] + distance.to_bytes(4, "little") +
                directory[DIRECTORY_AT + 4:])
END
