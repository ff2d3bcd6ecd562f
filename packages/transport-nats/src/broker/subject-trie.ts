/** What a {@link SubjectTrie} holds. */
export interface Subscribed {
  /** A valid subscription subject: see {@link isValidPattern}. */
  readonly subject: string
  /** Members of one queue group share messages; empty for none. */
  readonly queue: string
}

/** Who gets a message: every plain subscription, and one member of each queue group. */
export interface Matches<T> {
  readonly plain: readonly T[]
  readonly groups: readonly (readonly T[])[]
}

interface Level<T> {
  readonly literal: Map<string, Level<T>>
  /** Below `*`. */
  star: Level<T> | undefined
  /** Subscriptions that end at this level. */
  ending: Holders<T> | undefined
  /** Subscriptions that end with `>` below this level. */
  rest: Holders<T> | undefined
}

interface Holders<T> {
  readonly plain: Set<T>
  readonly queues: Map<string, Set<T>>
}

const nobody: Matches<never> = { plain: [], groups: [] }

/**
 * Finds the subscriptions that a subject reaches, by one step per token.
 *
 * As in nats-server, a token is a wildcard only if it is `*` or a last `>` as a whole, wildcards in a *published*
 * subject are plain tokens, and a published subject with an empty token reaches nobody.
 */
export class SubjectTrie<T extends Subscribed> {
  readonly #root: Level<T> = level()
  #size = 0

  get size(): number {
    return this.#size
  }

  add(item: T): void {
    let at = this.#root
    const tokens = item.subject.split('.')
    const open = tokens.at(-1) === '>'
    if (open) tokens.pop()
    for (const token of tokens) {
      let next = token === '*' ? at.star : at.literal.get(token)
      if (!next) {
        next = level()
        if (token === '*') at.star = next
        else at.literal.set(token, next)
      }
      at = next
    }
    if (open) at.rest ??= holders()
    else at.ending ??= holders()
    const held = (open ? at.rest : at.ending)!
    if (item.queue === '') held.plain.add(item)
    else if (held.queues.has(item.queue)) held.queues.get(item.queue)!.add(item)
    else held.queues.set(item.queue, new Set([item]))
    this.#size++
  }

  /** Takes out what was added, and prunes the levels that it leaves empty. */
  remove(item: T): void {
    const tokens = item.subject.split('.')
    const open = tokens.at(-1) === '>'
    if (open) tokens.pop()
    const path: Level<T>[] = [this.#root]
    for (const token of tokens) {
      const at = path.at(-1)!
      const next = token === '*' ? at.star : at.literal.get(token)
      if (!next) return
      path.push(next)
    }
    const last = path.at(-1)!
    const held = open ? last.rest : last.ending
    const set = item.queue === '' ? held?.plain : held?.queues.get(item.queue)
    if (!held || !set?.delete(item)) return
    this.#size--
    if (set.size === 0 && item.queue !== '') held.queues.delete(item.queue)
    if (held.plain.size === 0 && held.queues.size === 0) {
      if (open) last.rest = undefined
      else last.ending = undefined
    }
    for (let depth = tokens.length; depth > 0 && isEmpty(path[depth]!); depth--) {
      const parent = path[depth - 1]!
      if (tokens[depth - 1] === '*') parent.star = undefined
      else parent.literal.delete(tokens[depth - 1]!)
    }
  }

  match(subject: string): Matches<T> {
    if (this.#size === 0 || hasEmptyToken(subject)) return nobody
    const found = new Collector<T>()
    walk(this.#root, subject, 0, found)
    return found
  }
}

class Collector<T> implements Matches<T> {
  readonly plain: T[] = []
  readonly groups: T[][] = []
  /** Groups are one by name, even when their members subscribed with different patterns. */
  #places: Map<string, number> | undefined

  take(held: Holders<T>): void {
    for (const item of held.plain) this.plain.push(item)
    if (held.queues.size === 0) return
    this.#places ??= new Map()
    for (const [queue, members] of held.queues) {
      const place = this.#places.get(queue)
      if (place !== undefined) this.groups[place] = [...this.groups[place]!, ...members]
      else {
        this.#places.set(queue, this.groups.length)
        this.groups.push([...members])
      }
    }
  }
}

function walk<T>(at: Level<T>, subject: string, from: number, found: Collector<T>): void {
  const dot = subject.indexOf('.', from)
  if (at.rest) found.take(at.rest)
  const next = at.literal.get(subject.slice(from, dot < 0 ? subject.length : dot))
  if (dot < 0) {
    if (next?.ending) found.take(next.ending)
    if (at.star?.ending) found.take(at.star.ending)
    return
  }
  if (next) walk(next, subject, dot + 1, found)
  if (at.star) walk(at.star, subject, dot + 1, found)
}

function hasEmptyToken(subject: string): boolean {
  return subject === '' || subject.startsWith('.') || subject.endsWith('.') || subject.includes('..')
}

function level<T>(): Level<T> {
  return { literal: new Map(), star: undefined, ending: undefined, rest: undefined }
}

function holders<T>(): Holders<T> {
  return { plain: new Set(), queues: new Map() }
}

function isEmpty<T>(at: Level<T>): boolean {
  return at.literal.size === 0 && !at.star && !at.ending && !at.rest
}

/** Whether a client may subscribe to it: no empty token, and `>` alone only at the end. */
export function isValidPattern(subject: string): boolean {
  const tokens = subject.split('.')
  return tokens.every((token, index) => token !== '' && (token !== '>' || index === tokens.length - 1))
}

/** Whether it names one subject: no empty token and no token that is a wildcard. */
export function isLiteral(subject: string): boolean {
  return subject.split('.').every((token) => token !== '' && token !== '*' && token !== '>')
}
