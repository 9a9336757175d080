"""What goes out: which canonical field fills which field of the CRM, as data; the way in is one folder up."""
