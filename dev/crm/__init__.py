"""A CRM that behaves as SuiteCRM 7.14 was measured to behave (research: crm.md §1a), in memory and over HTTP."""
