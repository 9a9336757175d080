"""Use cases. They decide what happens, through ports; they know no AWS and no HTTP."""
