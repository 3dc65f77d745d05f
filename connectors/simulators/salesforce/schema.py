"""Objects and their fields, and how the API describes them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from connectors.simulators.salesforce.errors import ApiError, not_found

TEXTS = frozenset(
    {"string", "email", "phone", "url", "textarea", "picklist", "combobox", "encryptedstring"}
)
NUMBERS = frozenset({"int", "double", "currency", "percent"})
_SOAP = {
    "boolean": "xsd:boolean",
    "int": "xsd:int",
    "double": "xsd:double",
    "currency": "xsd:double",
    "percent": "xsd:double",
    "date": "xsd:date",
    "datetime": "xsd:dateTime",
    "address": "urn:address",
    "id": "tns:ID",
    "reference": "tns:ID",
}

Record = Mapping[str, Any]
"""A record as the simulator keeps it: every stored field by name; replaced, never changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One field. `type` is in the words of describe; `compute` makes it from the others."""

    name: str
    type: str = "string"
    length: int = 255
    precision: int = 18
    scale: int = 0
    required: bool = False
    system: bool = False
    unique: bool = False
    external_id: bool = False
    case_sensitive: bool = False
    filterable: bool = True
    values: tuple[str, ...] = ()
    restricted: bool = False
    refers_to: tuple[str, ...] = ()
    relationship: str | None = None
    default: Any = None
    compute: Callable[[Record], Any] | None = field(default=None, repr=False)

    @property
    def writable(self) -> bool:
        """Whether callers may set it."""
        return not self.system and self.compute is None

    def described(self) -> dict[str, Any]:
        """The field as describe shows it; the attributes that clients read."""
        text = self.type in TEXTS
        return {
            "name": self.name,
            "label": self.name.removesuffix("__c").replace("_", " "),
            "type": self.type,
            "soapType": _SOAP.get(self.type, "xsd:string"),
            "length": {"id": 18, "reference": 18}.get(self.type, self.length if text else 0),
            "byteLength": self.length * 3 if text else 0,
            "precision": self.precision if self.type in NUMBERS - {"int"} else 0,
            "digits": 9 if self.type == "int" else 0,
            "scale": self.scale,
            "nillable": not self.required and not self.system and self.type != "boolean",
            "defaultedOnCreate": self.system or self.type == "boolean",
            "createable": self.writable,
            "updateable": self.writable,
            "filterable": self.filterable,
            "sortable": self.filterable and self.type != "address",
            "groupable": self.filterable,
            "unique": self.unique,
            "externalId": self.external_id,
            "idLookup": self.external_id or self.type == "id",
            "caseSensitive": self.case_sensitive,
            "custom": self.name.endswith("__c"),
            "calculated": False,
            "compoundFieldName": None,
            "referenceTo": list(self.refers_to),
            "relationshipName": self.relationship,
            "restrictedPicklist": self.restricted,
            "picklistValues": [
                {"active": True, "defaultValue": False, "label": value, "value": value}
                for value in self.values
            ],
            "deprecatedAndHidden": False,
        }


_SYSTEM = (
    Field(name="Id", type="id", system=True),
    Field(name="IsDeleted", type="boolean", system=True, default=False),
)
_AUDIT = (
    Field(name="CreatedDate", type="datetime", system=True),
    Field(name="CreatedById", type="reference", system=True, refers_to=("User",)),
    Field(name="LastModifiedDate", type="datetime", system=True),
    Field(name="LastModifiedById", type="reference", system=True, refers_to=("User",)),
    Field(name="SystemModstamp", type="datetime", system=True),
)


@dataclass(frozen=True, slots=True)
class SObject:
    """One object type: its name, the first three characters of its ids, its own fields."""

    name: str
    prefix: str
    own: tuple[Field, ...]
    deletable: bool = True
    fields: Mapping[str, Field] = field(init=False, repr=False)
    """All fields by their name in small letters."""

    def __post_init__(self) -> None:
        system = _SYSTEM if self.deletable else _SYSTEM[:1]
        every = (*system, *self.own, *_AUDIT)
        object.__setattr__(self, "fields", {each.name.lower(): each for each in every})

    def field(self, name: str) -> Field:
        """A field by its name in any case; the API's INVALID_FIELD for another name."""
        found = self.fields.get(name.lower())
        if found is None:
            raise ApiError(
                "INVALID_FIELD",
                f"No such column '{name}' on sobject of type {self.name}",
                fields=(name,),
            )
        return found

    def external_id(self, name: str) -> Field:
        """A field that records can be addressed by."""
        found = self.fields.get(name.lower())
        if found is None or not (found.external_id or found.type == "id"):
            raise not_found(
                f"Provided external ID field does not exist or is not accessible: {name}"
            )
        return found

    def summary(self, version: str) -> dict[str, Any]:
        """The object as the list of all objects shows it."""
        here = f"/services/data/v{version}/sobjects/{self.name}"
        return {
            "name": self.name,
            "label": self.name.removesuffix("__c").replace("_", " "),
            "labelPlural": f"{self.name.removesuffix('__c')}s",
            "keyPrefix": self.prefix,
            "custom": self.name.endswith("__c"),
            "customSetting": False,
            "queryable": True,
            "retrieveable": True,
            "createable": self.deletable,
            "updateable": self.deletable,
            "deletable": self.deletable,
            "undeletable": self.deletable,
            "replicateable": True,
            "searchable": True,
            "urls": {
                "sobject": here,
                "describe": f"{here}/describe",
                "rowTemplate": f"{here}/{{ID}}",
            },
        }

    def described(self, version: str) -> dict[str, Any]:
        """The object as describe shows it."""
        return {
            **self.summary(version),
            "fields": [each.described() for each in self.fields.values()],
            "childRelationships": [],
            "recordTypeInfos": [],
        }
