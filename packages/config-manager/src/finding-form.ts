import { pythonClass } from './python/names.ts'

/** The facts of one finding: where it is, and what its texts mention. */
export interface FindingFacts {
  readonly category: string
  readonly item?: string
  readonly property?: string
  /** Where within the item's value, if the item holds objects: element, member, and so on. */
  readonly within?: readonly string[]
  readonly element?: string | number
  readonly expected?: string
  readonly received?: unknown
  /** Keeps `received` out of the issue. */
  readonly secret?: boolean
  /** `array` or `KV pair`: upstream's words for the two kinds of list. */
  readonly noun?: string
  readonly limit?: string
  readonly detail?: string
  /** Where upstream raises another class for the same text. */
  readonly fledgeClass?: string
  /** What upstream says in place of the form's own text. */
  readonly fledgeText?: string
  /** Upstream fails here by accident (an internal error). */
  readonly accidental?: boolean
}

/** How a finding reads: in our words, and class and text of the Python manager. */
export interface FindingForm {
  readonly says: (facts: FindingFacts) => string
  readonly fledge: readonly [string, (facts: FindingFacts) => string]
}

/** A form: what it says, class and text upstream. */
export const form = (
  says: FindingForm['says'],
  upstream: string,
  text: (facts: FindingFacts) => string,
): FindingForm => ({
  says,
  fledge: [upstream, text],
})

/** Texts that begin with `For <category> category, ` upstream. */
export const define = (
  says: FindingForm['says'],
  upstream: string,
  text: (facts: FindingFacts) => string,
): FindingForm => form(says, upstream, (facts) => `For ${facts.category} category, ${text(facts)}`)

/** Texts that begin with `For config item <item> ` upstream. */
export const assign = (
  says: FindingForm['says'],
  upstream: string,
  text: (facts: FindingFacts) => string,
): FindingForm => form(says, upstream, (facts) => `For config item ${facts.item} ${text(facts)}`)

/** The Python class of what was given, as upstream's texts print it. */
export const got = (facts: FindingFacts): string => pythonClass(facts.received)

/** `a list`, `an object`. */
export const withArticle = (noun: string): string => `${/^[aeiou]/i.test(noun) ? 'an' : 'a'} ${noun}`
