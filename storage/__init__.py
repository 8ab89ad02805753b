"""Where the desk remembers: journals behind `core.ports.Store`, credentials behind `core.ports.Vault`.

sqlite  the journal of one desk in one file

No SQL stands anywhere else. One contract suite (tests/contracts/store.py) holds every journal to the port.
"""
