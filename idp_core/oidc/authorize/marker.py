"""A mark in a request that we ourselves sent to log in: when that was, signed over the request.

With it `prompt=login` is satisfied by a login after that moment, without state on the server, and
nobody else can make or move it.
"""

from __future__ import annotations

from datetime import UTC, datetime
from urllib.parse import urlencode

from idp_core.http.ask import Params
from idp_core.site.site import Site
from idp_core.vault.tokens import keyed, same

NAME = "asked_at"
LEVEL = "acr_level"
_OURS = {NAME, LEVEL}


def without(params: Params) -> Params:
    """Return the parameters as the client sent them."""
    return Params(tuple(pair for pair in params.pairs if pair[0] not in _OURS))


def marked(site: Site, params: Params, acr: str | None = None) -> str:
    """Return the query of this request with a mark of now; `acr` is what the login should reach."""
    plain = without(params)
    moment = f"{site.clock().timestamp():.6f}"
    more = [(NAME, f"{moment}.{_mac(site, plain, moment)}")]
    more += [(LEVEL, acr)] if acr else []
    return urlencode([*plain.pairs, *more])


def asked_at(site: Site, params: Params) -> datetime | None:
    """Return when we sent this request to log in; None when we did not."""
    said = params.all(NAME)
    moment, _, mac = (said[0] if len(said) == 1 else "").rpartition(".")
    if not moment or not same(mac, _mac(site, without(params), moment)):
        return None
    return datetime.fromtimestamp(float(moment), UTC)


def _mac(site: Site, params: Params, moment: str) -> str:
    return keyed(site.secrets.requests, moment, *(part for pair in params.pairs for part in pair))
