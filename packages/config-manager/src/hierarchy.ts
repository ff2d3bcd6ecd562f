import type { Category } from './category.ts'
import type { AuditDraft, Engine } from './engine.ts'
import type { CategoryStep } from './event.ts'
import type { Findings } from './findings.ts'
import { type ChangeOptions, originOf } from './options.ts'
import { pythonStr } from './python/names.ts'

/** What goes with a change of the hierarchy. */
export type LinkOptions = Pick<ChangeOptions, 'actor' | 'reason' | 'signal'>

/** Categories that a host needs itself: they cannot be removed with a category above them. */
const reservedCategories: readonly string[] = [
  'South',
  'North',
  'General',
  'Advanced',
  'Utilities',
  'rest_api',
  'Security',
  'service',
  'SCHEDULER',
  'SMNTR',
  'PURGE_READ',
  'Notifications',
]

/** Links categories below another; gives the names of all that are below it now. */
export function link(
  engine: Engine,
  parent: string,
  children: readonly string[],
  options: LinkOptions,
): Promise<readonly string[]> {
  return engine.locks.runAlone(async () => {
    const wanted = engine.check((findings) => checkLink(engine, parent, children, findings))
    const before = engine.stored(parent) as Category
    const distinct = [...new Set(wanted)]
    if (wanted.length === 0) return before.children
    const linked = [...before.children, ...distinct]
    const step: CategoryStep = {
      kind: 'linked',
      before,
      after: { ...before, children: linked, revision: before.revision + 1 },
      children,
    }
    const origin = originOf(options)
    await engine.transact({
      steps: [step],
      audit: auditOf(engine, { parent, linked: distinct }),
      origin,
      signal: options.signal,
    })
    if (distinct.length < wanted.length) refuseTwice(engine, parent, wanted)
    await engine.tell(step, origin)
    return linked
  }, options.signal)
}

/** The children that are not linked yet, in order, repeated names included. */
function checkLink(engine: Engine, parent: string, children: readonly string[], findings: Findings): readonly string[] {
  if (!isName(parent, 'category-name', parent, findings)) return []
  if (!Array.isArray(children)) {
    findings.add('children-list', { category: parent, received: children })
    return []
  }
  if (!isKnown(engine, parent, findings)) return []
  for (const child of children) {
    if (!isCategory(engine, child)) findings.add('child-unknown', { category: parent, received: child })
    else if (closesCycle(engine, parent, child)) findings.add('link-cycle', { category: parent, received: child })
  }
  const present = (engine.stored(parent) as Category).children
  return children.filter((child) => !present.includes(child))
}

/**
 * Upstream writes one link at a time, so what came before a repeated name stays; the safe mode takes a repeated name
 * for one.
 */
function refuseTwice(engine: Engine, parent: string, wanted: readonly string[]): void {
  if (!engine.policy.firstFindingOnly) return
  const repeated = wanted.find((name, index) => wanted.indexOf(name) !== index)
  engine.check((findings) => findings.add('child-twice', { category: parent, received: repeated }))
}

function closesCycle(engine: Engine, parent: string, child: string): boolean {
  return child === parent || isBelow(engine, child, parent)
}

/** Unlinks one category from another; gives the names that are still below it. */
export function unlink(
  engine: Engine,
  parent: string,
  child: string,
  options: LinkOptions,
): Promise<readonly string[]> {
  return engine.locks.runAlone(async () => {
    engine.check((findings) => {
      if (!isName(parent, 'category-name', parent, findings) || !isName(child, 'child-name', parent, findings)) return
      if (isKnown(engine, parent, findings) && !isCategory(engine, child))
        findings.add('child-unknown', { category: parent, received: child })
    })
    const before = engine.stored(parent) as Category
    const children = before.children.filter((name) => name !== child)
    const origin = originOf(options)
    const after = { ...before, children, revision: before.revision + 1 }
    const step: CategoryStep = { kind: 'unlinked', before, after, children: [child] }
    if (children.length < before.children.length) {
      await engine.transact({
        steps: [step],
        audit: auditOf(engine, { parent, unlinked: [child] }),
        origin,
        signal: options.signal,
      })
    }
    await engine.tell(step, origin)
    return children
  }, options.signal)
}

/** Unlinks everything below a category; gives how many links there were. */
export function unlinkAll(engine: Engine, parent: string, options: LinkOptions): Promise<number> {
  return engine.locks.runAlone(async () => {
    engine.check((findings) => isName(parent, 'category-name', parent, findings) && isKnown(engine, parent, findings))
    const before = engine.stored(parent) as Category
    const count = before.children.length
    if (count === 0) return 0
    const after = { ...before, children: [], revision: before.revision + 1 }
    const step: CategoryStep = { kind: 'unlinked', before, after, children: before.children }
    await engine.transact({
      steps: [step],
      audit: auditOf(engine, { parent, unlinked: before.children }),
      origin: originOf(options),
      signal: options.signal,
    })
    return count
  }, options.signal)
}

/** Removes a category and everything below it. */
export function remove(engine: Engine, name: string, options: LinkOptions): Promise<readonly string[]> {
  return engine.locks.runAlone(async () => {
    const visits = engine.check((findings) => checkRemoval(engine, name, findings))
    const gone = new Set(visits)
    const steps = [...gone].map(
      (category): CategoryStep => ({ kind: 'removed', before: engine.stored(category) as Category }),
    )
    const audited = engine.policy.auditsEachVisit ? visits : [...gone]
    const audit = audited.map((category): AuditDraft => ({ code: 'CONCH', details: { categoryDeleted: category } }))
    await engine.transact({
      steps: [...steps, ...orphaned(engine, gone)],
      audit,
      origin: originOf(options),
      signal: options.signal,
    })
    for (const category of gone) engine.view.removed(category)
    return [...gone]
  }, options.signal)
}

/** Every category to remove, children before their parents; one that is reached twice is named twice. */
function checkRemoval(engine: Engine, name: string, findings: Findings): readonly string[] {
  if (!isName(name, 'category-name', name, findings) || !isKnown(engine, name, findings)) return []
  const visits = visitsOf(engine, name)
  const below = new Set(visits.filter((visited) => visited !== name))
  if (reservedCategories.some((reserved) => below.has(reserved))) {
    findings.add('reserved', { category: name, received: descendantsOf(engine, name) })
  }
  if (!engine.policy.deletesShared) {
    if (reservedCategories.includes(name)) findings.add('reserved-root', { category: name })
    const gone = new Set([name, ...below])
    for (const child of below) {
      const other = [...engine.registry.categories.values()].find(
        (parent) => !gone.has(parent.name) && parent.children.includes(child),
      )
      if (other) findings.add('child-shared', { category: name, detail: child })
    }
  }
  return visits
}

function visitsOf(engine: Engine, name: string): string[] {
  const gone = new Set<string>()
  const visits: string[] = []
  const visit = (category: string) => {
    const children = (engine.stored(category)?.children ?? []).filter((child) => !gone.has(child))
    for (const child of children) visit(child)
    gone.add(category)
    visits.push(category)
  }
  visit(name)
  return visits
}

/** The categories that stay and lose a link with what is removed. */
function orphaned(engine: Engine, gone: ReadonlySet<string>): CategoryStep[] {
  return [...engine.registry.categories.values()]
    .filter((parent) => !gone.has(parent.name) && parent.children.some((child) => gone.has(child)))
    .map((before) => {
      const children = before.children.filter((child) => !gone.has(child))
      const removed = before.children.filter((child) => gone.has(child))
      return {
        kind: 'unlinked',
        before,
        after: { ...before, children, revision: before.revision + 1 },
        children: removed,
      }
    })
}

function isBelow(engine: Engine, top: string, name: string, seen = new Set<string>()): boolean {
  if (seen.has(top)) return false
  seen.add(top)
  const children = engine.stored(top)?.children ?? []
  return children.includes(name) || children.some((child) => isBelow(engine, child, name, seen))
}

/** Everything below a category, depth first; what is below twice is named twice. */
function descendantsOf(engine: Engine, name: string): string[] {
  return (engine.stored(name)?.children ?? []).flatMap((child) => [child, ...descendantsOf(engine, child)])
}

function auditOf(engine: Engine, details: AuditDraft['details']): AuditDraft[] {
  return engine.policy.tellsEveryChange ? [{ code: 'CONCH', details }] : []
}

function isName(
  name: unknown,
  code: 'category-name' | 'child-name',
  category: unknown,
  findings: Findings,
): name is string {
  if (typeof name === 'string') return true
  findings.add(code, { category: pythonStr(category), received: name })
  return false
}

function isKnown(engine: Engine, name: string, findings: Findings): boolean {
  if (engine.stored(name)) return true
  findings.add('parent-unknown', { category: name })
  return false
}

function isCategory(engine: Engine, name: unknown): boolean {
  return typeof name === 'string' && engine.stored(name) !== undefined
}
