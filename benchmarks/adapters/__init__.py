"""Adapters beside the frameworks' own, on one Postgres, in one run."""
