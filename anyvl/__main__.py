"""`python -m anyvl`: the command line."""

import sys

from anyvl.cli import main

sys.exit(main())
