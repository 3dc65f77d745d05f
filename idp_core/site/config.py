"""``serve.yaml``: how the login of an installation is served."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal, get_args
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, field_validator, model_validator

from idp_core.mail import outward
from idp_core.profiles import policyfile
from idp_core.site.asking import AskRule
from idp_core.site.hook import EventSettings
from idp_core.site.part import ASKED, First, Need, Part, Then
from idp_core.site.profile import ProfileSettings
from idp_core.site.questions import QuestionSettings
from idp_core.site.spans import TraceSettings
from idp_core.site.theme import ClientTheme, ThemeSettings

FILE = "serve.yaml"
_LOCAL = {"localhost", "127.0.0.1", "[::1]", "::1"}


def _issuer(url: str) -> str:
    parts = urlsplit(url)
    local = parts.scheme == "http" and parts.hostname in _LOCAL
    if not parts.hostname or not (parts.scheme == "https" or local):
        raise ValueError("write https://host (http:// only for localhost)")
    if parts.path or parts.query or parts.fragment or parts.username:
        raise ValueError("write scheme, host and port alone, without a slash at the end")
    return f"{parts.scheme}://{parts.netloc.casefold()}"


def _address(text: str) -> str:
    host, colon, port = text.rpartition(":")
    if not (host and colon and port.isdigit() and 0 < int(port) < 65536):
        raise ValueError("write address:port, such as 127.0.0.1:8080")
    return text


def _sms_fields() -> dict[str, str]:
    return {"to": "{number}", "text": "{text}"}


class KeySettings(Part):
    """Signing keys."""

    rotate_days: Annotated[int, Field(ge=7, le=730)] = 90
    """After how many days another key signs; it is published a day before."""


class MailSettings(Part):
    """How mail goes out."""

    sender: Annotated[str, Field(pattern=r"^[^\r\n@]+@[^\r\n@]+$")] = "login@localhost"
    """From whom mails are: an address, or `Name <address>`."""
    smtp: Annotated[str, AfterValidator(_address)] | None = None
    """The SMTP server as host:port; without one mails are written into `data/mail`."""
    tls: bool = True
    """STARTTLS, or TLS from the start on port 465; only a server on this machine does without."""
    user: str | None = None
    """Whom to log in as; the password is `ISTHMUS_SMTP_PASSWORD`."""


class SmsSettings(Part):
    """Codes by text message."""

    enabled: bool = False
    """Whether people may have codes sent to a number of theirs, as a further step."""
    countries: tuple[Annotated[str, Field(pattern=r"^[A-Z]{2}$")], ...] = ()
    """Where texts may go, such as `[DE, AT]`; a number without a country code is of the first."""
    url: Annotated[str, Field(pattern=outward.URL)] | None = None
    """The provider's address for a POST; without one texts are written into `data/sms`."""
    format: Literal["form", "json"] = "form"
    """How the fields are sent."""
    fields: dict[str, str] = Field(default_factory=_sms_fields)
    """The fields, with `{number}`, `{text}` and `{secret}`; the secret is `ISTHMUS_SMS_SECRET`."""
    headers: dict[str, Annotated[str, Field(pattern=r"^[^\r\n]*$")]] = Field(default_factory=dict)
    """Headers, with `{secret}`, such as `{Authorization: "Bearer {secret}"}`."""
    private: bool = False
    """Whether the provider may be in a private network, and be reached without TLS."""
    per_number: Annotated[int, Field(ge=1)] = 5
    """Texts to one number an hour: for all browsers it does not know, and each that it does."""
    per_network: Annotated[int, Field(ge=1)] = 20
    """Texts that one network asks for an hour."""
    per_range: Annotated[int, Field(ge=1)] = 30
    """Texts to one range of 100,000 numbers an hour."""
    per_hour: Annotated[int, Field(ge=1)] = 500
    """Texts altogether an hour."""

    @model_validator(mode="after")
    def _guarded(self) -> SmsSettings:
        if self.enabled and not self.countries:
            raise ValueError("name the countries that texts may go to: countries: [DE]")
        if self.url and not self.private and not self.url.startswith("https:"):
            raise ValueError("write https://…, or private: true for a provider in your network")
        sent = " ".join(self.fields.values())
        if "{number}" not in sent or "{text}" not in sent:
            raise ValueError("fields need {number} and {text}")
        return self


class PasswordSettings(Part):
    """What passwords need, and what hashing them costs."""

    least: Annotated[int, Field(ge=8, le=64)] = 8
    """Characters at least."""
    score: Annotated[int, Field(ge=0, le=4)] = 2
    """How hard to guess at least, by zxcvbn: 0 (at once) to 4 (not at all)."""
    breached_file: Path | None = None
    """A sorted list of SHA-1 hashes of stolen passwords; the path starts at this file's folder."""
    breached_service: Annotated[str, Field(pattern=r"^https://")] | None = None
    """A service by k-anonymity, such as `https://api.pwnedpasswords.com/range`."""
    argon2_passes: Annotated[int, Field(ge=1, le=20)] = 2
    """Argon2id's passes."""
    argon2_mebibytes: Annotated[int, Field(ge=7, le=1024)] = 19
    """Argon2id's memory."""
    argon2_lanes: Annotated[int, Field(ge=1, le=8)] = 1
    """Argon2id's parallel lanes."""

    @model_validator(mode="after")
    def _costly(self) -> PasswordSettings:
        # OWASP's equivalents: 19 MiB twice, 12 MiB thrice, 9 MiB four times, 7 MiB five times.
        if self.argon2_passes * self.argon2_mebibytes < 35:
            raise ValueError("too cheap: 19 MiB with 2 passes, or 7 MiB with 5, is the least")
        return self


class SessionSettings(Part):
    """How long people stay logged in."""

    hours: Annotated[int, Field(ge=1, le=2160)] = 12
    """A session ends after this many hours, used or not."""
    idle_minutes: Annotated[int, Field(ge=5, le=43200)] = 120
    """A session that is not used ends after this many minutes."""


def _names() -> dict[str, Need]:
    return {"given_name": "optional", "family_name": "optional"}


class RegistrationSettings(Part):
    """Who may make an account, and what is asked."""

    open: bool = True
    """Whether people may register themselves."""
    fields: dict[str, Need] = Field(default_factory=_names)
    """Attributes that are asked for, each `required` or `optional`."""

    @field_validator("fields")
    @classmethod
    def _known(cls, fields: Mapping[str, str]) -> Mapping[str, str]:
        for name in fields:
            if name not in ASKED:
                raise ValueError(f"{name} cannot be asked for; there is {', '.join(ASKED)}")
        return fields


class BotSettings(Part):
    """The bot check of registration and recovery: a proof of work, found by the browser itself."""

    check: bool = False
    """Whether the forms that send mail to a typed address ask for a proof of work (altcha)."""
    work: Annotated[int, Field(ge=1000, le=5_000_000)] = 50_000
    """How many hashes it takes at most; half of it on average."""
    unproven_per_hour: Annotated[int, Field(ge=0)] = 3
    """Forms without a proof, of browsers without JavaScript, that one network may send an hour."""


class PolicySettings(Part):
    """What a login for some clients has to prove."""

    ways: Annotated[tuple[tuple[First | Then, ...], ...], Field(min_length=1)]
    """Alternatives, each a list of steps: `[[passkey], [password, totp]]`."""
    remember_days: Annotated[int, Field(ge=0, le=365)] = 0
    """For how many days a browser that took all steps may be spared those after the first."""

    @field_validator("ways")
    @classmethod
    def _steps(cls, ways: tuple[tuple[str, ...], ...]) -> tuple[tuple[str, ...], ...]:
        for way in ways:
            if not way or len(set(way)) < len(way):
                raise ValueError("a way has at least one step, and each step once")
            if way[0] not in get_args(First) or not set(way[1:]) <= set(get_args(Then)):
                begin, follow = ", ".join(get_args(First)), ", ".join(get_args(Then))
                raise ValueError(f"a way begins with one of {begin}; {follow} may follow")
        return ways


class LoginSettings(Part):
    """How a login begins, and what it has to prove for whom."""

    first: Annotated[tuple[First, ...], Field(min_length=1)] = ("password", "passkey")
    """What a login may begin with: `password`, `passkey`, `mailcode` (code and link by mail)."""
    remember_days: Annotated[int, Field(ge=0, le=365)] = 0
    """For how many days a browser may be spared the second factor, if its user wishes; 0: never."""
    policies: dict[str, PolicySettings] = Field(default_factory=dict)
    """Policies by name; a client names the one that logins for it have to meet (`policy`)."""

    @field_validator("first")
    @classmethod
    def _once(cls, first: tuple[First, ...]) -> tuple[First, ...]:
        if len(set(first)) < len(first):
            raise ValueError("name each way once")
        if set(first) == {"passkey"}:
            raise ValueError("a lost device would lock its owner out: add mailcode or password")
        return first

    @model_validator(mode="after")
    def _begun(self) -> LoginSettings:
        for name, policy in self.policies.items():
            if not {way[0] for way in policy.ways} <= set(self.first):
                raise ValueError(f"policies.{name}: a way begins with a factor that `first` lacks")
            if policy.remember_days > self.remember_days:
                # A session that was spared a step opens the account and other clients, too.
                raise ValueError(f"policies.{name}: remember_days is more than the login's own")
        return self


class TokenSettings(Part):
    """How long tokens live."""

    code_seconds: Annotated[int, Field(ge=5, le=600)] = 60
    """An authorization code."""
    access_seconds: Annotated[int, Field(ge=60, le=86400)] = 300
    """An access token."""
    id_seconds: Annotated[int, Field(ge=60, le=86400)] = 300
    """An ID token."""
    refresh_days: Annotated[int, Field(ge=1, le=400)] = 30
    """A refresh token that is not used; each use gives another."""


class AdminSettings(Part):
    """The API of administration."""

    api: bool = True
    """Whether `/admin` answers; without a client or a role for it nobody gets in anyway."""
    level: Annotated[int, Field(ge=1, le=3)] = 2
    """The level a person has to have logged in at; services have none."""


ThemeName = Annotated[str, Field(pattern=r"^[a-z0-9_-]{1,40}$")]


class ServeConfig(Part):
    """The whole of ``serve.yaml``."""

    issuer: Annotated[str, AfterValidator(_issuer)] = "http://localhost:8080"
    """How browsers and clients reach the login; tokens are issued in this name."""
    listen: Annotated[str, AfterValidator(_address)] = "127.0.0.1:8080"
    """Where it listens; a proxy with the certificate stands before it."""
    hosts: tuple[str, ...] = ()
    """What a Host header may say beside the issuer's host."""
    proxies: tuple[str, ...] = ()
    """Addresses of proxies whose `X-Forwarded-For` is believed."""
    name: Annotated[str, Field(min_length=1, max_length=60)] = "Isthmus"
    """What the pages call the place people log in to."""
    workers: Annotated[int, Field(ge=1, le=64)] = 1
    """Processes; on SQLite one is the most there is use for."""
    metrics: bool = True
    """Whether `/metrics` answers whoever asks from a private network and through no proxy."""
    traces: TraceSettings = TraceSettings()
    """Traces by OpenTelemetry."""
    keys: KeySettings = KeySettings()
    """Signing keys."""
    mail: MailSettings = MailSettings()
    """How mail goes out."""
    sms: SmsSettings = SmsSettings()
    """Codes by text message."""
    questions: QuestionSettings = QuestionSettings()
    """Security questions."""
    password: PasswordSettings = PasswordSettings()
    """What passwords need, and what hashing them costs."""
    session: SessionSettings = SessionSettings()
    """How long people stay logged in."""
    registration: RegistrationSettings = RegistrationSettings()
    """Who may make an account, and what is asked."""
    ask: tuple[AskRule, ...] = ()
    """Rules of what is asked for at logins, a little at a time."""
    profile: ProfileSettings = ProfileSettings()
    """What people see and change of what is known of them."""
    bots: BotSettings = BotSettings()
    """The bot check."""
    login: LoginSettings = LoginSettings()
    """How a login begins."""
    tokens: TokenSettings = TokenSettings()
    """How long tokens live."""
    events: EventSettings = EventSettings()
    """Events of accounts."""
    admin: AdminSettings = AdminSettings()
    """The API of administration."""
    theme: ThemeSettings = ThemeSettings()
    """How pages look."""
    themes: dict[ThemeName, ClientTheme] = Field(default_factory=dict)
    """Themes by name; a client names the one that people see on the way to it (`theme`)."""
    languages: Annotated[tuple[Literal["en", "de", "fr", "es"], ...], Field(min_length=1)] = (
        "en", "de", "fr", "es",
    )  # fmt: skip
    """The languages of the pages; the first is for those who want none of them."""

    @model_validator(mode="after")
    def _asked(self) -> ServeConfig:
        ways = [way for policy in self.login.policies.values() for way in policy.ways]
        if not self.questions.enabled and any("questions" in way for way in ways):
            raise ValueError("a policy asks security questions: they need questions.enabled")
        return self

    @property
    def served_hosts(self) -> frozenset[str]:
        """What a Host header may say, in small letters."""
        return frozenset({urlsplit(self.issuer).netloc, *(h.casefold() for h in self.hosts)})


def read(path: Path) -> ServeConfig:
    """Read the file. Raises PolicyError naming file, line, key and mend."""
    return policyfile.read(ServeConfig, path)


STARTER = """\
# How the login is served; `isthmus serve` wrote this file, and it is yours now.
# Every key: docs/reference/serve.md.
issuer: http://localhost:8080   # how browsers reach it; https://… for everybody but this machine
listen: 127.0.0.1:8080
name: Isthmus
"""


def read_or_make(path: Path) -> tuple[ServeConfig, bool]:
    """Read the file, written with the defaults if it is not there; tell whether it was made."""
    made = not path.exists()
    if made:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(STARTER, encoding="utf-8")
    return read(path), made
