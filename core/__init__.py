"""What the desk is, apart from the world.

values    floor 0: frozen nouns of the trade, standard library only
rules     floor 1: pure functions that judge
ports     floor 1: what the desk needs of the world, as Protocols
clock     floor 1: time, injected
services  floor 2: what the desk does
jobs      floor 2: long-running work, kept by the supervisor
commands  floor 2: what people may type, one table for every surface
"""
