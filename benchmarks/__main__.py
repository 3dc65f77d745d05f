"""``python -m benchmarks [name ...]``: run the named benchmarks, or all of them.

One name may be followed by that benchmark's own options: ``resolution --data DIR``.
"""

from __future__ import annotations

import importlib
import pkgutil
import sys
from itertools import takewhile

import benchmarks


def main(words: list[str]) -> int:
    names = list(takewhile(lambda word: not word.startswith("-"), words))
    options = words[len(names) :]
    if options and len(names) != 1:
        print(f"{options[0]}: name the one benchmark it is for", file=sys.stderr)
        return 2
    known = sorted(m.name for m in pkgutil.iter_modules(benchmarks.__path__) if m.name[0] != "_")
    unknown = [name for name in names if name not in known]
    if unknown:
        print(f"no benchmark {unknown[0]!r}; there is {', '.join(known)}", file=sys.stderr)
        return 2
    for name in names or known:
        print(f"\n== {name}")
        importlib.import_module(f"benchmarks.{name}").main(options)
    return 0


sys.exit(main(sys.argv[1:]))
