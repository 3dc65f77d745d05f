"""The doctor: looks at everything a project needs, and says how each thing is mended.

It changes nothing and shows no secret and no customer's value.
"""
