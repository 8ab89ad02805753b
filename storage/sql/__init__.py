"""What the journals in SQLite and PostgreSQL share: everything but connections and schemas.

store    the port: accepts, saves, and (from reader) reads
writer   the one connection that writes: all that waits shares a transaction; commit is its inside
reader   every query; seeking: what people look for in lists
changes  what may be saved, as statements
*_rows   values to rows and back; columns: the types of SQL; audit: the hash chain
session  what is asked of a database
"""
