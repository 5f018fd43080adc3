#!/bin/sh
# zip.sh STUB ZIP: the hook's stub as a zip file, the same bytes for the same
# stub. Behind the end of the binary it makes the binary itself an entry for
# PYTHONPATH, for where no directory can be written.
set -eu
exec python3 - "$1" "$2" <<'END'
import sys
import zipfile

stub, out = sys.argv[1:]
with zipfile.ZipFile(out, "w") as z, open(stub, "rb") as f:
    info = zipfile.ZipInfo("sitecustomize.py", (1980, 1, 1, 0, 0, 0))
    info.create_system = 3
    info.external_attr = 0o100644 << 16
    z.writestr(info, f.read())
END
