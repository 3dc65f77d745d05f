"""Descriptions of an invented CRM that can be written, in its dialects."""

from __future__ import annotations

READ = """
system: Test CRM
url: ${url}
settings: {url: {about: where, type: url}}
objects:
  User:
    path: people
    items: people
    key: id
    pagination: {type: offset}
    columns: {id: string, name: object}
"""
WRITE = """
    write:
      key: ref
      version: rev
      create: {method: POST, path: people, body: {person: "{record}"}, item: person}
      delete: {method: DELETE, path: "people/{id}"}
      active: {field: status, active: live, inactive: sleeping}
      find: {externalId: {given: {ref: "{value}"}}}
"""
PATCH = """\
      update: {method: PATCH, path: "people/{id}", body: {person: "{changes}"}, item: person}
"""
PUT = """\
      get: {path: "people/{id}", item: person}
      update: {method: PUT, path: "people/{id}", body: {person: "{record}"}, item: person}
"""
MANY = """\
      bulk:
        create: &call
          method: POST
          path: people/batch
          size: 5
          body: {rows: "{rows}"}
          row: {op: create, person: "{record}"}
          items: results
          status: status
          by: ref
          errors: [{at: code, equals: TAKEN, means: conflict}]
        update:
          method: POST
          path: people/batch
          body: {rows: "{rows}"}
          row: {op: update, id: "{id}", person: "{changes}"}
          items: results
          status: status
          by: id
        delete:
          method: POST
          path: people/batch
          body: {rows: "{rows}"}
          row: {op: delete, id: "{id}"}
          items: results
          status: status
"""
GRAPHQL = """
system: Test shop
url: ${url}
settings: {url: {about: where, type: url}}
errors:
  - {at: "data.*.errorCode", equals: TAKEN_ERROR, means: conflict}
  - {at: data.deletePerson.result, equals: NOT_FOUND, means: not_found}
objects:
  User:
    path: graphql
    graphql: {query: "query($options: O) { people(options: $options) { items { id } } }"}
    items: people.items
    key: id
    pagination: {type: offset, param: options.skip}
    columns: {id: string, name: object}
    write:
      key: ref
      create:
        path: graphql
        graphql: {query: "mutation createPerson", variables: {input: "{record}"}}
        item: createPerson
      update:
        path: graphql
        graphql:
          query: mutation updatePerson
          variables: {input: {id: "{id}", ...: "{changes}"}}
        item: updatePerson
      delete:
        path: graphql
        graphql: {query: "mutation deletePerson", variables: {id: "{id}"}}
      active: {field: status, active: live, inactive: sleeping}
      find: {externalId: {given: {options.ref: "{value}"}}}
"""
