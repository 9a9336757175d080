"""`python -m mappings.crm.compiler`, in src/."""

import sys

from mappings.crm.compiler.compile import main

sys.exit(main())
