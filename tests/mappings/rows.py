# ruff: noqa: RUF001 (letters that look like others are what is tested)
"""Values as customers' systems hold them: plausible, odd and broken."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa
from hypothesis import strategies as st

ODD = (
    " \t\n\u00a0\u200b\ufeffaZ09.,-+'@/\"\\%\u00e9\u00df\u0130\u03a3e\u0301\U0001f600\U00010400\x00"
)
TEXTS = st.text(
    st.one_of(st.sampled_from(ODD), st.characters(exclude_categories=["Cs"])), max_size=14
)


def _mixed(*samples: str) -> st.SearchStrategy[str]:
    """Samples as they are, in other letters, padded, cut or with something odd inside."""
    plain = st.sampled_from(samples)
    odd = st.tuples(plain, st.integers(0, 12), st.sampled_from(ODD)).map(
        lambda t: t[0][: t[1]] + t[2] + t[0][t[1] :]
    )
    return st.one_of(
        plain, plain, plain.map(str.upper), plain.map(str.lower), plain.map(lambda t: f" {t}\t"),
        odd, plain.map(lambda t: t[:-1]), plain.map(lambda t: t + t[-1:]),
    )  # fmt: skip


ADDRESSES = _mixed(
    "Ann.Lee@Example.COM", "ann(at)example", "ann@example", "a@b.co", "ann..lee@example.com",
    "ann@bücher.de", "дом@пример.рф", "ann+tag@sub.example.org", "@example.com", "ann@",
    "a" * 64 + "@example.com", "a" * 65 + "@example.com", "a@" + "b" * 63 + ".com",
    "a@" + "b" * 64 + ".com", '"ann lee"@example.com', "ann@[127.0.0.1]", "a@b.c1", "a@b.-com",
    "ann@exa_mple.com", "ann@EXÄMPLE.com", "", "n/a",
)  # fmt: skip
PHONES = _mixed(
    "06 12 34 56 78", "+33 6 12 34 56 78", "0033612345678", "+33 (0)6 12 34 56 78", "0612345678",
    "612345678", "(202) 456-1414", "+1 202 456 1414", "1-202-456-1414", "030 901820",
    "+49 30 901820", "07400 123456", "+44 20 7946 0958", "+39 06 698 12345", "123", "+", "0",
    "n/a", "+999 123456", "+33 6 12 34 56 78 ext 12", "tel:+33-6-12-34-56-78", "٠٦١٢٣٤٥٦٧٨",
    "＋33612345678", "33612345678", "0".ljust(70, "1"), "",
)  # fmt: skip
DATES = _mixed(
    "2020-02-29", "2021-02-29", "31.01.2020", "1.1.2020", "29 February 2020", "1-Jan-69",
    "1-jan-68", "12/31/1999", "31/12/1999", "20200131", "0000-01-01", "9999-12-31", "0001-01-01",
    "2020-01-31T10:00:00", "n/a", "", "٢٠٢٠-٠١-٠١",
)  # fmt: skip
MOMENTS = _mixed(
    "2020-02-29T12:00:00Z", "2020-02-29 12:00", "2020-03-29T02:30:00", "2020-10-25T02:30:00",
    "2020-03-08T02:30:00", "2020-11-01T01:30:00", "1580000000", "1580000000000", "-1", "0",
    "/Date(1580000000000)/", "/Date(1580000000000+0200)/", "31.01.2020 23:59", "2020-01-31",
    "2020-01-31 11:59 pm", "2020-01-31 12:00 AM", "2020-01-31T10:00:00.123+0530",
    "2020-01-31T10:00:00.123456789-08:00", "31/01/2020 10:00:00", "9999-12-31T23:59:59-05:00",
    "0001-01-01T00:00:00+05:00", "99999999999999", "1900-01-01T00:00:00", "", "n/a",
)  # fmt: skip
NUMBERS = _mixed(
    "1", "-7", "1 234,50", "1,234.50", "1.234", "1'000", "12.5", "yes", "No", "TRUE", "f", "ja",
    "éà", "99999999999999999999", "123456789012345", "SW1A1AA", "sw1a 1aa", "01234", "1234",
    "12345-6789", "k1a0b1", "1012 ab", "", "0.00005", "+5", "--5", "1e5", "５",
)  # fmt: skip
LOCALES = _mixed(
    "FR", "fr", "France", "Deutschland", "gbr", "U.S.A.", "Cote d'Ivoire", "Côte d’Ivoire", "XX",
    "de_CH.UTF-8", "de-CH", "zh-Hant-TW", "en", "eng", "English", "Deutsch", "es-419", "en_XX",
    "日本", "", "United Kingdom", "England", "de_DE@euro", "İtalya",
)  # fmt: skip
NAMES = _mixed(
    "ANN LEE", "ann lee", "Ann Lee", "JEAN DE LA FONTAINE", "o'neil", "MCKAY", "von der leyen",
    "Leyen, Ursula Gertrud von der", "Dr. John F. Kennedy Jr.", "ANNE-MARIE D'ARC", "Σίσυφος",
    "ǆUNGLA", "ßtraße", "İSTANBUL", "José Ñandú", "Élodie", "n/a", "-", "", "Cher",
    "mary ann o’brien",
    "JOHN SMITH III", "'t hart", "MC", "van",
)  # fmt: skip


def table(rows: Sequence[Mapping[str, Any]]) -> pa.Table:
    """Make an Arrow table in which every text column is a VARCHAR, empty or not."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    return pa.table(
        {name: pa.array([row.get(name) for row in rows], pa.string()) for name in names}
    )
