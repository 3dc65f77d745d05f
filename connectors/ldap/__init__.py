"""LDAP directories and Active Directory: read, followed, written."""

from connectors.ldap.connector import Ldap
from connectors.ldap.options import DisabledBy, LdapObject, SimpleBind, TlsOptions

__all__ = ["DisabledBy", "Ldap", "LdapObject", "SimpleBind", "TlsOptions"]
