"""Unmodified jsforce (npm) against the simulator: another client that knows Salesforce's wire."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from connectors.simulators.salesforce import Simulator
from tests.connectors.salesforce.conftest import CLIENT, SECRET, USER
from tests.real import packages

pytestmark = pytest.mark.real
VERSION = "3.10.16"
"""The last one that runs on Node.js 20."""

SCRIPT = """
const jsforce = require('jsforce');
const { url, user, password, client, secret } = JSON.parse(process.argv[2]);
const say = {};
async function main() {
  const conn = new jsforce.Connection({ loginUrl: url, version: '59.0' });
  await conn.login(user, password);
  say.identity = (await conn.identity()).username;

  const byToken = new jsforce.Connection({
    instanceUrl: url, version: '59.0',
    oauth2: { loginUrl: url, clientId: client, clientSecret: secret },
  });
  await byToken.authorize({ grant_type: 'client_credentials' });
  say.authorized = (await byToken.query('SELECT Id FROM User')).totalSize;

  const described = await conn.sobject('Contact').describe();
  say.describe = described.fields.some(f => f.name === 'Isthmus_Id__c');
  say.global = (await conn.describeGlobal()).sobjects.map(o => o.name);

  const one = await conn.sobject('Contact').create({ LastName: 'Lee', FirstName: 'Ann' });
  const many = await conn.sobject('Contact').create([{ LastName: 'A' }, { FirstName: 'no last' }]);
  say.created = [one.success, ...many.map(r => r.success)];
  say.updated = (await conn.sobject('Contact').update({ Id: one.id, Title: 'Dr' })).success;
  say.retrieved = (await conn.sobject('Contact').retrieve(one.id)).Title;
  const up = await conn.sobject('Contact').upsert(
    [{ Isthmus_Id__c: 'a.b', LastName: 'One' }, { Isthmus_Id__c: 'c d', LastName: 'Two' }],
    'Isthmus_Id__c');
  say.upserted = up.map(r => r.success);
  const again = await conn.sobject('Contact').upsert(
    { Isthmus_Id__c: 'a.b', LastName: 'New' }, 'Isthmus_Id__c');
  say.again = again.success;
  say.destroyed = (await conn.sobject('Contact').destroy(many[0].id)).success;

  const like = { LastName: { $like: 'N%' } };
  say.found = (await conn.sobject('Contact').find(like, ['LastName']).execute())
    .map(r => r.LastName);
  const page = await conn.query('SELECT Id FROM Contact', { autoFetch: false });
  say.page = [page.records.length, page.done];
  const more = await conn.queryMore(page.nextRecordsUrl);
  say.more = [more.records.length > 0, more.done];
  const gone = 'SELECT Id FROM Contact WHERE IsDeleted = true';
  say.deleted = (await conn.query(gone, { scanAll: true })).totalSize;
  try { await conn.query('SELECT Nope FROM Contact'); } catch (e) { say.refused = e.errorCode; }

  const rows = [{ LastName: 'B1', Isthmus_Id__c: 'b1' }, { LastName: '', Isthmus_Id__c: 'b2' }];
  const res = await conn.bulk2.loadAndWaitForResults({
    object: 'Contact', operation: 'upsert', externalIdFieldName: 'Isthmus_Id__c', input: rows,
    pollInterval: 10, pollTimeout: 20000 });
  say.loaded = [res.successfulResults, res.failedResults, res.unprocessedRecords]
    .map(r => r.length);
  conn.bulk2.pollInterval = 10;
  const stream = await conn.bulk2.query("SELECT LastName FROM Contact WHERE LastName LIKE 'B%'");
  say.bulk = (await stream.toArray()).map(r => r.LastName);
  const batch = await conn.request({ method: 'POST', url: '/composite/batch',
    body: JSON.stringify({ batchRequests: [{ method: 'GET', url: 'v59.0/limits' }] }),
    headers: { 'content-type': 'application/json' } });
  say.batch = batch.hasErrors;
  say.usage = conn.limitInfo.apiUsage.limit;
  await conn.logout();
  process.stdout.write(JSON.stringify(say));
}
main().catch(e => { console.error(e); process.exit(1); });
"""


def test_jsforce_does_its_work(salesforce: Simulator, tmp_path: Path):
    modules = packages.npm_packages("jsforce", f"jsforce@{VERSION}") / "node_modules"
    salesforce.org.seed("Contact", [{"LastName": f"L{n}"} for n in range(2100)])
    (tmp_path / "script.js").write_text(SCRIPT)
    given = {
        "url": salesforce.url,
        "user": USER,
        "password": "pa<ss&token",
        "client": CLIENT,
        "secret": SECRET,
    }
    ran = subprocess.run(
        ["node", "script.js", json.dumps(given)],
        cwd=tmp_path,
        env={**os.environ, "NODE_PATH": str(modules)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    said = json.loads(ran.stdout)
    assert said == {
        "identity": USER,
        "authorized": 1,
        "describe": True,
        "global": ["Account", "Contact", "Lead", "Organization", "Person__c", "User"],
        "created": [True, True, False],
        "updated": True,
        "retrieved": "Dr",
        "upserted": [True, True],
        "again": True,
        "destroyed": True,
        "found": ["New"],
        "page": [2000, False],
        "more": [True, True],
        "deleted": 1,
        "refused": "INVALID_FIELD",
        "loaded": [1, 1, 0],
        "bulk": ["B1"],
        "batch": False,
        "usage": 15_000,
    }
