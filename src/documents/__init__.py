"""PDFs that leave the house: disbursement authorizations and agents' statements. Pure: models in, bytes out."""
