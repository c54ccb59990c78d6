"""``python -m recslib``: see `recslib.command`."""

import sys

from recslib.command import main

if __name__ == "__main__":
    # A title that a terminal cannot show must not stop what it belongs to.
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    sys.exit(main(sys.argv[1:]))
