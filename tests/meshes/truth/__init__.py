"""The truth set: models with one known defect each, and clean ones; the check must tell them."""
