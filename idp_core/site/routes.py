"""A route is data: the methods of a path, and which of the gate's rules it is under.

A slice (one specification, one factor, one room of the account pages) gives its routes as a tuple;
`idp_core.web.slices` lists the slices. Nothing else has to know a new one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from idp_core.http.answer import Answer
from idp_core.http.ask import Ask
from idp_core.http.kind import Kind
from idp_core.site.site import Site

Handler = Callable[[Ask, Site], Answer]


@dataclass(frozen=True, slots=True)
class Route:
    """One path. `slow` work (password hashing, mail) runs on threads, never in the loop.

    Where handlers may ask for the signing keys (`keyed`), these are read before a request begins.
    """

    path: str
    methods: Mapping[str, Handler]
    kind: Kind
    slow: bool = False
    cors: bool = False
    keyed: bool = True
