"""Migrations, NNNN_name.sql, each run once and in order (see storage/postgres/migrations.py)."""
