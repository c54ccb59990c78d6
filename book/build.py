"""The door to the steps from notebooks to a book: see bookbuild/cli.py.

Make calls them and knows what is stale. `python book/build.py --help` has all.
"""

import sys

from bookbuild.cli import main

sys.exit(main())
