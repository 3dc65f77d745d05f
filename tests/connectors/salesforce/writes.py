"""Changes for Salesforce, and what came of them."""

from __future__ import annotations

from connectors.contract import Action, Change


def create(number, key=None, object_="Contact", **after):
    values = {"LastName": f"L{number}", **after}
    return Change(number, object_, Action.CREATE, key or f"k{number}", after=values)


def update(number, made, **after):
    return Change(number, "Contact", Action.UPDATE, f"k{number}", id=made, after=after)


def delete(number, made):
    return Change(number, "Contact", Action.DELETE, f"k{number}", id=made)


def errors(outcomes):
    """The kind of error of each change, by its number."""
    return {o.change.number: type(o.error) if o.error else None for o in outcomes}


def held(org):
    return {r.get("Isthmus_Id__c"): r for r in org.records("Contact") if not r.get("IsDeleted")}
