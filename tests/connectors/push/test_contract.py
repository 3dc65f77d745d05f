"""What is pushed keeps the rules of every feed."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from connectors.kit import FeedContract
from connectors.push.events import Event
from connectors.push.inbox import kept
from connectors.registry import build


class Sender:
    """A system that pushes each change of its records."""

    def __init__(self, inbox):
        self.inbox = inbox

    def put(self, row):
        now = datetime.now(UTC)
        self.inbox.put(kept([Event(json.loads(json.dumps(row)))], [None], now), now)

    def remove(self, key):
        self.put({"id": key, "_deleted": True})


class TestPushed(FeedContract):
    name = "events"

    @pytest.fixture
    def feed(self, tmp_path, records):
        proof = {"type": "standard", "secrets": ["env:SECRET"]}
        source = build("push", {"inbox": "shop.inbox", "proof": proof}, tmp_path)
        for row in records:
            Sender(source.box()).put({**row, "_deleted": False})
        return source

    @pytest.fixture
    def system(self, feed):
        return Sender(feed.box())
