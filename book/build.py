"""The door to the steps from notebooks to a book: see bookbuild/cli.py.

The Makefile calls these and decides what is stale; without make, call them
yourself: `python book/build.py execute`, then `python book/build.py html`.
"""

import sys

from bookbuild.cli import main

sys.exit(main())
