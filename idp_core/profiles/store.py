"""All that is stored about people, in one place: the functions other packages call.

Each takes a connection first, and the caller owns the transaction (`idp_core.db.engine.writing`).
"""

from idp_core.db.jsontext import attributes_json, digest_of
from idp_core.profiles.counting import count_live, count_saying, missing_keys
from idp_core.profiles.erasing import Erasure, erase, erased_gids, ids_of, read_erasure
from idp_core.profiles.goldens import (
    SaveCounts,
    StoredProfile,
    delete_profiles,
    last_profile_seq,
    read_profiles,
    save_profiles,
)
from idp_core.profiles.links import (
    LinkCounts,
    links_of,
    members_of,
    read_links,
    read_redirects,
    record_events,
    resolve_gid,
    save_links,
)
from idp_core.profiles.lookup import (
    HistoryEntry,
    counts,
    counts_by_source,
    find,
    find_by_name,
    get,
    get_stored,
    gid_of,
    history,
    members,
    why,
)
from idp_core.profiles.records import (
    Held,
    PutCounts,
    held_source_profiles,
    last_seq,
    put_source_profiles,
    read_source_profiles,
    searchable,
    source_profiles_of,
)
from idp_core.profiles.removal import erase_keys, mark_deleted
from idp_core.profiles.reviews import (
    Action,
    Case,
    Filter,
    QueueCounts,
    cases_about,
    cases_of,
    count_cases,
    pairs_asked,
    read_actions,
    read_cases,
    save_cases,
    save_doubts,
)
from idp_core.profiles.shared import read as read_shared
from idp_core.profiles.shared import refresh as refresh_shared
from idp_core.profiles.stale import clear as clear_stale
from idp_core.profiles.stale import mark as mark_stale
from idp_core.profiles.stale import mark_all as mark_all_stale
from idp_core.profiles.stale import read as read_stale
from idp_core.profiles.stewardship import (
    LinkConstraint,
    Override,
    put_constraint,
    put_override,
    read_constraints,
    read_overrides,
    remove_constraint,
    remove_override,
)
from idp_core.profiles.watermarks import read_watermark, save_watermark

__all__ = [
    "Action",
    "Case",
    "Erasure",
    "Filter",
    "Held",
    "HistoryEntry",
    "LinkConstraint",
    "LinkCounts",
    "Override",
    "PutCounts",
    "QueueCounts",
    "SaveCounts",
    "StoredProfile",
    "attributes_json",
    "cases_about",
    "cases_of",
    "clear_stale",
    "count_cases",
    "count_live",
    "count_saying",
    "counts",
    "counts_by_source",
    "delete_profiles",
    "digest_of",
    "erase",
    "erase_keys",
    "erased_gids",
    "find",
    "find_by_name",
    "get",
    "get_stored",
    "gid_of",
    "held_source_profiles",
    "history",
    "ids_of",
    "last_profile_seq",
    "last_seq",
    "links_of",
    "mark_all_stale",
    "mark_deleted",
    "mark_stale",
    "members",
    "members_of",
    "missing_keys",
    "pairs_asked",
    "put_constraint",
    "put_override",
    "put_source_profiles",
    "read_actions",
    "read_cases",
    "read_constraints",
    "read_erasure",
    "read_links",
    "read_overrides",
    "read_profiles",
    "read_redirects",
    "read_shared",
    "read_source_profiles",
    "read_stale",
    "read_watermark",
    "record_events",
    "refresh_shared",
    "remove_constraint",
    "remove_override",
    "resolve_gid",
    "save_cases",
    "save_doubts",
    "save_links",
    "save_profiles",
    "save_watermark",
    "searchable",
    "source_profiles_of",
    "why",
]
