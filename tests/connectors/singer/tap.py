"""A tap by the Singer specification, with a bad side that its settings ask for."""

import argparse
import json
import sys
import time
from pathlib import Path

SCHEMA = {"properties": {"id": {"type": "string"}, "name": {"type": ["null", "string"]}}}


def read(path):
    return json.loads(Path(path).read_text("utf-8")) if path else {}


def say(**message):
    print(json.dumps(message), flush=True)


parser = argparse.ArgumentParser()
parser.add_argument("--config", required=True)
parser.add_argument("--catalog")
parser.add_argument("--state")
parser.add_argument("--discover", action="store_true")
chosen = parser.parse_args()
config = read(chosen.config)
bad = config.get("bad")
if config.get("login", {}).get("token") != "right" or bad == "ends":
    print("no: the token is", config.get("login"), file=sys.stderr)
    sys.exit(3)
if bad == "silent":
    time.sleep(60)
if chosen.discover:
    stream = {"tap_stream_id": "people", "stream": "people", "schema": SCHEMA}
    print(
        "nonsense"
        if bad == "catalog"
        else json.dumps({"streams": [stream | {"key_properties": ["id"]}]})
    )
    sys.exit()
selected = [each for each in read(chosen.catalog)["streams"] if each["schema"]["selected"]]
assert [each["metadata"][0]["metadata"]["selected"] for each in selected] == [True]
rows = read(config["rows"])
start = read(chosen.state).get("seen", 0)
say(type="SCHEMA", stream="people", schema=SCHEMA, key_properties=["id"])
for number, row in enumerate(rows[start:], start + 1):
    say(type="RECORD", stream="people", record=row)
    say(type="RECORD", stream="other", record={"id": "no"})
    if number % 3 == 0:
        say(type="STATE", value={"seen": number})
    if bad == "talks" and number == 2:
        print("Hello from a library")
        print('{"type": "RECORD", "stream": "people"}')
    if bad == "cut" and number == 2:
        sys.exit(1)
say(type="STATE", value={"seen": len(rows)})
