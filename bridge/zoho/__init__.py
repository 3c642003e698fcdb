"""The authenticated client of the three Zoho APIs."""
