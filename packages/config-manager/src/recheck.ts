import { assignment, siblingValues } from './assignment.ts'
import { redactValue } from './audit.ts'
import type { Category, Provenance } from './category.ts'
import { assign } from './check-value.ts'
import { type Item, type Items, own, withProperty } from './definition.ts'
import type { Engine } from './engine.ts'
import { type ConfigIssue, Findings } from './findings.ts'

/** A kept value that its new definition does not allow. */
export interface NeedsAttention {
  readonly item: string
  /** The value that was kept until now; `****` for a secret. The category's history still has it. */
  readonly value: unknown
  readonly issues: readonly ConfigIssue[]
}

type Values = Pick<Category, 'items' | 'provenance'>

/** Judges kept values by their new definition; what it no longer allows gives way to the default and is reported. */
export function recheckKept(
  engine: Engine,
  category: string,
  merged: Values,
  defined: Items,
): Values & { readonly needsAttention: readonly NeedsAttention[] } {
  const { policy } = engine
  if (!policy.rechecksKept) return { ...merged, needsAttention: [] }
  const items = new Map(merged.items)
  const provenance = new Map(merged.provenance)
  const needsAttention: NeedsAttention[] = []
  const siblings = siblingValues(merged.items, new Map())
  for (const [name, item] of merged.items) {
    if (!provenance.has(name) || !defined.has(name)) continue
    const findings = new Findings(false)
    const kept = assignment({
      category,
      name,
      item,
      siblings,
      policy,
      findings,
      privileged: true,
      value: own(item, 'value'),
    })
    if (
      assign(
        kept,
        policy.bulkChecks.filter((check) => check !== 'readonly'),
      )
    ) {
      if (kept.value !== own(item, 'value')) items.set(name, withProperty(item, 'value', kept.value))
      continue
    }
    const issues = findings.all.map(({ fledge: _, ...issue }) => issue)
    needsAttention.push({ item: name, value: redactValue(name, item, own(item, 'value')), issues })
    items.set(name, withProperty(item, 'value', own(item, 'default')))
    provenance.delete(name)
  }
  return { items, provenance, needsAttention }
}

/**
 * Lays the environment's values over the others; each must pass the checks of its item. A value whose variable is gone
 * falls back to the default.
 */
export function overlayEnvironment(
  engine: Engine,
  category: string,
  values: Values,
  environment: { readonly [item: string]: string } = {},
): Values {
  const items = new Map<string, Item>(values.items)
  const provenance = new Map<string, Provenance>(values.provenance)
  const { policy } = engine
  for (const [name, item] of values.items) {
    if (Object.hasOwn(environment, name)) {
      const checked = engine.check((findings) => {
        const overlay = assignment({
          category,
          name,
          item,
          siblings: siblingValues(values.items, new Map()),
          policy,
          findings,
          privileged: true,
          value: environment[name],
        })
        assign(
          overlay,
          policy.bulkChecks.filter((check) => check !== 'readonly'),
        )
        return overlay.value
      })
      items.set(name, withProperty(item, 'value', checked))
      provenance.set(name, 'environment')
    } else if (provenance.get(name) === 'environment') {
      items.set(name, withProperty(item, 'value', own(item, 'default')))
      provenance.delete(name)
    }
  }
  return { items, provenance }
}
