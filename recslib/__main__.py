"""``python -m recslib``: see `recslib.command`."""

import signal
import sys


def _run() -> int:
    # Whoever asks the process to end gets what Ctrl-C gets: nothing half.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    # A title that a terminal cannot show must not stop what it belongs to.
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    try:
        # Here, for it takes a second or two, and Ctrl-C may come.
        from recslib.command import main

        return main(sys.argv[1:])
    except KeyboardInterrupt:
        print("interrupted: nothing was written.", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(_run())
