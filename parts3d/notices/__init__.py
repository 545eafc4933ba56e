"""Notices: what customers are told, by mail for now; a row first, then the sending."""
