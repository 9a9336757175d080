"""What the delivery to an external CRM is described with: its rows, its port, its faults. Data and Protocols only."""
