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

const none: readonly never[] = []
const nobody: Matches<never> = { plain: none, groups: none }
/** So many levels and subscriptions may a quick look come by. */
const quickSteps = 256
/** So many levels, subscriptions and the like are looked at between two rests of a search. */
export const stepsAtOnce = 16

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

  /** Whom a subject reaches, where a few steps tell it, as they nearly always do; else {@link search} does. */
  quick(subject: string): Matches<T> | undefined {
    if (this.#size === 0 || hasEmptyToken(subject)) return nobody
    const found = new Collector<T>()
    walk(this.#root, subject, 0, found)
    return found.left < 0 ? undefined : found
  }

  /**
   * Finds whom a subject reaches. It rests after each {@link stepsAtOnce} steps, since a subject may reach very many,
   * and very many patterns may nearly be it; what is added or taken out meanwhile may be found or not.
   */
  *search(subject: string): Generator<void, Matches<T>> {
    if (this.#size === 0 || hasEmptyToken(subject)) return nobody
    const plain: T[] = []
    const groups = new Map<string, T[]>()
    const levels = [this.#root]
    // Where in the subject the token begins that each level is asked for; beyond the last for those that end there.
    const begins = [0]
    let steps = 0
    for (let at = levels.pop(); at; at = levels.pop()) {
      const from = begins.pop()!
      if (++steps % stepsAtOnce === 0) yield
      const atEnd = from > subject.length
      const held = atEnd ? at.ending : at.rest
      if (held) {
        for (const item of held.plain) {
          plain.push(item)
          if (++steps % stepsAtOnce === 0) yield
        }
        for (const [queue, members] of held.queues) {
          // Groups are one by name, even when their members subscribed with different patterns.
          let group = groups.get(queue)
          if (!group) {
            group = []
            groups.set(queue, group)
          }
          for (const item of members) {
            group.push(item)
            if (++steps % stepsAtOnce === 0) yield
          }
        }
      }
      if (atEnd) continue
      const dot = subject.indexOf('.', from)
      const end = dot < 0 ? subject.length : dot
      const next = at.literal.get(subject.slice(from, end))
      for (const below of [at.star, next]) {
        if (!below) continue
        levels.push(below)
        begins.push(end + 1)
      }
    }
    return { plain, groups: groups.size === 0 ? none : [...groups.values()] }
  }
}

/** What a quick look finds, until its steps are used up. */
class Collector<T> implements Matches<T> {
  readonly plain: T[] = []
  readonly groups: T[][] = []
  left = quickSteps
  #places: Map<string, number> | undefined

  take({ plain, queues }: Holders<T>): void {
    this.left -= plain.size
    if (this.left < 0) return
    for (const item of plain) this.plain.push(item)
    if (queues.size === 0) return
    this.#places ??= new Map()
    for (const [queue, members] of queues) {
      this.left -= members.size
      if (this.left < 0) return
      const place = this.#places.get(queue)
      if (place === undefined) {
        this.#places.set(queue, this.groups.length)
        this.groups.push([...members])
      } else this.groups[place]!.push(...members)
    }
  }
}

function walk<T>(at: Level<T>, subject: string, from: number, found: Collector<T>): void {
  if (--found.left < 0) return
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
