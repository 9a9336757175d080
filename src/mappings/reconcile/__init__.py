"""What counts as the same when our store is compared with a CRM or an export: `tolerances.yaml`, and how it is read."""
