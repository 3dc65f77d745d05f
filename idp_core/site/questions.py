"""What ``serve.yaml`` says of security questions."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from idp_core.site.part import Part

Text = Annotated[str, Field(min_length=5, max_length=200)]


class QuestionSettings(Part):
    """Security questions, for those who must have them."""

    enabled: bool = False
    """Whether people may answer some, and a policy name them as a step; better leave it so."""
    offered: tuple[Text, ...] = ()
    """Questions to choose from, in the words of your people."""
    own: bool = True
    """Whether people may write questions of their own."""
    least: Annotated[int, Field(ge=3, le=10)] = 3
    """How many have to be answered when they are set up."""
    asked: Annotated[int, Field(ge=2, le=10)] = 2
    """How many of them a login asks."""

    @model_validator(mode="after")
    def _enough(self) -> QuestionSettings:
        if self.asked > self.least:
            raise ValueError("asked is more than least: nobody could answer so many")
        if self.enabled and not self.own and len(self.offered) < self.least:
            raise ValueError("offer at least as many questions as have to be answered")
        return self
