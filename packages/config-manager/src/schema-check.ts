import { parseJson } from '@backplane/core/json'
import { type Assignment, refuse } from './assignment.ts'
import { own } from './definition.ts'
import { schemaViolations } from './json-schema.ts'

/** Checks the value of a JSON item by its `schema`; upstream carries the schema and never looks at it. */
export function checkSchema(assignment: Assignment): boolean {
  const { item, value } = assignment
  const schema = own(item, 'schema')
  if (own(item, 'type') !== 'JSON' || typeof schema !== 'object' || schema === null) return true
  const violations = schemaViolations(schema, typeof value === 'string' ? readJson(value) : value)
  for (const violation of violations)
    refuse(assignment, 'schema-mismatch', { element: violation.path, detail: violation.reason })
  return violations.length === 0
}

function readJson(text: string): unknown {
  try {
    return parseJson(text)
  } catch {
    return undefined
  }
}
