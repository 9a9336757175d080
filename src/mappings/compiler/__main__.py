"""`python -m mappings.compiler`, in src/."""

import sys

from mappings.compiler.compile import main

sys.exit(main())
