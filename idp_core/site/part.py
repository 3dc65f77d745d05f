"""What every part of ``serve.yaml`` is, and the attributes that people may be asked for."""

from __future__ import annotations

from typing import Literal

from pydantic import ConfigDict

from idp_core.profiles.policyfile import Strict

ASKED = ("given_name", "family_name", "nickname", "display_name", "birth_date")
"""What may be asked for: canonical attributes of one value."""
Need = Literal["required", "optional"]
First = Literal["password", "mailcode", "passkey"]
"""The steps that a login may begin with."""
Then = Literal["passkey", "totp", "sms", "recoverycode", "questions"]
"""The steps that may follow."""


class Part(Strict):
    """A part of the file; the text below a key is what the reference page says of it."""

    model_config = ConfigDict(use_attribute_docstrings=True)
