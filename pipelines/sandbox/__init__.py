"""The sandbox: an invented world of customers with known truth, in real systems on loopback.

`world` invents people and what each system says of them, `systems` starts the systems and fills
them, `demo` runs the whole job on them, `report` tells what came of it.
"""
